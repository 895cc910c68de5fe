"""The journal: order, durability, the chain, and what it refuses."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.deciding.entry import Entry, Line, Verdict
from monitor.deciding.journal import TAIL, Journal
from monitor.deciding.ledger import JournalDamagedError, JournalError, Ledger, show, verify


async def written(path: Path, count: int) -> None:
    journal = await Journal.open(path, clock=lambda: 1000.5, monotonic=lambda: 7.25)
    for number in range(count):
        journal.append("note", "anna", f"line {number}", object=f"o{number}", data={"n": number, "x": [1.5, None]})
    await journal.close()


async def checked(path: Path, anchor: tuple[int, str] | None = None) -> Verdict:
    return await asyncio.to_thread(verify, path, anchor)


async def test_calls_become_lines_in_their_order_and_the_chain_holds(tmp_path: Path) -> None:
    """A thousand calls without waiting are a thousand lines in the order of the calls, bound by their hashes."""
    path = tmp_path / "journal.db"
    journal = await Journal.open(path)
    futures = [journal.append("note", "anna", f"line {number}") for number in range(1000)]
    entries = await asyncio.gather(*futures)
    assert [entry.seq for entry in entries] == list(range(1, 1001))
    assert [entry.what for entry in entries] == [f"line {number}" for number in range(1000)]
    assert journal.head == (1000, entries[-1].hash)
    await journal.close()
    verdict = await checked(path)
    assert (verdict.ok, verdict.entries, verdict.head) == (True, 1000, (1000, entries[-1].hash))


async def test_a_line_survives_reopening_as_it_was(tmp_path: Path) -> None:
    """What was written is read back the same, its data and its public face too."""
    path = tmp_path / "journal.db"
    await written(path, 3)
    journal = await Journal.open(path)
    (entry,) = await journal.entries(object="o1")
    assert (entry.seq, entry.at, entry.mono, entry.data) == (2, 1000.5, 7.25, {"n": 1, "x": [1.5, None]})
    assert [event.what for event in journal.events_after(1, 10)] == ["line 1", "line 2"]
    assert (await journal.append("note", "ben", "next")).seq == 4
    await journal.close()


async def test_clients_see_only_public_lines_and_no_data() -> None:
    """What is not public is in the record and in no answer."""
    journal = await Journal.open(None)
    await journal.append("note", "anna", "secret", public=False)
    await journal.append("note", "anna", "said")
    assert [event.what for event in journal.events_after(0, 10)] == ["said"]
    await journal.close()


async def test_lines_older_than_the_tail_come_from_disk(tmp_path: Path) -> None:
    """A client that was away for long misses nothing."""
    journal = await Journal.open(tmp_path / "journal.db")
    count = TAIL + 50
    await asyncio.gather(*(journal.append("note", "a", str(number)) for number in range(count)))
    events = await asyncio.to_thread(journal.events_after, 3, 20)
    assert [event.seq for event in events] == list(range(4, 24))
    assert [event.seq for event in journal.events_after(count - 2, 20)] == [count - 1, count]
    await journal.close()


async def test_outside_text_is_cleaned_on_its_way_in() -> None:
    """One event is one line: no control character of anybody's reaches the record."""
    journal = await Journal.open(None)
    entry = await journal.append("note", "an\nna", "up\x1b[2J\u202edown\nforged", object="q\r1")
    assert (entry.who, entry.what, entry.object) == ("an\\x0ana", "up\\x1b[2J\\u202edown\\x0aforged", "q\\x0d1")
    await journal.close()


@pytest.mark.parametrize("seq", range(1, 8))
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET body = replace(body, 'anna', 'evil') WHERE seq = {seq}",
        "UPDATE journal SET kind = 'step' WHERE seq = {seq}",
        "UPDATE journal SET public = 0 WHERE seq = {seq}",
        "UPDATE journal SET hash = '0' || substr(hash, 2) WHERE seq = {seq} AND substr(hash, 1, 1) != '0'",
        "DELETE FROM journal WHERE seq = {seq}",
    ],
    ids=["body", "column", "public", "hash", "removed"],
)
async def test_each_changed_or_removed_record_is_found_by_its_number(tmp_path: Path, seq: int, change: str) -> None:
    """Whatever record is edited or taken out, verify names it, and the daemon refuses to decide from it."""
    path = tmp_path / "journal.db"
    await written(path, 8)
    with sqlite3.connect(path) as database:
        assert database.execute(change.format(seq=seq)).rowcount == 1
    database.close()
    verdict = await checked(path)
    assert (verdict.ok, verdict.first_bad) == (False, seq)
    with pytest.raises(JournalDamagedError, match="damaged"):
        await Journal.open(path)


