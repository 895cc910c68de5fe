"""Keeps the past: a snapshot each ten seconds and at each notable moment, written in a thread of its own.

Nothing here may hold up judging: the event loop hands over a frozen snapshot and goes on; a disk that is full, slow or
broken costs moments of the past, which are counted, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from monitor.serving.past.archive import Archive, ArchiveError, BrokenError, set_aside
from monitor.serving.past.moments import Found, Mark, Marks, notable, pack
from monitor.serving.past.settings import PastConfig
from monitor.serving.snapshot import EventRow, Snapshot

log = logging.getLogger("golive.past")
T = TypeVar("T")

EACH = 10.0
"""Seconds between moments, on the wall clock: 02:14:00, 02:14:10..."""
SETTLES = 0.6
"""Seconds after a notable line until what it changed is in the snapshot: two ticks."""
APART = 1.0
"""Least seconds between two moments, however much happens."""
FLOOR = 64 * 1024 * 1024
"""Free bytes that are left to the journal: below them no moment is written."""
PENDING_MARKS = 2000
"""Marks that may wait for the disk; the oldest go beyond it, and are counted."""
READERS = 8
"""Questions that may wait for the disk at once; further ones are refused and counted."""
_AFTER_FAULT = 1.0


class Busy(Exception):  # noqa: N818 - an answer, not an error
    """Too many ask at once."""


class Keeper:
    """`run` it; ask `find` and `marks`. clock: unix seconds. look: the newest snapshot, and from then on fresh ones."""

    def __init__(
        self,
        config: PastConfig,
        path: Path,
        look: Callable[[], Snapshot | None],
        clock: Callable[[], float],
        earlier: Callable[[], Sequence[EventRow]] = tuple,
        floor: int = FLOOR,
    ) -> None:
        """earlier: newest lines of the journal, for marks that a crash kept from the disk. floor: bytes left free."""
        self._config = config
        self._path = path
        self._look = look
        self._clock = clock
        self._earlier = earlier
        self._floor = floor
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="past")
        self._archive: Archive | None = None
        self._pending: deque[Mark] = deque()
        self._stirred = asyncio.Event()
        self._waiting = 0
        self._newest: float | None = None
        self.written = 0
        """Moments written since the start."""
        self.unwritten = 0
        """Moments that could not be written."""
        self.thinned = 0
        """Moments that were let go as they aged, since one a minute is enough."""
        self.let_go = 0
        """Moments that were let go because the space was used up."""
        self.marks_lost = 0
        """Notable moments that waited for the disk for too long."""
        self.refused = 0
        """Questions that were refused because too many waited."""
        self.bytes = 0
        """Space taken on disk."""
        self.trouble = ""
        """Why the newest moment could not be written; empty when it was."""
        self.report = ""
        """What a person should know of the file, such as that a broken one was moved aside."""

    @property
    def on(self) -> bool:
        """Whether anything is kept at all."""
        return self._config.megabytes > 0

    def note(self, rows: Sequence[EventRow]) -> None:
        """Lines are in the journal: keep the notable ones, and the moment that shows what they changed."""
        found = notable(rows) if self.on else []
        if not found:
            return
        self._pending.extend(found)
        while len(self._pending) > PENDING_MARKS:
            self._pending.popleft()
            self.marks_lost += 1
        self._stirred.set()

    async def run(self) -> None:
        """Keep the past until cancelled. Never raises: what cannot be written is counted and said."""
        if not self.on:
            await asyncio.Event().wait()
        try:
            await self._catch_up()
            while True:
                try:
                    await self._next()
                    await self._write(self._look())
                except Exception:
                    log.exception("the record of snapshots: a moment was not kept")
                    self.unwritten += 1
                    await asyncio.sleep(_AFTER_FAULT)
        finally:
            await self.close()

    async def find(self, at: float) -> Found | None:
        """The moment at or before `at`, still packed. Raises ArchiveError and Busy."""
        return await self._ask(lambda archive: archive.find(at))

    async def marks(self) -> Marks:
        """What there is of the past. Raises ArchiveError and Busy."""
        found = await self._ask(lambda archive: archive.marks())
        return msgspec.structs.replace(
            found, let_go=self.let_go, unwritten=self.unwritten, trouble=self.trouble or self.report
        )

    async def _ask(self, question: Callable[[Archive], T]) -> T:
        if not self.on:
            raise ArchiveError("no record of snapshots is kept here: past.megabytes is 0 in golive.yaml")
        if self._waiting >= READERS:
            self.refused += 1
            raise Busy(f"{READERS} others look into the past just now")
        self._waiting += 1
        try:
            return await self._in_thread(lambda: question(self._opened()))
        finally:
            self._waiting -= 1

    async def _next(self) -> None:
        """Until the next ten seconds are full, or something notable happened."""
        await asyncio.sleep(APART)
        try:
            async with asyncio.timeout(EACH - self._clock() % EACH):
                await self._stirred.wait()
                self._look()
                await asyncio.sleep(SETTLES)
        except TimeoutError:
            pass
        self._stirred.clear()

    async def _write(self, snapshot: Snapshot | None) -> None:
        if snapshot is None or snapshot.at == self._newest:
            return
        marks = tuple(self._pending)
        try:
            await self._in_thread(lambda: self._put(snapshot, marks))
        except (ArchiveError, OSError) as error:
            self.unwritten += 1
            if not self.trouble:
                log.warning("%s. Judging goes on; what the screens show now cannot be looked at later", error)
            self.trouble = str(error)
            return
        done = set(marks)
        self._pending = deque(mark for mark in self._pending if mark not in done)
        self._newest = snapshot.at
        self.written += 1
        if self.trouble:
            log.warning("the record of snapshots is written again; %d moments are missing", self.unwritten)
        self.trouble = ""

    def _put(self, snapshot: Snapshot, marks: Sequence[Mark]) -> None:
        """In the thread."""
        free = shutil.disk_usage(self._path.parent).free
        if free < self._floor:
            raise ArchiveError(
                f"the record of snapshots pauses: {free >> 20} MiB are free on the disk of {self._path}, "
                f"and the last {self._floor >> 20} MiB are left to the journal"
            )
        archive = self._opened()
        try:
            archive.put(snapshot.at, pack(snapshot), marks)
        except BrokenError as error:
            archive.close()
            self._archive = None
            self.report = set_aside(self._path, self._clock(), str(error))
            raise
        self.thinned, self.let_go, self.bytes = archive.thinned, archive.let_go, archive.used()

    def _opened(self) -> Archive:
        """In the thread: the file, opened at its first use."""
        if self._archive is None:
            limit = self._config.megabytes << 20
            opened = Archive.opened(self._path, limit=limit, dense_for=self._config.dense_for, now=self._clock())
            self._archive = opened[0]
            self.report = opened[1] or self.report
            if self.report:
                log.error("%s", self.report)
        return self._archive

    async def _catch_up(self) -> None:
        """Marks of an earlier life that were in the journal, and not yet here."""
        try:
            rows = self._earlier()
            last = await self._in_thread(lambda: self._opened().last_mark())
            exchanged = bool(rows) and last > rows[-1].seq
            self.note([row for row in rows if exchanged or row.seq > last])
        except Exception as error:  # noqa: BLE001 - marks of the past are never worth the present
            log.warning("the record of snapshots: earlier notable moments are not marked: %s", error)

    async def close(self) -> None:
        """Write the last marks, and let go of the file."""
        marks = tuple(self._pending)

        def end() -> None:
            if self._archive is not None:
                if marks:
                    self._archive.note(marks)
                self._archive.close()

        try:
            await self._in_thread(end)
        except Exception as error:  # noqa: BLE001 - the daemon ends, whatever the disk does
            log.warning("the record of snapshots did not end well: %s", error)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
