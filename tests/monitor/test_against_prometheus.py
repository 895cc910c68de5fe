"""Judged twice: what golive says of a series, the real Prometheus says by the rules that golive exports.

Here is what must be exact: last, min, max and mean at every instant at which golive's buckets and a range of PromQL
hold the same samples, and the instants at which alerts wait, fire and end.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from monitor.daemon.facts import scope_text
from monitor.export.rule_file import export
from monitor.judging.baseline import Baseline
from monitor.judging.rules import Missing, Part, Signal
from tests.monitor.both_judges import (
    CASES,
    CATALOGUE,
    FEW,
    GAUGE,
    SECOND_GAUGE,
    SECONDS,
    Series,
    Shape,
    by_golive,
    by_prometheus,
    rule,
)
from tests.rig.promtool import answers

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]


def gauges(cases: list[list[Shape]]) -> list[Series]:
    """A group a case, a series a shape."""
    return [
        Series(GAUGE, case, leg, shape.gauge()) for case, shapes in enumerate(cases) for leg, shape in enumerate(shapes)
    ]


@FEW
@given(cases=CASES)
def test_last_min_max_and_mean_are_the_same_numbers(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Bit for bit, pooled over the series of a group, for windows of 1 s buckets and of 10 s buckets."""
    rules = [
        rule(f"{estimator}_{span}", estimator=estimator, window=float(span))
        for estimator in ("last", "min", "max", "mean")
        for span in (60, 120)
    ]
    series = gauges(cases)
    ours, theirs = by_golive(rules, series), by_prometheus(tmp_path, rules, series, every=10)
    for (name, at), values in theirs.values.items():
        assert ours.values[name, at] == values, (name, at)
        assert values


HELD = (
    rule("at_once", estimator="mean", breach=40.0, warn=30.0),
    rule("held", estimator="max", breach=60.0, hold=15.0),
    rule("below", estimator="min", operator="<", breach=20.0, warn=25.0, hold=5.0, clear_hold=20.0),
    rule("newest", estimator="last", operator=">", breach=50.0, clear_hold=7.0),
    rule("at_most", estimator="last", operator="<=", breach=12.5, hold=3.0),
    rule("than_fixed", breach=1.5, warn=1.25, baseline=Baseline(source="fixed", value=32.0, floor=50.0)),
    rule("over_fixed", breach=8.0, hold=4.0, baseline=Baseline(source="fixed", value=32.0, compare="difference")),
)


