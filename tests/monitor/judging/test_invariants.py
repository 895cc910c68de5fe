"""What holds whatever comes in: bad values, wrong clocks, resets, flapping, thin data, dead sources, broken rules."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.judged import Transition
from monitor.model import Flag, Standing, Truth
from tests.monitor.judging.rig import ALL, BAD, GAUGE, START, Rig, rule, share_rule

value = st.one_of(st.none(), st.floats(0, 60, width=32))
story = st.lists(value, min_size=1, max_size=40)


def told(changes: list[Transition]) -> bytes:
    """Transitions as bytes, every field of them."""
    return repr(changes).encode()


def play(points: list[float | None], *, twice: bool = False, **changes: object) -> list[Transition]:
    """A story under one rule; twice: each tick judged again at the same instant."""
    rig = Rig(rule(**{"estimator": "mean", "window": 4.0, "hold": 2.0, "clear_hold": 2.0, **changes}))
    for point in points:
        rig.tick(point)
        if twice:
            rig.look()
    return rig.changes


@settings(max_examples=100, deadline=None)
@given(story, st.sampled_from(["mean", "max", "last", "p50", "p95"]), st.booleans())
def test_judging_twice_changes_nothing(points: list[float | None], estimator: str, many: bool) -> None:
    """The same instant judged again, or the whole story played again, gives the same transitions byte for byte."""
    of: dict[str, Any] = {"m_of_n": (2, 3), "bucket": 1.0} if many else {}
    once = play(points, estimator=estimator, **of)
    assert told(play(points, estimator=estimator, **of)) == told(once)
    assert told(play(points, estimator=estimator, twice=True, **of)) == told(once)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 60, width=32)), max_size=4), min_size=1, max_size=12
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_samples_inside_a_tick_does_not_matter(ticks: list[list[tuple[str, float]]], rng: object) -> None:
    """The same samples of a tick in another order lead to the same transitions byte for byte."""
    seen = []
    for shuffle in (False, True):
        rig = Rig(rule(by=("queue",), estimator="max", window=3.0, m_of_n=(1, 2), bucket=1.0))
        for queue in "abc":
            rig.handle(queue=queue)
        for samples in ticks:
            rig.now += 1
            order = list(enumerate(samples))
            if shuffle:
                rng.shuffle(order)  # type: ignore[attr-defined]
            for place, (queue, number) in order:
                rig.put(number, at=rig.now - place / 10, queue=queue)
            rig.look()
        seen.append(told(rig.changes))
    assert seen[0] == seen[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 60, width=32), min_size=8, max_size=30), st.data())
def test_late_samples_inside_the_delay_count_as_if_in_time(numbers: list[float], data: st.DataObject) -> None:
    """A source with a delay of 5 s that delivers up to 5 s late, in any order, is judged as one that is in time."""
    late = [data.draw(st.integers(0, 4)) for _ in numbers]
    seen = []
    for delays in (late, [0] * len(numbers)):
        rig = Rig(rule(estimator="mean", window=3.0), delays={0: 5.0}, stale_after=30.0)
        for second in range(len(numbers) + 6):
            rig.now += 1
            for taken, number in enumerate(numbers):
                if taken + delays[taken] == second:
                    rig.put(number, at=START + 1 + taken)
            rig.look()
        seen.append([(t.at, t.before, t.after, t.samples, round(t.value, 9)) for t in rig.changes if t.samples])
    assert [t for t in seen[0] if t[2] is Standing.BREACH] == [t for t in seen[1] if t[2] is Standing.BREACH]


def test_a_source_that_is_late_by_design_is_judged_that_much_later() -> None:
    """With a delay of 5 s the window ends 5 s before now: what is bad now is a breach in 5 s, on all its samples."""
    rig = Rig(rule(estimator="mean", window=2.0), delays={0: 5.0}, stale_after=30.0)
    seen = rig.tick(*[10.0] * 10, *[40.0] * 10)
    assert seen[9] == "ok"
    assert (seen.index("warn"), seen.index("breach")) == (15, 16)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, -1.0, 1e308, 9.0e3])
def test_v1_v2_what_cannot_be_a_number_neither_meets_nor_clears(wrong: float) -> None:
    """NaN, infinities, negatives and the impossible are counted and change no level."""
    for number, standing in ((10.0, "ok"), (40.0, "breach")):
        rig = Rig(rule(), stale_after=100.0)
        rig.tick(number, number, wrong)
        assert rig.standing() == standing
        assert rig.refused.total() == 1


@pytest.mark.parametrize("step", [3600.0, -3600.0, 86_400.0, -86_400.0])
def test_v5_a_clock_that_jumps_turns_nothing_fresh_and_serves_no_hold(step: float) -> None:
    """After a jump of the wall clock there is no fresh number until one arrives; then all goes on within a window."""
    rig = Rig(rule(hold=30.0), stale_after=5.0)
    rig.tick(10.0, *[40.0] * 5)
    rig.now += step
    rig.look()
    assert rig.standing() != "breach"
    assert rig.engine.truth("x") is Truth.UNKNOWN
    assert rig.tick(*[40.0] * 20)[-1] == "warn"
    assert "breach" in rig.tick(*[40.0] * 10)


def test_v6_a_process_that_was_stopped_finds_everything_stale() -> None:
    """Five minutes later nothing is fresh, nothing is true, no timer went off."""
    rig = Rig(rule(hold=60.0, clear_hold=60.0), stale_after=5.0)
    rig.tick(10.0, 40.0, 40.0)
    rig.now += 300
    rig.look()
    assert int(rig.judge.flags[0]) & Flag.STALE
    assert rig.judge.states.timer[0] <= 3.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e6, 1e11), min_size=1, max_size=10))
def test_v7_fresh_means_received_lately(times: list[float]) -> None:
    """Whatever a source writes as its time, nothing is fresh longer than its limit after it was received."""
    rig = Rig(rule(), stale_after=5.0)
    rig.now += 1
    for at in times:
        rig.put(10.0, at=at)
        rig.put(10.0, at=rig.now + min(max(at, -20.0), 20.0))
    rig.now += 5.5
    rig.look()
    assert rig.engine.truth("x") is Truth.UNKNOWN
    assert rig.standing() in ("unknown", "insufficient")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=20))
def test_v8_a_counter_that_starts_again_is_never_negative_nor_huge(numbers: list[int]) -> None:
    """Whatever the counter shows, its increase lies between zero and the sum of what it showed."""
    rig = Rig(rule(metric=ALL.name, estimator="increase", window=30.0, warn=None, breach=1e9, clear=None))
    for number in numbers:
        rig.now += 1
        rig.put(float(number), metric=ALL.name)
        rig.look()
    assert 0 <= rig.judge.value[0] <= sum(numbers)


def test_v9_a_value_that_flaps_on_the_limit_is_told_a_few_times() -> None:
    """Ten minutes of 29.9 and 30.1 once a second: between breach and clear nothing moves at all."""
    rig = Rig(rule(hold=5.0, clear_hold=5.0, warn=None))
    rig.tick(*[30.1, 29.9] * 300)
    assert sum(change.after is Standing.BREACH for change in rig.changes) <= 1


def test_a_group_that_keeps_crossing_is_flapping() -> None:
    """Six changes within an hour are told, the seventh marks it, and the mark goes after an hour of quiet."""
    rig = Rig(rule(warn=None, flap_limit=6))
    rig.tick(10.0, *[40.0, 10.0] * 3)
    assert not int(rig.judge.flags[0]) & Flag.FLAPPING
    rig.tick(40.0)
    assert int(rig.judge.flags[0]) & Flag.FLAPPING
    assert [change.flapping for change in rig.changes][-2:] == ["", "begins"]
    rig.tick(10.0)
    assert rig.changes[-1].flapping == "goes on"
    rig.now += 3700
    rig.tick(10.0, 10.0)
    assert not int(rig.judge.flags[0]) & Flag.FLAPPING


@pytest.mark.parametrize(("calls", "standing"), [(19, "insufficient"), (20, "breach"), (21, "breach")])
def test_v10_thin_data_gives_no_verdict_and_says_how_thin(calls: int, standing: str) -> None:
    """One call with a terrible score is no verdict: 19 of 20 say so, 20 and 21 judge."""
    rig = Rig(rule(estimator="mean", window=30.0, min_count=20), stale_after=100.0)
    rig.tick(*[None] * 29)
    for _ in range(calls):
        rig.put(500.0)
    rig.tick(None)
    assert (rig.standing(), rig.why()) == (standing, "" if calls > 19 else "19 of 20 samples")


def test_v11_when_every_source_dies_nothing_is_true() -> None:
    """All groups of all rules are UNKNOWN at twice max_age, BLIND after their limit, and no trigger can be true."""
    rig = Rig(rule(by=("queue",), blind_after=10.0), share_rule(name="y"), stale_after=3.0)
    for second in range(12):
        rig.now += 1
        for queue in "abc":
            rig.put(40.0, queue=queue)
            rig.count(second * 5, second * 10, queue=queue)
        rig.look()
    assert rig.engine.truth("x") is Truth.TRUE
    for _ in range(20):
        rig.now += 1
        rig.look()
    for name in "xy":
        judge = rig.engine.judges[name]
        assert ((judge.flags & Flag.UNKNOWN) != 0).all()
        assert rig.engine.truth(name) is Truth.UNKNOWN
    assert (rig.judge.flags & Flag.BLIND).all()


def test_v13_a_rule_that_raises_is_unknown_says_so_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The change is told like any other, the others go on, and it heals by itself."""
    rig = Rig(rule(), rule(name="y"))
    rig.tick(10.0, 10.0)
    with monkeypatch.context() as broken:
        broken.setattr(rig.judge.reader, "estimate", lambda *_: 1 / 0)
        rig.tick(40.0)
    last = next(change for change in rig.changes[::-1] if change.rule == "x")
    assert (last.after, last.why) == (Standing.UNKNOWN, "rule broken: ZeroDivisionError: division by zero")
    assert rig.engine.worst("x")[0] is Standing.UNKNOWN
    assert rig.engine.truth("y") is Truth.TRUE
    assert rig.tick(40.0) == ["breach"]


