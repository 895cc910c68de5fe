"""Going down from a number: the series behind it, whose they are, their samples, and what the metric means."""

from __future__ import annotations

import math

import pytest

from monitor.daemon.inspector import SERIES, Inspector
from monitor.intake.intake import Intake
from monitor.judging.explaining import Standards
from monitor.judging.triggers import Approval, Trigger
from monitor.plan import Gate
from tests.monitor.judging.rig import ALL, BAD, GAUGE, START, Rig, rule, share_rule

GATES = (Gate(name="slow", title="Slowness", rules=("x",)),)
TRIGGERS = (Trigger(name="back", when="x", runbook="voice-back", approval=Approval(duties=("lead",))),)


class House:
    """A rig with doors before its store, and an inspector behind it."""

    def __init__(self, *rules) -> None:
        self.rig = Rig(*rules)
        self.intake = Intake(self.rig.store)
        rules_now = [judge.rule for judge in self.rig.engine.judges.values()]
        signals = tuple(self.rig.engine._by_name.values())
        standards = Standards(self.rig.store.catalogue, rules_now, signals, GATES, TRIGGERS)
        self.inspector = Inspector(self.rig.store, self.intake, self.rig.engine, standards, lambda: self.rig.now)

    def put(self, door: str, metric: str, value: float, at: float | None = None, **labels: str) -> None:
        """One sample by a collector, and a tick."""
        inlet = self.intake.door(door, 10.0)
        handle = inlet.series(metric, tuple(sorted(labels.items())))
        inlet.emit([handle], [value], [self.rig.now if at is None else at], self.rig.now)
        self.intake.flush()
        self.rig.look()


def test_a_rules_group_names_its_own_series_and_their_collectors() -> None:
    """Of two queues only the one asked for is shown, with the collectors that feed it and what stands on the rule."""
    house = House(rule(by=("queue",)))
    house.put("edge", GAUGE.name, 7.0, queue="sales")
    house.put("backup", GAUGE.name, 8.0, queue="sales")
    house.put("edge", GAUGE.name, 9.0, queue="billing")
    page = house.inspector.inputs("x", "queue=sales")
    assert page is not None
    assert [(row.labels, row.sources, row.quality) for row in page.series] == [
        ({"queue": "sales"}, ("edge", "backup"), "fresh")
    ]
    assert page.gates == ("Slowness",)
    assert page.triggers == ("back proposes voice-back when x",)
    assert page.sentence.startswith("x: the newest value of golive_x_seconds")


def test_a_share_shows_both_counts_it_is_made_of() -> None:
    """Below a ratio stand the series that were divided, of the group asked for alone."""
    house = House(share_rule(by=("queue",)))
    for queue in ("sales", "billing"):
        house.put("acd", ALL.name, 100.0, queue=queue)
        house.put("acd", BAD.name, 3.0, queue=queue)
    page = house.inspector.inputs("x", "queue=billing")
    assert page is not None
    assert [(row.metric, row.labels["queue"]) for row in page.series] == [
        (ALL.name, "billing"),
        (BAD.name, "billing"),
    ]


def test_an_unknown_rule_or_scope_is_never_answered_with_anothers_series() -> None:
    """A rule that is not there is None, a group that is not there has no series."""
    house = House(rule(by=("queue",)))
    house.put("edge", GAUGE.name, 7.0, queue="sales")
    assert house.inspector.inputs("y", "") is None
    page = house.inspector.inputs("x", "queue=other")
    assert page is not None
    assert page.series == ()


