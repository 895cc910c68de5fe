"""A share of the event loop: whatever comes in, at most two thirds of the loop's time go into it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PIECE = 0.002
"""Seconds after which a piece of work should end."""
_REST = 0.5
"""Seconds of rest for a second of work."""
_SHORTEST = 0.001
"""Seconds of rest below which none is taken."""
_CREDIT = 0.010
"""Seconds of rest that can be saved up, for as much work as that without a rest between its pieces."""


class Turns:
    """One piece of work at a time for all lines of a collector, and a rest half as long as the work."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owed = 0.0
        """Seconds of rest that are due; below zero what was saved up."""
        self._since = time.perf_counter()

    async def take(self, work: Callable[[], T]) -> T:
        """Do a piece of work once it is its turn; the others of the loop come before the next one.

        Work counts by the processor's time: what other programs take from us is no work of ours.
        """
        async with self._lock:
            self._owed = max(-_CREDIT, self._owed - (time.perf_counter() - self._since))
            begun = time.thread_time()
            result = work()
            self._owed += (time.thread_time() - begun) * _REST
            self._since = time.perf_counter()
            await asyncio.sleep(self._owed if self._owed >= _SHORTEST else 0)
            return result
