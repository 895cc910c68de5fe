"""Key figures against their written definitions and published check values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judging.erlang import erlang_a, erlang_c
from monitor.judging.formulas import (
    Counts,
    Definition,
    abandonment,
    average,
    deviation,
    occupancy,
    service_level,
    share,
)

DEFINITIONS: tuple[Definition, ...] = ("ignore", "negative", "positive", "answered_only", "wfm")
HALF_HOUR = 1800.0


def counts(offered: float, answered: float, in_time: float, lost: float, lost_in_time: float, short: float) -> Counts:
    """The counts of one queue."""
    return Counts(*(np.array([float(number)]) for number in (offered, answered, in_time, lost, lost_in_time, short)))


def level(definition: Definition, *numbers: float) -> float:
    """One queue's service level."""
    return float(service_level(definition, counts(*numbers))[0])


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("ignore", 70 / (100 - 4)),
        ("negative", 70 / 100),
        ("positive", (70 + 4) / 100),
        ("answered_only", 70 / 88),
        ("wfm", 70 / (88 + 10 - 3)),
    ],
)
def test_one_day_has_five_service_levels(definition: Definition, expected: float) -> None:
    """100 offered, 88 answered (70 in time), 10 lost (4 in time, 3 at once): each definition says its own number."""
    assert level(definition, 100, 88, 70, 10, 4, 3) == pytest.approx(expected)


@pytest.mark.parametrize("definition", DEFINITIONS)
def test_a_queue_with_nothing_offered_has_no_service_level(definition: Definition) -> None:
    """Nothing out of nothing is neither 100 % nor 0 %."""
    assert math.isnan(level(definition, 0, 0, 0, 0, 0, 0))


def test_a_service_level_of_zero_is_a_number() -> None:
    """Everybody gave up: 0 % by the definitions that count them, none by the one that looks at answers only."""
    assert level("negative", 10, 0, 0, 10, 0, 0) == 0
    assert level("wfm", 10, 0, 0, 10, 0, 0) == 0
    assert math.isnan(level("answered_only", 10, 0, 0, 10, 0, 0))


def test_only_short_abandons_leave_nothing_to_judge() -> None:
    """A denominator that subtraction has emptied is as empty as any."""
    assert math.isnan(level("wfm", 3, 0, 0, 3, 3, 3))
    assert math.isnan(level("ignore", 3, 0, 0, 3, 3, 3))
    assert math.isnan(float(abandonment(3, 3, 3)))


@given(st.data())
def test_a_service_level_is_a_share(data: st.DataObject) -> None:
    """For every possible day each definition is NaN or between 0 and 1, and the three that share a numerator are ordered."""
    in_time, late, lost_soon, lost_late, waiting = (data.draw(st.integers(0, 500)) for _ in range(5))
    short = data.draw(st.integers(0, lost_soon))
    answered, lost = in_time + late, lost_soon + lost_late
    day = (answered + lost + waiting, answered, in_time, lost, lost_soon, short)
    found = {definition: level(definition, *day) for definition in DEFINITIONS}
    for ratio in found.values():
        assert math.isnan(ratio) or 0 <= ratio <= 1
    if day[0] > lost_soon:
        assert found["negative"] <= found["positive"] + 1e-12
        assert found["negative"] <= found["ignore"] + 1e-12


@given(st.integers(1, 500), st.integers(0, 499), st.integers(0, 500))
def test_more_answers_in_time_never_lower_it(offered: int, in_time: int, lost: int) -> None:
    """One more contact answered in time raises every definition, or leaves it at 1."""
    for definition in DEFINITIONS:
        before = level(definition, offered, offered, in_time, lost, 0, 0)
        after = level(definition, offered, offered, in_time + 1, lost, 0, 0)
        assert after >= before


@given(st.integers(-5, 500), st.integers(-5, 500), st.integers(-5, 500))
def test_abandonment_is_a_share_or_nothing(offered: int, lost: int, short: int) -> None:
    """Whatever the counts, also impossible ones, there is no ratio outside 0 to 1."""
    ratio = float(abandonment(offered, lost, short))
    assert math.isnan(ratio) or 0 <= ratio <= 1


def test_abandonment_leaves_short_abandons_out_on_both_sides() -> None:
    """(10 - 4) of (100 - 4); without short ones it is Amazon Connect's 10 of 100."""
    assert float(abandonment(100, 10, 4)) == pytest.approx(6 / 96)
    assert float(abandonment(100, 10, 0)) == pytest.approx(0.1)


def test_an_unknown_count_makes_an_unknown_figure() -> None:
    """NaN never turns into a number on the way."""
    unknown = np.array([math.nan, 10.0])
    assert np.isnan(share(unknown, 20)).tolist() == [True, False]
    assert np.isnan(abandonment(unknown, 1, 0)).tolist() == [True, False]
    assert np.isnan(average(unknown, 2)).tolist() == [True, False]
    assert np.isnan(deviation(unknown, 2)).tolist() == [True, False]
    assert np.isnan(occupancy(unknown, 1, 1, 1)).tolist() == [True, False]