def test_series_are_found_by_labels_metric_and_source_and_the_rest_is_counted() -> None:
    """Filters leave what carries all labels; what is beyond the bound is counted, never silently gone."""
    house = House(rule())
    for number in range(SERIES + 5):
        house.intake.door("edge", 10.0).series(GAUGE.name, (("queue", f"q{number}"),))
    house.put("acd", ALL.name, 1.0, queue="q1")
    assert house.inspector.series([GAUGE.name], {}).left_out == 5
    only = house.inspector.series([], {"queue": "q1"})
    assert {row.metric for row in only.series} == {ALL.name, GAUGE.name}
    assert [row.metric for row in house.inspector.series([], {"queue": "q1"}, "acd").series] == [ALL.name]
    assert house.inspector.series([], {}, "nobody").series == ()
    silent = house.inspector.series([GAUGE.name], {"queue": "q1"}).series[0]
    assert (silent.value, silent.at, silent.quality) == (None, None, "empty")


def test_samples_come_newest_first_with_time_source_and_why_one_was_refused() -> None:
    """Each sample tells when it was made and received, by whom it came, and what the store thought of it."""
    house = House(rule(window=10.0, estimator="mean"))
    house.put("edge", GAUGE.name, 5.0)
    house.rig.now += 1
    house.put("edge", GAUGE.name, 2000.0)
    house.put("backup", GAUGE.name, 6.0, at=house.rig.now - 300)
    house.put("edge", GAUGE.name, 6.0, at=house.rig.now + 300)
    house.put("edge", GAUGE.name, math.nan)
    page = house.inspector.samples(GAUGE.name, {})
    assert page is not None
    assert [(row.value, row.source, row.refused) for row in page.samples] == [
        (None, "edge", "not_finite"),
        (6.0, "edge", "future"),
        (6.0, "backup", "late"),
        (2000.0, "edge", "out_of_range"),
        (5.0, "edge", ""),
    ]
    assert page.samples[-1].received == START
    assert (page.series.value, page.reach, page.recorded) == (5.0, None, False)
    assert [(row.samples, row.mean) for row in page.buckets] == [(1, 5.0)]


def test_what_is_said_to_be_refused_is_what_the_store_counted() -> None:
    """The reasons shown are those of the store's own counters."""
    house = House(rule(window=10.0))
    door = house.intake.door("edge", 10.0)
    for value, ago in ((1.0, 0.0), (1.0, 59.0), (1.0, 61.0), (-1.0, 0.0), (1.0, -4.0), (1.0, -6.0)):
        house.put("edge", GAUGE.name, value, at=house.rig.now - ago)
    page = house.inspector.samples(GAUGE.name, {})
    assert page is not None
    told = [row.refused for row in page.samples if row.refused]
    assert sorted(told) == sorted(door.refused.elements())


def test_a_series_that_nobody_named_is_none() -> None:
    """Neither an unknown metric nor other labels are answered with another's samples."""
    house = House(rule())
    house.put("edge", GAUGE.name, 5.0, queue="sales")
    assert house.inspector.samples(GAUGE.name, {}) is None
    assert house.inspector.samples("golive_nothing", {"queue": "sales"}) is None


def test_a_metric_is_explained_with_its_unit_sources_limits_and_why_it_matters() -> None:
    """What `??` shows comes whole: definition, unit, who feeds it, each rule in a sentence, what stands on it."""
    house = House(rule())
    house.put("edge", GAUGE.name, 5.0)
    told = {row.name: row for row in house.inspector.metrics().metrics}
    row = told[GAUGE.name]
    assert (row.help, row.unit, row.sources, row.series) == ("X.", "seconds", ("edge",), 1)
    assert "a breach is NO-GO for Slowness; it may call for voice-back" in row.matters
    assert len(row.limits) == 1
    assert told[BAD.name].matters.endswith("no rule judges it here, so it moves no gate")


@pytest.mark.parametrize("limit", [0, 1, 3])
def test_no_more_samples_come_than_were_asked_for(limit) -> None:
    """A bound is a bound."""
    house = House(rule())
    for value in range(5):
        house.rig.now += 1
        house.put("edge", GAUGE.name, float(value))
    page = house.inspector.samples(GAUGE.name, {}, limit)
    assert page is not None
    assert [row.value for row in page.samples] == [4.0, 3.0, 2.0, 1.0, 0.0][:limit]
