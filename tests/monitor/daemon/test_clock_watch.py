"""What the clocks do is said once and in words."""

from __future__ import annotations

import itertools

import pytest

from monitor.daemon.clock_watch import ClockWatch


@pytest.mark.parametrize(
    ("wall", "steady", "told"),
    [
        (0.25, 0.25, ""),
        (1.2, 0.25, ""),
        (3600.25, 0.25, "the wall clock was set forward by 1h00m"),
        (-3599.75, 0.25, "the wall clock was set back by 1h00m"),
        (300.0, 300.0, "the program stood still for 5m00s"),
        (0.0, 300.0, "the program stood still for 5m00s; the wall clock was set back by 5m00s"),
    ],
)
def test_a_jump_and_a_standstill_are_told_apart(wall: float, steady: float, told: str) -> None:
    """Both clocks forward together is a program that stood still; one alone is a clock that was set; then it is forgotten."""
    walls = itertools.chain([1000.0, 1000.0 + wall], itertools.repeat(1000.0 + wall))
    steadies = itertools.chain([50.0, 50.0 + steady], itertools.repeat(50.0 + steady))
    watch = ClockWatch(lambda: next(walls), lambda: next(steadies))
    assert watch.look() == told
    assert watch.look() == ""
