"""The greatest of recent numbers, so that a scrape every few seconds misses none of them."""

from __future__ import annotations

SPAN = 30.0
"""A number is remembered at least so many seconds, and at most twice as many."""


class Worst:
    """Remembers the greatest number noted within the last SPAN seconds or more. Times are of a clock that never jumps."""

    def __init__(self) -> None:
        self._began = 0.0
        self._here = 0.0
        self._before = 0.0

    def note(self, number: float, at: float) -> float:
        """Take a number at an instant; returns the greatest that is remembered."""
        passed = at - self._began
        if passed >= SPAN:
            self._before = self._here if passed < 2 * SPAN else 0.0
            self._began, self._here = at, 0.0
        self._here = max(self._here, number)
        return max(self._here, self._before)