def test_averages_need_contacts() -> None:
    """ASA of 300 s over 20 answers is 15 s; over none there is no average."""
    assert average([300.0, 300.0, -1.0], [20, 0, 5])[0] == pytest.approx(15)
    assert np.isnan(average([300.0, 300.0, -1.0], [20, 0, 5])).tolist() == [False, True, True]


def test_occupancy_is_the_share_of_time_with_contacts() -> None:
    """50 + 5 + 5 minutes at work of 80 logged in; nobody logged in is no occupancy."""
    assert float(occupancy(50, 5, 5, 20)) == pytest.approx(0.75)
    assert math.isnan(float(occupancy(0, 0, 0, 0)))


@given(*(st.floats(0, 1e6) for _ in range(4)))
def test_occupancy_is_a_share(talk: float, hold: float, work: float, idle: float) -> None:
    """Between 0 and 1, or nothing."""
    ratio = float(occupancy(talk, hold, work, idle))
    assert math.isnan(ratio) or 0 <= ratio <= 1


def test_a_deviation_needs_something_to_deviate_from() -> None:
    """+20 % against 10; against zero and against nothing there is none, and never an infinity."""
    assert deviation([12.0, 8.0], [10.0, 10.0]) == pytest.approx([0.2, -0.2])
    assert np.isnan(deviation([12.0, 0.0, 1.0, 1e308], [0.0, 0.0, math.nan, 1e-308])).all()


@pytest.mark.parametrize(
    ("contacts", "agents", "waiting", "level_20", "asa", "occupied"),
    [(100, 14, 0.1741319336, 0.8883500192, 7.8359, 0.7142857), (200, 24, 0.298072, 0.808882, 13.4133, 0.8333333)],
)
def test_erlang_c_gives_the_known_values(
    contacts: int, agents: int, waiting: float, level_20: float, asa: float, occupied: float
) -> None:
    """Half an hour, 180 s a contact, 20 s threshold: the values that an independent program gives too."""
    made = erlang_c(contacts / HALF_HOUR, 180, agents, 20)
    assert made is not None
    assert made == pytest.approx((waiting, level_20, asa, occupied), rel=1e-5)


@pytest.mark.parametrize(
    ("agents", "waiting", "lost", "wait"), [(10, 0.496853, 0.137464, 16.4957), (14, 0.126976, 0.022839, 2.7407)]
)
def test_erlang_a_gives_the_known_values(agents: int, waiting: float, lost: float, wait: float) -> None:
    """100 contacts in half an hour, 180 s a contact, 120 s of patience."""
    made = erlang_a(100 / HALF_HOUR, 180, agents, 120)
    assert made is not None
    assert made[:3] == pytest.approx((waiting, lost, wait), rel=2e-5)


@pytest.mark.parametrize("agents", [0, 9, 10])
def test_a_queue_that_grows_without_end_has_no_erlang_c(agents: int) -> None:
    """Ten Erlang need more than ten agents."""
    assert erlang_c(100 / HALF_HOUR, 180, agents, 20) is None


@pytest.mark.parametrize(
    "arguments",
    [(0.0, 180.0, 10, 60.0), (0.1, 0.0, 10, 60.0), (0.1, 180.0, 0, 60.0), (0.1, 180.0, 10, 0.0), (math.nan, 1, 1, 1)],
)
def test_erlang_a_without_a_queue_is_none(arguments: tuple[float, float, int, float]) -> None:
    """Nonsense is answered with nothing, not with a number and not with an endless sum."""
    assert erlang_a(*arguments) is None
    assert erlang_a(1e9, 1e9, 5, 1e9) is None


@given(st.floats(0.01, 2), st.floats(10, 600), st.integers(1, 80), st.floats(0, 120))
def test_one_more_agent_never_harms(rate: float, handle: float, agents: int, threshold: float) -> None:
    """Both models: shares stay shares, and another agent shortens waits."""
    before, after = (erlang_c(rate, handle, number, threshold) for number in (agents, agents + 1))
    if before is not None:
        assert after is not None
        assert 0 <= before.waiting <= 1
        assert 0 <= before.service_level <= after.service_level + 1e-9 <= 1 + 2e-9
        assert after.asa <= before.asa + 1e-9
    less, more = (erlang_a(rate, handle, number, 60) for number in (agents, agents + 1))
    assert less is not None
    assert more is not None
    assert 0 <= more.abandonment <= less.abandonment + 1e-9 <= 1 + 2e-9
    assert 0 <= more.waiting <= less.waiting + 1e-9
    assert 0 <= less.occupancy <= 1
