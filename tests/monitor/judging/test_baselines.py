"""Baselines: live, frozen, fixed and recorded; and every way in which there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.baseline import Baseline
from monitor.model import Flag, Labels, Truth
from tests.monitor.judging.rig import Rig, rule

AGAINST = {
    "match": {"platform": "target"},
    "operator": ">=",
    "warn": None,
    "breach": 1.5,
    "clear": 1.2,
    "window": 3.0,
    "estimator": "mean",
}


def rig(baseline: Baseline, history: object = None, **changes: object) -> Rig:
    """A rule against a baseline; limits are ratios."""
    return Rig(rule(**{**AGAINST, **changes}, baseline=baseline), history=history)  # type: ignore[arg-type]


def run(world: Rig, target: float, legacy: float | None, seconds: int = 4) -> None:
    """Both platforms speak for some seconds."""
    for _ in range(seconds):
        world.now += 1
        world.put(target, platform="target")
        if legacy is not None:
            world.put(legacy, platform="legacy")
        world.look()


LEGACY = Baseline(source="legacy")
LIVE = Baseline(source="legacy", freeze=False)


@pytest.mark.parametrize(("target", "standing"), [(14.9, "ok"), (15.0, "breach"), (30.0, "breach")])
def test_limits_judge_the_ratio_to_legacy(target: float, standing: str) -> None:
    """At one and a half times legacy the rule breaches, just under it does not."""
    world = rig(LEGACY)
    run(world, target, 10.0)
    assert world.standing() == standing
    assert world.judge.value[0] == pytest.approx(target / 10)
    assert world.judge.measure[0] == pytest.approx(target)


def test_a_difference_is_judged_as_a_difference() -> None:
    """5 above legacy with a limit of +4."""
    world = rig(Baseline(source="legacy", compare="difference"), breach=4.0, clear=2.0)
    run(world, 15.0, 10.0)
    assert (world.standing(), world.judge.value[0], world.judge.unit) == ("breach", 5.0, "seconds")


def test_a_frozen_baseline_does_not_follow_legacy_down() -> None:
    """When legacy gets worse too, the target is still held against what was good; a live one follows."""
    for baseline, standing in ((LEGACY, "breach"), (LIVE, "ok")):
        world = rig(baseline)
        run(world, 10.0, 10.0)
        run(world, 30.0, 30.0, 6)
        assert world.standing() == standing


def test_the_baseline_is_frozen_at_the_instant_of_arming() -> None:
    """What legacy was just before the stage began is what the stage is judged by."""
    world = rig(LEGACY)
    run(world, 10.0, 10.0)
    run(world, 10.0, 20.0, 6)
    world.engine.arm("next", world.now)
    run(world, 25.0, 40.0, 6)
    assert world.judge.value[0] == pytest.approx(25.0 / 20.0)


def test_a_frozen_baseline_grows_old() -> None:
    """One that is older than max_age is none, and says so."""
    world = rig(Baseline(source="legacy", max_age=20.0))
    run(world, 10.0, 10.0)
    run(world, 10.0, 10.0, 25)
    assert world.standing() == "unknown"
    assert world.why() == "baseline: the one that was frozen is older than 20s"


@pytest.mark.parametrize(
    ("baseline", "legacy", "why"),
    [
        (LEGACY, None, "baseline: legacy was never heard"),
        (Baseline(source="legacy", min_count=40), 10.0, "baseline: legacy had 3 of 40 samples"),
        (LEGACY, 0.0, "baseline: it is zero or less, and a ratio to that says nothing"),
        (Baseline(source="history"), 10.0, "baseline: there are no recorded weeks"),
    ],
)
def test_no_sound_baseline_is_unknown_with_its_reason(baseline: Baseline, legacy: float | None, why: str) -> None:
    """V12: missing, thin and zero baselines are UNKNOWN in words; never a pass, never infinite, never true."""
    world = rig(baseline)
    run(world, 999.0, legacy)
    assert (world.standing(), world.why()) == ("unknown", why)
    assert not math.isinf(world.judge.value[0])
    assert world.engine.truth("x") is Truth.UNKNOWN
    assert int(world.judge.flags[0]) & Flag.UNKNOWN


@settings(max_examples=60, deadline=None)
@given(
    st.none() | st.sampled_from([0.0, 5e-324, 1e-310]) | st.floats(0, 1000),
    st.sampled_from([0.0, 3.0, 999.0]),
    st.booleans(),
)
def test_v12_a_ratio_to_legacy_is_a_number_or_unknown(legacy: float | None, target: float, freeze: bool) -> None:
    """V12: whatever legacy says or does not say, the ratio is a number, or UNKNOWN with its reason; never infinite."""
    world = rig(Baseline(source="legacy", freeze=freeze))
    run(world, target, legacy)
    value = float(world.judge.value[0])
    assert not math.isinf(value)
    if math.isnan(value):
        assert (world.standing(), world.engine.truth("x")) == ("unknown", Truth.UNKNOWN)
        assert world.why().startswith("baseline: ")
    else:
        assert legacy
        assert value == pytest.approx(target / legacy)


def test_a_live_baseline_whose_platform_falls_silent_is_unknown() -> None:
    """Legacy that stopped speaking is nothing to compare with."""
    world = rig(LIVE)
    run(world, 10.0, 10.0)
    run(world, 10.0, None, 12)
    assert world.why() == "baseline: legacy is silent for 12s"


def test_a_breach_does_not_end_because_its_baseline_is_gone() -> None:
    """Unknown never clears."""
    world = rig(LIVE)
    run(world, 30.0, 10.0)
    assert world.standing() == "breach"
    run(world, 10.0, None, 15)
    assert world.standing() == "breach"
    assert world.engine.truth("x") is Truth.UNKNOWN


def test_a_floor_keeps_next_to_nothing_from_being_twice_next_to_nothing() -> None:
    """Three times a baseline of 0.1 is still below the floor of 5."""
    world = rig(Baseline(source="fixed", value=0.1, floor=5.0))
    run(world, 0.3, None)
    assert world.standing() == "ok"
    run(world, 6.0, None, 6)
    assert world.standing() == "breach"


class Weeks:
    """Recorded weeks as a test states them."""

    version = 0
    failing = ""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers
        self.asked = 0

    def slots(self, rule: str, scope: Labels, at: float, weeks: int) -> Sequence[float]:
        self.asked += 1
        assert (rule, scope, weeks) == ("x", (), 4)
        assert at > 0
        return self.numbers


def test_recorded_weeks_are_compared_by_their_median() -> None:
    """One week with an incident does not move the baseline; weeks are looked up once a quarter hour."""
    weeks = Weeks(10.0, 12.0, 400.0)
    world = rig(Baseline(source="history"), weeks)
    run(world, 18.0, None)
    assert world.judge.value[0] == pytest.approx(1.5)
    assert (world.standing(), weeks.asked) == ("breach", 1)


def test_too_few_recorded_weeks_are_no_baseline() -> None:
    """Two of three, or a number that is none."""
    world = rig(Baseline(source="history"), Weeks(10.0, 12.0, math.nan))
    run(world, 18.0, None)
    assert world.why() == "baseline: 2 of 3 recorded weeks have this quarter hour"
