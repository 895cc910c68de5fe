"""The file of moments: found by time, thinned as it ages, bounded, and robust against what disks and people do to it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.serving.past.archive import MARKS, Archive, ArchiveError, BrokenError, Reading
from monitor.serving.past.moments import Mark

DAY = 86400.0
START = 1_795_200_000.0 - 1_795_200_000.0 % 60
MEGABYTE = 1 << 20


def made(path: Path, limit: int = 64 * MEGABYTE, dense_for: float = DAY) -> Archive:
    """A record at this path."""
    return Archive(path, limit=limit, dense_for=dense_for)


def mark(seq: int, at: float, what: str = "verdict GO → NO-GO") -> Mark:
    """A verdict that changed."""
    return Mark(seq=seq, at=at, kind="verdict", what=what, object="loss", state="NO-GO")


def instants(archive: Reading) -> list[float]:
    """Every moment that is kept."""
    found, all_of_them = archive.find(0.0), []
    while found is not None:
        all_of_them.append(found.at)
        found = archive.find(found.after) if found.after is not None else None
    return all_of_them


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=40, unique=True),
    st.lists(st.integers(-100, 5100), min_size=1, max_size=20),
)
@settings(max_examples=60, deadline=None)
def test_the_moment_at_or_before_an_instant_is_found_with_its_neighbours(times, asked) -> None:
    """For any moments and any instant the answer is what a list searched by hand gives; before all, it is the first."""
    archive = made(Path("/dev/shm") / f"past-{os.getpid()}.db")  # noqa: S108 - gone at the end of the test
    try:
        for at in times:
            archive.put(float(at), str(at).encode())
        ordered = sorted(times)
        for at in asked:
            place = max((i for i, time in enumerate(ordered) if time <= at), default=0)
            found = archive.find(float(at))
            assert found is not None
            assert (found.at, found.body) == (ordered[place], str(ordered[place]).encode())
            assert found.before == (ordered[place - 1] if place else None)
            assert found.after == (ordered[place + 1] if place + 1 < len(ordered) else None)
    finally:
        archive.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{archive.path}{suffix}").unlink(missing_ok=True)


def test_beyond_a_day_one_moment_a_minute_is_left(tmp_path: Path) -> None:
    """Within the dense time every ten seconds can be seen; beyond it each minute still has its first moment."""
    archive = made(tmp_path / "past.db", dense_for=600.0)
    for step in range(120):
        archive.put(START + 10 * step, b"x")
    newest = START + 1190
    kept = instants(archive)
    assert [at for at in kept if at < newest - 600] == [START + 60 * minute for minute in range(10)]
    assert [at for at in kept if at >= newest - 600] == [newest - 600 + 10 * step for step in range(61)]
    assert archive.thinned == 120 - len(kept)
    assert archive.let_go == 0


def test_the_space_is_never_more_than_agreed_and_what_went_is_counted(tmp_path: Path) -> None:
    """A record that is full gives up moments between the minutes first, then the oldest, and says how many."""
    archive = made(tmp_path / "past.db", limit=4 * MEGABYTE)
    body = os.urandom(10_000)
    for step in range(1200):
        archive.put(START + 10 * step, body)
        assert archive.used() <= 4 * MEGABYTE
    kept = instants(archive)
    assert archive.let_go == 1200 - len(kept) > 0
    assert kept[-1] == START + 11990
    older = [at for at in kept if at < kept[-1] - 3700]
    assert older
    assert all(at % 60 == 0 for at in older), "what lies between minutes goes before minutes do"
    archive.close()
    assert (tmp_path / "past.db").stat().st_size < 5 * MEGABYTE


def test_a_restart_loses_nothing(tmp_path: Path) -> None:
    """Moments and marks of an earlier life are there, in order with those of the next."""
    first = made(tmp_path / "past.db")
    first.put(START, b"one", [mark(7, START)])
    first.close()
    second = made(tmp_path / "past.db")
    second.put(START + 10, b"two", [mark(8, START + 9)])
    assert instants(second) == [START, START + 10]
    told = second.marks()
    assert [(row.seq, row.shown_at) for row in told.marks] == [(7, START), (8, START + 10)]
    assert (told.first, told.last, told.moments) == (START, START + 10, 2)
    assert second.last_mark() == 8


def test_a_daemon_that_was_killed_leaves_a_record_that_is_read(tmp_path: Path) -> None:
    """Without a farewell, with its log of writes still beside it, every committed moment is there."""
    living = made(tmp_path / "past.db")
    for step in range(50):
        living.put(START + 10 * step, b"moment")
    left = tmp_path / "left"
    left.mkdir()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{living.path}{suffix}", left / f"past.db{suffix}")
    assert len(instants(made(left / "past.db"))) == 50


def test_a_torn_end_costs_the_last_moments_and_no_more(tmp_path: Path) -> None:
    """Wherever the writes break off, what is left is whole moments from the first on."""
    living = made(tmp_path / "past.db")
    for step in range(20):
        living.put(START + 10 * step, os.urandom(3000))
    log = (tmp_path / "past.db-wal").read_bytes()
    for cut in range(0, len(log), max(1, len(log) // 17)):
        torn = tmp_path / f"torn-{cut}"
        torn.mkdir()
        shutil.copyfile(living.path, torn / "past.db")
        (torn / "past.db-wal").write_bytes(log[:cut])
        archive, _ = Archive.opened(torn / "past.db", limit=MEGABYTE, dense_for=DAY, now=START)
        kept = instants(archive)
        assert kept == [START + 10 * step for step in range(len(kept))]
        archive.put(START + 1000, b"goes on")
        archive.close()


def test_a_broken_file_is_moved_aside_and_said(tmp_path: Path) -> None:
    """A record that is no record any more does not stop the daemon: a new one begins, the old one is kept."""
    path = tmp_path / "past.db"
    path.write_bytes(b"this was a record once" * 1000)
    archive, words = Archive.opened(path, limit=MEGABYTE, dense_for=DAY, now=START)
    assert "was broken" in words
    assert (tmp_path / f"past.db.broken-{int(START)}").read_bytes().startswith(b"this was")
    archive.put(START, b"x")
    assert instants(archive) == [START]


def test_a_record_of_a_newer_golive_is_kept_and_not_written_into(tmp_path: Path) -> None:
    """A format of tomorrow is moved aside by the one who writes, and said by the one who reads."""
    made(tmp_path / "past.db").close()
    with sqlite3.connect(tmp_path / "past.db") as database:
        database.execute("UPDATE about SET value = '9'")
    database.close()
    with pytest.raises(ArchiveError, match="format is 9, this golive reads 1"):
        Reading.of(tmp_path / "past.db")
    with pytest.raises(BrokenError, match="format 9"):
        made(tmp_path / "past.db")


def test_a_record_can_be_read_beside_its_writer_and_from_a_copy(tmp_path: Path) -> None:
    """What a person looks at changes nothing: not the daemon's file, and not a copy in a folder that cannot be written."""
    writer = made(tmp_path / "past.db")
    writer.put(START, b"x", [mark(1, START)])
    beside = Reading.of(tmp_path / "past.db")
    writer.put(START + 10, b"y")
    assert instants(beside) == [START, START + 10]
    beside.close()
    writer.close()
    copy = tmp_path / "elsewhere"
    copy.mkdir()
    shutil.copyfile(tmp_path / "past.db", copy / "night.past")
    copy.chmod(0o500)
    alone = Reading.of(copy / "night.past")
    assert instants(alone) == [START, START + 10]
    assert [row.seq for row in alone.marks().marks] == [1]
    alone.close()
    assert [path.name for path in copy.iterdir()] == ["night.past"]
    copy.chmod(0o700)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"SQLite format 3\x00" + b"\xff" * 4000])
