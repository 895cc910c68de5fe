"""Judged twice, where Prometheus itself only estimates: percentiles, rates and ratios, within bounds that follow from how.

In all of them the window is a whole number of scrapes, k of them, with one scrape a second, half a second off its edges.

Counters. Let v0 be the last value before the window, v1 and v2 the first and last in it. golive says v2 - v0, and
Prometheus (v2 - v1) * k / (k - 1): it does not see the first step, and adds the mean of the others for it. Both lie
between v2 - v1 and v2 - v1 plus the largest of these steps, so they differ by one step of each series at most. (A
series born inside the window is another matter: both begin with its first value, and Prometheus guesses when it was 0.)

Histograms. Of each series' cumulative counts the same holds, and a step is at most the samples of one scrape: with m
samples in a scrape of all series of a group together, every count is right to m, and so is the total. The percentile's
rank is then right to 2 m, and Prometheus' value lies in the exported buckets that hold the samples of these ranks.
golive's lies in a bin of its own that holds the sample of the rank itself.

Gauges. quantile_over_time interpolates between two neighbouring samples; golive takes one of these two, to a bin.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from monitor.judging.rules import Part, Rule, Signal
from monitor.judging.table import histogram_edges
from tests.monitor.both_judges import (
    BOUNDS,
    CASES,
    COUNTER,
    FEW,
    GAUGE,
    HISTOGRAM,
    SECOND_COUNTER,
    SECONDS,
    Leg,
    Series,
    Shape,
    by_golive,
    by_prometheus,
    rule,
)

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

WINDOW = 60
EPSILON = 1e-9


def window(leg: Leg, at: int, span: int = WINDOW) -> list[float]:
    """Samples of a series in the window that ends at a second."""
    return [value for here in leg[max(at - span, 0) : at] for value in here]


def rises(leg: Leg, at: int) -> list[float]:
    """Steps of a counter into and in the window; after a restart it rose from zero."""
    values = [value for here in leg[max(at - WINDOW - 1, 0) : at] for value in here]
    return [b if b < a else b - a for a, b in pairwise(values)]


def steps(series: list[Series], case: str, at: int) -> float:
    """The largest step of each series of a group, together."""
    return sum(max(rises(one.seconds, at), default=0.0) for one in series if str(one.case) == case)


def counters(cases: list[list[Shape]], metric: object = COUNTER) -> list[Series]:
    """Counters, a group a case."""
    chosen = SECOND_COUNTER if metric is SECOND_COUNTER else COUNTER
    return [
        Series(chosen, case, leg, shape.counter())
        for case, shapes in enumerate(cases)
        for leg, shape in enumerate(shapes)
    ]


@FEW
@given(cases=CASES)
def test_increase_and_rate_agree_to_one_step(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Restarts of counters included; alerts agree wherever the value is farther from its limit than that."""
    rules = [
        rule("increase", metric=COUNTER.name, estimator="increase", breach=300.0),
        rule("rate", metric=COUNTER.name, estimator="rate", breach=5.0),
    ]
    series = counters(cases)
    ours, theirs = by_golive(rules, series), by_prometheus(tmp_path, rules, series, every=5)
    compared = 0
    for (name, at), values in theirs.values.items():
        scale = WINDOW if name == "rate" else 1
        limit = 5.0 if name == "rate" else 300.0
        for scope, value in values.items() if at >= WINDOW else ():
            bound = steps(series, scope[0], at) / scale + EPSILON
            mine = ours.values[name, at][scope]
            assert abs(mine - value) <= bound, (name, at, scope)
            compared += 1
            if abs(mine - limit) > bound:
                assert (scope in ours.alerts[name, at]) == (scope in theirs.alerts[name, at]), (name, at, scope)
    assert compared


SHARE = Signal(
    name="share",
    kind="ratio",
    numerator=Part(metric=COUNTER.name),
    denominator=Part(metric=SECOND_COUNTER.name),
    by=("case",),
)


@FEW
@given(above=CASES, below=CASES)
def test_a_ratio_of_increases_agrees_to_one_step_of_each(
    tmp_path: Path, above: list[list[Shape]], below: list[list[Shape]]
) -> None:
    """Both sides right to one step of each of their series; the quotient lies between those of the outermost."""
    rules = [rule("share", metric="", signal="share", by=(), estimator="ratio", breach=1.0)]
    series = [*counters(above), *counters(below, SECOND_COUNTER)]
    tops = [one for one in series if one.metric is COUNTER]
    bottoms = [one for one in series if one.metric is SECOND_COUNTER]
    ours = by_golive(rules, series, [SHARE])
    theirs = by_prometheus(tmp_path, rules, series, [SHARE], every=5)
    compared = 0
    for at in range(WINDOW, SECONDS + 1, 5):
        for scope, value in theirs.values["share", at].items():
            top = sum(sum(rises(one.seconds, at)) for one in tops if str(one.case) == scope[0])
            bottom = sum(sum(rises(one.seconds, at)) for one in bottoms if str(one.case) == scope[0])
            over, under = steps(tops, scope[0], at), steps(bottoms, scope[0], at)
            if bottom <= under or not math.isfinite(value):
                continue
            assert ours.values["share", at][scope] == pytest.approx(top / bottom)
            assert (top - over) / (bottom + under) - EPSILON <= value <= (top + over) / (bottom - under) + EPSILON
            compared += 1
    assert compared


def percentile_rules(estimators: dict[str, float], metric: str, by: tuple[str, ...]) -> list[Rule]:
    """A rule a percentile, with a limit of 20."""
    return [rule(name, metric=metric, estimator=name, by=by, breach=20.0) for name in estimators]


