"""Keeps what a terminal sees in a file of its own, to be played with `golive replay` where there is no daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from dashboards.terminal.acts import Act, SnapshotSource
from dashboards.terminal.view import Person
from monitor.serving.past.archive import Archive, ArchiveError
from monitor.serving.past.moments import Mark, notable, pack
from monitor.serving.snapshot import Snapshot

EACH = 10.0
"""Seconds between moments; one more at each notable line."""
APART = 1.0
"""Least seconds between two moments."""
LIMIT = 1 << 30
"""Most bytes of the file; what is oldest goes first."""
MOST_MARKS = 2000
"""Marks that may wait for the disk; the oldest go beyond it."""


class Recorder:
    """A SnapshotSource that keeps what another one answers. A disk that fails costs moments, never the terminal."""

    def __init__(self, source: SnapshotSource, path: Path, limit: int = LIMIT) -> None:
        """Opens the file or begins it, which touches the disk: ArchiveError when it is something else."""
        self._source = source
        self._archive = Archive(path, limit=limit)
        self._heard = 0
        self._marks: list[Mark] = []
        self._newest = 0.0
        self._writing: asyncio.Task[None] | None = None
        self.written = 0
        """Moments that are in the file."""
        self.unwritten = 0
        """Moments that could not be written."""
        self.trouble = ""
        """Why the newest of them was not."""

    async def snapshot(self) -> Snapshot:
        """The newest snapshot, kept when it is time."""
        seen = await self._source.snapshot()
        self._hear(seen)
        past = seen.at - self._newest
        due = past >= EACH or past < 0 or (bool(self._marks) and past >= APART)
        if due and (self._writing is None or self._writing.done()):
            self._newest = seen.at
            self._writing = asyncio.create_task(self._write(seen), name="record")
        return seen

    def _hear(self, seen: Snapshot) -> None:
        newest = seen.events[-1].seq if seen.events else 0
        if newest < self._heard:
            self._heard = 0
        self._marks += notable(row for row in seen.events if row.seq > self._heard)
        self._marks = self._marks[-MOST_MARKS:]
        self._heard = newest

    async def _write(self, seen: Snapshot) -> None:
        marks, self._marks = self._marks, []
        put: Callable[[], None] = lambda: self._archive.put(seen.at, pack(seen), marks)  # noqa: E731 - a call for a thread
        try:
            await asyncio.to_thread(put)
        except ArchiveError as error:
            self.unwritten += 1
            self.trouble = str(error)
            self._marks = [*marks, *self._marks]
        else:
            self.written += 1
            self.trouble = ""

    async def me(self) -> Person | None:
        """Who sits here."""
        return await self._source.me()

    async def read(self, path: str) -> bytes:
        """The body of a GET."""
        return await self._source.read(path)

    async def act(self, act: Act) -> None:
        """Do it."""
        await self._source.act(act)

    async def close(self) -> None:
        """Write the last moment that was due, and let go of the file."""
        if self._writing is not None:
            await self._writing
        await asyncio.to_thread(self._archive.close)

    def told(self) -> str:
        """What became of it, for the one who left the terminal."""
        words = f"{self.written} moments recorded in {self._archive.path}; next: golive replay {self._archive.path}"
        if self.unwritten:
            words += f"\n{self.unwritten} moments could not be written: {self.trouble or 'then it went on'}"
        return words
