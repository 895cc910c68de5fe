"""The record of everything decided and done: append-only, hash-chained, on disk before anything acts on it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path

from monitor.deciding.anchoring import Anchor, AnyAnchor
from monitor.deciding.entry import Entry, Line
from monitor.deciding.ledger import JournalError, Ledger
from monitor.deciding.witness import Debts, Witness
from monitor.plan import Section
from monitor.serving.snapshot import EventRow
from monitor.text import clean
from monitor.units import Duration

TAIL = 5000
"""Public lines kept in memory for clients that poll."""
BATCH = 256
"""Most lines in one transaction."""
KEEP = 2.0
"""Seconds between looks whether a full disk has space again."""
SHED = frozenset({"transition", "source", "notify", "denied"})
"""Kinds of lines that do not use up the reserve: it is for what was decided and done."""
BACKLOG = 20000
"""Lines that may wait for the disk; further ones are refused."""


class JournalConfig(Section, frozen=True, kw_only=True):
    """What is written to disk beside decisions, which always are."""

    record: bool = False
    """Also append every sample to disk before its message is acknowledged."""
    record_for: Duration = 172800.0
    """How long recorded samples are kept."""
    anchors: tuple[AnyAnchor, ...] = ()
    """Where the head of the journal is noted as well: a tail that was cut off is found by it."""
    anchor_every: Duration = 60.0
    """How often, beside at each act."""


class Journal:
    """One writer's journal. Lines are committed in the order of the calls; lines that wait share a transaction."""

    def __init__(
        self, ledger: Ledger, clock: Callable[[], float], monotonic: Callable[[], float], debts: Debts | None = None
    ) -> None:
        self._ledger = ledger
        self._debts = debts or Debts(ledger, None)
        self._clock = clock
        self._monotonic = monotonic
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._waiting: deque[tuple[Line, asyncio.Future[Entry]]] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._tail: deque[EventRow] = deque(maxlen=TAIL)
        self._closed = False
        self._head = ledger.head
        self.listeners: list[Callable[[Sequence[Entry]], None]] = []
        """Told of lines once they are on disk; they must not raise."""
        self.refused = 0
        """Lines that were not written."""
        self.failing = ""
        """Why the last write failed; empty while writing works."""

    @classmethod
    async def open(
        cls,
        path: Path | None,
        *,
        anchors: Iterable[Anchor] = (),
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        witness: Witness | None = None,
    ) -> Journal:
        """Open or create the journal and check every line of it; JournalDamagedError when it is not whole.

        path: None keeps it in memory only, for a daemon whose journal on disk is damaged. anchors: heads noted
        elsewhere, which it must have. witness: a second record of some lines; with it they count even while the
        journal cannot be written.
        """
        ledger, newest, debts = await asyncio.to_thread(_open, path, anchors, witness)
        journal = cls(ledger, clock, monotonic, debts)
        journal._tail.extend(entry.event() for entry in newest)
        return journal

    @property
    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the last line on disk."""
        return self._head

    @property
    def reserve_used(self) -> bool:
        """Whether the disk is full and the journal lives from its reserve."""
        return self._ledger.reserve_used

    @property
    def hard_pressed(self) -> str:
        """Why nothing should be begun without people: lines fail or use up the reserve; empty when neither."""
        if self.failing:
            return f"the journal cannot be written: {self.failing}"
        return "the disk is full and the journal lives from its reserve" if self.reserve_used else ""

    def append(
        self,
        kind: str,
        who: str,
        what: str,
        *,
        object: str = "",  # noqa: A002 - the journal's own word for what a line is about
        state: str = "",
        via: str = "",
        data: dict[str, object] | None = None,
        public: bool = True,
        at: float | None = None,
    ) -> asyncio.Future[Entry]:
        """Write a line; the future is done once it is on disk, and only then may it be acted on.

        at: unix seconds of what happened; default: now. The future fails with JournalError when the disk does.
        """
        future: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_seen)
        shed = kind in SHED and self._ledger.reserve_used
        if self._closed or shed or len(self._waiting) >= BACKLOG:
            self.refused += 1
            why = "the journal is closed" if self._closed else f"{BACKLOG} lines wait for the disk already"
            why = "the disk is full, and the reserve is for decisions and runs" if shed else why
            future.set_exception(JournalError(f"the journal cannot be written: {why}"))
            return future
        line = Line(
            seq=0,
            at=self._clock() if at is None else at,
            mono=self._monotonic(),
            kind=kind,
            who=clean(who, 80),
            via=via,
            what=clean(what),
            object=clean(object, 200),
            state=state,
            data=data or {},
            public=public,
        )
        self._waiting.append((line, future))
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush(), name="journal")
        return future

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            spare = not self._ledger.reserve_used
            try:
                entries = await loop.run_in_executor(self._writer, self._debts.append, [line for line, _ in batch])
            except Exception as error:  # noqa: BLE001 - whatever stopped the write, its callers must hear of it
                self.failing = str(error)
                for line, future in batch:
                    kept = await loop.run_in_executor(self._writer, self._debts.keep, line, str(error))
                    self.refused += kept is None
                    if kept is not None and not future.done():
                        future.set_result(kept)
                    elif not future.done():
                        future.set_exception(JournalError(str(error)))
                continue
            if spare and self._ledger.reserve_used:
                self.append("journal", "engine", "the disk is full: the journal lives from its reserve", state="full")
            self.failing = ""
            self._head = self._ledger.head
            self._tail.extend(entry.event() for entry in entries if entry.public)
            for (_, future), entry in zip(batch, entries, strict=True):
                if not future.done():
                    future.set_result(entry)
            for listener in self.listeners:
                listener(entries)
        self._flushing = None

    async def keep(self) -> None:
        """Take the reserve back once the disk has space again, and say so; until cancelled."""
        while True:
            await asyncio.sleep(KEEP)
            if not (self.failing or self._ledger.reserve_used):
                continue
            if await asyncio.get_running_loop().run_in_executor(self._writer, self._ledger.renew):
                before = self.refused
                words = f"the disk has space again; {before} lines were not written since the start"
                with suppress(JournalError):
                    await self.append("journal", "engine", words, state="whole")
                self.refused = before

    def events_after(self, seq: int, limit: int) -> list[EventRow]:
        """Public lines with a greater sequence number, in order; at most `limit`.

        Those older than the newest 5,000 are read from disk, which blocks: a caller who asks for old ones does so
        from a thread.
        """
        whole = len(self._tail) < TAIL or (bool(self._tail) and self._tail[0].seq <= seq + 1)
        if not whole:
            return [entry.event() for entry in self._ledger.read(after=seq, limit=limit, public=True)]
        newer: deque[EventRow] = deque()
        for row in reversed(self._tail):
            if row.seq <= seq:
                break
            newer.appendleft(row)
        return [newer.popleft() for _ in range(min(limit, len(newer)))]

    def newest_events(self, limit: int) -> list[EventRow]:
        """The newest public lines, in order; from memory."""
        return list(islice(self._tail, max(len(self._tail) - limit, 0), None))

    async def entries(
        self,
        *,
        kind: str | None = None,
        object: str | None = None,  # noqa: A002 - the journal's own word for what a line is about
        after: int = 0,
        limit: int | None = None,
    ) -> list[Entry]:
        """Lines from disk, in order: all, or those of one kind or one object. For recovery and reports."""

        def read() -> list[Entry]:
            found = self._ledger.read(after=after, limit=limit, kind=kind, about=object)
            return found if limit is not None else [*found, *self._debts.owed(kind, object)]

        return await asyncio.get_running_loop().run_in_executor(self._writer, read)

    async def close(self) -> None:
        """Write what waits, then let go of the file. Later lines are refused."""
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._ledger.close)


def _open(path: Path | None, anchors: Iterable[Anchor], witness: Witness | None) -> tuple[Ledger, list[Entry], Debts]:
    ledger = Ledger(path)
    try:
        ledger.open(anchors)
        debts = Debts(ledger, witness)
        with suppress(JournalError):
            debts.settle()
        return ledger, ledger.newest(TAIL), debts
    except BaseException:
        ledger.close()
        raise


def _seen(future: asyncio.Future[Entry]) -> None:
    if not future.cancelled():
        future.exception()
