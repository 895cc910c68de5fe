"""Recorded weeks of a running daemon: written as they close, read ahead, over restarts and full disks."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from monitor.history.archive import FILE, Archive, Brought, Origin, Slot
from monitor.history.calendar import Calendar
from monitor.history.figures import figures
from monitor.history.keeper import WEEK, Keeper, weeks_kept
from monitor.judging.baseline import Baseline
from monitor.judging.store import Store
from tests.monitor.history.world import BEGIN, Pbx, wait
from tests.monitor.judging.rig import GAUGE

UTC = Calendar("UTC")
SALES = (("queue", "sales"),)


class Night:
    """A keeper beside a store that is fed by hand."""

    def __init__(self, path: Path, **baseline: object) -> None:
        self.rule = wait(baseline=Baseline(source="history", **baseline))  # type: ignore[arg-type] # a test's words
        self.pbx = Pbx(self.rule)
        self.now = float(BEGIN)
        self.imports: list[Brought] = []
        asked = figures([self.rule], [])
        self.keeper = Keeper(asked, self.pbx.store, path / FILE, UTC, {}, lambda: self.now, self.imports.append)

    async def quarter(self, start: int, value: float) -> None:
        """One quarter hour of legacy, and what follows from it."""
        for step in range(95):
            self.now = start + step * 10
            self.pbx.put(self.now, value)
            await self.keeper.step(self.now)
        await self.keeper.settled()

    def told(self, at: float) -> list[float] | None:
        found = self.keeper.weeks.slots("x", SALES, at, 4)
        return None if found is None else list(found)


def written(path: Path) -> list[Slot]:
    """What is on disk."""
    archive = Archive(path / FILE, read_only=True)
    found = list(archive.of("x"))
    archive.close()
    return found


def imported(path: Path, slots: list[Slot]) -> None:
    """As another process does."""
    archive = Archive(path / FILE)
    archive.put(slots, Brought(5.0, "x", "pbx.csv", "ab" * 32))
    archive.close()


async def test_what_closes_is_written_and_is_there_after_a_restart(tmp_path: Path) -> None:
    """Two weeks of Saturdays at 21:00; on the third the daemon that was just started knows both."""
    night = Night(tmp_path)
    for week, value in ((2, 10.0), (1, 14.0)):
        await night.quarter(BEGIN - week * WEEK, value)
    assert night.keeper.written == 2
    await night.keeper.close()
    later = Night(tmp_path)
    assert later.told(BEGIN) is None
    await later.keeper.step(BEGIN)
    await later.keeper.settled()
    assert later.told(BEGIN) == [14.0, 10.0]
    assert later.told(BEGIN + 900) == [], "the next quarter hour is read ahead"
    await later.keeper.close()


async def test_an_import_is_seen_by_the_next_step(tmp_path: Path) -> None:
    """`golive history import` beside a running daemon counts without a restart."""
    night = Night(tmp_path)
    await night.keeper.step(BEGIN)
    await night.keeper.settled()
    before = night.keeper.weeks.version
    figure = figures([night.rule], [])[0].text
    slot = Slot("x", figure, SALES, BEGIN - WEEK, 7.0, 9, Origin.IMPORTED)
    await asyncio.to_thread(imported, tmp_path, [slot])
    await night.keeper.step(BEGIN + 5)
    await night.keeper.settled()
    assert night.told(BEGIN) == [7.0]
    assert night.keeper.weeks.version > before
    await night.keeper.close()


async def test_every_import_is_told_of_once_whether_a_daemon_ran_or_not(tmp_path: Path) -> None:
    """What changes by what a rollback is judged belongs in the journal; the same file again changes nothing."""
    slot = Slot("x", figures([wait()], [])[0].text, SALES, BEGIN - WEEK, 7.0, 9, Origin.IMPORTED)
    await asyncio.to_thread(imported, tmp_path, [slot])
    await asyncio.to_thread(imported, tmp_path, [slot])
    told = []
    for _ in range(2):
        night = Night(tmp_path)
        for second in range(3):
            await night.keeper.step(BEGIN + second)
            await night.keeper.settled()
        told.append([brought.what for brought in night.imports])
        await night.keeper.close()
    assert told == [["1 slots of x imported from pbx.csv (sha256 abababababab)"], []]


async def test_a_file_that_cannot_be_opened_is_said_and_tried_again(tmp_path: Path) -> None:
    """Slots wait in memory, the reason is there for people, and nothing is lost once the file can be written."""
    (tmp_path / FILE).mkdir()
    night = Night(tmp_path)
    await night.quarter(BEGIN - WEEK, 5.0)
    assert "recorded weeks cannot be opened" in night.keeper.weeks.failing
    assert night.told(BEGIN) is None
    (tmp_path / FILE).rmdir()
    await night.keeper.step(BEGIN)
    await night.keeper.settled()
    assert night.keeper.weeks.failing == ""
    assert (night.told(BEGIN), night.keeper.written) == ([5.0], 1)
    await night.keeper.close()


async def test_a_locked_file_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the file, looks go on; what they saw is written when it lets go."""
    monkeypatch.setattr("monitor.history.archive._WAIT", 0.05)
    night = Night(tmp_path)
    await night.keeper.step(BEGIN - 2 * WEEK)
    await night.keeper.settled()
    other = await asyncio.to_thread(sqlite3.connect, tmp_path / FILE, check_same_thread=False)
    await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
    await night.quarter(BEGIN - WEEK, 5.0)
    assert night.keeper.written == 0
    assert night.told(BEGIN - WEEK + 900) == [], "what is on disk can still be read"
    await asyncio.to_thread(other.rollback)
    await asyncio.to_thread(other.close)
    await night.keeper.close()
    assert [slot.value for slot in await asyncio.to_thread(written, tmp_path)] == [5.0]


