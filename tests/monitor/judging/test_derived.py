"""Numbers computed from counts: the same on both platforms, as old as their inputs, and never better than what is known."""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.catalogue.inventory import CATALOGUE
from monitor.judging.derived import DerivedFigures
from monitor.judging.derived_config import Balance, Comparison, Counted, Derived, LostCalls, ServiceLevel
from monitor.judging.engine import Engine
from monitor.judging.formulas import Definition
from monitor.judging.rules import Missing, Rule
from monitor.judging.store import Store
from monitor.judging.table import BLANK_ERROR, BLANK_NULL

START = 1_795_294_500.0
STALE = 10.0
OFFERED = "golive_queue_contacts_offered_total"
ANSWERED = "golive_queue_contacts_answered_total"
ABANDONED = "golive_queue_contacts_abandoned_total"
WAITING = "golive_queue_contacts_waiting"
LEVEL = "golive_queue_service_level_ratio"
BALANCE = "golive_queue_balance_error"
LOST = "golive_calls_lost_between_platforms"
LOST_RATIO = "golive_calls_lost_between_platforms_ratio"
DEVIATION = "golive_baseline_deviation_ratio"
CARRIER = Counted(metric="golive_calls_offered_total", match={"platform": "carrier"})
BOTH = LostCalls(
    offered=CARRIER,
    legacy=Counted(metric=OFFERED, match={"platform": "legacy"}),
    target=Counted(metric=OFFERED, match={"platform": "target"}),
    window=20.0,
    min_count=10,
)


class Shown(NamedTuple):
    """A computed series as everything else sees it."""

    value: float | None
    """None while it is blank or was never written."""
    blank: int
    at: float
    owners: int
    stale_after: float


class Line:
    """A queue on one platform, counting its contacts."""

    def __init__(self, platform: str, queue: str = "sales", owner: int = 0) -> None:
        self.labels = {"platform": platform, "queue": queue}
        self.owner = owner
        self.offered = self.answered = self.abandoned = self.short = self.waiting = 0
        self.waits: list[float] = []
        self.lost_after: list[float] = []

    def offer(self, contacts: int) -> None:
        """Contacts enter the queue."""
        self.offered += contacts
        self.waiting += contacts

    def answer(self, *waits: float) -> None:
        """Contacts leave it to an agent, after so many seconds each."""
        self.answered += len(waits)
        self.waiting -= len(waits)
        self.waits += waits

    def lose(self, *waits: float) -> None:
        """Contacts give up; within 5 s it is a short abandon."""
        self.abandoned += sum(wait > 5 for wait in waits)
        self.short += sum(wait <= 5 for wait in waits)
        self.waiting -= len(waits)
        self.lost_after += waits

    def reset(self) -> None:
        """The platform restarts its counters."""
        self.offered = self.answered = self.abandoned = self.short = 0


class Rig:
    """A store, what is computed over it, and lines that speak once a second."""

    def __init__(self, *lines: Line, **config: object) -> None:
        fields: dict[str, object] = {"window": 30.0, "min_count": 1, "balance": Balance(window=30.0), **config}
        self.store = Store(CATALOGUE)
        self.derived = DerivedFigures(Derived(**fields), self.store)  # type: ignore[arg-type]
        self.lines = lines
        self.now = START
        self.refused: Counter[str] = Counter()

    def put(self, metric: str, value: float, owner: int = 0, /, **labels: str) -> None:
        """One sample, received now."""
        handle, _ = self.store.bind(metric, tuple(sorted(labels.items())), STALE, owner)
        self.store.ingest(
            np.array([handle]), np.array([float(value)]), np.array([self.now]), np.array([self.now]), self.refused
        )

    def speak(self, line: Line) -> None:
        """What a line publishes in a second."""
        where, owner = line.labels, line.owner
        self.put(OFFERED, line.offered, owner, **where)
        self.put(ANSWERED, line.answered, owner, **where)
        self.put(ABANDONED, line.abandoned, owner, **where, short="false")
        self.put(ABANDONED, line.short, owner, **where, short="true")
        self.put(WAITING, line.waiting, owner, **where)
        for wait in line.waits:
            self.put("golive_queue_answer_seconds", wait, owner, **where)
        for wait in line.lost_after:
            self.put("golive_queue_abandon_seconds", wait, owner, **where)
        line.waits, line.lost_after = [], []

    def second(self, *silent: Line) -> None:
        """One second: every line that is not silent speaks, then everything is computed."""
        self.now += 1.0
        for line in self.lines:
            if line not in silent:
                self.speak(line)
        self.compute()

    def compute(self) -> None:
        """Compute as of now."""
        for _ in self.derived.compute(self.now):
            pass

    def shown(self, metric: str, /, **labels: str) -> Shown:
        """A computed series."""
        table = self.store.tables[metric]
        row = table.index[tuple(sorted(labels.items()))]
        value, blank = float(table.latest[row]), int(table.blank[row])
        if table.blank_at[row] <= table.latest_at[row]:
            blank = 0
        known = None if blank or math.isnan(value) else value
        return Shown(known, blank, float(table.latest_at[row]), int(table.owners[row]), float(table.stale_after[row]))

    def level(self, platform: str = "target", definition: str = "negative", threshold: str = "20") -> float | None:
        """A service level."""
        labels = {"platform": platform, "queue": "sales", "definition": definition, "threshold_seconds": threshold}
        return self.shown(LEVEL, **labels).value

    def balance(self, platform: str = "target") -> float | None:
        """The balance error of the queue."""
        return self.shown(BALANCE, platform=platform, queue="sales").value


