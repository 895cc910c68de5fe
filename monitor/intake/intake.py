"""Where samples enter: one inlet a collector, staged in columns and put into the store in batches."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from collections.abc import Sequence as Several
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from monitor.intake.inlet import Handles
from monitor.intake.inlet import Numbers as Values
from monitor.intake.numbers import Numbers
from monitor.intake.sequences import Gap
from monitor.intake.tail import Tail
from monitor.intake.transcripts import Transcripts, glimpse
from monitor.judging.pieces import Pieces, finished
from monitor.judging.rings import F8, I8
from monitor.judging.store import AHEAD, Store
from monitor.judging.table import BLANK_EMPTY, BLANK_ERROR, BLANK_NULL
from monitor.model import Labels
from monitor.text import OutsideText, clean

BATCH = 4_000
"""Staged samples that are put into the store without waiting for the next tick."""
_SOME = 1_000
"""Answers without a number that are put into the store between two yields."""
_RATE_SPAN = 10
_BLANKS = {"empty": BLANK_EMPTY, "null": BLANK_NULL, "error": BLANK_ERROR}


class Recorder(Protocol):
    """Where samples are kept on disk, if they are."""

    def define(self, handle: int, metric: str, labels: Labels) -> None:
        """Name a handle before its first sample."""
        ...

    def append(self, handles: Handles, values: Values, times: Values) -> None:
        """Queue samples for the next group commit."""
        ...

    def numbered(self, shared: str, states: Mapping[str, bytes]) -> None:
        """Keep sequences, by source, in one commit with the samples of the next `append`."""
        ...

    async def commit(self) -> None:
        """Return when all that was appended is on disk."""
        ...


class Door:
    """A collector's inlet, and the counts that its screen row and metrics are made from."""

    def __init__(self, intake: Intake, name: str, number: int, stale_after: float, shared: str) -> None:
        self.intake = intake
        self.shared = shared
        """Whose sequence numbers it counts: those of all collectors with the same word."""
        self.numbers = intake.numbers.setdefault(shared, Numbers())
        self.name = name
        self.number = number
        self.stale_after = stale_after
        self.base = intake.base
        self.messages = 0
        self.samples = 0
        self.refused: Counter[str] = Counter()
        self.duplicates = 0
        self.newest = -np.inf
        """Source time of the newest sample taken."""
        self.last_message = -np.inf
        """When the newest message arrived."""
        self.is_connected = False
        self.detail: OutsideText = clean("")
        self.transcripts = Transcripts()
        self._last_refused: OutsideText = clean("")
        self._unread: tuple[str, bytes] | None = None
        self._handles: list[int] = []
        self._values: list[float] = []
        self._times: list[float] = []
        self._chunks: list[tuple[int, float]] = []
        self._sealed: list[tuple[I8, F8, F8, F8]] = []
        self._staged = 0
        self._blanks: list[tuple[int, int, float]] = []
        self._seconds: deque[tuple[int, int]] = deque(maxlen=_RATE_SPAN + 1)

    def series(self, metric: str, labels: Labels) -> int:
        """A handle for a series of this collector; -1 when it is refused."""
        handle, reason = self.intake.store.bind(metric, labels, self.stale_after, self.number)
        if handle < 0:
            self.refused[reason] += 1
        elif self.intake.record is not None:
            self.intake.record.define(handle, metric, labels)
        return handle

    def emit(self, handles: Handles, values: Values, times: Values, received: float) -> int:
        """Stage samples; the store checks and takes them in batches."""
        count = len(handles)
        if not count:
            return 0
        if isinstance(handles, np.ndarray):
            self._seal()
            self._sealed.append((handles, np.asarray(values), np.asarray(times), np.full(count, received)))
        else:
            self._handles.extend(handles)
            self._values.extend(values)
            self._times.extend(times)
            if self._chunks and self._chunks[-1][1] == received:
                self._chunks[-1] = (self._chunks[-1][0] + count, received)
            else:
                self._chunks.append((count, received))
        self._staged += count
        if self.intake.record is not None:
            self._keep_numbers(self.intake.record)
            self.intake.record.append(handles, values, times)
        if self._staged >= BATCH and not self.intake.frozen:
            self.flush()
        return count

    def blank(self, handle: int, kind: Literal["empty", "null", "error"], at: float, received: float) -> None:
        """Stage an answer without a number."""
        if handle < 0:
            return
        if not math.isfinite(at) or at > received + AHEAD:
            self.refused["future" if at > received else "not_finite"] += 1
            return
        self._blanks.append((handle, _BLANKS[kind], min(at, received)))

    async def commit(self) -> None:
        """Samples are in the store once staged; with recording on, wait for the disk too."""
        if self.intake.record is not None:
            self._keep_numbers(self.intake.record)
            await self.intake.record.commit()

    def _keep_numbers(self, record: Recorder) -> None:
        """Numbers reach the disk with their samples, or a redelivery after a crash would count twice or be taken for a repeat."""
        changed = self.numbers.changed()
        if changed:
            record.numbered(self.shared, changed)

    def _seal(self) -> None:
        """Turn the staged lists into columns."""
        if not self._handles:
            return
        self._sealed.append(
            (
                np.asarray(self._handles, np.int64),
                np.asarray(self._values, np.float64),
                np.asarray(self._times, np.float64),
                np.repeat([at for _, at in self._chunks], [count for count, _ in self._chunks]),
            )
        )
        for column in (self._handles, self._values, self._times, self._chunks):
            column.clear()

    def flush(self) -> None:
        """Put what is staged into the store."""
        finished(self.flushing())

    def flushing(self) -> Pieces[None]:
        """The same in pieces, between which others may run; what they stage meanwhile waits for the next time."""
        blanks, self._blanks = self._blanks, []
        self._seal()
        parts, self._sealed = self._sealed, []
        self._staged = 0
        return self._take(blanks, parts)

    def _take(self, blanks: list[tuple[int, int, float]], parts: list[tuple[I8, F8, F8, F8]]) -> Pieces[None]:
        for begin in range(0, len(blanks), _SOME):
            for handle, kind, at in blanks[begin : begin + _SOME]:
                self.intake.store.blank(handle, kind, at)
            yield
        if not parts:
            return
        handles, values, times, received = (
            parts[0] if len(parts) == 1 else (np.concatenate(c) for c in zip(*parts, strict=True))
        )
        self.intake.tail.keep(self.number, handles, values, times, received)
        sound = times <= received + AHEAD
        if sound.any():
            self.newest = max(self.newest, float(np.minimum(times[sound], received[sound]).max()))
        taken = yield from self.intake.store.take(handles, values, times, received, self.refused)
        self.samples += taken

    def heard(self, messages: int, received: float) -> None:
        """Count messages."""
        self.messages += messages
        self.last_message = received
        second = int(received)
        before = self._seconds.pop()[1] if self._seconds and self._seconds[-1][0] == second else 0
        self._seconds.append((second, before + messages))

    def rate(self, now: float) -> float:
        """Messages a second over the last ten whole seconds."""
        whole = int(now)
        return sum(n for second, n in self._seconds if whole - _RATE_SPAN <= second < whole) / _RATE_SPAN

    def refuse(self, reason: str, raw: bytes, received: float, count: int = 1) -> None:
        """Count messages that could not be used and keep one, escaped."""
        self.refused[reason] += count
        self.last_message = received
        self._unread = reason, raw
        self.transcripts.add(raw, received, fault=reason)

    @property
    def last_refused(self) -> OutsideText:
        """The newest refused message with its reason, escaped and redacted. Made when it is looked at."""
        if self._unread is not None:
            (reason, raw), self._unread = self._unread, None
            self._last_refused = clean(f"{reason}: {glimpse(raw)}")
        return self._last_refused

    def transcript(
        self, got: bytes, received: float, *, sent: bytes = b"", fault: str = "", hidden: Several[str] = ()
    ) -> None:
        """Keep a raw exchange."""
        self.transcripts.add(got, received, sent=sent, fault=fault, hidden=hidden)

    def sequence(self, source: str, seq: int, at: float, received: float) -> bool:
        """Note a sequence number; False for a repeat."""
        new = self.numbers.note(source, seq, at, received)
        if new is None:
            self.refused["source_cap"] += 1
        elif not new:
            self.duplicates += 1
        return new is not False

    def hole(self, began: float, ended: float) -> None:
        """Whatever was published between is lost, nobody knows how much."""
        self.numbers.remember(Gap(0, began, ended))

    @property
    def newest_gap(self) -> Gap | None:
        """The newest gap that is known."""
        return self.numbers.gaps[-1] if self.numbers.gaps else None

    def gaps(self, now: float) -> int:
        """Messages known to be lost, over all sources of this collector; those of shared numbers stand with the first who shares."""
        self.numbers.settle(now)
        return self.numbers.lost if self.intake.keeper(self.shared) is self else 0

    def connected(self, detail: str = "") -> None:
        """The source can be heard."""
        self.is_connected = True
        self.detail = clean(detail)
        self.intake.on_health(self.name, True, self.detail)  # noqa: FBT003 - the one fact that it tells

    def lost(self, detail: str) -> None:
        """The source cannot be heard for now."""
        self.is_connected = False
        self.detail = clean(detail)
        self.intake.on_health(self.name, False, self.detail)  # noqa: FBT003 - the one fact that it tells


