"""The journal as a screen pages through it, and the check of its chain that a key asks for."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest

from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalError
from monitor.deciding.public_lines import READERS, PublicLines
from monitor.serving.timeline_rows import TimelineRow


async def filled(path: Path, count: int) -> Journal:
    """A journal with so many lines, of which each third is not public."""
    journal = await Journal.open(path)
    for number in range(1, count + 1):
        data: dict[str, object] = {"digest": f"d{number}", "reason": "because", "secret": "body of a request"}
        journal.append("run", "anna", f"line {number}", data=data, via="http", public=number % 3 != 0)
    await journal.append("note", "ben", "last")
    return journal


def lines_of(journal: Journal, path: Path, now: float = 1000.0) -> PublicLines:
    """What screens read of it."""
    return PublicLines(path, lambda: journal.head, lambda: now)


async def test_the_whole_journal_is_paged_from_its_newest_end(tmp_path: Path) -> None:
    """Page by page each public line comes once, in order, and the last page says that there is no more."""
    path = tmp_path / "journal.db"
    journal = await filled(path, 100)
    lines, before = lines_of(journal, path), 2**53
    seen: list[TimelineRow] = []
    while True:
        page = await lines.before(before, 7)
        assert len(page.lines) == 7 or not page.more
        seen = [*page.lines, *seen]
        if not page.more:
            break
        before = page.lines[0].seq
    assert [row.seq for row in seen] == [seq for seq in range(1, 102) if seq % 3 != 0 or seq > 100]
    await journal.close()


async def test_a_row_tells_the_chain_and_none_of_the_data(tmp_path: Path) -> None:
    """A row has its hash, what it is chained to, digest and reason; nothing else of what stands in the line."""
    path = tmp_path / "journal.db"
    journal = await filled(path, 5)
    whole = {entry.seq: entry for entry in await journal.entries()}
    for row in (await lines_of(journal, path).before(2**53, 10)).lines:
        assert row.hash == whole[row.seq].hash
        assert row.previous == (whole[row.seq - 1].hash if row.seq > 1 else "0" * 64)
        assert "secret" not in repr(row)
        if row.kind == "run":
            assert (row.digest, row.reason, row.via) == (f"d{row.seq}", "because", "http")
    await journal.close()


async def test_the_chain_is_proved_and_held_against_the_head_that_the_daemon_knows(tmp_path: Path) -> None:
    """Whole is whole with its number; a changed line and a tail that was cut are found and named."""
    path = tmp_path / "journal.db"
    journal = await filled(path, 20)
    proof = await lines_of(journal, path).prove()
    assert (proof.ok, proof.lines, proof.seq, proof.hash) == (True, 21, *journal.head)
    head = journal.head
    await journal.close()

    def spoiled(words: str, name: str) -> Path:
        copy = tmp_path / name
        shutil.copyfile(path, copy)
        with sqlite3.connect(copy) as database:
            database.execute(words)
        database.close()
        return copy

    changed = await asyncio.to_thread(spoiled, "UPDATE journal SET body = replace(body, 'line 9', 'line 8')", "a.db")
    proof = await PublicLines(changed, lambda: head, lambda: 1.0).prove()
    assert (proof.ok, proof.first_bad, proof.lines) == (False, 9, 8)
    cut = await asyncio.to_thread(spoiled, "DELETE FROM journal WHERE seq > 19", "b.db")
    proof = await PublicLines(cut, lambda: head, lambda: 1.0).prove()
    assert not proof.ok
    assert "the tail was cut" in proof.why


async def test_one_check_serves_all_who_ask_within_ten_seconds(tmp_path: Path) -> None:
    """A wall of terminals that press the key at once costs one walk over the journal."""
    path = tmp_path / "journal.db"
    journal = await filled(path, 5)
    lines = lines_of(journal, path)
    proofs = await asyncio.gather(*(lines.prove() for _ in range(20)))
    assert all(proof is proofs[0] for proof in proofs)
    await journal.append("note", "anna", "later")
    assert (await lines.prove()).seq == 6
    await journal.close()


async def test_too_many_readers_are_refused_and_counted(tmp_path: Path) -> None:
    """Paging cannot fill the threads that others need."""
    path = tmp_path / "journal.db"
    journal = await filled(path, 5)
    lines = lines_of(journal, path)
    answers = await asyncio.gather(*(lines.before(2**53, 5) for _ in range(READERS + 2)), return_exceptions=True)
    assert sum(isinstance(answer, JournalError) for answer in answers) == lines.refused == 2
    await journal.close()


async def test_a_journal_in_memory_and_a_file_that_is_none_are_said(tmp_path: Path) -> None:
    """A daemon whose journal is damaged says so instead of showing the damaged lines."""
    with pytest.raises(JournalError, match="in memory only"):
        await PublicLines(None, lambda: (0, ""), lambda: 0.0).before(5, 5)
    with pytest.raises(JournalError, match="in memory only"):
        await PublicLines(None, lambda: (0, ""), lambda: 0.0).prove()
    with pytest.raises(JournalError, match="cannot be read as a journal"):
        await PublicLines(tmp_path / "nothing.db", lambda: (0, ""), lambda: 0.0).before(5, 5)
