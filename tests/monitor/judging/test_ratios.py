"""Ratios of sums and Wilson's bounds: against plain formulas, and at their limits."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.estimators import least_count, wilson
from monitor.judging.rules import Missing, Signal
from tests.monitor.judging.rig import ALL, BAD, SHARE, Rig, share_rule

POOLED = Signal(name="share", kind="ratio", numerator=SHARE.numerator, denominator=SHARE.denominator)
Z = NormalDist().inv_cdf(0.95)


def plain(bad: int, total: int) -> tuple[float, float]:
    """Wilson's interval as textbooks write it: the roots of (p - seen)^2 = z^2 p (1 - p) / n."""
    a, b, c = total + Z * Z, -(2 * bad + Z * Z), bad * bad / total
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 5000), st.data())
def test_the_bounds_are_wilsons(total: int, data: st.DataObject) -> None:
    """The columns solve the same equation as a quadratic by hand, and hold the share that was seen."""
    bad = data.draw(st.integers(0, total))
    low, high = wilson(np.array([bad / total]), np.array([float(total)]), 0.95)
    expected = plain(bad, total)
    assert low[0] == pytest.approx(max(expected[0], 0.0), abs=1e-9)
    assert high[0] == pytest.approx(min(expected[1], 1.0), abs=1e-9)
    assert low[0] <= bad / total + 1e-12 <= high[0] + 2e-12


def first_sure(share: float, limit: float) -> int:
    """The least number from which on a share seen is surely above a limit, for every number after it."""
    sure = [plain(math.floor(share * n + 1e-9), n)[0] >= limit for n in range(1, 2000)]
    return max(n for n, yes in enumerate(sure, 1) if not yes) + 1


@pytest.mark.parametrize(("share", "about"), [(0.10, 80), (0.15, 27), (0.20, 15)])
def test_how_many_contacts_it_takes_to_be_sure(share: float, about: int) -> None:
    """10 % seen against a limit of 5 % takes about 80 contacts, 15 % about 27, 20 % about 15."""
    needed = first_sure(share, 0.05)
    assert needed == pytest.approx(about, abs=1)
    n = np.arange(1.0, 400.0)
    low, _ = wilson(np.floor(share * n + 1e-9) / n, n, 0.95)
    assert np.flatnonzero(low < 0.05)[-1] + 2 == needed


def test_clearing_takes_a_least_number_of_contacts() -> None:
    """With nothing bad at all, 7 % can be cleared from 36 contacts on and not with 35."""
    assert math.ceil(least_count(0.07, 0.95, worse_high=True)) == 36
    _, high = wilson(np.zeros(2), np.array([35.0, 36.0]), 0.95)
    assert high[0] > 0.07 >= high[1]
    low, _ = wilson(np.ones(2), np.array([35.0, 36.0]), 0.95)
    assert math.ceil(least_count(0.93, 0.95, worse_high=False)) == 36
    assert low[0] < 0.93 <= low[1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.integers(0, 20)), min_size=1, max_size=12),
    st.integers(1, 12),
)
def test_a_ratio_is_the_sum_of_bads_over_the_sum_of_all(steps: list[tuple[str, int, int]], window: int) -> None:
    """Counters of two series in one group, against plain lists of what was added inside the window."""
    rig = Rig(share_rule(window=float(window), by=()), signals=(POOLED,))
    totals = {site: [0, 0] for site in "ab"}
    for site in "ab":
        rig.count(0, 0, site=site)
    added: list[tuple[float, int, int]] = []
    for site, bad, good in steps:
        rig.now += 1
        totals[site][0] += bad
        totals[site][1] += bad + good
        for each in "ab":
            rig.count(*totals[each], site=each)
        added.append((rig.now, bad, bad + good))
        rig.look()
    inside = [(bad, total) for at, bad, total in added if at > rig.now - window]
    total = sum(total for _, total in inside)
    if total:
        assert rig.judge.value[0] == pytest.approx(sum(bad for bad, _ in inside) / total)
        assert rig.judge.samples[0] == total
    else:
        assert math.isnan(rig.judge.value[0])
        assert rig.judge.samples[0] == 0


def fill(rig: Rig, bad: int, total: int) -> None:
    """Ten seconds in which so many contacts come, so many of them bad."""
    rig.count(0, 0, queue="a")
    for second in range(1, 11):
        rig.now += 1
        rig.count(bad * second // 10, total * second // 10, queue="a")
        rig.look()


@pytest.mark.parametrize(("bad", "total", "standing"), [(12, 100, "ok"), (30, 100, "breach"), (8, 100, "ok")])
def test_wilson_fires_only_when_it_is_sure(bad: int, total: int, standing: str) -> None:
    """12 % seen of 100 may still be 8 %, 30 % may not."""
    rig = Rig(share_rule(estimator="wilson", min_count=20))
    fill(rig, bad, total)
    assert rig.standing() == standing
    assert rig.judge.value[0] == pytest.approx(bad / total)


@pytest.mark.parametrize(("clear_by", "standing"), [("bound", "breach"), ("point", "ok")])
def test_a_sure_breach_ends_by_the_far_bound_or_by_the_share_itself(clear_by: str, standing: str) -> None:
    """3 % of 60 is below 5 %, and may still be more: only `clear_by: point` takes it for good."""
    rig = Rig(share_rule(estimator="wilson", min_count=20, clear_by=clear_by))
    fill(rig, 30, 100)
    assert rig.standing() == "breach"
    for second in range(1, 13):
        rig.now += 1
        rig.count(30 + 2 * second // 12, 100 + 60 * second // 12, queue="a")
        rig.look()
    assert rig.standing() == standing


@pytest.mark.parametrize(("total", "standing", "why"), [(39, "insufficient", "39 of 40 contacts"), (40, "breach", "")])
def test_below_its_denominator_a_ratio_is_insufficient_and_says_how_far(total: int, standing: str, why: str) -> None:
    """N-1 contacts give no verdict, N do, whatever the share."""
    rig = Rig(share_rule(min_count=40))
    fill(rig, total // 2, total)
    assert (rig.standing(), rig.why()) == (standing, why)


def test_nobody_calling_is_no_division_by_zero() -> None:
    """With no contact at all there is no share: not zero, not infinite, not good."""
    rig = Rig(
        share_rule(missing=Missing(no_data="insufficient", null="insufficient", error="unknown", stale="unknown"))
    )
    fill(rig, 0, 0)
    assert math.isnan(rig.judge.value[0])
    assert (rig.standing(), rig.why()) == ("insufficient", "0 of 1 contacts")


@pytest.mark.parametrize(("policy", "value"), [("ok", 0.0), ("hold", math.nan)])
def test_a_numerator_that_nobody_ever_counted_is_zero_only_where_the_rule_says_so(policy: str, value: float) -> None:
    """No abandoned contact ever reported is good news for a rule that says `no_data: ok`, and nothing for others."""
    rig = Rig(share_rule(missing=Missing(no_data=policy, null="unknown", error="unknown", stale="unknown")))  # type: ignore[arg-type]
    for second in range(12):
        rig.now += 1
        rig.put(10.0 * second, metric=ALL.name, queue="a")
        rig.look()
    assert rig.judge.value[0] == pytest.approx(value, nan_ok=True)
    assert BAD.name in rig.store.tables
