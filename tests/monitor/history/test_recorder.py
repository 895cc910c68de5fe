"""What becomes of a quarter hour: the rule's own figure of legacy, or no slot at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.history.figures import figures
from monitor.history.recorder import WHOLE
from monitor.judging.baseline import SLOT, Baseline
from monitor.judging.rules import Exclusion, Part, Signal
from tests.monitor.history.world import BEGIN, Pbx, wait
from tests.monitor.judging.rig import ALL, BAD, CLOSED, GAUGE, SHARE, rule

EVERY = dict.fromkeys(range(5, 901, 5), 10.0)


def test_a_slot_holds_the_rules_figure_of_legacy_over_the_quarter_hour() -> None:
    """The mean of what legacy said in (20:00, 20:15], with how many samples it is made of."""
    pbx = Pbx(wait())
    slots = pbx.hour({second: 10.0 if second <= 450 else 20.0 for second in EVERY})
    assert [(s.rule, s.scope, s.start, s.value, s.samples) for s in slots] == [
        ("x", (("queue", "sales"),), BEGIN, 15.0, 180)
    ]
    assert slots[0].figure == 'mean of golive_x_seconds{platform="legacy"}'


@pytest.mark.parametrize(
    ("estimator", "value"), [("mean", 4.5), ("last", 9.0), ("p50", pytest.approx(4.5, abs=1)), ("max", 9.0)]
)
def test_the_estimator_is_the_rules_own(estimator: str, value: object) -> None:
    """Whatever the rule makes of a window is what a slot holds of a quarter hour."""
    pbx = Pbx(wait(estimator=estimator))
    ten = iter(range(100_000))
    assert [slot.value for slot in pbx.hour({second: float(next(ten) % 10) for second in EVERY})] == [value]


def test_what_the_target_does_is_never_recorded() -> None:
    """A rule on the target is held against legacy: calls on the new platform are no measure for themselves."""
    pbx = Pbx(wait())
    for second in range(0, 940, 10):
        pbx.put(BEGIN + second, 99.0, platform="target")
        pbx.look(BEGIN + second)
    assert pbx.slots == []


def test_a_rule_that_names_no_platform_is_held_against_its_own_past() -> None:
    """What both platforms did together is compared with what both did together."""
    pbx = Pbx(wait(match={}, by=()))
    for second in range(0, 940, 10):
        pbx.put(BEGIN + second, 10.0, platform="legacy")
        pbx.put(BEGIN + second, 30.0, platform="target")
        pbx.look(BEGIN + second)
    assert [(slot.scope, slot.value) for slot in pbx.slots] == [((), 20.0)]


def test_a_thin_slot_is_not_written() -> None:
    """One sample fewer than min_count is no slot; exactly min_count is one."""
    for least, slots in ((180, 1), (181, 0)):
        assert len(Pbx(wait(min_count=least)).hour(EVERY)) == slots
        baseline = Baseline(source="history", min_count=least)
        assert len(Pbx(wait(min_count=1, baseline=baseline)).hour(EVERY)) == slots


def test_a_slot_with_a_hole_is_not_written() -> None:
    """Legacy was silent for four minutes of fifteen: what is left is no quarter hour."""
    assert Pbx(wait()).hour({s: v for s, v in EVERY.items() if not 300 < s <= 540}) == []
    assert len(Pbx(wait()).hour({s: v for s, v in EVERY.items() if not 300 < s <= 360})) == 1


def test_a_slot_that_ends_in_silence_is_not_written() -> None:
    """Legacy fell silent just before the end and stays so: it is stale, and so is its slot."""
    assert Pbx(wait()).hour({s: v for s, v in EVERY.items() if s <= 880}) == []


def test_a_quarter_hour_in_which_golive_was_not_running_is_not_written() -> None:
    """Started five minutes into it, golive has not seen a quarter hour; the next one it has."""
    pbx = Pbx(wait())
    for second in range(300, 1840, 10):
        pbx.put(BEGIN + second, 10.0)
        pbx.look(BEGIN + second)
    assert [slot.start for slot in pbx.slots] == [BEGIN + 900]


def test_a_process_that_slept_writes_no_slot_for_its_sleep() -> None:
    """A laptop that was shut for an hour knows nothing of it."""
    pbx = Pbx(wait())
    for second in (*range(0, 400, 10), *range(4000, 5440, 10)):
        pbx.put(BEGIN + second, 10.0)
        pbx.look(BEGIN + second)
    assert [slot.start for slot in pbx.slots] == [BEGIN + 4500]


def test_a_slot_that_cannot_be_closed_in_time_is_none() -> None:
    """Asleep from its last minutes until two quarter hours later: what the end was like nobody knows."""
    pbx = Pbx(wait())
    for second in (*range(0, 870, 10), *range(2400, 2600, 10)):
        pbx.put(BEGIN + second, 10.0)
        pbx.look(BEGIN + second)
    assert pbx.slots == []


def test_a_clock_that_was_set_back_counts_nothing_twice() -> None:
    """The quarter hour in which the clock jumped back has no slot; what follows has."""
    pbx = Pbx(wait())
    for second in (*range(0, 800, 10), *range(500, 900, 10)):
        pbx.put(BEGIN + second, 10.0)
        pbx.look(BEGIN + second)
    pbx.look(BEGIN + 935)
    assert pbx.slots == []


def test_answers_without_a_number_make_no_slot() -> None:
    """Legacy answered null for most of the quarter hour: not measured, and never a zero."""
    pbx = Pbx(wait())
    for second in range(0, 940, 10):
        if second < 200:
            pbx.put(BEGIN + second, 10.0)
        else:
            handle = pbx.store.bind(GAUGE.name, (("platform", "legacy"), ("queue", "sales")), 900.0, 0)[0]
            pbx.store.blank(handle, 2, BEGIN + second)
        pbx.look(BEGIN + second)
    assert pbx.slots == []


def test_a_measured_zero_is_a_number() -> None:
    """Nobody abandoned: that is what legacy was."""
    assert [slot.value for slot in Pbx(wait()).hour(dict.fromkeys(EVERY, 0.0))] == [0.0]


@pytest.mark.parametrize(("match", "platform"), [({}, ""), ({"platform": "target"}, "legacy")])
def test_a_closed_queue_is_not_recorded(match: dict[str, str], platform: str) -> None:
    """While its condition says that it is closed a group makes no slots: legacy's own condition, or the one of both."""
    closed = Exclusion(metric=CLOSED.name, match=match)
    signal = Signal(name="open", metric=GAUGE.name, by=("queue",), exclude_when=closed)
    pbx = Pbx(wait(metric="", signal="open", by=()), signals=(signal,))
    for second in range(0, 940, 10):
        for queue, shut in (("sales", 0.0), ("night", 1.0)):
            pbx.put(BEGIN + second, 10.0, queue=queue)
            pbx.put(BEGIN + second, shut, metric=CLOSED.name, queue=queue, platform=platform)
        pbx.look(BEGIN + second)
    assert [dict(slot.scope)["queue"] for slot in pbx.slots] == ["sales"]


