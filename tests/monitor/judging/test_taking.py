"""Other rules while samples come in: what did not change goes on to the number, what changed begins afresh."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.expressions import parse
from monitor.judging.rings import HistogramRing, Ring
from monitor.judging.rules import Rule
from monitor.model import Truth
from tests.monitor.judging.rig import Rig, rule

KEPT = (
    rule(name="kept", by=("queue",), window=5.0),
    rule(name="slow", by=("queue",), estimator="p90", window=60.0, hold=3.0, clear_hold=4.0),
    rule(name="mean", by=("queue",), estimator="mean", window=20.0, bucket=5.0, m_of_n=(2, 3), clear=None),
)
OTHER = rule(name="other", by=("queue",), window=5.0)
CHANGED = st.sampled_from(
    [
        (),
        (rule(name="other", by=("queue",), window=5.0, breach=40.0),),
        (rule(name="other", by=("queue",), window=90.0, estimator="p90", warn=None, breach=33.3, clear=31.1),),
        (rule(name="other", by=("queue",), window=60.0, estimator="p90", warn=27.5, breach=33.3, clear=11.1),),
        (
            rule(name="other", window=600.0, estimator="max"),
            rule(name="more", by=("queue",), estimator="min", window=7.0),
        ),
    ]
)
SAMPLES = st.lists(
    st.one_of(st.none(), st.floats(0.0, 60.0), st.sampled_from([19.999, 20.0, 25.0, 30.0, 33.3])),
    min_size=10,
    max_size=90,
)


def columns(rig: Rig, name: str) -> tuple[object, ...]:
    """Everything that a rule's judge knows of its groups."""
    judge = rig.engine.judges[name]
    states = judge.states
    arrays = (judge.standings, judge.flags, states.phase, states.since, states.timer, judge.samples, judge.measured)
    return (judge.names, *(array.tolist() for array in arrays))


@settings(max_examples=60, deadline=None)
@given(values=SAMPLES, cut=st.integers(0, 60), changed=CHANGED)
def test_rules_that_did_not_change_are_judged_as_if_nothing_had_been_reloaded(
    values: list[float | None], cut: int, changed: tuple[Rule, ...]
) -> None:
    """Phase, since, timers, windows and evidence of an unchanged rule are those of an engine that never reloaded, at each
    tick, whatever the changed rules need of the same memory: longer windows, other columns, other edges of bins."""
    one, other = Rig(*KEPT, OTHER), Rig(*KEPT, OTHER)
    for number, value in enumerate(values):
        if number == cut:
            touched = other.engine.take((*KEPT, *changed), other.now)
            assert touched == frozenset({"other", *(one.name for one in changed)})
        for rig in (one, other):
            rig.tick(value, queue="a" if number % 3 else "b")
        for kept in KEPT:
            assert columns(other, kept.name) == columns(one, kept.name)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.floats(0.0, 60.0), min_size=20, max_size=60), cut=st.integers(1, 18))
def test_a_changed_rule_warms_up_and_is_then_judged_as_one_that_was_always_there(values: list[float], cut: int) -> None:
    """Nothing from before its change counts for it; once a whole window is over it says what it would have said anyway."""
    changed = rule(name="other", by=("queue",), estimator="p90", window=6.0, warn=None, breach=33.3, clear=None)
    one, other = Rig(changed), Rig(OTHER)
    for number, value in enumerate(values):
        if number == cut:
            other.engine.take((changed,), other.now)
            assert other.engine.truth("other") is Truth.UNKNOWN
        for rig in (one, other):
            rig.tick(value, queue="a")
        if cut <= number < cut + 4:
            assert other.standing() == "insufficient"
        if number > cut + 10:
            assert other.standing() == one.standing()


def test_another_wording_is_the_same_rule() -> None:
    """A title that changed is shown at once, and the rule goes on as it stands."""
    rig = Rig(OTHER)
    rig.tick(40, 40, 40, 40, 40, 40, queue="a")
    assert rig.standing() == "breach"
    since = rig.judge.states.since[0]
    assert rig.engine.take((msgspec.structs.replace(OTHER, title="Waiting"),), rig.now) == frozenset()
    rig.tick(40, queue="a")
    assert (rig.standing(), rig.judge.states.since[0], rig.judge.rule.title) == ("breach", since, "Waiting")


def test_a_changed_rule_out_of_sight_asks_nobody() -> None:
    """A rule that warms up again was in sight before: no trigger may take that for a source that died and ask people."""
    rig = Rig(OTHER)
    rig.tick(*([10.0] * 8), queue="a")
    expression = parse("other")
    assert rig.engine.atlas.calls(expression, (), lambda _: None).lost == ()
    rig.engine.take((rule(name="other", by=("queue",), window=5.0, breach=40.0),), rig.now)
    calls = rig.engine.atlas.calls(expression, (), lambda _: None)
    assert (calls.true, calls.lost) == ((), ())


def test_a_rule_that_cannot_be_judged_changes_nothing() -> None:
    """When one of the new rules raises, the old ones go on, all of them."""
    rig = Rig(*KEPT, OTHER)
    rig.tick(40, 40, queue="a")
    before = {name: columns(rig, name) for name in rig.engine.judges}
    with pytest.raises(ValueError, match="longer than"):
        rig.engine.take((KEPT[0], rule(name="other", window=90_000.0)), rig.now)
    assert {name: columns(rig, name) for name in rig.engine.judges} == before


@settings(max_examples=100, deadline=None)
@given(
    times=st.lists(st.floats(0.1, 200.0), min_size=1, max_size=60),
    count=st.integers(2, 70),
    more=st.integers(0, 90),
    columns=st.sets(st.sampled_from(["sum", "min", "max", "last"])),
)
def test_a_wider_ring_holds_what_the_narrow_one_held(
    times: list[float], count: int, more: int, columns: set[str]
) -> None:
    """Each bucket that is still there has its counts, sums and newest values, and further samples land as before."""
    narrow = Ring(1.0, count, 2, frozenset({"sum", "last"}))
    half = len(times) // 2 + 1
    for at in sorted(times)[:half]:
        narrow.add(np.array([1]), np.array([at]), np.array([at]))
    wide = narrow.widened(count + more, frozenset(columns))
    for at in sorted(times)[half:]:
        for ring in (narrow, wide):
            ring.add(np.array([1]), np.array([at]), np.array([at]))
    assert wide.head == narrow.head
    slots = [(n % narrow.count, n % wide.count) for n in range(max(narrow.head - count + 1, 0), narrow.head + 1)]
    for old, new in slots:
        assert wide.filled[new].tolist() == narrow.filled[old].tolist()
        assert wide.total[new].tolist() == narrow.total[old].tolist()
        assert wide.last_at[new].tolist() == narrow.last_at[old].tolist()


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=60),
    limits=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=4),
)
def test_new_edges_move_nothing_past_an_old_one(values: list[float], limits: list[float]) -> None:
    """The count of samples on either side of each old edge stays exact when bins are cut for another limit."""
    edges = np.array([1.0, 2.5, 5.0])
    ring = HistogramRing(10.0, 3, 1, edges)
    ring.add(np.zeros(len(values), np.int64), np.array(values), np.linspace(1.0, 25.0, len(values)))
    fine = ring.refined(tuple(limits))
    assert set(limits) <= set(fine.edges.tolist())
    for edge in edges.tolist():
        below = int(fine.live[0, : int(np.searchsorted(fine.edges, edge)) + 1].sum())
        assert below == sum(value < edge for value in values)
    assert fine.slots.sum() == fine.live.sum() == len(values)
