"""An error that repeats is said once in ten seconds, with a count."""

from __future__ import annotations

import logging

from monitor.cli.quiet import Quiet
from monitor.intake.repeats import MOST_KINDS, Repeats, more


def test_ten_thousand_a_second_are_one_line_in_ten_seconds() -> None:
    """100,000 of one kind within 30 s give four lines, and the lines account for every one (X9)."""
    repeats = Repeats()
    said = [left for n in range(300_001) if (left := repeats.due("broken", n / 10_000)) is not None]
    assert len(said) == 4
    assert sum(said) + len(said) == 300_001


def test_a_kind_does_not_silence_another_and_kinds_are_bounded() -> None:
    """Each of many kinds is said; what is remembered stays within its bound."""
    repeats = Repeats()
    assert [repeats.due(n, 1.0) for n in range(2 * MOST_KINDS)] == [0] * (2 * MOST_KINDS)
    assert len(repeats._kinds) == MOST_KINDS


def test_a_clock_that_is_set_back_silences_nothing_for_ever() -> None:
    """A line said in the future counts as long ago."""
    repeats = Repeats()
    repeats.due("a", 1000.0)
    assert repeats.due("a", 10.0) == 0


def test_the_log_of_the_daemon_says_what_it_left_out() -> None:
    """Lines alike are written once; one of another collector at once; the next says how many there were."""
    quiet, written = Quiet(), []

    def log(name: str, at: float) -> None:
        record = logging.LogRecord("x", logging.WARNING, "f", 1, "collector %s is %s", (name, "down"), None)
        record.created = at
        if quiet.filter(record):
            written.append(record.getMessage())

    for n in range(5000):
        log("a", 100.0 + n / 1000)
    log("b", 101.0)
    log("a", 111.0)
    assert written == ["collector a is down", "collector b is down", "collector a is down" + more(4999)]
