"""Judged twice, golive in the smallest pieces there are: what is computed bit by bit is still what Prometheus says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from monitor.judging.rules import Part, Signal
from tests.monitor.both_judges import (
    CASES,
    COUNTER,
    FEW,
    GAUGE,
    HISTOGRAM,
    SECOND_COUNTER,
    Series,
    Shape,
    by_golive,
    by_prometheus,
    rule,
)
from tests.monitor.judging.small import tiny

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

SHARE = Signal(
    name="share",
    kind="ratio",
    numerator=Part(metric=COUNTER.name),
    denominator=Part(metric=SECOND_COUNTER.name),
    by=("case",),
)


def numbered(cases: list[list[Shape]]) -> list[tuple[int, int, Shape]]:
    """Cases and legs with their numbers, leg by leg, so that the series of a group do not lie together."""
    found = [(case, leg, shape) for case, shapes in enumerate(cases) for leg, shape in enumerate(shapes)]
    return sorted(found, key=lambda one: one[1])


@FEW
@given(cases=CASES)
def test_exact_numbers_and_alerts_stay_exact_in_pieces(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Last, minimum, maximum and mean are Prometheus' numbers; where buckets are a second long, alerts fire in the same ones.

    Longer buckets hold the samples of a range of PromQL at every tenth second only, and a hold looks at all seconds.
    """
    rules = [
        rule(f"{estimator}_{span}", estimator=estimator, window=float(span), hold=10.0)
        for estimator in ("last", "min", "max", "mean")
        for span in (60, 120)
    ]
    series = [Series(GAUGE, case, leg, shape.gauge()) for case, leg, shape in numbered(cases)]
    with tiny():
        ours = by_golive(rules, series)
    theirs = by_prometheus(tmp_path, rules, series)
    compared = 0
    for key, values in theirs.values.items():
        if key[1] % 10 == 0:
            assert ours.values[key] == values, key
            compared += len(values)
        if key[0].endswith("_60"):
            assert ours.alerts[key] == theirs.alerts[key], key
    assert compared


@FEW
@given(cases=CASES, below=CASES)
def test_estimates_are_the_same_whole_or_in_pieces(cases: list[list[Shape]], below: list[list[Shape]]) -> None:
    """Percentiles, rates, increases and ratios, which Prometheus bounds: pieces move none of them by a bit."""
    rules = [
        *(rule(name, metric=HISTOGRAM.name, estimator=name, breach=20.0) for name in ("p50", "p90", "p99")),
        *(rule(name, metric=COUNTER.name, estimator=name, breach=5.0) for name in ("rate", "increase")),
        rule("share", metric="", signal="share", by=(), estimator="ratio", breach=1.0),
        rule("wilson", metric="", signal="share", by=(), estimator="wilson", breach=0.5),
    ]
    series = [Series(HISTOGRAM, case, leg, shape.crowd()) for case, leg, shape in numbered(cases)]
    series += [Series(COUNTER, case, leg, shape.counter()) for case, leg, shape in numbered(cases)]
    series += [Series(SECOND_COUNTER, case, leg, shape.counter()) for case, leg, shape in numbered(below)]
    whole = by_golive(rules, series, [SHARE])
    with tiny():
        assert by_golive(rules, series, [SHARE]) == whole
    assert all(whole.values[one.name, 180] for one in rules)