async def test_exchanged_records_are_found(tmp_path: Path) -> None:
    """Two lines that change places are found at the first of them."""
    path = tmp_path / "journal.db"
    await written(path, 5)
    with sqlite3.connect(path) as database:
        database.executescript(
            "UPDATE journal SET seq = 99 WHERE seq = 2; UPDATE journal SET seq = 2 WHERE seq = 3;"
            "UPDATE journal SET seq = 3 WHERE seq = 99;"
        )
    database.close()
    assert (await checked(path)).first_bad == 2


async def test_a_cut_tail_is_found_by_its_anchor(tmp_path: Path) -> None:
    """The chain alone cannot show a missing end; a head that was noted elsewhere does."""
    path = tmp_path / "journal.db"
    await written(path, 5)
    head = (await checked(path)).head
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM journal WHERE seq = 5")
    database.close()
    assert (await checked(path)).ok
    verdict = await checked(path, head)
    assert (verdict.ok, verdict.first_bad) == (False, 5)
    assert (await checked(path, (3, "f" * 64))).first_bad == 3


@pytest.mark.parametrize("place", range(0, 40, 3))
async def test_a_flipped_byte_never_passes_and_never_crashes(tmp_path: Path, place: int) -> None:
    """A file with a damaged page is refused in words or is still whole; it is never read as something else."""
    path = tmp_path / "journal.db"
    await written(path, 60)
    before = (await checked(path)).head
    raw = bytearray(await asyncio.to_thread(path.read_bytes))
    raw[place * len(raw) // 40] ^= 0xFF
    await asyncio.to_thread(path.write_bytes, bytes(raw))
    try:
        journal = await Journal.open(path)
    except JournalDamagedError:
        return
    assert journal.head == before
    await journal.close()


async def test_a_journal_from_the_future_is_refused(tmp_path: Path) -> None:
    """A newer program's journal is not guessed at."""
    path = tmp_path / "journal.db"
    await written(path, 1)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE about SET value = '2'")
    database.close()
    with pytest.raises(JournalDamagedError, match="schema 2"):
        await Journal.open(path)


async def test_a_failed_write_is_told_and_leaves_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked hears that it is not on disk; the next line takes the number."""
    journal = await Journal.open(tmp_path / "journal.db")
    await journal.append("note", "a", "one")
    monkeypatch.setenv("GOLIVE_FAILPOINTS", "audit.before_fsync=enospc")
    with pytest.raises(JournalError, match="No space left"):
        await journal.append("note", "a", "lost")
    assert "No space left" in journal.failing
    monkeypatch.delenv("GOLIVE_FAILPOINTS")
    assert (await journal.append("note", "a", "two")).seq == 2
    assert (journal.failing, journal.refused) == ("", 1)
    await journal.close()


def test_a_full_disk_is_given_the_reserve_and_the_line_goes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the record of a running rollback still fits."""
    ledger = Ledger(tmp_path / "journal.db")
    ledger.open()
    reserve = tmp_path / "reserve"
    assert reserve.stat().st_size == 16 * 1024 * 1024
    real = ledger._append

    def full_while_reserved(lines: Sequence[Line]) -> list[Entry]:
        if reserve.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(lines)

    monkeypatch.setattr(ledger, "_append", full_while_reserved)
    line = Line(
        seq=0, at=0.0, mono=0.0, kind="step", who="", via="", what="", object="", state="", data={}, public=True
    )
    assert [entry.seq for entry in ledger.append([line])] == [1]
    assert ledger.reserve_used
    ledger.close()


async def test_a_closed_journal_refuses(tmp_path: Path) -> None:
    """A late line is refused in words, not lost in silence."""
    journal = await Journal.open(tmp_path / "journal.db")
    await journal.close()
    with pytest.raises(JournalError, match="closed"):
        await journal.append("note", "a", "late")


def test_showing_a_file_that_is_no_journal_says_so(tmp_path: Path) -> None:
    """A wrong file is named, not traced."""
    path = tmp_path / "notes.txt"
    path.write_text("hello " * 1000)
    with pytest.raises(ValueError, match="cannot be read as a journal"):
        show(path, 0, 10)
    assert not verify(path).ok


async def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    """The journal holds names and evidence: 0600."""
    path = tmp_path / "journal.db"
    await written(path, 1)
    assert path.stat().st_mode & 0o777 == 0o600
