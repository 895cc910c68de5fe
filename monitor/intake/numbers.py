"""The numbered sources of one collector, or of several that hear the same sources: what is missing, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from monitor.intake.sequences import Gap, Sequence

MOST_SOURCES = 10_000
MOST_GAPS = 200
"""Gaps that are remembered one by one."""
_APART = 1.0
"""Seconds between two counted gaps that are still one to a person. Spans of time are never widened: they are measured."""
_SLOT = 10.0
"""Seconds that share one count of messages."""
_SLOTS = 1_500
"""Slots that are remembered: longer than any rule's window."""


class Numbers:
    """Sequences by source, and the gaps in them.

    A message can come to any of those who share the numbers, so that none of them takes another's for lost.
    """

    def __init__(self) -> None:
        self.gaps: deque[Gap] = deque(maxlen=MOST_GAPS)
        """What is missing for good, in the order in which it became certain."""
        self.lost = 0
        """Messages known to be lost, over all sources and lives."""
        self.total = 0
        """The same in this life alone: the sum of all gaps with a size."""
        self._sources: dict[str, Sequence] = {}
        self._open: dict[str, Sequence] = {}
        self._heard: deque[list[float]] = deque(maxlen=_SLOTS)
        self._touched: dict[str, Sequence] = {}

    def note(self, source: str, seq: int, at: float, received: float) -> bool | None:
        """Take note of a source's number; False when it is a repeat, None when too many sources spoke to count this one."""
        known = self._sources.get(source)
        if known is None:
            if len(self._sources) >= MOST_SOURCES:
                return None
            known = self._sources[source] = Sequence()
        new = known.note(seq, at, received)
        self._touched[source] = known
        if known.is_open:
            self._open[source] = known
        if new:
            if not self._heard or received >= self._heard[-1][0] + _SLOT:
                self._heard.append([received, 0.0])
            self._heard[-1][1] += 1
        return new

    def settle(self, now: float) -> None:
        """Count what has been missing for too long. now: unix seconds."""
        for source, sequence in tuple(self._open.items()):
            before = sequence.certain
            sequence.lost(now)
            for gap in sequence.closed():
                self.lost += gap.size
                self.total += gap.size
                self.remember(gap)
            if sequence.certain != before:
                self._touched[source] = sequence
            if not sequence.is_open:
                del self._open[source]

    def remember(self, gap: Gap) -> None:
        """Keep a gap, as one with the last where they touch: a broker that dies takes something from every source."""
        last = self.gaps[-1] if self.gaps else None
        if last is not None and bool(last.size) == bool(gap.size) and _near(last, gap):
            self.gaps[-1] = Gap(last.size + gap.size, min(last.began, gap.began), max(last.ended, gap.ended))
        else:
            self.gaps.append(gap)

    def heard_since(self, when: float) -> float:
        """Numbered messages that arrived since `when`, unix seconds; within ten seconds of it."""
        return sum(count for begun, count in reversed(self._heard) if begun + _SLOT > when)

    def changed(self) -> dict[str, bytes]:
        """The sequences that changed since the last call, packed by source."""
        touched, self._touched = self._touched, {}
        return {source: sequence.pack() for source, sequence in touched.items()}

    def restore(self, kept: Mapping[str, bytes], now: float) -> int:
        """Go on from what `changed` gave in a life before; returns how many were damaged and begin anew."""
        damaged = 0
        for source, state in kept.items():
            if len(self._sources) >= MOST_SOURCES:
                break
            try:
                sequence = self._sources[source] = Sequence.unpack(state, now)
            except ValueError:
                damaged += 1
                continue
            self.lost += sequence.certain
            if sequence.is_open:
                self._open[source] = sequence
        return damaged


def _near(last: Gap, gap: Gap) -> bool:
    apart = _APART if gap.size else 0.0
    return gap.began <= last.ended + apart and last.began <= gap.ended + apart