def test_a_warm_up_puts_off_the_first_window() -> None:
    """What is heard in the first five seconds of a stage never counts."""
    rig = Rig(rule(estimator="max", window=2.0, warmup=5.0))
    assert set(rig.tick(*[99.0] * 5)) == {"insufficient"}
    assert rig.why() == "first window is whole in 2s"
    assert rig.tick(10.0, 10.0, 10.0)[1:] == ["ok", "ok"]


def test_rules_that_differ_in_limits_only_share_one_estimate() -> None:
    """The second rule's numbers are the very arrays of the first."""
    rig = Rig(rule(estimator="mean"), rule(name="y", estimator="mean", breach=50.0))
    rig.tick(10.0)
    assert rig.engine.judges["x"].value is rig.engine.judges["y"].value


def test_a_scope_asks_only_its_groups() -> None:
    """One queue's breach is not another's."""
    rig = Rig(rule(by=("queue",)))
    rig.now += 1
    rig.put(40.0, queue="a")
    rig.put(10.0, queue="b")
    rig.look()
    truths = [rig.engine.truth("x", scope) for scope in (None, (("queue", "a"),), (("queue", "b"),), (("queue", "c"),))]
    assert truths == [Truth.TRUE, Truth.TRUE, Truth.FALSE, Truth.UNKNOWN]


def test_a_transition_says_everything() -> None:
    """Value, limit, samples, age, window, and since when it was what it was before."""
    rig = Rig(rule(estimator="mean", window=2.0))
    rig.tick(10.0, 10.0, 45.0, 45.0)
    last = rig.changes[-1]
    assert (last.rule, last.before, last.after, last.at) == ("x", Standing.WARN, Standing.BREACH, START + 4)
    assert (last.value, last.limit, last.samples, last.age, last.window) == (45.0, 30.0, 2, 0.0, 2.0)
    assert (last.since, last.unit, last.why) == (START + 3, GAUGE.unit, "")
    assert BAD.unit == "count"