@FEW
@given(cases=CASES)
def test_alerts_wait_fire_and_end_at_the_same_seconds(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Every operator, and fixed baselines; `for` serves the hold, keep_firing_for the hold of the clear side, a warning is an alert of its own."""
    series = gauges(cases)
    ours, theirs = by_golive(HELD, series), by_prometheus(tmp_path, HELD, series)
    assert any(theirs.alerts.values())
    for key, alerts in theirs.alerts.items():
        assert ours.alerts[key] == alerts, key
        judged = next(one for one in HELD if one.name == key[0])
        if judged.warn is not None:
            assert ours.warned[key] == theirs.warned[key], key


COUNTED = (
    rule("three_of_five", bucket=10.0, m_of_n=(3, 5), breach=40.0),
    rule("two_of_four", bucket=10.0, m_of_n=(2, 4), operator="<", breach=35.0, estimator="min", clear_hold=10.0),
    rule("one_of_two", bucket=30.0, m_of_n=(1, 2), breach=70.0, estimator="max", hold=30.0),
)


@FEW
@given(cases=CASES)
def test_m_of_n_closed_buckets_are_counted_alike(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Without gaps and limits between, closed buckets alone count, and from the same second on."""
    series = gauges(cases)
    ours, theirs = by_golive(COUNTED, series), by_prometheus(tmp_path, COUNTED, series)
    assert any(theirs.alerts.values())
    for key, alerts in theirs.alerts.items():
        assert ours.alerts[key] == alerts, key


@FEW
@given(cases=CASES)
def test_too_few_samples_fire_nothing(tmp_path: Path, cases: list[list[Shape]]) -> None:
    """Below min_count neither judge calls a breach; from it on both do."""
    rules = [rule("enough", min_count=40, breach=20.0)]
    series = gauges(cases)
    ours, theirs = by_golive(rules, series), by_prometheus(tmp_path, rules, series)
    began: set[tuple[str, ...]] = set()
    for at in range(1, SECONDS + 1):
        fired = set(theirs.alerts["enough", at])
        assert fired <= set(ours.alerts["enough", at]), at
        assert set(ours.alerts["enough", at]) - began <= fired, at
        began |= fired


def test_a_pooled_mean_is_not_the_mean_of_means(tmp_path: Path) -> None:
    """Two series, one heard ten times as often: both judges weigh every sample alike."""
    often = [[10.0] for _ in range(SECONDS)]
    seldom = [[100.0] if second % 10 == 0 else [] for second in range(SECONDS)]
    series = [Series(GAUGE, 0, 0, often), Series(GAUGE, 0, 1, seldom)]
    rules = [rule("mean")]
    theirs = by_prometheus(tmp_path, rules, series, every=60)
    assert theirs.values["mean", 120] == {("0",): (60 * 10.0 + 6 * 100.0) / 66}
    assert by_golive(rules, series).values["mean", 120] == theirs.values["mean", 120]


def steady(value: float) -> list[list[float]]:
    """A series that never moves."""
    return [[value] for _ in range(SECONDS)]


def test_a_ratio_of_sums_is_the_same_and_none_over_nothing(tmp_path: Path) -> None:
    """Sums of gauges divide exactly; a zero denominator makes no number, and a numerator nobody counted is zero if said."""
    share = Signal(
        name="share",
        kind="ratio",
        numerator=Part(metric=GAUGE.name),
        denominator=Part(metric=SECOND_GAUGE.name),
        by=("case",),
    )
    good = Missing(no_data="ok", null="insufficient", error="unknown", stale="unknown")
    rules = [
        rule("strict", metric="", signal="share", by=(), estimator="ratio", breach=0.5),
        rule("lenient", metric="", signal="share", by=(), estimator="ratio", breach=0.5, missing=good),
    ]
    series = [
        *(Series(GAUGE, 0, leg, steady(value)) for leg, value in enumerate((1.0, 2.0))),
        Series(SECOND_GAUGE, 0, 0, steady(4.0)),
        Series(GAUGE, 1, 0, steady(3.0)),
        Series(SECOND_GAUGE, 1, 0, steady(0.0)),
        Series(SECOND_GAUGE, 2, 0, steady(5.0)),
    ]
    ours, theirs = by_golive(rules, series, [share]), by_prometheus(tmp_path, rules, series, [share], every=60)
    for at in range(60, SECONDS + 1, 60):
        assert ours.values["strict", at] == theirs.values["strict", at] == {("0",): 0.75}
        assert ours.values["lenient", at] == theirs.values["lenient", at] == {("0",): 0.75, ("2",): 0.0}
        assert ours.alerts["lenient", at] == theirs.alerts["lenient", at] == {("0",): "firing"}


def test_an_alert_names_its_group_as_golive_does(tmp_path: Path) -> None:
    """In the label scope, empty labels left out, whichever of them it is."""
    rules = [rule("x", by=("queue", "case", "site", "leg"), breach=1.0), rule("all", by=(), breach=1.0)]
    made = export(rules, (), CATALOGUE, interval=1.0)
    series = {'golive_x_seconds{case="a",leg="b"}': [2.0] * 90, 'golive_x_seconds{queue="q",leg="b"}': [2.0] * 90}
    found = answers(tmp_path, made.text(""), series, 1.0, [("ALERTS", 80)], 10)["ALERTS", 80]
    scopes = {dict(labels).get("scope", "") for labels in found}
    assert scopes == {
        scope_text((("queue", ""), ("case", "a"), ("site", ""), ("leg", "b"))),
        scope_text((("queue", "q"), ("case", ""), ("site", ""), ("leg", "b"))),
        "",
    }
