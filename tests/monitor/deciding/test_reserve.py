"""A full disk: the reserve is for decisions and runs, it is taken back when there is space, and nothing acts by itself meanwhile."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.deciding import journal as module
from monitor.deciding.entry import Entry, Line
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalError
from monitor.deciding.reserve import Reserve
from monitor.model import Truth
from tests.monitor.deciding.world import World, trigger
from tests.rig.waiting import until


def full_while(journal: Journal, full: dict[str, bool], reserve: Path) -> None:
    """Let the disk be full as long as `full` says, but for what the reserve gave back."""
    ledger = journal._ledger
    real = ledger._append

    def append(lines: Sequence[Line]) -> list[Entry]:
        if full["disk"] and (reserve.exists() or full["reserve"]):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(lines)

    ledger._append = append  # type: ignore[method-assign]
    assert ledger._reserve is not None
    take = ledger._reserve.take
    ledger._reserve.take = lambda: not full["disk"] and take()  # type: ignore[method-assign]


async def test_a_full_disk_from_its_first_line_to_its_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said in the journal, transitions shed and counted, decisions written; then space, said again, nothing lost."""
    monkeypatch.setattr(module, "KEEP", 0.02)
    journal = await Journal.open(tmp_path / "journal.db")
    full = {"disk": False, "reserve": False}
    full_while(journal, full, tmp_path / "reserve")
    keeping = asyncio.create_task(journal.keep())
    full["disk"] = True
    await journal.append("step", "golive", "begins")
    assert journal.hard_pressed == "the disk is full and the journal lives from its reserve"
    with pytest.raises(JournalError, match="the reserve is for decisions and runs"):
        await journal.append("transition", "engine", "loss is breach")
    await journal.append("step", "golive", "done")
    full["reserve"] = True
    with pytest.raises(JournalError, match="No space left"):
        await journal.append("step", "golive", "cannot be written")
    assert "cannot be written" in journal.hard_pressed
    full["disk"] = False
    await until(lambda: not journal.hard_pressed, 5)
    await journal.append("transition", "engine", "loss is ok")
    keeping.cancel()
    told = [line.what for line in await journal.entries()]
    assert told == [
        "begins",
        "the disk is full: the journal lives from its reserve",
        "done",
        "the disk has space again; 2 lines were not written since the start",
        "loss is ok",
    ]
    assert (journal.refused, (tmp_path / "reserve").stat().st_size) == (2, 16 * 1024 * 1024)
    await journal.close()


async def test_what_may_act_by_itself_asks_while_the_disk_is_full(tmp_path: Path) -> None:
    """X4: an automatic rollback becomes a request with the reason; a person can still approve it."""
    world = World(tmp_path / "journal.db", trigger(mode="auto"))
    await world.start()
    full = {"disk": False, "reserve": False}
    full_while(world.journal, full, tmp_path / "reserve")
    await world.measure(legacy_up=1.0)
    await world.tick(abandon=Truth.FALSE)
    full["disk"] = True
    await world.journal.append("note", "anna", "fills it")
    await world.tick(abandon=Truth.TRUE)
    assert (world.row().state, world.row().mode) == ("awaiting", "approve")
    assert "the disk is full" in world.row().detail
    await world.stop()


async def test_only_a_full_disk_is_given_the_reserve(tmp_path: Path) -> None:
    """A lock, a refusal, a bad file: the reserve stays for the day it is needed."""
    journal = await Journal.open(tmp_path / "journal.db")

    def locked(_: Sequence[Line]) -> list[Entry]:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    journal._ledger._append = locked  # type: ignore[method-assign, assignment]
    with pytest.raises(JournalError, match="Permission denied"):
        await journal.append("step", "golive", "x")
    assert not journal.reserve_used
    await journal.close()


def test_what_an_earlier_life_left_is_there_to_be_given(tmp_path: Path) -> None:
    """A daemon that starts on a full disk gives back the reserve of the one before it; a half one is none."""
    reserve = Reserve(tmp_path / "reserve", size=4096)
    assert (reserve.take(), Reserve(tmp_path / "reserve", size=4096).held) == (True, True)
    assert not Reserve(tmp_path / "reserve", size=8192).held
    later = Reserve(tmp_path / "reserve", size=4096)
    assert later.give()
    assert not (tmp_path / "reserve").exists()
    assert not later.give()