async def test_slots_beyond_what_may_wait_are_refused_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that never comes back cannot fill the memory."""
    monkeypatch.setattr("monitor.history.keeper.PENDING_LIMIT", 1)
    (tmp_path / FILE).mkdir()
    night = Night(tmp_path)
    for quarter in range(3):
        await night.quarter(BEGIN - WEEK + quarter * 900, 5.0)
    assert night.keeper.refused == 2
    await night.keeper.close()


async def test_the_file_is_bounded_by_the_weeks_that_are_kept(tmp_path: Path) -> None:
    """Older slots go with the next one that is written."""
    assert (weeks_kept([]), weeks_kept(figures([wait(baseline=Baseline(source="history", weeks=6))], []))) == (8, 12)
    night = Night(tmp_path)
    for week in (9, 7, 0):
        await night.quarter(BEGIN - week * WEEK, 5.0)
    await night.keeper.close()
    assert [(BEGIN - slot.start) // WEEK for slot in await asyncio.to_thread(written, tmp_path)] == [7, 0]


async def test_sources_that_are_late_still_find_the_quarter_hour_that_they_are_about(tmp_path: Path) -> None:
    """A rule whose window ends twenty minutes ago asks for the quarter hour of then."""
    figure = figures([wait()], [])
    store = Store({GAUGE.name: GAUGE})
    keeper = Keeper(figure, store, tmp_path / FILE, UTC, {0: 1200.0}, lambda: BEGIN, print)
    await keeper.step(BEGIN)
    await keeper.settled()
    assert [keeper.weeks.slots("x", (), at, 4) for at in (BEGIN - 1200, BEGIN, BEGIN + 900)] == [[], [], []]
    await keeper.close()


async def test_without_a_rule_that_asks_there_is_no_file(tmp_path: Path) -> None:
    """A cutover that compares with nothing writes nothing."""
    keeper = Keeper((), Store({}), tmp_path / FILE, UTC, {}, lambda: BEGIN, print)
    await keeper.step(BEGIN)
    await keeper.settled()
    await keeper.close()
    assert not (tmp_path / FILE).exists()
