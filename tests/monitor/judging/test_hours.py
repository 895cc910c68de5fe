"""Opening hours: local time, days of the week, nights, and the two nights a year when the clock is changed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judging.hours import DAYS, Opening, is_open, minutes
from monitor.judging.rules import Exclusion, Signal
from monitor.model import Flag, Standing, Truth
from tests.monitor.judging.rig import CLOSED, GAUGE, Rig, rule

LISBON = ZoneInfo("Europe/Lisbon")
OFFICE = Opening(days=("mon", "tue", "wed", "thu", "fri"), since="08:00", to="18:00", timezone="Europe/Lisbon")
NIGHT = Opening(days=("fri",), since="22:00", to="06:00", timezone="Europe/Lisbon")


def at(text: str) -> float:
    """Unix seconds of a local time in Lisbon."""
    return datetime.fromisoformat(text).replace(tzinfo=LISBON).timestamp()


@pytest.mark.parametrize(
    ("when", "opening", "expected"),
    [
        ("2026-03-06T07:59:59", OFFICE, False),
        ("2026-03-06T08:00:00", OFFICE, True),
        ("2026-03-06T17:59:59", OFFICE, True),
        ("2026-03-06T18:00:00", OFFICE, False),
        ("2026-03-07T12:00:00", OFFICE, False),
        ("2026-03-06T21:59:00", NIGHT, False),
        ("2026-03-06T22:00:00", NIGHT, True),
        ("2026-03-07T05:59:00", NIGHT, True),
        ("2026-03-07T06:00:00", NIGHT, False),
        ("2026-03-07T22:30:00", NIGHT, False),
        ("2026-03-30T08:00:00", OFFICE, True),
        ("2026-10-26T08:00:00", OFFICE, True),
    ],
)
def test_a_span_opens_and_closes_to_the_second(when: str, opening: Opening, expected: bool) -> None:
    """From is inside, to is outside; a night belongs to the day on which it began."""
    assert is_open([opening], at(when)) is expected


def test_the_day_shifts_with_the_clock() -> None:
    """08:00 in Lisbon is 08:00 UTC in March and 07:00 UTC after the last Sunday of March."""
    before, after = at("2026-03-27T08:00:00"), at("2026-03-30T08:00:00")
    assert (after - before) % 86_400 == 82_800
    for opening in (before, after):
        assert not is_open([OFFICE], opening - 1)
        assert is_open([OFFICE], opening)


@given(
    st.integers(1_700_000_000, 1_900_000_000), st.sampled_from(["Europe/Lisbon", "America/New_York", "Asia/Kolkata"])
)
def test_a_whole_week_is_always_open(now: int, name: str) -> None:
    """From 00:00 to 24:00 on all days there is no closed second, whatever the clock does."""
    assert is_open([Opening(days=DAYS, since="00:00", to="24:00", timezone=name)], float(now))
    assert is_open([], float(now))


@pytest.mark.parametrize("clock", ["8:00", "24:01", "08:60", "0800", "", "aa:bb", "08:00:00", "\uff12\uff12:00"])
def test_what_is_no_time_of_day_is_refused(clock: str) -> None:
    """Two digits each."""
    with pytest.raises(ValueError, match="is not a time of day"):
        minutes(clock)


def test_outside_its_hours_a_rule_rests_and_says_so() -> None:
    """Silence at night is no alarm; it is no pass either."""
    closed = at("2026-03-07T03:00:00")
    rig = Rig(rule(hours=(OFFICE,)), start=closed)
    rig.tick(*[None] * 40)
    assert rig.why() == "outside opening hours"
    assert int(rig.judge.flags[0]) & Flag.RESTING
    assert not int(rig.judge.flags[0]) & (Flag.UNKNOWN | Flag.BLIND)
    assert (rig.standing(), rig.engine.truth("x")) == ("insufficient", Truth.UNKNOWN)


def test_a_breach_at_closing_time_is_still_there_in_the_morning() -> None:
    """Resting neither clears nor fires, and its timers stand."""
    rig = Rig(rule(hours=(OFFICE,)), start=at("2026-03-06T17:59:50"))
    rig.tick(*[40.0] * 9)
    assert rig.standing() == "breach"
    rig.tick(*[1.0] * 20)
    assert rig.standing() == "breach"
    rig.now = at("2026-03-09T08:00:00")
    rig.tick(1.0, 1.0)
    assert rig.standing() == "ok"


def test_a_closed_queue_rests_and_the_others_are_judged() -> None:
    """`exclude_when` takes one group out; the rule's worst is that of the others."""
    signal = Signal(
        name="s", metric=GAUGE.name, by=("queue",), exclude_when=Exclusion(metric=CLOSED.name, operator=">=", value=1.0)
    )
    rig = Rig(rule(metric="", signal="s"), signals=(signal,))
    for _ in range(3):
        rig.now += 1
        rig.put(99.0, queue="closed")
        rig.put(1.0, queue="open")
        rig.put(1.0, metric=CLOSED.name, queue="closed")
        rig.put(0.0, metric=CLOSED.name, queue="open")
        rig.look()
    assert [rig.standing(i) for i in (0, 1)] == ["insufficient", "ok"]
    assert rig.why(0) == "rests while golive_closed >= 1"
    assert (rig.engine.worst("x"), rig.engine.truth("x")) == ((Standing.OK, 1), Truth.FALSE)