def counted(pbx: Pbx, bad: float, every: float) -> None:
    for second in range(0, 940, 10):
        pbx.put(BEGIN + second, bad * second, metric=BAD.name)
        pbx.put(BEGIN + second, every * second, metric=ALL.name)
        pbx.look(BEGIN + second)


def test_a_share_is_recorded_as_a_share_with_its_denominator() -> None:
    """Wilson's baseline is the share itself, from as many contacts as there were."""
    share = wait(metric="", signal="share", estimator="wilson", window=600.0, min_count=20)
    pbx = Pbx(share)
    counted(pbx, 0.1, 1.0)
    assert [(round(slot.value, 9), slot.samples) for slot in pbx.slots] == [(0.1, 900)]
    legacy = '{platform="legacy"}'
    assert pbx.slots[0].figure == f"ratio of {BAD.name}{legacy} / {ALL.name}{legacy}"


def test_an_increase_is_recorded_whole_and_scaled_to_the_rules_window() -> None:
    """900 contacts in a quarter hour are 300 in five minutes."""
    many = wait(metric=ALL.name, estimator="increase")
    pbx = Pbx(many)
    counted(pbx, 0.0, 1.0)
    assert [slot.value for slot in pbx.slots] == [900.0]
    assert pbx.figures[0].scale == pytest.approx(1 / 3)


