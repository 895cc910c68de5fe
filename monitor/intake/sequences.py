"""Exact gap counting: which sequence numbers of a source never arrived."""

from __future__ import annotations

import math
from collections import OrderedDict

GRACE = 5.0
"""Seconds that a missing message may still be on its way (a redelivery) before it counts as lost."""
ABSURD = 1_000_000_000
"""A jump ahead by more than this is no gap but a source that counts anew."""
MOST_MISSING = 50_000


class Sequence:
    """Sequence numbers of one source, which count up by one."""

    __slots__ = ("_lost", "_missing", "_newest_at", "duplicates", "newest")

    def __init__(self) -> None:
        self.newest = -1
        self._newest_at = -math.inf
        self.duplicates = 0
        self._missing: OrderedDict[int, float] = OrderedDict()
        self._lost = 0

    def note(self, seq: int, at: float, received: float) -> bool:
        """Take note of a number; False when it is a repeat and its message must not count again.

        at: the message's own time, unix seconds. A number that was there before, in a message newer than all
        before it, is a source that started to count anew; with an old time it is a redelivery.
        """
        at = min(at, received)
        newest, newest_at = self.newest, self._newest_at
        self._newest_at = max(newest_at, at)
        if seq == newest + 1 or newest < 0:
            self.newest = seq
            return True
        if seq > newest and seq - newest <= ABSURD:
            room = MOST_MISSING - len(self._missing)
            first = max(newest + 1, seq - max(room, 0))
            self._lost += first - newest - 1
            self._missing.update(dict.fromkeys(range(first, seq), received))
            self.newest = seq
            return True
        if self._missing.pop(seq, None) is not None:
            return True
        if at > newest_at:
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