class Intake:
    """All inlets over one store."""

    def __init__(self, store: Store, base: Path = Path(), record: Recorder | None = None) -> None:
        """base: folder that relative paths of the configuration are relative to."""
        self.store = store
        self.base = base
        self.record = record
        self.frozen = False
        """True during a tick: what arrives is staged only, so that judgement sees one instant."""
        self.doors: dict[str, Door] = {}
        self.numbers: dict[str, Numbers] = {}
        """Numbered sources by the word that those who share them have in common."""
        self.on_health = _nobody
        self.tail = Tail()
        """The newest samples as they came."""

    def door(self, name: str, stale_after: float, shared: str = "") -> Door:
        """The inlet of a collector. shared: a word of those who hear the same numbered sources; default: its name."""
        door = self.doors.get(name)
        if door is None:
            door = self.doors[name] = Door(self, name, len(self.doors), stale_after, shared or name)
        return door

    def restore(self, kept: Mapping[str, Mapping[str, bytes]], now: float) -> None:
        """Go on counting from what the record kept of a life before. now: unix seconds."""
        for shared, states in kept.items():
            damaged = self.numbers[shared].restore(states, now) if shared in self.numbers else 0
            if damaged:
                self.keeper(shared).refused["sequence_damaged"] += damaged

    def keeper(self, shared: str) -> Door:
        """The first of the collectors that share numbers: what is missing stands with it, once."""
        return next(door for door in self.doors.values() if door.shared == shared)

    def flush(self) -> None:
        """Put everything staged into the store."""
        finished(self.flushing())

    def flushing(self) -> Pieces[None]:
        """The same in pieces, between which others may run: the start of a tick."""
        return _one_after_another([door.flushing() for door in self.doors.values()])


def _one_after_another(works: list[Pieces[None]]) -> Pieces[None]:
    for work in works:
        yield from work


def _nobody(name: str, connected: bool, detail: str) -> None:  # noqa: FBT001 - replaced by the supervisor
    """Before a supervisor listens."""
