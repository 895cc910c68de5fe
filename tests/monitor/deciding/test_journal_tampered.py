"""Whatever is done to the journal's file: found by its number, or still whole; never guessed at, never a crash (S20, X7)."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.deciding.entry import Verdict
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalDamagedError, Ledger, show, verify

LINES = 24
Statement = tuple[str, tuple[Any, ...]]


def write(path: Path, lines: int) -> tuple[int, str]:
    """A night's journal: its head."""

    async def go() -> tuple[int, str]:
        journal = await Journal.open(path, clock=lambda: 1000.5, monotonic=lambda: 7.25)
        for number in range(lines):
            kind = ("decision", "run", "step")[number % 3]
            journal.append(kind, "anna", f"line {number}", object=f"o{number}", data={"n": number}, public=True)
        await journal.close()
        return journal.head

    return asyncio.run(go())


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pristine")
    write(folder / "journal.db", LINES)
    return folder / "journal.db"


@pytest.fixture
def journal(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(pristine, tmp_path / "journal.db"))


def change(path: Path, *statements: Statement) -> None:
    """Edit it as somebody with the file and sqlite would."""
    with sqlite3.connect(path) as database:
        for text, values in statements:
            assert database.execute(text, values).rowcount == 1, text
    database.close()


def fresh(path: Path, data: bytes) -> Path:
    """A journal file of these bytes, and nothing of an earlier one beside it."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(data)
    return path


def refused(path: Path, *anchors: tuple[int, str]) -> bool:
    """Whether the daemon refuses to decide from it."""
    ledger = Ledger(path)
    try:
        ledger.open(anchors)
    except JournalDamagedError:
        return True
    finally:
        ledger.close()
    return False


def edits(seq: int) -> Iterator[tuple[str, list[Statement]]]:
    """Every kind of change to one line."""
    for column, value in (
        ("body", '{"seq":1}'),
        ("body", b"\x00\xff"),
        ("body", 7),
        ("body", ""),
        ("body", "\x00"),
        ("hash", "0" * 64),
        ("hash", b"\x00"),
        ("kind", "stage"),
        ("kind", b"\xff\xfe"),
        ("object", "run-1/other"),
        ("public", 0),
        ("public", "no"),
        ("public", 2),
        ("seq", LINES + 1 + seq),
    ):
        yield f"{column}={value!r}", [(f"UPDATE journal SET {column} = ? WHERE seq = ?", (value, seq))]  # noqa: S608 - our own columns
    yield "body, a word", [("UPDATE journal SET body = replace(body, 'anna', 'evil') WHERE seq = ?", (seq,))]
    yield "body, a digit", [("UPDATE journal SET body = replace(body, '1000.5', '1000.6') WHERE seq = ?", (seq,))]
    yield "removed", [("DELETE FROM journal WHERE seq = ?", (seq,))]
    if seq < LINES:
        swap = "UPDATE journal SET seq = ? WHERE seq = ?"
        yield "exchanged", [(swap, (-1, seq)), (swap, (seq, seq + 1)), (swap, (seq + 1, -1))]


def test_every_change_of_every_line_is_found_by_its_number(pristine: Path, tmp_path: Path) -> None:
    """S20: 100 % of all edits, removals and exchanges; the daemon refuses to decide from any of them."""
    tried = 0
    head = verify(pristine).head
    for seq in range(1, LINES + 1):
        for name, statements in edits(seq):
            path = fresh(tmp_path / "journal.db", pristine.read_bytes())
            change(path, *statements)
            verdict = verify(path, head)
            assert (verdict.ok, verdict.first_bad) == (False, seq), f"{name} of line {seq}: {verdict}"
            assert verdict.entries == seq - 1
            last_gone = (seq, name) == (LINES, "removed")
            assert last_gone or refused(path)
            assert refused(path, head)
            tried += 1
    assert tried == LINES * 17 + LINES - 1


@pytest.mark.parametrize("kept", range(LINES))
def test_a_tail_cut_anywhere_is_found_by_the_anchor(journal: Path, kept: int) -> None:
    """The chain of what is left is whole; the head that was noted elsewhere tells how much is missing."""
    head = verify(journal).head
    with sqlite3.connect(journal) as database:
        database.execute("DELETE FROM journal WHERE seq > ?", (kept,))
    database.close()
    assert verify(journal).ok
    verdict = verify(journal, [head])
    assert (verdict.ok, verdict.first_bad) == (False, kept + 1)
    assert "the tail was cut" in verdict.why


def test_a_file_that_was_exchanged_for_another_whole_one_is_found(journal: Path, tmp_path: Path) -> None:
    """Somebody else's journal is whole in itself, and not this one: any anchor of ours says so."""
    anchors = [(entry.seq, entry.hash) for entry in show(journal, 0, None)]
    other = tmp_path / "other.db"
    with sqlite3.connect(journal) as database:
        database.execute("UPDATE journal SET body = replace(body, 'anna', 'olga')")
    database.close()
    write(other, LINES + 5)
    for anchor in anchors[4::7]:
        assert verify(other, anchor).ok, "the same lines give the same hashes"
    asyncio.run(_rewrite(other))
    for anchor in anchors:
        assert verify(other, anchor).first_bad == anchor[0]


