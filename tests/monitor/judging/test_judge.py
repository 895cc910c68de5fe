"""The judgement of one rule over time: limits, holds, gaps, warm-up, and the four kinds of nothing."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.engine import Engine
from monitor.judging.judged import Transition
from monitor.judging.rules import Missing, Rule
from monitor.judging.store import Store
from monitor.judging.table import BLANK_ERROR, BLANK_NULL
from monitor.model import Flag, Kind, Metric, Standing, Truth

START = 1_795_294_500.0
METRIC = Metric(name="golive_x_seconds", kind=Kind.GAUGE, unit="seconds", help="X.", high=1000.0)
MISSING = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")


def rule(**changes: object) -> Rule:
    """A rule that breaches at 30 and clears below 20."""
    fields: dict[str, object] = {
        "name": "x",
        "metric": METRIC.name,
        "estimator": "last",
        "window": 1.0,
        "operator": ">=",
        "warn": 25.0,
        "breach": 30.0,
        "clear": 20.0,
        "missing": MISSING,
    }
    return Rule(**{**fields, **changes})  # type: ignore[arg-type]


class Rig:
    """An engine with one rule, fed by hand and judged once a second."""

    def __init__(self, *rules: Rule, stale_after: float = 10.0) -> None:
        self.store = Store({METRIC.name: METRIC})
        self.engine = Engine(rules, [], self.store, patience=10.0)
        self.now = START
        self.stale_after = stale_after
        self.engine.arm("only", START)
        self.changes: list[Transition] = []

    def put(self, value: float, *, at: float | None = None, **labels: str) -> None:
        """One sample, received now."""
        handle, _ = self.store.bind(METRIC.name, tuple(sorted(labels.items())), self.stale_after, 0)
        when = self.now if at is None else at
        self.store.ingest(np.array([handle]), np.array([value]), np.array([when]), np.array([self.now]), Counter())

    def tick(self, *values: float | None) -> list[str]:
        """One tick a second for each value (None is silence); returns the standings."""
        seen = []
        for value in values:
            self.now += 1.0
            if value is not None:
                self.put(value)
            for _ in self.engine.judge(self.now):
                pass
            self.changes += self.engine.transitions
            seen.append(self.standing())
        return seen

    def standing(self, index: int = 0) -> str:
        """The first rule's standing in a group."""
        judge = next(iter(self.engine.judges.values()))
        return judge.standing(index).word

    def flags(self) -> Flag:
        """The first rule's flags."""
        return Flag(int(next(iter(self.engine.judges.values())).flags[0]))


@pytest.mark.parametrize(
    ("operator", "value", "bad"),
    [
        (">", 30.0, False),
        (">", 30.001, True),
        (">=", 30.0, True),
        (">=", 29.999, False),
        ("<", 30.0, False),
        ("<", 29.999, True),
        ("<=", 30.0, True),
        ("<=", 30.001, False),
    ],
)
def test_the_limit_itself_falls_on_the_side_the_operator_says(operator: str, value: float, bad: bool) -> None:
    """`>` and `>=` differ at the limit and nowhere else."""
    rig = Rig(rule(operator=operator, warn=None, clear=None))
    assert rig.tick(value, value)[-1] == ("breach" if bad else "ok")


@pytest.mark.parametrize(
    ("operator", "clear", "value", "over"),
    [
        (">=", 20.0, 20.0, False),
        (">=", 20.0, 19.9, True),
        (">", 20.0, 20.0, True),
        (">", 20.0, 20.1, False),
        ("<", 40.0, 40.0, True),
        ("<", 40.0, 39.9, False),
        ("<=", 40.0, 40.0, False),
        ("<=", 40.0, 40.1, True),
    ],
)
def test_a_breach_ends_on_the_other_side_of_clear(operator: str, clear: float, value: float, over: bool) -> None:
    """The clear limit is left as the breach limit was met: by the opposite operator."""
    rig = Rig(rule(operator=operator, clear=clear, warn=None))
    worst = 99.0 if operator in (">", ">=") else 1.0
    assert rig.tick(worst, worst, value)[-1] == ("ok" if over else "breach")


def test_hold_zero_breaches_on_the_first_bad_window() -> None:
    """A fast alarm does not wait for a second look."""
    rig = Rig(rule())
    assert rig.tick(10, 31) == ["ok", "breach"]


def test_a_hold_must_be_served_without_a_good_window_between() -> None:
    """Three bad seconds of a five second hold, one good, and the count starts again."""
    rig = Rig(rule(hold=5.0))
    assert rig.tick(10, 31, 31, 31, 31) == ["ok", "warn", "warn", "warn", "warn"]
    assert rig.tick(10) == ["ok"]
    assert rig.tick(31, 31, 31, 31, 31, 31) == ["warn"] * 5 + ["breach"]


