"""The store against a naive model: whatever the order, a window holds what a plain list of samples would."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.rings import bucket_of
from monitor.judging.rules import Estimator
from monitor.judging.store import Store
from monitor.judging.windows import Windows, group, keep, keep_closed
from monitor.model import Kind, Metric

START = 1_795_294_500.0


def metric(kind: Kind = Kind.GAUGE, **changes: object) -> Metric:
    """A metric to try things on."""
    fields: dict[str, object] = {
        "name": "golive_x_seconds",
        "kind": kind,
        "unit": "seconds",
        "help": "X.",
        "high": 1000.0,
    }
    return Metric(**{**fields, **changes})  # type: ignore[arg-type]


def store_of(entry: Metric) -> Store:
    """A store that knows one metric."""
    return Store({entry.name: entry})


def feed(store: Store, samples: list[tuple[int, float, float]], received: float | None = None) -> Counter[str]:
    """Give (series, value, at) samples to the store; each is received when it was taken unless said otherwise."""
    refused: Counter[str] = Counter()
    handles = np.asarray(
        [store.bind("golive_x_seconds", (("n", str(n)),), 10.0, 0)[0] for n, _, _ in samples], np.int64
    )
    values = np.asarray([v for _, v, _ in samples], np.float64)
    times = np.asarray([at for _, _, at in samples], np.float64)
    arrivals = times if received is None else np.full(len(times), received)
    store.ingest(handles, values, times, arrivals, refused)
    return refused


sample = st.tuples(st.integers(0, 3), st.floats(0, 100, width=32), st.integers(1, 40).map(lambda i: START + i / 2))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(sample, min_size=1, max_size=60), st.integers(1, 20), st.integers(0, 1000), st.sampled_from([0, 0.25, 0.9])
)
def test_a_window_equals_a_plain_list_of_samples(
    samples: list[tuple[int, float, float]], window: int, seed: int, phase: float
) -> None:
    """Count, mean, minimum, maximum and last of the window, whatever the order; from the start of the oldest bucket it reaches."""
    store = store_of(metric())
    table = store.table("golive_x_seconds")
    estimators: tuple[Estimator, ...] = ("mean", "min", "max", "last")
    spans = {name: keep(table, name, float(window), ()) for name in estimators}
    shuffled = list(samples)
    np.random.default_rng(seed).shuffle(shuffled)
    now = START + 20.0 + phase
    half = len(shuffled) // 2
    for part in (shuffled[:half], shuffled[half:]):
        if part:
            feed(store, part, received=now)
    windows = Windows()
    groups = group(table, {}, (), [])
    inside = [(at, value) for _, value, at in samples if math.floor(now - window) < at <= now]
    for name, span in spans.items():
        estimate = windows.estimate(table, groups, name, span, now)
        assert estimate.samples[0] == len(inside)
        if not inside:
            assert math.isnan(estimate.value[0])
            continue
        values = [value for _, value in inside]
        newest = max(at for at, _ in inside)
        expected = {
            "mean": sum(values) / len(values),
            "min": min(values),
            "max": max(values),
            "last": max(value for at, value in inside if at == newest),
        }[name]
        assert estimate.value[0] == pytest.approx(expected, rel=1e-9, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(st.lists(sample, min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_order_inside_a_tick_does_not_matter(samples: list[tuple[int, float, float]], rng: object) -> None:
    """The same samples in another order leave bit for bit the same columns."""
    shuffled = list(samples)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    made = []
    for order in (samples, shuffled):
        store = store_of(metric(Kind.HISTOGRAM, bounds=(1.0, 10.0, 50.0)))
        table = store.table("golive_x_seconds")
        for n in range(4):
            store.bind("golive_x_seconds", (("n", str(n)),), 10.0, 0)
        estimators: tuple[Estimator, ...] = ("min", "max", "last", "p95")
        for estimator in estimators:
            keep(table, estimator, 20.0, (30.0,))
        feed(store, order, received=START + 20)
        ring = next(iter(table.rings.values()))
        histogram = next(iter(table.histograms.values()))
        made.append(
            (
                table.latest.tobytes(),
                ring.minimum.tobytes(),
                ring.maximum.tobytes(),
                histogram.live.tobytes(),
                table.bucket_counts.tobytes(),
            )
        )
    assert made[0] == made[1]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0.0, 100, width=32), min_size=1, max_size=200),
    st.floats(0.5, 99, width=32),
    st.sampled_from(["p10", "p50", "p95", "p99"]),
)
def test_a_percentile_is_past_a_limit_exactly_when_the_samples_say_so(
    values: list[float], limit: float, name: Estimator
) -> None:
    """Bins have an edge on each limit, so interpolation cannot move a percentile across it."""
    store = store_of(metric(Kind.HISTOGRAM, bounds=(1.0, 100.0)))
    table = store.table("golive_x_seconds")
    span = keep(table, name, 30.0, (limit,))
    feed(store, [(0, value, START + 1) for value in values])
    value = Windows().estimate(table, group(table, {}, (), []), name, span, START + 1).value[0]
    quantile = float(name[1:]) / 100
    below = sum(v < limit for v in values)
    if below < quantile * len(values):
        assert value >= limit
    else:
        assert value <= limit


@pytest.mark.parametrize(
    ("value", "at", "received", "reason"),
    [
        (math.nan, 0.0, 0.0, "not_finite"),
        (math.inf, 0.0, 0.0, "not_finite"),
        (1.0, 5.1, 0.0, "future"),
        (-0.1, 0.0, 0.0, "out_of_range"),
        (1000.1, 0.0, 0.0, "out_of_range"),
        (1.0, -61.0, 0.0, "late"),
    ],
)
def test_what_cannot_be_right_is_counted_by_reason_and_touches_nothing(
    value: float, at: float, received: float, reason: str
) -> None:
    """Each kind of bad sample is quarantined under its own name."""
    store = store_of(metric())
    refused = feed(store, [(0, value, START + at)], received=START + received)
    assert refused == {reason: 1}
    assert math.isnan(store.table("golive_x_seconds").latest[0])


def test_a_clock_slightly_ahead_counts_as_heard_now() -> None:
    """A source 3 s ahead neither moves the window on nor stays fresh after it fell silent."""
    store = store_of(metric())
    feed(store, [(0, 1.0, START + 3)], received=START)
    assert store.table("golive_x_seconds").latest_at[0] == START


def test_one_wrong_clock_does_not_empty_the_others() -> None:
    """A sample from the year 9999 is refused before it could clear any bucket."""
    store = store_of(metric())
    table = store.table("golive_x_seconds")
    span = keep(table, "mean", 10.0, ())
    feed(store, [(0, 4.0, START + 1)])
    refused = feed(store, [(1, 9.0, 253_402_300_000.0)], received=START + 2)
    assert refused["future"] == 1
    assert Windows().estimate(table, group(table, {"n": "0"}, (), []), "mean", span, START + 2).value[0] == 4.0


@pytest.mark.parametrize(
    ("points", "increase"),
    [
        ([10, 20, 30], 20),
        ([10, 10, 10], 0),
        ([10, 3, 5], 5),
        ([100], 0),
    ],
)
def test_a_counter_rises_by_what_was_added_resets_included(points: list[float], increase: float) -> None:
    """Increase over the window; after a reset the whole new value counts, never a negative rate."""
    store = store_of(metric(Kind.COUNTER, unit="count"))
    table = store.table("golive_x_seconds")
    span = keep(table, "increase", 10.0, ())
    feed(store, [(0, value, START + 1 + i) for i, value in enumerate(points)])
    estimate = Windows().estimate(table, group(table, {}, (), []), "increase", span, START + 5)
    assert estimate.value[0] == increase


def test_an_increase_starts_from_the_last_value_before_the_window() -> None:
    """A counter that rose between two samples on either side of the window's start is not lost."""
    store = store_of(metric(Kind.COUNTER, unit="count"))
    table = store.table("golive_x_seconds")
    span = keep(table, "increase", 5.0, ())
    feed(store, [(0, 10.0, START + 1), (0, 14.0, START + 7)])
    assert Windows().estimate(table, group(table, {}, (), []), "increase", span, START + 8).value[0] == 4.0


