"""The shared budget of requests, and the patience of a question, with clocks that only the test turns."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.amazon_connect.budget import DOCUMENTED, Bucket, Kind, Rate, budget
from collectors.amazon_connect.inquiry import LONGEST_WAIT, patience
from collectors.amazon_connect.wire import waiting


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@given(
    rate=st.floats(0.1, 20),
    burst=st.integers(1, 10),
    steps=st.lists(st.tuples(st.floats(0, 3), st.one_of(st.none(), st.floats(0.1, 5))), max_size=60),
)
def test_no_span_of_time_ever_sees_more_than_rate_and_burst(
    rate: float, burst: int, steps: list[tuple[float, float | None]]
) -> None:
    """Whatever is asked when, and whatever Amazon says meanwhile: between any two requests there are never too many."""
    clock = Clock()
    bucket = Bucket(Rate(rate, burst), clock)
    sent: list[float] = []
    held = 0.0
    for pause, hold in steps:
        clock.now += pause
        if hold is not None:
            bucket.hold(hold)
            held = max(held, clock.now + hold)
        if bucket.wait() == 0:
            bucket._level -= 1
            sent.append(clock.now)
            assert clock.now >= held - 1e-9
    for first, begun in enumerate(sent):
        for last in range(first, len(sent)):
            assert last - first + 1 <= burst + rate * (sent[last] - begun) + 1e-6


def test_the_documented_rates_leave_one_place_of_the_burst_free() -> None:
    """At rest 7 requests may go at once to GetCurrentMetricData and 4 to the others, not 8 and 5."""
    rates: tuple[tuple[Kind, int], ...] = (("metrics", 7), ("others", 4))
    for kind, at_once in rates:
        clock = Clock()
        bucket = Bucket(DOCUMENTED[kind], clock)
        clock.now += 3600
        free = 0
        while bucket.wait() == 0:
            bucket._level -= 1
            free += 1
        assert free == at_once


async def test_one_account_and_region_have_one_budget_and_the_lowest_limit_counts() -> None:
    """Two collectors get the same bucket; another Region has its own; who asks for less binds both."""
    one = budget("111122223333", "eu-west-2").join("others", Rate(2.0, 5))
    assert budget("111122223333", "eu-west-2").join("others", Rate(0.5, 2)) is one
    assert budget("111122223333", "us-east-1").join("others", Rate(2.0, 5)) is not one
    assert one._rate == Rate(0.5, 2)


async def test_turns_are_taken_in_the_order_in_which_they_were_asked_for() -> None:
    """Nobody is overtaken, so that no question starves."""
    bucket = Bucket(Rate(50.0, 1))
    order: list[int] = []

    async def take(number: int) -> None:
        await bucket.turn()
        order.append(number)

    await asyncio.gather(*(take(number) for number in range(10)))
    assert order == list(range(10))
    assert bucket.waited >= 8


@given(failures=st.integers(1, 1000), asked=st.floats(0, 300), chance=st.floats(0, 1))
def test_patience_grows_is_bounded_and_never_shorter_than_amazon_asked(
    failures: int, asked: float, chance: float
) -> None:
    """At least Retry-After, at least half the doubling time, at most a minute more than need be."""
    wait = patience(failures, asked, chance)
    assert wait >= asked
    assert wait >= min(2.0 ** min(failures - 1, 10), LONGEST_WAIT) / 2
    assert wait <= max(LONGEST_WAIT, asked * 1.1)


def test_jitter_keeps_two_from_asking_at_the_same_moment() -> None:
    """Chance moves the wait by up to a half."""
    assert patience(4, 0, 0.0) == 4.0
    assert patience(4, 0, 1.0) == 8.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "999999"}, 300),
        ({"retry-after": "9" * 5000}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "1.5"}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "Sun, 29 Nov 2026 06:00:30 GMT", "date": "Sun, 29 Nov 2026 06:00:00 GMT"}, 30),
        ({"retry-after": "Sun, 29 Nov 2026 06:00:30 GMT"}, 0),
        ({"retry-after": "Sun, 29 Nov 2020 06:00:30 GMT", "date": "Sun, 29 Nov 2026 06:00:00 GMT"}, 0),
    ],
)
def test_retry_after_is_read_in_both_of_its_forms(headers: dict[str, str], seconds: float) -> None:
    """Seconds or a date, against the answer's own Date; what cannot be read asks for nothing, and no wait is endless."""
    assert waiting(headers) == seconds