def test_a_gap_neither_resets_nor_advances_the_hold() -> None:
    """Silence inside a hold pauses its clock: the breach comes as many measured seconds later."""
    rig = Rig(rule(hold=5.0))
    assert rig.tick(31, 31, 31) == ["warn"] * 3
    rig.tick(None, None, None, None, None)
    assert rig.tick(31, 31) == ["warn"] * 2
    assert rig.tick(31) == ["breach"]


def test_a_breach_ends_only_on_the_clear_side_and_after_its_hold() -> None:
    """Between clear and breach it stays a breach; the clear side must hold too."""
    rig = Rig(rule(clear_hold=2.0))
    assert rig.tick(31, 25, 25) == ["breach"] * 3
    assert rig.tick(19, 19) == ["breach"] * 2
    assert rig.tick(25) == ["breach"]
    assert rig.tick(19, 19, 19) == ["breach", "breach", "ok"]


def test_silence_is_stale_then_unknown_and_never_ok() -> None:
    """At max_age the level is flagged stale, at twice that unknown."""
    rig = Rig(rule(window=30.0, estimator="mean"), stale_after=5.0)
    rig.engine.arm("only", START - 30)
    rig.tick(10)
    assert rig.standing() == "ok"
    rig.tick(*[None] * 6)
    assert rig.flags() & Flag.STALE
    assert rig.standing() == "unknown"
    rig.tick(*[None] * 5)
    assert rig.flags() & Flag.UNKNOWN


def test_a_breach_whose_source_dies_stays_a_breach_but_is_no_longer_true() -> None:
    """A level that is not measured reads unknown in triggers: it can neither start nor clear anything."""
    rig = Rig(rule(), stale_after=3.0)
    rig.tick(31, 31)
    assert rig.engine.truth("x") is Truth.TRUE
    rig.tick(*[None] * 5)
    assert rig.standing() == "breach"
    assert rig.engine.truth("x") is Truth.UNKNOWN


def test_a_rule_nobody_ever_fed_is_insufficient_and_then_unknown() -> None:
    """Nothing starts as GO, and a source never heard at all is found out."""
    rig = Rig(rule())
    assert rig.tick(*[None] * 10)[0] == "insufficient"
    assert rig.tick(None) == ["unknown"]
    assert rig.engine.truth("x") is Truth.UNKNOWN


def test_no_verdict_below_the_minimum_count() -> None:
    """One call with a terrible score is not a bad trunk."""
    rig = Rig(rule(window=5.0, estimator="mean", min_count=3))
    rig.tick(None, None, None, None, None, 500)
    assert rig.flags() & Flag.INSUFFICIENT
    assert rig.standing() == "insufficient"
    assert rig.tick(500, 500)[-1] == "breach"


def test_nothing_is_judged_before_one_whole_window_after_a_stage_change() -> None:
    """Samples from before the switch never judge what comes after it."""
    rig = Rig(rule(window=3.0, estimator="mean"))
    assert rig.tick(31, 31, 31)[-1] == "breach"
    rig.engine.arm("next", rig.now)
    assert rig.tick(10, 10) == ["insufficient"] * 2
    assert rig.tick(10) == ["ok"]


@pytest.mark.parametrize("estimator", ["last", "mean", "max", "p95"])
@pytest.mark.parametrize("phase", [0.0, 0.3, 0.99])
def test_no_sample_from_before_a_switch_judges_what_comes_after(estimator: str, phase: float) -> None:
    """Whenever the switch comes, a terrible second before it is in no window that is judged after it."""
    rig = Rig(rule(window=3.0, estimator=estimator))
    rig.now += phase
    rig.tick(40, 40, 40, 40, 40)
    rig.engine.arm("next", rig.now)
    assert set(rig.tick(*[10.0] * 12)) == {"insufficient", "ok"}


def test_a_rule_rests_in_a_stage_where_it_is_not_active() -> None:
    """A rule of another stage judges nothing, and nobody may conclude anything from it: not that it is good either."""
    rig = Rig(rule(active_in=("later",)))
    rig.engine.arm("only", rig.now)
    rig.tick(31, 31)
    assert rig.engine.truth("x") is Truth.UNKNOWN
    assert rig.changes == []


