"""Recorded weeks on disk: written whole, kept over restarts, bounded, and honest about what went wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.history.archive import FILE, Archive, ArchiveError, Origin, Slot

SALES = (("queue", "sales"),)


def slot(start: int = 900, value: float = 1.0, *, origin: Origin = Origin.HEARD, **changes: object) -> Slot:
    made = Slot("wait", "mean of x", SALES, start, value, 40, origin)
    return made._replace(**changes)  # type: ignore[arg-type] # a test's words


def test_slots_outlive_a_restart(tmp_path: Path) -> None:
    """What was written is there for whoever opens the file next."""
    archive = Archive(tmp_path / "deep" / FILE)
    assert archive.put([slot(900), slot(1800, 2.0)]) == 2
    archive.close()
    again = Archive(tmp_path / "deep" / FILE)
    assert again.at([1800]) == [slot(1800, 2.0)]
    assert list(again.of("wait")) == [slot(900), slot(1800, 2.0)]
    assert (again.rules(), again.at([2700]), list(again.of("other"))) == (["wait"], [], [])
    again.close()


def test_written_twice_is_written_once(tmp_path: Path) -> None:
    """The same slots again change nothing and are not counted."""
    archive = Archive(tmp_path / FILE)
    assert [archive.put([slot(900), slot(1800)]) for _ in range(2)] == [2, 0]
    archive.close()


def test_what_golive_heard_stands_against_what_is_imported(tmp_path: Path) -> None:
    """Whichever came first; and a newer import replaces an older one."""
    archive = Archive(tmp_path / FILE)
    archive.put([slot(900, 5.0)])
    archive.put([slot(900, 9.0, origin=Origin.IMPORTED), slot(1800, 9.0, origin=Origin.IMPORTED)])
    archive.put([slot(1800, 8.0, origin=Origin.IMPORTED), slot(2700, 8.0, origin=Origin.IMPORTED)])
    archive.put([slot(2700, 7.0)])
    assert [(s.value, s.origin) for s in archive.of("wait")] == [
        (5.0, Origin.HEARD),
        (8.0, Origin.IMPORTED),
        (7.0, Origin.HEARD),
    ]
    archive.close()


def test_one_slot_that_cannot_be_written_keeps_all_out(tmp_path: Path) -> None:
    """Nothing is half imported."""
    archive = Archive(tmp_path / FILE)
    with pytest.raises(ArchiveError, match="next: "):
        archive.put([slot(900), slot(1800, float("nan"))])
    assert list(archive.of("wait")) == []
    assert archive.put([slot(900)]) == 1, "groups named in what was rolled back are not believed to be there"
    archive.close()


def test_old_slots_go_and_their_groups_with_them(tmp_path: Path) -> None:
    """The file is as long as the weeks that are kept."""
    archive = Archive(tmp_path / FILE)
    archive.put([slot(900), slot(9000, scope=(("queue", "new"),))])
    assert archive.sweep(1800) == 1
    assert archive.put([slot(9900)]) == 1
    assert [(dict(s.scope)["queue"], s.start) for s in archive.of("wait")] == [("new", 9000), ("sales", 9900)]
    archive.close()


def test_groups_beyond_the_bound_are_refused_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels that multiply cannot fill the disk."""
    monkeypatch.setattr("monitor.history.archive.MOST_SCOPES", 2)
    archive = Archive(tmp_path / FILE)
    assert archive.put([slot(scope=(("queue", str(n)),)) for n in range(5)]) == 2
    assert archive.refused == 3
    archive.close()


def test_an_import_beside_a_running_daemon_is_noticed(tmp_path: Path) -> None:
    """Two processes share the file: the reader is not in the writer's way, and learns of what was written."""
    daemon, person = Archive(tmp_path / FILE), Archive(tmp_path / FILE)
    assert daemon.changed()
    assert not daemon.changed()
    person.put([slot(900)])
    assert daemon.changed()
    assert daemon.at([900]) == [slot(900)]
    daemon.put([slot(1800)])
    assert not daemon.changed(), "what it wrote itself is no news to it"
    reader = Archive(tmp_path / FILE, read_only=True)
    assert len(list(reader.of("wait"))) == 2
    for archive in (daemon, person, reader):
        archive.close()


@pytest.mark.parametrize("harm", ["garbage", "newer", "folder"])
def test_a_file_that_cannot_be_used_says_so_and_stays(tmp_path: Path, harm: str) -> None:
    """The words name the file and what to do; the file is not touched, for a person may save what it holds."""
    path = tmp_path / FILE
    if harm == "garbage":
        path.write_bytes(b"not a database at all" * 200)
    elif harm == "newer":
        with sqlite3.connect(path) as database:
            database.execute("PRAGMA user_version = 99")
        database.close()
    else:
        path.mkdir()
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(ArchiveError, match="next: ") as told:
        Archive(path)
    assert str(path) in str(told.value)
    assert (path.read_bytes() if path.is_file() else b"") == before


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 9), st.sampled_from(Origin)), max_size=12), st.data())
def test_the_order_of_heard_and_imported_does_not_matter(
    written: list[tuple[int, float, Origin]], data: object
) -> None:
    """Whoever writes first, a quarter hour ends with what golive heard, else with an import of it."""
    path = Path("file::memory:")
    last = {(start, origin): value for start, value, origin in written}
    order = data.draw(st.permutations(sorted(last)))  # type: ignore[attr-defined] # Hypothesis' data
    archive = Archive.__new__(Archive)
    archive.path, archive.refused, archive._scopes, archive._labels = path, 0, {}, {}
    archive._database = sqlite3.connect(":memory:")
    archive._prepare(read_only=False)
    for start, origin in order:
        archive.put([slot(start, last[start, origin], origin=origin)])
    found = {s.start: s.value for s in archive.of("wait")}
    archive.close()
    starts = {start for start, _ in last}
    assert found == {s: last[s, Origin.HEARD if (s, Origin.HEARD) in last else Origin.IMPORTED] for s in starts}