async def _rewrite(path: Path) -> None:
    await asyncio.to_thread(path.unlink)
    journal = await Journal.open(path)
    for number in range(LINES):
        journal.append("note", "eve", f"another night {number}")
    await journal.close()


def _read(path: Path, head: tuple[int, str]) -> Verdict:
    """Open it as the daemon and read it as `golive audit show`; the verdict of both."""
    verdict = verify(path, head)
    try:
        ledger = Ledger(path)
        ledger.open([head])
    except JournalDamagedError:
        refuses = True
    else:
        refuses = False
        assert ledger.head == head
        assert [entry.object for entry in ledger.read(kind="step")] == [f"o{n}" for n in range(2, LINES, 3)]
    finally:
        ledger.close()
    assert refuses == (not verdict.ok), verdict
    try:
        shown = show(path, 0, None)
    except ValueError:
        assert not verdict.ok
    else:
        assert len(shown) <= LINES or not verdict.ok
    return verdict


def _every_offset(data: bytes) -> list[int]:
    step = max(len(data) // 1000, 1)
    return list(range(0, len(data), step))[:1000]


@pytest.mark.timeout(240)
def test_one_flipped_byte_anywhere_is_found_or_harmless(pristine: Path, tmp_path: Path) -> None:
    """X7: 1 byte at 1,000 places; what is not refused reads exactly as before, by number, by kind and by object."""
    data = pristine.read_bytes()
    head = verify(pristine).head
    path, rng = tmp_path / "journal.db", random.Random(20)
    refused = 0
    for offset in _every_offset(data):
        raw = bytearray(data)
        raw[offset] ^= 1 << rng.randrange(8)
        fresh(path, bytes(raw))
        refused += not _read(path, head).ok
    assert refused > 100, "most of the file is not padding"


@pytest.mark.timeout(120)
def test_a_file_cut_off_anywhere_is_refused(pristine: Path, tmp_path: Path) -> None:
    """X7: truncated at 200 places: never read as a shorter night; an empty file is a new journal only without anchor."""
    data = pristine.read_bytes()
    head = verify(pristine).head
    path = tmp_path / "journal.db"
    for part in range(200):
        fresh(path, data[: len(data) * part // 200])
        assert not _read(path, head).ok, part


@pytest.mark.parametrize(
    "spoil", [lambda raw: raw[: len(raw) // 2], lambda raw: raw[:40] + b"\xff" + raw[41:]], ids=["cut", "a byte"]
)
def test_lines_lost_with_the_write_ahead_file_are_found_by_the_anchor(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    """A killed daemon's newest lines lie in journal.db-wal; SQLite drops what it cannot check there, the anchor does not."""
    living = tmp_path / "living"
    living.mkdir()

    async def killed() -> tuple[int, str]:
        journal = await Journal.open(living / "journal.db")
        for number in range(30):
            await journal.append("note", "anna", f"line {number}")
        for suffix in ("", "-wal"):
            await asyncio.to_thread(shutil.copyfile, living / f"journal.db{suffix}", tmp_path / f"journal.db{suffix}")
        await journal.close()
        return journal.head

    head = asyncio.run(killed())
    assert verify(tmp_path / "journal.db", head).head == head
    wal = tmp_path / "journal.db-wal"
    wal.write_bytes(spoil(wal.read_bytes()))
    (tmp_path / "journal.db-shm").unlink(missing_ok=True)
    assert not verify(tmp_path / "journal.db", head).ok
    assert refused(tmp_path / "journal.db", head)