def every(*definitions: Definition) -> tuple[ServiceLevel, ...]:
    """Service levels at 20 s."""
    return tuple(ServiceLevel(definition=definition, threshold=20.0) for definition in definitions)


def traffic(line: Line, second: int) -> None:
    """A deterministic bit of everything: answers in time, late, at the threshold itself; people who give up."""
    line.offer(4)
    line.answer(3.0, 20.0, 25.0 if second % 2 else 12.0)
    line.lose(2.0 if second % 3 else 8.0)


def test_the_same_counts_give_the_same_number_on_both_platforms() -> None:
    """Whatever happened, if it happened on both sides then every definition says one number for both."""
    legacy, target = Line("legacy"), Line("target")
    definitions: tuple[Definition, ...] = ("ignore", "negative", "positive", "answered_only", "wfm")
    rig = Rig(legacy, target, service_levels=every(*definitions), abandonment=True)
    for second in range(40):
        traffic(legacy, second)
        traffic(target, second)
        rig.second()
    for definition in definitions:
        assert rig.level("legacy", definition) == rig.level("target", definition) is not None
    sides = [rig.shown("golive_queue_abandonment_ratio", platform=p, queue="sales").value for p in ("legacy", "target")]
    assert sides[0] == sides[1] is not None


def test_each_definition_counts_as_it_is_written() -> None:
    """4 offered a second: 3 answered of which 2.5 within 20 s (20 s itself is within), 1 lost within 20 s, 2 of 3 short."""
    line = Line("target")
    rig = Rig(line, service_levels=every("ignore", "negative", "positive", "answered_only", "wfm"), abandonment=True)
    for second in range(60):
        traffic(line, second)
        rig.second()
    assert rig.level(definition="negative") == pytest.approx(2.5 / 4)
    assert rig.level(definition="ignore") == pytest.approx(2.5 / 3)
    assert rig.level(definition="positive") == pytest.approx(3.5 / 4)
    assert rig.level(definition="answered_only") == pytest.approx(2.5 / 3)
    assert rig.level(definition="wfm") == pytest.approx(2.5 / (4 - 2 / 3))
    lost = rig.shown("golive_queue_abandonment_ratio", platform="target", queue="sales").value
    assert lost == pytest.approx((1 / 3) / (4 - 2 / 3))


def test_a_queue_with_nothing_offered_is_null_not_perfect() -> None:
    """A quiet queue has no service level; the source did answer, so it is null and no error."""
    rig = Rig(Line("target"))
    for _ in range(40):
        rig.second()
    shown = rig.shown(LEVEL, platform="target", queue="sales", definition="negative", threshold_seconds="20")
    assert (shown.value, shown.blank) == (None, BLANK_NULL)
    assert rig.balance() == 0


def test_a_service_level_of_nobody_answered_is_zero() -> None:
    """A measured zero is a number: all gave up, none was answered, and no wait of an answer was ever heard."""
    line = Line("target")
    rig = Rig(line)
    for _ in range(35):
        line.offer(2)
        line.lose(30.0, 30.0)
        rig.second()
    assert rig.level() == 0


