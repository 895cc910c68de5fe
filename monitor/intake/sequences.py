"""Exact gap counting: which sequence numbers of a source never arrived."""

from __future__ import annotations

from collections import OrderedDict

GRACE = 5.0
"""Seconds that a missing message may still be on its way (a redelivery) before it counts as lost."""
BACK = 10_000
"""A number this far behind the newest is a source that started again, not a repeat."""
MOST_MISSING = 50_000


class Sequence:
    """Sequence numbers of one source, which count up by one."""

    __slots__ = ("_lost", "_missing", "duplicates", "newest", "received")

    def __init__(self) -> None:
        self.newest = -1
        self.received = 0.0
        self.duplicates = 0
        self._missing: OrderedDict[int, float] = OrderedDict()
        self._lost = 0

    def note(self, seq: int, received: float) -> bool:
        """Take note of a number; False when it is a repeat and its message must not count again."""
        newest, before = self.newest, self.received
        self.received = received
        if seq == newest + 1 or newest < 0:
            self.newest = seq
            return True
        if seq > newest:
            room = MOST_MISSING - len(self._missing)
            first = max(newest + 1, seq - max(room, 0))
            self._lost += first - newest - 1
            self._missing.update(dict.fromkeys(range(first, seq), received))
            self.newest = seq
            return True
        if self._missing.pop(seq, None) is not None:
            return True
        if seq < newest - BACK or (seq <= 1 and received - before > 1.0):
            self._lost += len(self._missing)
            self._missing.clear()
            self.newest = seq
            return True
        self.duplicates += 1
        return False

    def lost(self, now: float) -> int:
        """Messages known to be lost: missing for longer than the grace. Never falls."""
        while self._missing:
            seq, since = next(iter(self._missing.items()))
            if now - since < GRACE:
                break
            del self._missing[seq]
            self._lost += 1
        return self._lost
