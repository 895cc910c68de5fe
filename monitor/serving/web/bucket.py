"""A bucket of tokens: so many requests at once, and one more each interval."""

from __future__ import annotations

import time
from collections.abc import Callable


class Bucket:
    """One request each `interval` seconds, and `burst` at once after a pause. An interval of 0 lets everything through."""

    def __init__(self, interval: float = 0.0, burst: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        """clock: seconds, never back."""
        self._interval = interval
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._at = clock()

    def wait(self) -> float:
        """Take a token: 0 when there was one, else seconds until there is one."""
        if self._interval <= 0:
            return 0.0
        now = self._clock()
        self._tokens = min(float(self._burst), self._tokens + (now - self._at) / self._interval)
        self._at = now
        if self._tokens >= 1.0:
            self._tokens -= 1.0
            return 0.0
        return (1.0 - self._tokens) * self._interval
