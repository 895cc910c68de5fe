"""How long a rollback takes, and until when one may still be decided: the longest of what is stated and what was measured."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from monitor.config import Config
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import show
from monitor.judging.triggers import Trigger
from monitor.plan import Cutover, decide_by
from monitor.serving.snapshot import RunRow
from monitor.units import format_duration
from runbooks.book import Book
from runbooks.model import Runbook
from runbooks.rehearsal import FOLDER, MARK, Measured

log = logging.getLogger("golive.daemon")

LOOK = 2.0
"""Seconds between two looks at the clock and at new rehearsals."""
_MOST = 100_000


class Took(NamedTuple):
    """A time, and where it is from."""

    seconds: float
    why: str


class _Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A verified run, as its last line in the journal has it."""

    runbook: str
    started_at: float
    ended_at: float


def rollbacks(triggers: Iterable[Trigger], book: Book) -> tuple[Runbook, ...]:
    """The runbooks that triggers call for and that lead back to a stage; where none does, all that are called for."""
    called = [book.get(name) for name in sorted({trigger.runbook for trigger in triggers})]
    found = [runbook for runbook in called if runbook is not None]
    return tuple(runbook for runbook in found if runbook.back_to is not None) or tuple(found)


def longest(stated: float, books: Iterable[Runbook], real: Mapping[str, float], rehearsed: Mapping[str, float]) -> Took:
    """How long a rollback takes, and why: nothing that was stated or measured makes it shorter.

    stated: the budget. real, rehearsed: seconds of the last verified run and of the longest rehearsal, by runbook.
    """
    times = [Took(stated, "the stated rollback_budget")]
    for runbook in books:
        name = runbook.name
        times.append(Took(runbook.lasts, f"what the steps of {name} take and its verification holds"))
        if name in real:
            times.append(Took(real[name], f"the last run of {name}"))
        if name in rehearsed:
            times.append(Took(rehearsed[name], f"the longest rehearsal of {name}"))
    return max(times, key=lambda took: took.seconds)


def measured_runs(lines: Iterable[Entry]) -> dict[str, float]:
    """Seconds of each runbook's last verified run, from a journal's lines of runs."""
    found: dict[str, float] = {}
    for line in lines:
        if line.kind == "run" and line.state == "done":
            ended = msgspec.convert(line.data, _Ended)
            found[ended.runbook] = ended.ended_at - ended.started_at
    return found


def measured_rehearsals(lines: Iterable[Entry]) -> dict[tuple[str, str], float]:
    """Seconds of the longest rehearsal of each runbook, by name and digest, that ended well with nothing cut short.

    The longest, not the last: a rehearsal shortens nothing, not even what another one has lengthened. Those of a
    runbook that says something else by now were of another plan.
    """
    found: dict[tuple[str, str], float] = {}
    for line in lines:
        if line.kind == MARK.lower():
            measured = msgspec.convert(line.data, Measured)
            if measured.state == "done" and measured.timed:
                key = (measured.runbook, measured.digest)
                found[key] = max(measured.seconds, found.get(key, 0.0))
    return found


class RollbackClock:
    """The clock of one cutover. `recall` makes it; `run` looks for new rehearsals and says when it is too late."""

    def __init__(
        self, cutover: Cutover, triggers: Sequence[Trigger], book: Book, journal: Journal, folder: Path
    ) -> None:
        """folder: the state directory, beside whose journal rehearsals lie in a folder of their own."""
        self._cutover = cutover
        self._triggers = triggers
        self._book = book
        self._journal = journal
        self._rehearsals = folder / FOLDER / "journal.db"
        self._stamp: tuple[int, ...] = ()
        self._real: dict[str, float] = {}
        self._rehearsed: dict[tuple[str, str], float] = {}
        self._told = False

    @classmethod
    async def recall(cls, config: Config, book: Book, journal: Journal, folder: Path) -> RollbackClock:
        """The clock of a cutover, with the runs of its journal and the rehearsals there are."""
        clock = cls(config.cutover, config.triggers, book, journal, folder)
        clock._real = measured_runs(await journal.entries(kind="run"))
        await clock.refresh()
        until, told = clock.until(), await journal.entries(kind="clock")
        clock._told = until is not None and any(line.at >= until for line in told)
        return clock

    def took(self, runs: Iterable[RunRow] = ()) -> Took:
        """How long a rollback takes. runs: those of this process, newest first."""
        real = dict(self._real)
        for run in sorted(runs, key=lambda row: row.ended_at or 0.0):
            if run.state == "done" and run.ended_at is not None:
                real[run.runbook] = run.ended_at - run.started_at
        books = rollbacks(self._triggers, self._book)
        plans = [plan for plan in (self._book.plan(runbook.name) for runbook in books) if plan is not None]
        rehearsed = {p.name: self._rehearsed[p.name, p.digest] for p in plans if (p.name, p.digest) in self._rehearsed}
        return longest(self._cutover.rollback_budget, books, real, rehearsed)

    def until(self, runs: Iterable[RunRow] = ()) -> float | None:
        """The last instant at which a rollback may be decided, unix seconds."""
        return decide_by(self._cutover, self.took(runs).seconds)

    async def run(self, clock: Callable[[], float], runs: Callable[[], Iterable[RunRow]]) -> None:
        """Look for new rehearsals, and tell when it is too late, until cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            await self.refresh()
            self.tell(clock(), runs())

    async def refresh(self) -> None:
        """Read the rehearsals again when there are new ones. What cannot be read is logged, and what is known stays."""
        try:
            await asyncio.to_thread(self._reread)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            log.warning("the rehearsals cannot be read, so they lengthen nothing: %s", error)

    def _reread(self) -> None:
        stamp = tuple(
            status.st_mtime_ns
            for name in ("journal.db", "journal.db-wal")
            for path in (self._rehearsals.with_name(name),)
            if path.exists()
            for status in (path.stat(),)
        )
        if stamp == self._stamp:
            return
        self._stamp = stamp
        self._rehearsed = measured_rehearsals(show(self._rehearsals, 0, _MOST)) if stamp else {}

    def tell(self, now: float, runs: Iterable[RunRow]) -> None:
        """Write a line when the last instant has passed, once, whatever restarts there are."""
        until = self.until(runs)
        passed = until is not None and now >= until
        if passed and not self._told:
            took = self.took(runs)
            what = (
                f"the last instant to decide a rollback has passed: one takes {format_duration(took.seconds)} "
                f"({took.why}) and would not end inside the window"
            )
            self._journal.append("clock", "engine", what, object="decide_by", state="passed", at=now)
        self._told = passed