def test_too_few_contacts_are_null() -> None:
    """Below min_count there is no ratio; with enough there is."""
    line = Line("target")
    rig = Rig(line, min_count=20, service_levels=every("wfm"))
    for second in range(30):
        line.offer(1)
        line.answer(1.0)
        rig.second()
        if second == 15:
            assert rig.level(definition="wfm") is None
    assert rig.level(definition="wfm") == 1


def test_what_was_before_the_counting_began_is_not_counted() -> None:
    """A counter that is first heard at one million counts from there."""
    line = Line("target")
    line.offered = line.answered = 1_000_000
    rig = Rig(line)
    for _ in range(35):
        line.offer(2)
        line.answer(1.0, 30.0)
        rig.second()
    assert rig.level() == pytest.approx(0.5)
    assert rig.balance() == 0


def test_a_stale_input_blanks_the_number_and_its_return_brings_it_back() -> None:
    """Silence past max_age is an error to whoever reads the number; the newest value keeps its old time."""
    line = Line("target")
    rig = Rig(line)
    for second in range(35):
        traffic(line, second)
        rig.second()
    before = rig.now
    labels = {"platform": "target", "queue": "sales", "definition": "negative", "threshold_seconds": "20"}
    for _ in range(11):
        rig.second(line)
    shown = rig.shown(LEVEL, **labels)
    assert (shown.value, shown.blank, shown.at) == (None, BLANK_ERROR, before)
    for _ in range(3):
        rig.second()
    assert rig.level() is not None


def test_a_number_is_never_fresher_than_its_oldest_input() -> None:
    """One input three seconds behind puts the number three seconds behind, and the longest max_age goes with it."""
    line = Line("target")
    rig = Rig(line)
    for second in range(35):
        traffic(line, second)
        rig.second()
    for metric in (OFFERED, WAITING):
        rig.now += 1.0
        rig.put(metric, line.offered, platform="target", queue="sales")
    rig.now += 1.0
    rig.compute()
    shown = rig.shown(LEVEL, platform="target", queue="sales", definition="negative", threshold_seconds="20")
    assert shown.at == rig.now - 3.0
    assert shown.stale_after == STALE


def test_a_number_belongs_to_every_collector_that_feeds_it() -> None:
    """Two collectors behind one number are not two witnesses, and both are named."""
    rig = Rig(Line("legacy", owner=1), Line("target", owner=2), lost_calls=BOTH)
    for second in range(30):
        rig.put(CARRIER.metric, 8 * second, 5, platform="carrier")
        for line in rig.lines:
            traffic(line, second)
        rig.second()
    assert rig.shown(BALANCE, platform="legacy", queue="sales").owners == 1 << 1
    assert rig.shown(LOST).owners == (1 << 1) | (1 << 2) | (1 << 5)


def test_a_series_that_a_collector_reports_is_left_to_it() -> None:
    """Two writers of one series would be one lie; the computed number stands back and is counted."""
    line = Line("target")
    rig = Rig(line, abandonment=True)
    rig.put("golive_queue_abandonment_ratio", 0.5, platform="target", queue="sales")
    for second in range(20):
        traffic(line, second)
        rig.second()
    assert rig.shown("golive_queue_abandonment_ratio", platform="target", queue="sales").value == 0.5
    assert rig.derived.refused["claimed"] == 1


def test_waits_that_are_missing_make_no_bad_service() -> None:
    """Answers are counted but their waits have stopped to come: the share in time is not known, and not low."""
    line = Line("target")
    rig = Rig(line)
    for second in range(70):
        line.offer(2)
        line.answer(1.0, 1.0)
        if second > 35:
            line.waits = []
        rig.second()
    assert rig.level() is None


def test_offered_contacts_that_stand_still_make_no_perfect_service() -> None:
    """Many more answers in time than contacts offered: one of the counters is broken, so there is no number."""
    line = Line("target")
    rig = Rig(line)
    for _ in range(40):
        line.answer(1.0, 1.0)
        line.waiting = 0
        rig.second()
        line.offered += 1 if rig.now < START + 20 else 0
    assert rig.level() is None


