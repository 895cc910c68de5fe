"""The journal as people read it on a screen: public lines page by page from its newest end, and the check of its chain.

Both read the file beside its writer, in threads of their own, so that neither holds up a line that must be written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from monitor.deciding.entry import Entry
from monitor.deciding.ledger import JournalError, page, verify
from monitor.serving.timeline_rows import Proof, TimelinePage, TimelineRow

FRESH = 10.0
"""Seconds for which a proof is given again instead of made anew."""
READERS = 4
"""Pages that may be read at once; further ones are refused and counted."""


class PublicLines:
    """Public lines of one journal file."""

    def __init__(self, path: Path | None, head: Callable[[], tuple[int, str]], clock: Callable[[], float]) -> None:
        """path: None for a journal in memory, which cannot be read here. head: the last line on disk, as its writer knows it."""
        self._path = path
        self._head = head
        self._clock = clock
        self._proof: Proof | None = None
        self._proved_at = 0.0
        self._proving: asyncio.Task[Proof] | None = None
        self._reading = 0
        self.refused = 0
        """Pages refused because too many were read at once."""

    async def before(self, seq: int, limit: int) -> TimelinePage:
        """The newest `limit` public lines with a smaller number than `seq`, oldest first; JournalError."""
        path = self._file()
        if self._reading >= READERS:
            self.refused += 1
            raise JournalError(f"{READERS} others read the journal just now; ask again in a second")
        self._reading += 1
        try:
            found = await asyncio.to_thread(page, path, seq, limit + 1)
        except ValueError as error:
            raise JournalError(str(error)) from error
        finally:
            self._reading -= 1
        return TimelinePage(lines=tuple(row_of(*line) for line in found[-limit:]), more=len(found) > limit)

    async def prove(self) -> Proof:
        """Check every line of the file and hold it against the head that was written last; one check serves all who ask.

        JournalError when there is no file.
        """
        path = self._file()
        if self._proof is not None and 0 <= self._clock() - self._proved_at < FRESH:
            return self._proof
        if self._proving is None:
            self._proving = asyncio.create_task(self._prove(path), name="proof of the journal")
        return await asyncio.shield(self._proving)

    async def _prove(self, path: Path) -> Proof:
        head = self._head()
        at = self._clock()
        try:
            verdict = await asyncio.to_thread(verify, path, [head] if head[0] else [])
            seq, digest = verdict.head
            self._proof = Proof(
                ok=verdict.ok,
                lines=verdict.entries,
                at=at,
                seq=seq,
                hash=digest,
                first_bad=verdict.first_bad,
                why=verdict.why,
            )
            self._proved_at = self._clock()
            return self._proof
        finally:
            self._proving = None

    def _file(self) -> Path:
        if self._path is None:
            raise JournalError("the journal on disk is damaged, so this daemon's lines are in memory only")
        return self._path


def row_of(entry: Entry, previous: str) -> TimelineRow:
    """What everyone may read of a line. previous: the hash that it is chained to."""
    reason, digest = entry.data.get("reason"), entry.data.get("digest")
    return TimelineRow(
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        who=entry.who,
        what=entry.what,
        object=entry.object,
        state=entry.state,
        via=entry.via,
        reason=reason if isinstance(reason, str) else "",
        digest=digest if isinstance(digest, str) else "",
        previous=previous,
        hash=entry.hash,
    )
