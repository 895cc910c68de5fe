"""Notices what the clocks themselves do: a wall clock that was set, a program that stood still."""

from __future__ import annotations

from collections.abc import Callable

from monitor.deciding.recovery import steady
from monitor.units import format_duration

JUMP = 1.0
"""Seconds between two ticks by which the wall clock may differ from the steady one; more is a jump."""
STILL = 5.0
"""Seconds between two ticks that count as standing still."""


class ClockWatch:
    """Compares the wall clock with a steady one, tick by tick."""

    def __init__(self, wall: Callable[[], float], steady: Callable[[], float] = steady) -> None:
        self._wall, self._steady = wall, steady
        self._before = (wall(), steady())

    def look(self) -> str:
        """What happened since the last look, in words; empty when nothing did."""
        wall, steady = self._wall(), self._steady()
        passed = steady - self._before[1]
        jump = wall - self._before[0] - passed
        self._before = (wall, steady)
        told = []
        if passed > STILL:
            told.append(f"the program stood still for {format_duration(passed)}")
        if abs(jump) > JUMP:
            told.append(f"the wall clock was set {'forward' if jump > 0 else 'back'} by {format_duration(abs(jump))}")
        return "; ".join(told)