PERCENTILES = {"p10": 0.1, "p50": 0.5, "p95": 0.95}


@FEW
@given(cases=CASES)
def test_percentiles_of_a_histogram_agree_to_its_exported_buckets(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Pooled over the series of a group; see the head of this file for the ranks. Alerts agree outside of them."""
    rules = percentile_rules(PERCENTILES, HISTOGRAM.name, ("case",))
    series = [
        Series(HISTOGRAM, c, leg, shape.crowd()) for c, shapes in enumerate(cases) for leg, shape in enumerate(shapes)
    ]
    ours, theirs = by_golive(rules, series), by_prometheus(tmp_path, rules, series, every=10)
    edges = [HISTOGRAM.low, *BOUNDS]
    bins = histogram_edges(HISTOGRAM, (20.0,))
    compared = 0
    for (name, at), values in theirs.values.items():
        for (case,), value in values.items():
            legs = [one.seconds for one in series if str(one.case) == case]
            every = np.sort([v for leg in legs for v in window(leg, at)])
            most = sum(max(len(here) for here in leg[max(at - WINDOW, 0) : at]) for leg in legs)
            if len(every) <= 4 * most or at < WINDOW:
                continue
            rank = PERCENTILES[name] * len(every)
            low, high = (
                every[int(np.clip(math.ceil(r) - 1, 0, len(every) - 1))] for r in (rank - 2 * most, rank + 2 * most)
            )
            under, over = edges[bisect_left(BOUNDS, low)], BOUNDS[bisect_left(BOUNDS, high)]
            assert under - EPSILON <= value <= over + EPSILON, (name, at, case)
            mine = ours.values[name, at][(case,)]
            sample = every[math.ceil(rank) - 1]
            place = int(np.searchsorted(bins, sample, side="right"))
            assert (bins[place - 1] if place else 0.0) - EPSILON <= mine <= bins[min(place, len(bins) - 1)] + EPSILON
            if not under <= 20.0 <= over:
                assert ((case,) in ours.alerts[name, at]) == ((case,) in theirs.alerts[name, at]), (name, at, case)
            compared += 1
    assert compared


@FEW
@given(cases=CASES)
def test_the_mean_of_a_histogram_agrees_to_one_scrape(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Sum and count are both right to the samples of one scrape of each series."""
    rules = [rule("mean", metric=HISTOGRAM.name)]
    series = [
        Series(HISTOGRAM, c, leg, shape.crowd()) for c, shapes in enumerate(cases) for leg, shape in enumerate(shapes)
    ]
    ours, theirs = by_golive(rules, series), by_prometheus(tmp_path, rules, series, every=10)
    for at in range(WINDOW, SECONDS + 1, 10):
        for (case,), value in theirs.values["mean", at].items():
            spans = [one.seconds[at - WINDOW : at] for one in series if str(one.case) == case]
            every = [v for leg in spans for here in leg for v in here]
            most = sum(max(len(here) for here in leg) for leg in spans)
            heaviest = sum(max(sum(here) for here in leg) for leg in spans)
            assert ours.values["mean", at][(case,)] == pytest.approx(sum(every) / len(every))
            low, high = (sum(every) - heaviest) / (len(every) + most), (sum(every) + heaviest) / (len(every) - most)
            assert low - EPSILON <= value <= high + EPSILON


@FEW
@given(cases=CASES)
def test_percentiles_of_a_gauge_agree_to_a_bin_and_its_neighbour(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """One series a group; a group of several says nothing rather than something else."""
    rules = percentile_rules(PERCENTILES, GAUGE.name, ("case",))
    series = [
        Series(GAUGE, c, leg, shape.gauge()) for c, shapes in enumerate(cases) for leg, shape in enumerate(shapes)
    ]
    alone = {str(case): series_of[0] for case, series_of in _by_case(series).items() if len(series_of) == 1}
    ours, theirs = by_golive(rules, series), by_prometheus(tmp_path, rules, series, every=10)
    bins = histogram_edges(GAUGE, (20.0,))
    for (name, at), values in theirs.values.items():
        assert {case for (case,) in values} == set(alone)
        for (case,), value in values.items():
            every = np.sort(window(alone[case].seconds, at))
            place = PERCENTILES[name] * (len(every) - 1)
            low, high = every[math.floor(place + EPSILON)], every[math.ceil(place - EPSILON)]
            assert low - EPSILON <= value <= high + EPSILON
            first, last = (int(np.searchsorted(bins, v, side="right")) for v in (low, high))
            mine = ours.values[name, at][(case,)]
            assert (bins[first - 1] if first else 0.0) - EPSILON <= mine <= bins[last] + EPSILON, (name, at, case)


def _by_case(series: list[Series]) -> dict[int, list[Series]]:
    found: dict[int, list[Series]] = {}
    for one in series:
        found.setdefault(one.case, []).append(one)
    return found


def test_a_rate_is_taken_over_the_seconds_that_are_kept(tmp_path: Path) -> None:
    """65 s are kept as seven pieces of 10 s: both judges divide by 70, and a steady rate is what it is."""
    leg = [[2.0 * second] for second in range(SECONDS)]
    rules = [rule("rate", metric=COUNTER.name, estimator="rate", window=65.0)]
    series = [Series(COUNTER, 0, 0, leg)]
    ours, theirs = by_golive(rules, series), by_prometheus(tmp_path, rules, series, every=10)
    assert ours.values["rate", 100] == {("0",): 2.0}
    assert theirs.values["rate", 100] == {("0",): pytest.approx(2.0)}