def test_what_is_no_record_is_said_and_not_opened(tmp_path: Path, content: bytes) -> None:
    """`golive replay` of a wrong file is a sentence."""
    path = tmp_path / "wrong"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="cannot be read as a record"):
        Reading.of(path)
    with pytest.raises(ArchiveError, match="there is no record"):
        Reading.of(tmp_path / "nothing")


def test_columns_of_a_wrong_kind_are_said(tmp_path: Path) -> None:
    """A record that somebody wrote by hand cannot slip text in where a number or bytes belong."""
    archive = made(tmp_path / "past.db")
    archive.put(START, b"x", [mark(1, START)])
    with sqlite3.connect(archive.path) as database:
        database.execute("UPDATE moment SET body = 'text'")
        database.execute("UPDATE mark SET what = x'00ff'")
    database.close()
    with pytest.raises(ArchiveError, match="cannot be read"):
        archive.find(START)
    with pytest.raises(ArchiveError, match="cannot be read"):
        archive.marks()


def test_marks_are_bounded_and_go_with_the_moments_that_showed_them(tmp_path: Path) -> None:
    """The newest marks are answered, and no mark points before the first moment."""
    archive = made(tmp_path / "past.db", dense_for=0.0)
    archive.put(START, b"x", [mark(seq, START + seq / 1000) for seq in range(1, MARKS + 301)])
    told = archive.marks().marks
    assert len(told) == MARKS
    assert (told[0].seq, told[-1].seq) == (301, MARKS + 300)
    assert told[-1].shown_at is None, "no moment shows it yet"


def test_any_minute_of_a_day_is_found_by_its_index(tmp_path: Path) -> None:
    """U14: scrubbing over 24 h reads one moment, whichever: no question walks over the record."""
    archive = made(tmp_path / "past.db")
    body = os.urandom(500)
    with archive._database as database:
        rows = ((START + 10 * step, int(step % 6 == 0), body) for step in range(8640))
        database.executemany("INSERT INTO moment (at, minute, body) VALUES (?, ?, ?)", rows)
    work = 0

    def counted() -> int:
        nonlocal work
        work += 1
        return 0

    archive._database.set_progress_handler(counted, 1)
    for minute in range(1440):
        found = archive.find(START + 60 * minute + 5)
        assert found is not None
        assert found.at == START + 60 * minute
    assert work / 1440 < 150, "steps of the database's machine for one moment, of 8,640"
