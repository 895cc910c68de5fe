"""Exact gap counting: which sequence numbers of a source never arrived."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import NamedTuple

import msgspec

from monitor.judging.store import AHEAD, LATENESS

GRACE = 5.0
"""Seconds that a missing message may still be on its way (a redelivery) before it counts as lost."""
ABSURD = 1_000_000_000
"""A jump ahead by more than this is no gap but a source that counts anew."""
MOST_RANGES = 1_000
"""Ranges of missing numbers kept at once; beyond them the oldest counts as lost before its grace is over."""


class Gap(NamedTuple):
    """Messages that never came."""

    size: int
    """How many messages; 0 where nobody knows, as when the broker had not kept our session."""
    began: float
    """Time of the newest message before it, unix seconds."""
    ended: float
    """Time of the first message after it."""


class _Range(NamedTuple):
    """Numbers from `first` to `last` that have not come yet."""

    first: int
    last: int
    since: float
    """When they were first missed, by our clock."""
    began: float
    ended: float


class Kept(NamedTuple):
    """A sequence as it is kept on disk, so that a restart neither forgets a gap nor counts a redelivery twice."""

    newest: int
    newest_at: float
    lost: int
    duplicates: int
    first: int
    missing: list[tuple[int, int, float, float]]


_decode = msgspec.msgpack.Decoder(Kept).decode


class Sequence:
    """Sequence numbers of one source, which count up by one."""

    __slots__ = ("_closed", "_first", "_missing", "_newest_at", "certain", "duplicates", "newest")

    def __init__(self) -> None:
        self.newest = -1
        self._first = -1
        """The lowest number that can be news; -1 once the source counts anew, since lower ones may be of the count before."""
        self._newest_at = -math.inf
        self.duplicates = 0
        self._missing: list[_Range] = []
        self.certain = 0
        """Messages known to be lost up to the last call of `lost`."""
        self._closed: list[Gap] = []

    @property
    def is_open(self) -> bool:
        """Whether something is missing that may still come, or a gap is known that nobody has taken yet."""
        return bool(self._missing or self._closed)

    def note(self, seq: int, at: float, received: float) -> bool:
        """Take note of a number; False when it is a repeat and its message must not count again.

        at: the message's own time, unix seconds. A number that was there before, in a message newer than all
        before it, is a source that started to count anew; with an old time it is a redelivery. What is older than
        a minute when a source is first heard (a retained message) is taken and begins no count. A clock that is
        ahead by no more than a sample's may be is believed, or each redelivery would look newer than the last.
        """
        if at > received + AHEAD:
            at = received
        newest, newest_at = self.newest, self._newest_at
        if at > newest_at:
            self._newest_at = at
        if seq == newest + 1 and newest >= 0:
            self.newest = seq
            return True
        if newest < 0:
            if at > received - LATENESS:
                self.newest = self._first = seq
            return True
        if seq > newest and seq - newest <= ABSURD:
            if len(self._missing) >= MOST_RANGES:
                self._lose(self._missing.pop(0))
            self._missing.append(_Range(newest + 1, seq - 1, received, min(newest_at, at), at))
            self.newest = seq
            return True
        return self._is_news(seq, at, newest_at, received)

    def _is_news(self, seq: int, at: float, newest_at: float, received: float) -> bool:
        """Whether a number that is not beyond the newest one was never heard."""
        if self._missing and self._found(seq):
            return True
        if at > newest_at:
            for missing in self._missing:
                self._lose(missing)
            self._missing.clear()
            self.newest, self._first = seq, -1
            return True
        if seq < self._first and self._first - seq <= ABSURD:
            self._overtaken(seq, at, received)
            return True
        self.duplicates += 1
        return False

    def _overtaken(self, seq: int, at: float, received: float) -> None:
        """The very first messages came in another order, by two ways say: this one is news, and those between are missing."""
        if seq + 1 < self._first:
            self._missing.insert(0, _Range(seq + 1, self._first - 1, received, at, at))
        self._first = seq

    def _found(self, seq: int) -> bool:
        """Whether a number was missing; it is not any more."""
        place = bisect_right(self._missing, seq, key=lambda missing: missing.first) - 1
        if place < 0 or seq > self._missing[place].last:
            return False
        missing = self._missing[place]
        rest = (missing._replace(last=seq - 1), missing._replace(first=seq + 1))
        self._missing[place : place + 1] = [part for part in rest if part.first <= part.last]
        while len(self._missing) > MOST_RANGES:
            self._lose(self._missing.pop(0))
        return True

    def _lose(self, missing: _Range) -> None:
        count = missing.last - missing.first + 1
        self.certain += count
        if len(self._closed) < MOST_RANGES:
            self._closed.append(Gap(count, missing.began, missing.ended))
        else:
            last = self._closed[-1]
            self._closed[-1] = Gap(last.size + count, min(last.began, missing.began), max(last.ended, missing.ended))

    def lost(self, now: float) -> int:
        """Messages known to be lost: missing for longer than the grace. Never falls."""
        due = 0
        while due < len(self._missing) and now - self._missing[due].since >= GRACE:
            self._lose(self._missing[due])
            due += 1
        del self._missing[:due]
        return self.certain

    def closed(self) -> list[Gap]:
        """The gaps that became certain since the last call."""
        closed, self._closed = self._closed, []
        return closed

    def pack(self) -> bytes:
        """What is known, as bytes."""
        missing = [(part.first, part.last, part.began, part.ended) for part in self._missing]
        return msgspec.msgpack.encode(
            Kept(self.newest, self._newest_at, self.certain, self.duplicates, self._first, missing)
        )

    @classmethod
    def unpack(cls, state: bytes, now: float) -> Sequence:
        """What `pack` gave, in another life; what was missing then has its whole grace again.

        Raises:
            ValueError: these are not bytes that `pack` gave.
        """
        try:
            kept = _decode(state)
        except msgspec.MsgspecError as error:
            msg = f"a damaged sequence: {error}"
            raise ValueError(msg) from error
        made = cls()
        made.newest, made._newest_at = kept.newest, kept.newest_at
        made.certain, made.duplicates = kept.lost, kept.duplicates
        made._first = kept.first
        made._missing = [_Range(first, last, now, began, ended) for first, last, began, ended in kept.missing]
        return made
