"""A share of the event loop: whatever comes in, at most half of the loop's time goes into it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PIECE = 0.002
"""Seconds after which a piece of work should end, and after which a rest is due."""


class Turns:
    """One piece of work at a time for all lines of a collector, and as much rest as there was work."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owed = 0.0
        self._since = time.perf_counter()

    async def take(self, work: Callable[[], T]) -> T:
        """Do a piece of work once it is its turn; the others of the loop come before the next one."""
        async with self._lock:
            begun = time.perf_counter()
            self._owed = max(0.0, self._owed - (begun - self._since))
            result = work()
            self._since = time.perf_counter()
            self._owed += self._since - begun
            await asyncio.sleep(self._owed if self._owed >= PIECE else 0)
            return result