def test_abandoned_in_time_needs_waits_or_the_same_threshold() -> None:
    """Without waits of those who gave up, short=true only answers the question that it was asked."""
    line = Line("target")
    levels = (ServiceLevel(definition="positive", threshold=20.0), ServiceLevel(definition="positive", threshold=5.0))
    rig = Rig(line, service_levels=levels)
    for _ in range(40):
        line.offer(2)
        line.answer(1.0)
        line.lose(2.0)
        line.lost_after = []
        rig.second()
    assert rig.level(definition="positive") is None
    assert rig.level(definition="positive", threshold="5") == 1


def test_a_counter_reset_loses_no_contacts_and_finds_none() -> None:
    """The platform restarts its counters: service level goes on, and the balance begins anew instead of crying wolf."""
    line = Line("target")
    rig = Rig(line)
    for second in range(60):
        traffic(line, second)
        if second == 30:
            line.reset()
        rig.second()
        if second > 5:
            assert rig.balance() in (0, None), second
        if second > 35:
            assert (rig.level() or 0) > 0.5, second
    assert rig.balance() == 0


def test_a_change_of_stage_counts_afresh() -> None:
    """What was offered before the switch judges nothing after it."""
    line = Line("target")
    rig = Rig(line, min_count=10, service_levels=every("answered_only"))
    for _ in range(40):
        line.offer(2)
        line.answer(60.0, 60.0)
        rig.second()
    assert rig.level(definition="answered_only") == 0
    rig.derived.arm(rig.now)
    seen = []
    for _ in range(12):
        line.offer(2)
        line.answer(1.0, 1.0)
        rig.second()
        seen.append(rig.level(definition="answered_only"))
    assert seen[1] is None
    assert seen[-1] == 1


def test_contacts_that_still_wait_are_not_held_against_a_young_queue() -> None:
    """A platform that has just begun: everybody is answered after 5 s, and at no time does that read as less."""
    line = Line("target")
    rig = Rig(line, service_levels=(ServiceLevel(definition="negative", threshold=6.0),), window=100.0, min_count=5)
    seen = []
    for second in range(150):
        line.offer(3)
        if second >= 5:
            line.answer(5.0, 5.0, 5.0)
        rig.second()
        seen.append(rig.level(threshold="6"))
    assert seen[40] is None
    assert min(level for level in seen if level is not None) > 0.9
    assert seen[-1] == 1


def test_the_balance_finds_contacts_that_vanish_from_a_queue() -> None:
    """Five contacts leave the queue without an answer and without giving up."""
    line = Line("target")
    line.waiting = 10
    rig = Rig(line)
    for second in range(40):
        traffic(line, second)
        if second == 20:
            line.waiting -= 5
        rig.second()
        if second == 19:
            assert rig.balance() == 0
    assert rig.balance() == 5


history = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.booleans()), min_size=5, max_size=60
)


@settings(max_examples=60, deadline=None)
@given(history)
def test_the_balance_is_zero_as_long_as_contacts_are_conserved(steps: list[tuple[int, int, int, bool]]) -> None:
    """Any order of offers, answers and abandons, also with seconds in which the platform does not publish."""
    line = Line("target")
    rig = Rig(line, balance=Balance(window=15.0))
    for offered, answered, lost, silent in steps:
        line.offer(offered)
        line.answer(*[1.0] * min(answered, line.waiting))
        line.lose(*[9.0] * min(lost, line.waiting))
        rig.second(*[line] * silent)
        if rig.store.size > 8:
            assert rig.balance() in (0, None)
    for _ in range(3):
        rig.second()
    assert rig.balance() == 0


def lost_rig(**changes: object) -> tuple[Rig, list[int]]:
    """A carrier that hands five calls a second to each of two platforms."""
    fields = {name: getattr(BOTH, name) for name in BOTH.__struct_fields__} | changes
    rig = Rig(Line("legacy", owner=1), Line("target", owner=2), lost_calls=LostCalls(**fields))
    return rig, [0]


def run(rig: Rig, offered: list[int], seconds: int, swallowed: int = 0) -> None:
    """Seconds in which the target takes all but `swallowed` of its five calls."""
    for _ in range(seconds):
        offered[0] += 10
        for line, taken in zip(rig.lines, (5, 5 - swallowed), strict=True):
            line.offer(taken)
            line.answer(*[1.0] * taken)
        rig.now += 1.0
        rig.put(CARRIER.metric, offered[0], 7, platform="carrier")
        rig.now -= 1.0
        rig.second()


