"""Notices that the program stood still (SIGSTOP, a suspended machine), so that nothing goes on as if no time had passed."""

from __future__ import annotations

from collections.abc import Callable

from monitor.deciding import recovery

INTENT_VALID = 2.0
"""Seconds after which an intent that was not sent is not sent any more: the world may have moved on."""


class Vigil:
    """Remembers the longest silence between two ticks until people were told of it."""

    def __init__(self, clock: Callable[[], float] = recovery.steady) -> None:
        self._clock = clock
        self._heard = clock()
        self._longest = 0.0
        self._intent, self._allowed = self._heard, INTENT_VALID

    def beat(self) -> None:
        """A tick was judged."""
        now = self._clock()
        self._longest = max(self._longest, now - self._heard)
        self._heard = now

    def slept(self) -> float:
        """Seconds for which nothing was judged, when a run may not go on by itself after that; else 0."""
        self.beat()
        return self._longest if self._longest > recovery.RESUME_WITHIN else 0.0

    def forget(self) -> None:
        """People were told."""
        self._longest = 0.0

    def intend(self) -> None:
        """An intent is on disk."""
        self._intent, self._allowed = self._clock(), INTENT_VALID

    def allow(self, seconds: float) -> None:
        """Something is asked before the sending that may take so long."""
        self._allowed += seconds

    def too_late(self) -> float:
        """Seconds that passed around the newest intent, when it may not be sent any more; else 0."""
        age = self._clock() - self._intent
        return age if age > self._allowed else self.slept()