def test_series_beyond_the_cap_are_refused_by_name() -> None:
    """A bomb of label values stops at the cap; what is there goes on."""
    entry = metric()
    store = Store({entry.name: entry}, series_per_metric=3)
    answers = [store.bind(entry.name, (("n", str(n)),), 10.0, 0) for n in range(5)]
    assert [reason for _, reason in answers] == ["", "", "", "series_cap", "series_cap"]
    assert store.bind("golive_nothing", (), 10.0, 0) == (-1, "unknown_metric")


def test_a_histogram_widens_before_a_count_could_overflow() -> None:
    """70,000 samples in one bin are 70,000, not 4,464."""
    store = store_of(metric(Kind.HISTOGRAM, bounds=(1.0, 100.0)))
    table = store.table("golive_x_seconds")
    span = keep(table, "p50", 10.0, (50.0,))
    handle = store.bind("golive_x_seconds", (("n", "0"),), 10.0, 0)[0]
    for _ in range(7):
        column = np.full(10_000, handle, np.int64)
        store.ingest(column, np.full(10_000, 60.0), np.full(10_000, START + 1), np.full(10_000, START + 1), Counter())
    assert next(iter(table.histograms.values())).live.sum() == 70_000
    assert Windows().estimate(table, group(table, {}, (), []), "p50", span, START + 1).value[0] >= 50.0