def test_no_call_is_lost_while_both_platforms_take_all() -> None:
    """Offered is accepted, second by second: zero, as a number and as a share."""
    rig, offered = lost_rig()
    run(rig, offered, 30)
    assert rig.shown(LOST).value == 0
    assert rig.shown(LOST_RATIO).value == 0


def test_calls_that_a_platform_swallows_are_found_within_one_window() -> None:
    """Two of ten calls vanish each second: seen at once, and in full after one window."""
    rig, offered = lost_rig()
    run(rig, offered, 30)
    run(rig, offered, 3, swallowed=2)
    assert (rig.shown(LOST).value or 0) >= 4
    run(rig, offered, 18, swallowed=2)
    assert rig.shown(LOST).value == pytest.approx(40)
    assert rig.shown(LOST_RATIO).value == pytest.approx(0.2)
    run(rig, offered, 22)
    assert rig.shown(LOST).value == 0


def test_lost_calls_are_unknown_until_all_three_have_been_heard() -> None:
    """A target that never spoke has not accepted zero calls; nobody knows what it accepted."""
    rig, offered = lost_rig()
    rig.lines = rig.lines[:1]
    for _ in range(30):
        offered[0] += 5
        rig.lines[0].offer(5)
        rig.put(CARRIER.metric, offered[0], 7, platform="carrier")
        rig.second()
    assert rig.shown(LOST).value is None


def test_thin_offers_are_null_and_a_stale_platform_is_an_error() -> None:
    """Three calls say nothing, and calls that a silent platform may have taken are not lost."""
    rig, offered = lost_rig(min_count=1000)
    run(rig, offered, 30)
    assert (rig.shown(LOST).value, rig.shown(LOST).blank) == (None, BLANK_NULL)
    rig, offered = lost_rig()
    run(rig, offered, 30)
    for _ in range(12):
        offered[0] += 5
        rig.put(CARRIER.metric, offered[0], 7, platform="carrier")
        rig.second(rig.lines[1])
    assert (rig.shown(LOST).value, rig.shown(LOST).blank) == (None, BLANK_ERROR)


def test_a_platform_that_is_heard_late_has_lost_nothing_before() -> None:
    """The window begins where the last of the three was first heard."""
    rig, offered = lost_rig()
    both = rig.lines
    rig.lines = both[:1]
    for _ in range(10):
        offered[0] += 10
        both[0].offer(5)
        both[1].offer(5)
        rig.put(CARRIER.metric, offered[0], 7, platform="carrier")
        rig.second()
    rig.lines = both
    run(rig, offered, 15)
    assert rig.shown(LOST).value == 0


def test_a_carrier_that_restarts_its_count_loses_no_call() -> None:
    """A reset is no negative traffic, and what fell between two samples is nobody's loss."""
    rig, offered = lost_rig()
    run(rig, offered, 30)
    offered[0] = 0
    for _ in range(25):
        run(rig, offered, 1)
        assert rig.shown(LOST).value in (0, None)
    assert rig.shown(LOST).value == 0


def test_messages_that_arrive_one_after_the_other_lose_nothing() -> None:
    """The carrier's second is in and the platforms' is not yet: what is compared is what all have told."""
    rig, offered = lost_rig()
    run(rig, offered, 30)
    offered[0] += 10
    rig.now += 1.0
    rig.put(CARRIER.metric, offered[0], 7, platform="carrier")
    rig.compute()
    assert rig.shown(LOST).value == 0


def test_a_rule_over_lost_calls_breaches_and_clears_by_itself() -> None:
    """Computed before it is judged: the rule sees the number of the same tick, and a silent platform makes it unknown."""
    rig, offered = lost_rig()
    policy = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")
    rule = Rule(
        name="lost", metric=LOST, estimator="last", window=10.0, operator=">=", breach=5.0, clear=1.0, missing=policy
    )
    engine = Engine([rule], [], rig.store, patience=10.0)
    engine.arm("only", rig.now)

    def judged() -> str:
        for _ in engine.judge(rig.now):
            pass
        return engine.judges["lost"].standing(0).word

    def seconds(many: int, swallowed: int) -> list[str]:
        seen = []
        for _ in range(many):
            run(rig, offered, 1, swallowed)
            seen.append(judged())
        return seen

    assert seconds(20, 0)[-1] == "ok"
    assert "breach" in seconds(6, 2)
    assert seconds(30, 0)[-1] == "ok"
    for _ in range(25):
        offered[0] += 5
        rig.put(CARRIER.metric, offered[0], 7, platform="carrier")
        rig.second(rig.lines[1])
        last = judged()
    assert last == "unknown"


