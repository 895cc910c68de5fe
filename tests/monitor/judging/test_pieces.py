"""Work in pieces says the same, bit for bit, as work at once, whatever runs in between."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.catalogue.inventory import CATALOGUE
from monitor.judging.baseline import Baseline
from monitor.judging.derived import DerivedFigures
from monitor.judging.derived_config import Comparison, Counted, Derived, LostCalls, ServiceLevel
from monitor.judging.engine import Engine
from monitor.judging.estimators import increases
from monitor.judging.pieces import finished, pieces
from monitor.judging.rules import Rule
from monitor.judging.store import Store
from monitor.judging.table import Table
from monitor.judging.windows import keep
from monitor.model import Kind, Metric
from tests.monitor.judging.rig import ALL, BAD, GAUGE, SHARE, START, rule, share_rule
from tests.monitor.judging.small import tiny

QUEUES = 9
HISTOGRAM = Metric(
    name="golive_h_seconds", kind=Kind.HISTOGRAM, unit="seconds", help="H.", high=1000.0, bounds=(1.0, 10.0, 50.0)
)
COUNTS = ("offered_total", "answered_total", "abandoned_total")


def rules() -> list[Rule]:
    """One rule an estimator, windows of buckets, a ratio with bounds, M of N, and one against the legacy platform."""
    made = [
        rule(name=name, by=("queue",), estimator=name, window=4.0, hold=1.0, clear_hold=1.0)
        for name in ("last", "mean", "min", "max", "p50", "p95")
    ]
    both = {"by": ("queue",), "window": 3.0, "warn": None, "clear": None, "breach": 3.0}
    made += [rule(name=name, metric=ALL.name, estimator=name, **both) for name in ("rate", "increase")]
    made += [
        share_rule(name="share", window=5.0),
        share_rule(name="wilson", estimator="wilson", window=5.0),
        rule(name="many", by=("queue",), estimator="p95", window=2.0, bucket=2.0, m_of_n=(1, 3)),
        rule(name="crowd", metric=HISTOGRAM.name, by=("leg",), estimator="p95", window=8.0),
        rule(
            name="old",
            match={"platform": "target"},
            by=("queue",),
            estimator="mean",
            window=3.0,
            warn=None,
            breach=2.0,
            clear=1.5,
            baseline=Baseline(source="legacy", compare="ratio"),
        ),
    ]
    return made


def labels(number: int) -> tuple[tuple[str, str], ...]:
    """Groups whose series do not lie together; two legs and two platforms."""
    platform = "legacy" if number % 2 else "target"
    return ("leg", f"l{number // QUEUES}"), ("platform", platform), ("queue", f"q{number % QUEUES}")


def judged(seed: int, ticks: int) -> list[bytes]:
    """A random story, and after each tick everything that was found out."""
    rng = np.random.default_rng(seed)
    kept = Store({m.name: m for m in (GAUGE, BAD, ALL, HISTOGRAM)})
    engine = Engine(rules(), [SHARE], kept, patience=3.0, delays={1: 2.0})
    engine.arm("only", START)
    counted = np.zeros(2 * QUEUES)
    said: list[bytes] = []
    known = 1
    for tick in range(ticks):
        now = START + 1.0 + tick * 0.5
        known = min(known + int(rng.integers(0, 8)), 2 * QUEUES)
        counted[:known] = np.where(rng.random(known) < 0.1, 0, counted[:known] + rng.integers(0, 4, known))
        for metric in (GAUGE, BAD, ALL, HISTOGRAM):
            speaking = np.flatnonzero(rng.random(known) < 0.7)
            speaking = np.concatenate([speaking, speaking[: len(speaking) // 3]])
            rng.shuffle(speaking)
            handles = [kept.bind(metric.name, labels(int(n)), 3.0, int(n) % 2)[0] for n in speaking]
            values = counted[speaking] if metric.kind is Kind.COUNTER else rng.gamma(2.0, 8.0, len(speaking))
            times = now - rng.random(len(speaking)) * 2
            kept.ingest(np.asarray(handles, np.int64), values, times, np.full(len(speaking), now), Counter())
        for _ in engine.judge(now):
            pass
        assert engine.broken == {}
        said += [repr(engine.transitions).encode(), repr(engine.readings).encode()]
        for judge in engine.judges.values():
            columns = judge.value, judge.samples, judge.newest, judge.flags, judge.standings, judge.states.timer
            said += [column.tobytes() for column in columns]
    return said


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 14))
def test_rules_judged_in_the_smallest_pieces_say_the_same_bit_for_bit(seed: int, ticks: int) -> None:
    """Values, samples, flags, standings, timers and transitions of every estimator do not depend on the pieces."""
    whole = judged(seed, ticks)
    with tiny():
        assert judged(seed, ticks) == whole


def derived(seed: int, seconds: int) -> list[bytes]:
    """Random counts of queues on two platforms, and every computed series after each second."""
    rng = np.random.default_rng(seed)
    kept = Store(CATALOGUE)
    config = Derived(
        window=20.0,
        min_count=1,
        abandonment=True,
        service_levels=(ServiceLevel(), ServiceLevel(definition="wfm", threshold=10.0)),
        lost_calls=LostCalls(
            offered=Counted(metric="golive_calls_offered_total", match={"platform": "carrier"}),
            by=("queue",),
            window=20.0,
        ),
        comparisons=(Comparison(metric="golive_queue_answer_seconds", estimator="p95", window=10.0, min_count=1),),
    )
    figures = DerivedFigures(config, kept)
    figures.arm(START)
    sofar = np.zeros((len(COUNTS), 2 * QUEUES))
    said = []
    for second in range(seconds):
        now = START + second + 1.0
        known = min(2 * QUEUES, 2 + 5 * second)
        sofar[:, :known] += rng.integers(0, 4, (len(COUNTS), known))
        sofar[:, :known][:, rng.random(known) < 0.02] = 0
        batch: list[tuple[int, float, float]] = []

        def put(
            metric: str, number: int, value: float, at: float, batch: list[tuple[int, float, float]] = batch
        ) -> None:
            side = "legacy" if number % 2 else "target"
            where = (("platform", side), ("queue", f"q{number // 2}"))
            batch.append((kept.bind(metric, where, 5.0, number % 3)[0], value, at))

        for number in range(known):
            if rng.random() < 0.8:
                at = now - float(rng.random())
                for name, value in zip(COUNTS, sofar[:, number], strict=True):
                    put(f"golive_queue_contacts_{name}", number, float(value), at)
                put("golive_queue_contacts_waiting", number, float(rng.integers(0, 9)), at)
                put("golive_calls_accepted_total", number, float(sofar[1, number]), at)
                put("golive_queue_answer_seconds", number, float(rng.gamma(2.0, 8.0)), at)
            where = (("platform", "carrier"), ("queue", f"q{number // 2}"))
            batch.append(
                (kept.bind("golive_calls_offered_total", where, 5.0, 0)[0], float(sofar[0, number // 2 * 2]), now - 0.5)
            )
        handles, values, times = (np.asarray(column) for column in zip(*batch, strict=True))
        kept.ingest(handles, values, times, np.full(len(batch), now), Counter())
        for _ in figures.compute(now):
            pass
        for name in sorted(kept.tables):
            table = kept.tables[name]
            said += [repr(table.labels).encode(), repr(sorted(figures.refused.items())).encode()]
            columns = table.latest, table.latest_at, table.blank, table.blank_at, table.owners
            said += [column[: table.size].tobytes() for column in columns]
    return said


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 20))
def test_figures_computed_in_the_smallest_pieces_are_the_same_bit_for_bit(seed: int, seconds: int) -> None:
    """Service levels, abandonment, balances, lost calls and deviations do not depend on the pieces."""
    whole = derived(seed, seconds)
    with tiny():
        assert derived(seed, seconds) == whole


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 60), st.floats(-3, 0)), min_size=1, max_size=60))
def test_samples_taken_in_pieces_leave_the_same_columns(samples: list[tuple[int, float, float]]) -> None:
    """A batch split by series leaves every bucket, sum and newest value bit for bit as the whole batch does."""

    def columns() -> list[bytes]:
        kept = Store({HISTOGRAM.name: HISTOGRAM})
        table = kept.table(HISTOGRAM.name)
        for estimator in ("mean", "min", "max", "rate", "p95"):
            keep(table, estimator, 10.0, (30.0,))
        bound = [kept.bind(HISTOGRAM.name, (("n", str(n)),), 10.0, 0)[0] for n in range(6)]
        numbers = np.asarray([bound[n] for n, _, _ in samples], np.int64)
        values, times = np.asarray([v for _, v, _ in samples]), START + np.asarray([at for _, _, at in samples])
        taken = kept.ingest(numbers, values, times, np.full(len(samples), START), Counter())
        ring, histogram = next(iter(table.rings.values())), next(iter(table.histograms.values()))
        arrays = (ring.filled, ring.total, ring.minimum, ring.maximum, ring.last, ring.last_at, histogram.slots)
        arrays += (histogram.live, table.latest, table.latest_at, table.bucket_counts, table.value_sum)  # type: ignore[assignment]
        return [str((taken, ring.head, histogram.head)).encode(), *(array.tobytes() for array in arrays)]

    whole = columns()
    with tiny():
        assert columns() == whole


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=7, max_size=7), min_size=1, max_size=6),
    st.integers(0, 7),
)
def test_an_increase_is_what_counting_by_hand_gives(rows: list[list[int | None]], before: int) -> None:
    """Resets count whole, buckets without a value are passed over, a first value counts from itself."""
    last = np.array([[np.nan if value is None else value for value in row] for row in rows], np.float64).T.copy()
    made = increases(last, np.arange(before, 7), np.arange(before), slice(0, len(rows)))
    for row, rise in zip(rows, made.tolist(), strict=True):
        known = [value for value in row[:before] if value is not None]
        previous = known[-1] if known else None
        expected = 0
        for value in row[before:]:
            if value is None:
                continue
            if previous is not None:
                expected += value if value < previous else value - previous
            previous = value
        assert rise == expected


@given(st.integers(0, 500), st.integers(0, 60))
def test_pieces_cover_everything_once_and_none_is_a_lone_one(size: int, most: int) -> None:
    """In order, without gap or overlap, none longer than asked for, and none of one unless that is all there is."""
    made = pieces(size, most)
    assert [place for part in made for place in range(part.start, part.stop)] == list(range(size))
    lengths = [part.stop - part.start for part in made]
    assert max(lengths, default=0) <= max(most, 4)
    assert size == 1 or min(lengths, default=2) >= 2


def test_a_series_that_appears_between_two_pieces_breaks_nothing() -> None:
    """Whoever runs in between may bind series and make the table grow; the tick ends, and the next one sees them."""
    kept = Store({m.name: m for m in (GAUGE, BAD, ALL, HISTOGRAM)})
    engine = Engine(rules(), [SHARE], kept)
    engine.arm("only", START - 60.0)
    bound = [kept.bind(m.name, labels(n), 10.0, 0)[0] for m in (GAUGE, ALL, HISTOGRAM) for n in range(2 * QUEUES)]
    at = np.full(len(bound), START + 0.5)
    kept.ingest(np.asarray(bound), np.full(len(bound), 5.0), at, at, Counter())
    table: Table = kept.table(GAUGE.name)
    with tiny():
        for number, _ in enumerate(engine.judge(START + 1.0)):
            for metric in (GAUGE, BAD, ALL, HISTOGRAM) if number < 60 else ():
                kept.bind(metric.name, (("queue", f"late{number}"),), 10.0, 0)
        assert engine.broken == {}
        assert table.capacity > 64  # it grew on the way
        assert engine.judges["mean"].value[0] == 5.0
        finished(engine.judge(START + 1.5))  # type: ignore[arg-type]
        assert len(engine.judges["mean"].names) > QUEUES
        assert engine.broken == {}


def test_a_long_percentile_lets_others_run_many_times() -> None:
    """Ten thousand groups are judged in pieces, not in one stretch; a hundred in one."""
    turns = {}
    for size in (100, 10_000):
        kept = Store({GAUGE.name: GAUGE})
        engine = Engine([rule(name="p", by=("queue",), estimator="p95", window=60.0)], [], kept)
        engine.arm("only", START)
        bound = [kept.bind(GAUGE.name, (("queue", f"q{n}"),), 10.0, 0)[0] for n in range(size)]
        at = np.full(size, START + 0.5)
        kept.ingest(np.asarray(bound), np.full(size, 5.0), at, at, Counter())
        finished(engine.judge(START + 1.0))  # type: ignore[arg-type]
        turns[size] = sum(1 for _ in engine.judge(START + 1.25))
    assert turns[100] <= 3
    assert turns[10_000] >= 6
