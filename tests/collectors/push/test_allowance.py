"""The rate cap: average and burst hold whatever comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.push.allowance import Allowance

POSTS = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 400)), max_size=60)


@given(POSTS)
def test_never_more_than_the_rate_the_savings_and_one_post_come_through(posts) -> None:
    """Over any time, what was taken stays within rate x time + savings + the one post that overdrew."""
    rate, saved, now, taken = 100.0, 10.0, 50.0, 0
    allowance = Allowance(rate, saved, now)
    begun = now
    for pause, size in posts:
        now += pause
        if allowance.wait(now) == 0:
            allowance.charge(size)
            taken += size
        assert taken <= rate * (now - begun) + rate * saved + 400


def test_after_the_wait_it_is_open_again() -> None:
    """The seconds that a sender is told to wait are enough, and a clock that stands still gives nothing."""
    allowance = Allowance(10, 1, 0.0)
    allowance.charge(30)
    wait = allowance.wait(0.0)
    assert wait == pytest.approx(2.0)
    assert allowance.wait(0.0) == pytest.approx(2.0)
    assert allowance.wait(-5.0) == pytest.approx(2.0)
    assert allowance.wait(wait + 0.001) == 0