def test_sources_that_are_late_by_design_are_waited_for() -> None:
    """Numbers that come two minutes late belong to their own quarter hour."""
    pbx = Pbx(wait(), stale_after=150.0, delays={0: 120.0})
    for second in range(0, 1080, 10):
        own = second - 120
        if own > 0:
            pbx.put(BEGIN + second, 10.0 if own <= 900 else 500.0, at=BEGIN + own)
        pbx.look(BEGIN + second)
    assert [(slot.start, slot.value, slot.samples) for slot in pbx.slots] == [(BEGIN, 10.0, 90)]


def test_the_figure_changes_with_what_is_measured_and_not_with_limits() -> None:
    """A slot recorded under another metric, match or estimator is told from one that may be compared."""
    texts = {
        change: figures([wait(**dict([change]))], [SHARE])[0].text
        for change in (("breach", 1.5), ("breach", 1.6), ("window", 60.0), ("estimator", "p95"))
    }
    site = figures([wait(match={"platform": "target", "site": "porto"})], [])[0].text
    assert texts["breach", 1.5] == texts["breach", 1.6] == texts["window", 60.0]
    assert len({texts["breach", 1.5], texts["estimator", "p95"], site}) == 3
    assert figures([rule()], []) == ()
    ratio = Signal(name="r", kind="ratio", numerator=Part(metric="a"), denominator=Part(metric="b"))
    assert figures([wait(metric="", signal="r", match={}, estimator="ratio")], [ratio])[0].text == "ratio of a / b"


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=90, max_size=90), st.randoms(use_true_random=False))
def test_the_order_of_samples_between_looks_does_not_matter(values: list[int], order: object) -> None:
    """The same samples, shuffled inside each ten seconds, make the same slot bit for bit; so does the same input again."""
    made = []
    for shuffled in (False, True, True):
        pbx = Pbx(wait(estimator="p95"))
        for step in range(95):
            second = step * 10
            batch = [(BEGIN + second + part - 10, float(values[step % 90] + part)) for part in range(1, 11)]
            if shuffled:
                order.shuffle(batch)  # type: ignore[attr-defined] # Hypothesis' random
            for at, value in batch:
                pbx.put(BEGIN + second, min(value, 1000.0), at=at)
            pbx.look(BEGIN + second)
        made.append(pbx.slots)
    assert made[0] == made[1] == made[2]
    assert len(made[0]) == 1


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(1, 89)), st.floats(1, 100))
def test_a_slot_is_whole_or_it_is_not_there(missing: set[int], value: float) -> None:
    """Whatever looks are missing, there is a slot exactly when nine of ten were taken; its value is never anything else."""
    pbx = Pbx(wait(), stale_after=1e9)
    pbx.put(BEGIN - 10, value)
    for step in range(95):
        pbx.put(BEGIN + step * 10, value)
        if step - 3 not in missing:
            pbx.look(BEGIN + step * 10)
    assert len(pbx.slots) == (90 - len(missing) >= WHOLE)
    assert all(math.isclose(slot.value, value) for slot in pbx.slots)


def test_more_groups_than_are_kept_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a bound refused is on record."""
    monkeypatch.setattr("monitor.history.recorder.MOST_GROUPS", 3)
    pbx = Pbx(wait())
    for second in range(0, 940, 10):
        for queue in range(5):
            pbx.put(BEGIN + second, 10.0, queue=f"q{queue}")
        pbx.look(BEGIN + second)
    assert (len(pbx.slots), pbx.recorder.refused) == (3, 2)
    assert np.isfinite([slot.value for slot in pbx.slots]).all()
    assert SLOT == 900
