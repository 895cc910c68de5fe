"""The clock on the wall: the same weekday and quarter hour of earlier weeks, also where the clock was changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.history.calendar import Calendar, day, start_of

ZONES = ("UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham")


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def iso(start: int) -> str:
    return datetime.fromtimestamp(start, UTC).isoformat()


@given(st.sampled_from(ZONES), st.integers(1_000_000_000, 2_500_000_000), st.integers(1, 52))
def test_every_earlier_slot_shows_the_same_weekday_and_time_on_the_wall(place: str, at: int, weeks: int) -> None:
    """In any zone, at any instant, a slot so many weeks back has the same weekday, hour and quarter; never a near miss."""
    calendar = Calendar(place)
    wall = calendar.local(start_of(at))
    earlier = calendar.earlier(at, weeks)
    assert [then.week for then in earlier] == list(range(1, weeks + 1))
    for then in earlier:
        assert then.day == (wall - timedelta(weeks=then.week)).date()
        assert len(then.starts) <= 2
        for start in then.starts:
            local = datetime.fromtimestamp(start, ZoneInfo(place))
            assert (local.weekday(), local.hour, local.minute) == (wall.weekday(), wall.hour, wall.minute)
            assert start % 900 == 0


@given(st.sampled_from(ZONES), st.integers(1_000_000_000, 2_500_000_000))
def test_every_instant_is_found_again_from_what_its_clock_shows(place: str, at: int) -> None:
    """No quarter hour is lost between UTC and the wall: its time on the wall leads back to it, alone or as one of two."""
    calendar, start = Calendar(place), start_of(at)
    found = calendar.instants(calendar.local(start).replace(tzinfo=None, fold=0))
    assert start in found
    assert len(found) == 1 or found[1] - found[0] in (1800, 3600)


def test_the_hour_that_came_twice_has_both_its_readings() -> None:
    """01:15 on the night when Lisbon sets its clock back is two slots, an hour apart, of one week."""
    then = Calendar("Europe/Lisbon").earlier(unix("2026-11-01T01:20:00+00:00"), 1)[0]
    assert [iso(start) for start in then.starts] == ["2026-10-25T00:15:00+00:00", "2026-10-25T01:15:00+00:00"]


def test_both_readings_of_an_hour_are_compared_with_the_same_slots() -> None:
    """On the night itself, 01:15 before and after the change both look at 01:15 of the weeks before."""
    calendar = Calendar("Europe/Lisbon")
    first, second = (calendar.earlier(unix(f"2026-10-25T0{hour}:15:00+00:00"), 4) for hour in (0, 1))
    assert first == second
    assert iso(first[0].starts[0]) == "2026-10-18T00:15:00+00:00"


def test_the_hour_that_was_skipped_has_none() -> None:
    """01:15 never was on the night when Lisbon sets its clock forward: that week has no slot, and no other stands in."""
    earlier = Calendar("Europe/Lisbon").earlier(unix("2026-04-05T00:20:00+00:00"), 2)
    assert [then.starts for then in earlier] == [(), (unix("2026-03-22T01:15:00+00:00"),)]


def test_a_day_is_left_out_by_its_local_date() -> None:
    """What is already the 25th in Lisbon is left out although it is still the 24th in UTC."""
    calendar = Calendar("Europe/Lisbon", ["2026-07-25"])
    earlier = calendar.earlier(unix("2026-07-31T23:10:00+00:00"), 2)
    assert [(then.day.isoformat(), then.left_out) for then in earlier] == [("2026-07-25", True), ("2026-07-18", False)]


@pytest.mark.parametrize("text", ["2026-02-30", "25.12.2026", "20261225", "2026-W01-1", "", "2026-12-25T00:00"])
def test_what_is_no_day_is_refused(text: str) -> None:
    """Only YYYY-MM-DD is a day."""
    with pytest.raises(ValueError, match="is no day"):
        day(text)