@pytest.mark.parametrize(
    ("kind", "policy", "flag"),
    [
        (BLANK_NULL, "insufficient", Flag.INSUFFICIENT),
        (BLANK_NULL, "unknown", Flag.UNKNOWN),
        (BLANK_NULL, "hold", Flag.NONE),
        (BLANK_ERROR, "hold", Flag.UNKNOWN),
    ],
)
def test_null_and_error_follow_the_rules_policy_and_never_clear(kind: int, policy: str, flag: Flag) -> None:
    """An answer without a number is not a good number: a breach stays, and no longer counts as measured."""
    rig = Rig(rule(missing=Missing(no_data="hold", null=policy, error="unknown", stale="unknown")))  # type: ignore[arg-type]
    rig.tick(31)
    rig.now += 1
    rig.store.blank(0, kind, rig.now)
    rig.tick(None)
    assert rig.flags() & flag == flag
    assert rig.standing() == "breach"
    assert rig.engine.truth("x") is Truth.UNKNOWN


def test_two_of_three_closed_buckets_make_a_breach() -> None:
    """M of N counts disjoint closed buckets, so one bad bucket is not enough."""
    rig = Rig(rule(window=6.0, bucket=2.0, m_of_n=(2, 3), estimator="mean", warn=None))
    seen = rig.tick(10, 10, 31, 31, 10, 10, 10, 10)
    assert "breach" not in seen
    assert "breach" in rig.tick(31, 31, 31, 31, 31)


def test_each_group_of_labels_is_judged_on_its_own() -> None:
    """One bad queue does not hide behind a good one, and a new queue starts by itself."""
    rig = Rig(rule(by=("queue",), window=2.0))
    rig.put(10, queue="a")
    rig.tick(None)
    for _ in range(2):
        rig.put(10, queue="a")
        rig.put(40, queue="b")
        rig.tick(None)
    judge = rig.engine.judges["x"]
    assert {name[0][1]: judge.standing(i).word for i, name in enumerate(judge.names)} == {"a": "ok", "b": "breach"}
    assert rig.engine.worst("x")[0] is Standing.BREACH


def test_a_process_that_slept_does_not_serve_a_hold_in_its_sleep() -> None:
    """After five minutes asleep a hold has moved by one tick at most."""
    rig = Rig(rule(hold=60.0))
    rig.tick(31, 31)
    rig.now += 300.0
    assert rig.tick(31) == ["warn"]


def test_a_rule_that_raises_reads_unknown_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """One broken rule is named, the next one judges."""
    rig = Rig(rule(name="broken"), rule(name="sound"))
    monkeypatch.setattr(rig.engine.judges["broken"], "judge", lambda *_: 1 / 0)
    rig.tick(31, 31)
    assert "ZeroDivisionError" in rig.engine.broken["broken"]
    assert rig.engine.truth("broken") is Truth.UNKNOWN
    assert rig.engine.truth("sound") is Truth.TRUE


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 60, width=32)), min_size=1, max_size=40), st.integers(1, 8))
def test_never_a_breach_without_an_unbroken_hold_of_measured_badness(values: list[float | None], hold: int) -> None:
    """For every series of values and gaps: a breach is preceded by `hold` measured bad seconds with no good one between."""
    rig = Rig(rule(hold=float(hold), clear_hold=1000.0, warn=None))
    bad_run = 0
    for value in values:
        before = rig.standing()
        after = rig.tick(value)[0]
        if value is not None:
            bad_run = bad_run + 1 if value >= 30 else 0
        if after == "breach" and before != "breach":
            assert bad_run > hold


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 60, width=32)), min_size=1, max_size=30))
def test_the_same_input_twice_is_the_same_story(values: list[float | None]) -> None:
    """Judgement has no clock and no chance of its own."""
    first, second = Rig(rule(hold=2.0)), Rig(rule(hold=2.0))
    first.tick(*values)
    second.tick(*values)
    assert repr(first.changes) == repr(second.changes)


def test_nothing_is_ok_before_it_was_measured() -> None:
    """A group whose last sample came before the switch is insufficient until its first sample after it, however fresh its source."""
    rig = Rig(rule(window=5.0, estimator="mean"), stale_after=30.0)
    rig.tick(40)
    rig.engine.arm("next", rig.now)
    assert set(rig.tick(*[None] * 25)) == {"insufficient"}
    assert rig.tick(10)[-1] == "ok"


def test_no_bucket_from_before_a_switch_counts_in_m_of_n() -> None:
    """The bucket in which the stage changed began before it: it is no vote on what came after."""
    rig = Rig(rule(window=50.0, bucket=10.0, m_of_n=(2, 5), estimator="mean", warn=None, clear=None))
    rig.tick(*[40.0] * 5)
    rig.engine.arm("next", rig.now)
    seen = rig.tick(*[40.0] * 15, *[10.0] * 60)
    assert "breach" not in seen
