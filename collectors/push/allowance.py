"""A rate cap that is asked before the work and charged after it, since only reading a post tells how much it holds."""

from __future__ import annotations


class Allowance:
    """Lets `rate` units a second through on average. Times are monotonic seconds.

    Up to `rate * seconds` units may be saved up. A charge may overdraw the account; until it is back above zero
    nothing is let through, so that one large post costs as much as many small ones.
    """

    def __init__(self, rate: float, seconds: float, now: float) -> None:
        self._rate = rate
        self._most = rate * seconds
        self._level = self._most
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until something may come through; 0 when it may now."""
        self._level = min(self._most, self._level + max(now - self._at, 0.0) * self._rate)
        self._at = max(self._at, now)
        return 0.0 if self._level > 0 else -self._level / self._rate

    def charge(self, units: float) -> None:
        """Pay for what was let through."""
        self._level -= units
