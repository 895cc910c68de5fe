"""How long a collector rests, and when its circuit is open."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from monitor.intake.breaker import FIRST_DELAY, LONGEST_DELAY, OPENS_AFTER, SETTLED, Breaker


def test_five_failures_in_a_row_open_the_circuit_and_a_minute_of_work_closes_it() -> None:
    """Closed, open, one try on probation, closed again only when the try has held."""
    breaker, now = Breaker(random.Random(1)), 0.0
    for number in range(1, OPENS_AFTER + 1):
        breaker.begin(now)
        assert breaker.circuit(now) == "closed"
        now += breaker.fail(now)
        assert breaker.circuit(now) == ("open" if number == OPENS_AFTER else "closed")
    breaker.begin(now)
    assert breaker.circuit(now) == breaker.circuit(now + SETTLED) == "half_open"
    assert breaker.circuit(now + SETTLED + 1) == "closed"
    assert breaker.fail(now + SETTLED + 1) <= FIRST_DELAY
    assert breaker.failures == 1


def test_a_try_on_probation_that_fails_rests_longer_than_a_first_failure() -> None:
    """A source that comes for half a minute and goes again does not start from one second each time."""
    breaker, now = Breaker(random.Random(1)), 0.0
    for _ in range(OPENS_AFTER + 3):
        breaker.begin(now)
        now += 30
        rest = breaker.fail(now)
    assert rest >= LONGEST_DELAY / 2
    assert breaker.circuit(now) == "open"


@given(st.lists(st.floats(0, 500), min_size=1, max_size=60), st.integers(0, 2**32))
def test_no_rest_is_shorter_than_half_a_second_or_longer_than_a_minute(runs: list[float], seed: int) -> None:
    """Whatever a collector does, it neither storms its source nor is forgotten."""
    breaker, now = Breaker(random.Random(seed)), 0.0
    for lasted in runs:
        breaker.begin(now)
        now += lasted
        rest = breaker.fail(now)
        assert FIRST_DELAY / 2 <= rest <= LONGEST_DELAY
        if lasted > SETTLED:
            assert (breaker.failures, rest <= FIRST_DELAY) == (1, True)
        now += rest