COMPARED = Comparison(metric="golive_queue_handle_seconds", estimator="mean", window=20.0, min_count=5)


def compare(legacy: float | None, target: float | None, seconds: int = 30, comparison: Comparison = COMPARED) -> Shown:
    """The deviation after calls of these lengths on either side, two a second."""
    rig = Rig(comparisons=(comparison,))
    for _ in range(seconds):
        rig.now += 1.0
        for platform, value in (("legacy", legacy), ("target", target)):
            if value is not None:
                for _ in range(2):
                    rig.put(comparison.metric, value, platform=platform, queue="sales")
        rig.compute()
    return rig.shown(DEVIATION, metric=comparison.label, queue="sales")


def test_a_deviation_is_relative_to_the_legacy_platform() -> None:
    """240 s against 200 s is 20 % more; 150 s is 25 % less."""
    assert compare(200.0, 240.0).value == pytest.approx(0.2)
    assert compare(200.0, 150.0).value == pytest.approx(-0.25)


@pytest.mark.parametrize(("legacy", "target"), [(None, 240.0), (0.0, 240.0), (200.0, None)])
def test_a_deviation_without_two_numbers_is_null(legacy: float | None, target: float | None) -> None:
    """Legacy missing, legacy zero, target missing: unknown, never 0 and never infinite."""
    shown = compare(legacy, target)
    assert (shown.value, shown.blank) == (None, BLANK_NULL)


def test_a_deviation_from_a_thin_number_is_null() -> None:
    """With fewer samples than min_count on a side there is nothing to deviate from."""
    thin = Comparison(metric=COMPARED.metric, estimator="mean", window=20.0, min_count=100)
    assert compare(200.0, 240.0, comparison=thin).blank == BLANK_NULL


def test_a_computed_service_level_can_be_compared() -> None:
    """Comparisons come after what they are about, under a name of their own."""
    wanted = Comparison(
        name="service_level", metric=LEVEL, match={"definition": "negative"}, estimator="last", window=5.0, min_count=1
    )
    legacy, target = Line("legacy"), Line("target")
    rig = Rig(legacy, target, comparisons=(wanted,))
    for _ in range(40):
        legacy.offer(10)
        legacy.answer(*[1.0] * 10)
        target.offer(10)
        target.answer(*[1.0] * 8, 60.0, 60.0)
        rig.second()
    assert rig.shown(DEVIATION, metric="service_level", queue="sales").value == pytest.approx(-0.2)


def test_the_same_samples_give_the_same_numbers() -> None:
    """No clock and no chance: two runs write the same values at the same times."""
    runs = []
    for _ in range(2):
        legacy, target = Line("legacy"), Line("target")
        rig = Rig(legacy, target, lost_calls=BOTH, every=2.0)
        seen = []
        for second in range(40):
            traffic(legacy, second)
            traffic(target, second * 7)
            rig.put(CARRIER.metric, 8 * second, platform="carrier")
            rig.second()
            seen.append(
                [(t.latest[: t.size].tolist(), t.latest_at[: t.size].tolist()) for t in rig.store.tables.values()]
            )
        runs.append(repr(seen))
    assert runs[0] == runs[1]


def test_a_number_is_written_once_for_each_new_time() -> None:
    """Four ticks a second over samples of one second add one sample, or counts of samples would mean nothing."""
    line = Line("target")
    rig = Rig(line, every=0.25)
    for second in range(20):
        traffic(line, second)
        rig.second()
    table = rig.store.tables[BALANCE]
    before = table.rings[next(iter(table.rings))].filled.sum() if table.rings else 0
    at = rig.shown(BALANCE, platform="target", queue="sales").at
    for _ in range(3):
        rig.now += 0.25
        rig.compute()
    assert rig.shown(BALANCE, platform="target", queue="sales").at == at
    assert (table.rings[next(iter(table.rings))].filled.sum() if table.rings else 0) == before


def test_a_window_longer_than_memory_is_refused() -> None:
    """The tables keep four hours."""
    with pytest.raises(ValueError, match="longer than"):
        DerivedFigures(Derived(window=14400.0), Store(CATALOGUE))
