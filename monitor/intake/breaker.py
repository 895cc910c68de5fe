"""How long a collector rests after a failure, and when a try is no more than a try. Pure: the clock is an argument."""

from __future__ import annotations

import random
from typing import Literal, TypeAlias

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
SETTLED = 60.0
"""Seconds of work after which the next failure is the first again, and an open circuit closes."""
OPENS_AFTER = 5
"""Failures in a row that open the circuit: it is no passing trouble any more."""

Circuit: TypeAlias = Literal["closed", "open", "half_open"]


class Breaker:
    """Failures in a row of one collector. Times are seconds of one clock."""

    def __init__(self, chance: random.Random) -> None:
        self.failures = 0
        """In a row: each began within a minute of the restart before it."""
        self._chance = chance
        self._begun: float | None = None

    def begin(self, now: float) -> None:
        """A try begins."""
        self._begun = now

    def fail(self, now: float) -> float:
        """The try failed; returns the seconds to rest: doubling from 1 s to 60 s, less up to a half by chance."""
        settled = self._begun is not None and now - self._begun > SETTLED
        self.failures = 1 if settled else self.failures + 1
        self._begun = None
        longest = min(FIRST_DELAY * 2.0 ** min(self.failures - 1, 10), LONGEST_DELAY)
        return longest * self._chance.uniform(0.5, 1.0)

    def circuit(self, now: float) -> Circuit:
        """closed: it works, or has failed a few times. open: it rests long. half_open: one try is made.

        A half-open circuit closes once the try has worked for a minute. Until then one failure more opens it again
        for the longest rest: a source that comes and goes does not start from one second each time.
        """
        if self.failures < OPENS_AFTER:
            return "closed"
        if self._begun is None:
            return "open"
        return "closed" if now - self._begun > SETTLED else "half_open"