def test_closed_buckets_are_read_one_by_one() -> None:
    """Each of the last N buckets has its own mean and its own percentile."""
    store = store_of(metric(Kind.HISTOGRAM, bounds=(1.0, 100.0)))
    table = store.table("golive_x_seconds")
    mean, p50 = keep_closed(table, "mean", 5.0, 3, ()), keep_closed(table, "p50", 5.0, 3, (50.0,))
    feed(store, [(0, 10.0 if i < 5 else 60.0, START + i + 0.5) for i in range(10)])
    groups, windows = group(table, {}, (), []), Windows()
    assert windows.estimate(table, groups, "mean", mean, START + 5).value[0] == 10.0
    assert windows.estimate(table, groups, "mean", mean, START + 10).value[0] == 60.0
    assert windows.estimate(table, groups, "p50", p50, START + 5).value[0] < 50.0
    assert windows.estimate(table, groups, "p50", p50, START + 10).value[0] >= 50.0


@pytest.mark.parametrize("estimator", ["last", "mean", "max", "p95"])
@pytest.mark.parametrize("phase", [0.05, 0.5, 0.95])
def test_a_sample_is_judged_for_at_least_the_whole_window(estimator: Estimator, phase: float) -> None:
    """A sample just before a bucket's edge is still in the window when the next bucket has begun."""
    store = store_of(metric(Kind.HISTOGRAM, bounds=(1.0, 100.0)))
    table = store.table("golive_x_seconds")
    span = keep(table, estimator, 1.0, (50.0,))
    feed(store, [(0, 60.0, START + phase)])
    groups, windows = group(table, {}, (), []), Windows()
    for age in (0.0, 0.3, 0.6, 0.99):
        windows.forget()
        assert windows.estimate(table, groups, estimator, span, START + phase + age).value[0] >= 50.0
    windows.forget()
    assert math.isnan(windows.estimate(table, groups, estimator, span, START + phase + 2.0).value[0])


def test_a_bucket_is_open_on_the_left() -> None:
    """A sample at an aligned instant belongs to the bucket that ends there, as PromQL's ranges do."""
    assert bucket_of(10.0, 5.0) == 1
    assert bucket_of(10.000001, 5.0) == 2


def test_a_backlog_changes_no_window_however_far_it_reaches() -> None:
    """A minute of lateness counts as in order; what is later is counted and left out of a window that reaches back further."""
    store = store_of(metric())
    table = store.table("golive_x_seconds")
    span = keep(table, "mean", 600.0, ())
    table.row((("n", "0"),), 20.0, None)
    feed(store, [(0, 1.0, START)])
    refused = feed(store, [(0, 99.0, START + 100), (0, 3.0, START + 141)], received=START + 200)
    assert refused == {"late": 1}
    estimate = Windows().estimate(table, group(table, {"n": "0"}, (), []), "mean", span, START + 200)
    assert estimate.value[0] == 2.0


def test_a_source_that_is_slow_by_design_is_not_late() -> None:
    """One that may be ten minutes old before it is STALE has twice that before it is late."""
    store = store_of(metric())
    table = store.table("golive_x_seconds")
    keep(table, "mean", 3600.0, ())
    handle, _ = store.bind("golive_x_seconds", (("n", "0"),), 600.0, None)
    assert handle == 0
    refused: Counter[str] = Counter()
    times = np.array([START - 1100.0, START - 1300.0])
    store.ingest(np.array([0, 0]), np.array([1.0, 2.0]), times, np.array([START, START]), refused)
    assert refused == {"late": 1}
