"""A gap in words, in the journal, and in the verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.daemon.gaps import LOOK_EVERY, SAY_EVERY, TOLERATED, Gaps, missing_since
from monitor.intake.intake import Intake
from monitor.intake.numbers import Numbers
from monitor.intake.sequences import GRACE, Gap
from monitor.judging.verdict import rule_on
from monitor.model import Verdict
from tests.monitor.judging.rig import START, Rig, rule


def holed(rig: Rig, heard: int, missing: int) -> Intake:
    """The collector that feeds the rig heard so many numbered messages, and missed some before the last of them."""
    intake = Intake(rig.store)
    door = intake.door("edge", 10.0)
    for seq in range(heard - 1):
        door.sequence("edge", seq, rig.now, rig.now)
    door.sequence("edge", heard - 1 + missing, rig.now, rig.now)
    return intake


def test_a_gap_that_matters_makes_the_verdict_unknown_until_the_window_has_passed() -> None:
    """A quarter of a window's messages is missing: UNKNOWN with the number and the time, and no longer than the window reaches."""
    rig = Rig(rule(window=60.0))
    rig.now += 1.0
    rig.put(0.0)
    rig.look()
    intake = holed(rig, 750, 250)
    gaps = Gaps()
    now = rig.now + GRACE
    [told] = gaps.settle(intake, now)
    assert "gap of 250 messages between" in told.what
    gate = gaps.gate(intake, rig.engine.judges, now)
    assert gate is not None
    assert "250 messages are missing" in gate.state.reason
    assert "25.0% of a window" in gate.state.reason
    assert rule_on([gate.state], []).verdict is Verdict.UNKNOWN
    assert gaps.gate(intake, rig.engine.judges, rig.now + 59.0) is not None
    assert gaps.gate(intake, rig.engine.judges, rig.now + 62.0) is None


@given(st.integers(2, 5_000), st.integers(1, 5_000))
def test_what_cannot_move_a_limit_is_shown_only(heard: int, missing: int) -> None:
    """Up to a thousandth of a window leaves the verdict alone, and beyond it never does; the count is exact either way."""
    numbers = Numbers()
    for seq in range(heard - 1):
        numbers.note("edge", seq, START, START)
    numbers.note("edge", heard - 1 + missing, START, START)
    numbers.settle(START + GRACE)
    known, share, ended = missing_since(numbers, START - 1, START + GRACE)
    assert (known, ended) == (missing, START)
    assert share == pytest.approx(missing / (heard + missing))
    assert (share > TOLERATED) == (missing > TOLERATED * (heard + missing))


def test_a_lost_session_is_a_gap_of_unknown_size() -> None:
    """A hole in time counts by its share of the window."""
    numbers = Numbers()
    numbers.remember(Gap(0, START, START + 6.0))
    assert missing_since(numbers, START - 54.0, START + 6.0) == (0, 0.1, START + 6.0)
    assert missing_since(numbers, START - 3594.0, START + 6.0) == (0, 0.0, START + 6.0), (
        "a reconnection within an hour's window"
    )
    assert missing_since(numbers, START + 7.0, START + 67.0) == (0, 0.0, 0.0)


def test_a_stage_that_began_afterwards_is_not_held_by_it() -> None:
    """Rules are armed anew with each stage: a gap before it is none of its windows'."""
    rig = Rig(rule(window=60.0))
    rig.now += 1.0
    rig.put(0.0)
    rig.look()
    intake = holed(rig, 10, 10)
    gaps = Gaps()
    gaps.settle(intake, rig.now + GRACE)
    rig.engine.arm("full", rig.now + GRACE)
    assert gaps.gate(intake, rig.engine.judges, rig.now + GRACE + LOOK_EVERY) is None


def test_a_source_that_loses_all_the_time_does_not_flood_the_journal() -> None:
    """At most one line in ten seconds, and each lost message is in one of them."""
    intake = Intake(Rig(rule()).store)
    door = intake.door("edge", 10.0)
    gaps, lines = Gaps(), []
    for second in range(60):
        door.sequence("edge", 2 * second, START + second, START + second)
        lines += gaps.settle(intake, START + second)
    lines += gaps.settle(intake, START + 60 + SAY_EVERY)
    assert 4 <= len(lines) <= 8
    said = [int(line.what.split("gap of ")[1].split(" ")[0]) for line in lines]
    assert sum(said) == 59
