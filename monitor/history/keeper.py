"""Recorded weeks of a running daemon: slots written as they close, and read ahead for the quarter hour that comes.

The disk is touched in one thread only; the tick asks `weeks`, which answers from memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from monitor.history.archive import Archive, ArchiveError, Brought, Slot
from monitor.history.calendar import Calendar, start_of
from monitor.history.figures import Figure
from monitor.history.recorder import LOOK, Recorder
from monitor.history.weeks import Page, Weeks, page, wanted
from monitor.judging.baseline import SLOT
from monitor.judging.store import Store

log = logging.getLogger("golive.history")

PENDING_LIMIT = 200_000
"""Slots waiting for the disk beyond which further ones are refused and counted."""
_AT_ONCE = 500
"""Slots that are made before others get the loop."""
WEEK = 7 * 86_400
_LATEST = 14_400.0
"""Seconds of delay beyond which quarter hours are not read back: no window is kept longer."""


def weeks_kept(figures: Sequence[Figure]) -> int:
    """How many weeks stay on disk: twice what the longest baseline asks for, so that it can be raised; at least 8."""
    return max(2 * max((figure.weeks for figure in figures), default=0), 8)


class _Exchanged(NamedTuple):
    pages: Mapping[int, Page]
    refused: int
    unread: str
    """Why recorded weeks could not be read; empty when they could."""
    unwritten: str
    """Why the slots could not be written."""
    brought: Sequence[Brought] = ()
    """Imports that nobody has told of yet."""


class Keeper:
    """Made before the first sample; `run` is all that a daemon needs. Without figures it does nothing."""

    def __init__(
        self,
        figures: Sequence[Figure],
        store: Store,
        path: Path,
        calendar: Calendar,
        delays: Mapping[int, float],
        clock: Callable[[], float],
        on_import: Callable[[Brought], None],
    ) -> None:
        """delays: how late each collector's numbers are by design, seconds by its number. clock: unix seconds.

        on_import: told of every import once, also of those that were made while no daemon ran.
        """
        self.weeks = Weeks()
        self.recorder = Recorder(figures, store, delays)
        self.written = 0
        """Slots written since the start."""
        self.trouble = ""
        """Why the newest slots could not be written, or weeks not be read; empty when all is well."""
        self._figures = tuple(figures)
        self._path = path
        self._calendar = calendar
        self._clock = clock
        self._on_import = on_import
        self._noted: list[int] = []
        """Imports that were told of, and are not marked so on disk yet."""
        self._latest = min(max(delays.values(), default=0.0), _LATEST)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")
        self._archive: Archive | None = None
        self._pending: list[Slot] = []
        self._overflow = 0
        self._refused = 0
        self._told = 0
        self._work: asyncio.Task[None] | None = None

    @property
    def refused(self) -> int:
        """Slots that were not recorded because a bound was reached."""
        return self._overflow + self._refused + self.recorder.refused

    async def run(self) -> None:
        """Step until cancelled, then write what waits. A disk that fails is said, and tried again; it never ends this."""
        try:
            while True:
                try:
                    await self.step(self._clock())
                except Exception:
                    log.exception("recorded weeks: a look failed; this quarter hour may get no slots")
                await asyncio.sleep(LOOK / 2)
        finally:
            await self.close()

    async def step(self, now: float) -> None:
        """Look at legacy as it is at `now` (unix seconds), and have the disk catch up, without waiting for it."""
        for observer in self.recorder.observers:
            slots = observer.look(now)
            while some := list(islice(slots, _AT_ONCE)):
                room = max(PENDING_LIMIT - len(self._pending), 0)
                self._overflow += len(some[room:])
                self._pending += some[:room]
                await asyncio.sleep(0)
            await asyncio.sleep(0)
        if self.refused > self._told:
            log.warning(
                "recorded weeks: %d slots refused, too many groups or too slow a disk", self.refused - self._told
            )
            self._told = self.refused
        if self._figures and (self._work is None or self._work.done()):
            self._work = asyncio.create_task(self._exchange(now), name="history exchange")

    async def settled(self) -> None:
        """Once what was seen until now is on disk, or was tried to be."""
        if self._work is not None:
            await self._work
        if self._pending or self._noted:
            await self._exchange(self._clock())

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        await self.settled()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._let_go)
        self._thread.shutdown(wait=False)

    async def _exchange(self, now: float) -> None:
        slots = tuple(self._pending)
        quarters = self._quarters(now)
        held = (
            {}
            if self.weeks.failing
            else {start: self.weeks.pages[start] for start in quarters if start in self.weeks.pages}
        )
        noted = tuple(self._noted)
        loop = asyncio.get_running_loop()
        done = await loop.run_in_executor(self._thread, self._on_disk, slots, quarters, held, noted)
        self._tell(done.unread or done.unwritten)
        if not done.unwritten:
            del self._pending[: len(slots)]
            del self._noted[: len(noted)]
            self.written += len(slots)
        self.weeks.failing = done.unread
        self.weeks.take(done.pages)
        self._refused = done.refused
        for brought in done.brought:
            if brought.id not in self._noted:
                self._noted.append(brought.id)
                self._on_import(brought)

    def _tell(self, trouble: str) -> None:
        """Once when it begins, once when it is over."""
        if trouble and not self.trouble:
            log.error("%s", trouble)
        elif self.trouble and not trouble:
            log.warning("recorded weeks can be read and written again")
        self.trouble = trouble

    def _quarters(self, now: float) -> list[int]:
        """The quarter hours that are read ahead: those that rules look at whose sources are late, up to the next one."""
        first, last = start_of(now - self._latest), start_of(now) + int(SLOT)
        return list(range(first, last + 1, int(SLOT)))

    def _on_disk(
        self, slots: Sequence[Slot], quarters: Sequence[int], held: Mapping[int, Page], noted: Sequence[int]
    ) -> _Exchanged:
        """In the thread: write, and read what is not held yet, or all of it when somebody imported. Never raises."""
        unwritten = ""
        try:
            if self._archive is None:
                self._archive = Archive(self._path)
            archive = self._archive
            try:
                if noted:
                    archive.told(noted)
                if slots:
                    archive.put(slots)
                    archive.sweep(quarters[-1] - weeks_kept(self._figures) * WEEK)
            except ArchiveError as error:  # a full disk can still be read
                unwritten = str(error)
            brought: Sequence[Brought] = ()
            if archive.changed():
                held, brought = {}, archive.brought(untold=True)
            pages = {start: held[start] if start in held else self._page(archive, start) for start in quarters}
        except Exception as error:  # noqa: BLE001 - whatever stopped it, rules must say why they are UNKNOWN
            why = str(error) if isinstance(error, ArchiveError) else f"{type(error).__name__}: {error}"
            return _Exchanged(dict(held), 0, why, why)
        return _Exchanged(pages, archive.refused, "", unwritten, brought)

    def _page(self, archive: Archive, start: int) -> Page:
        return page(self._figures, self._calendar, start, archive.at(wanted(self._figures, self._calendar, start)))

    def _let_go(self) -> None:
        if self._archive is not None:
            self._archive.close()
