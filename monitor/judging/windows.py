"""From columns of buckets to one number a group of series: the estimators, over a window that ends at an instant."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import F8, I8, bucket_of, first_bucket
from monitor.judging.rules import Estimator
from monitor.judging.table import HISTOGRAM_SLOTS, Table, tier_of
from monitor.model import Labels

QUANTILES: dict[str, float] = {"p10": 0.1, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_COLUMNS: dict[str, frozenset[str]] = {
    "last": frozenset({"last"}),
    "mean": frozenset({"sum"}),
    "min": frozenset({"min"}),
    "max": frozenset({"max"}),
    "rate": frozenset({"last"}),
    "increase": frozenset({"last"}),
}


class Groups(NamedTuple):
    """Rows of a table, sorted so that each group is a run."""

    rows: I8
    starts: I8
    names: list[Labels]
    generation: int


class Estimates(NamedTuple):
    """One entry a group. `value` is NaN where the window held nothing to compute it from."""

    value: F8
    samples: I8


def group(table: Table, match: dict[str, str], by: tuple[str, ...], known: list[Labels]) -> Groups:
    """Group the matching rows by labels; groups that are known keep their numbers, new ones follow."""
    names = list(known)
    numbers = {name: number for number, name in enumerate(names)}
    rows: list[int] = []
    owners: list[int] = []
    for row, labels in enumerate(table.labels):
        have = dict(labels)
        if any(have.get(name) != value for name, value in match.items()):
            continue
        key = tuple((name, have.get(name, "")) for name in by)
        number = numbers.setdefault(key, len(numbers))
        if number == len(names):
            names.append(key)
        rows.append(row)
        owners.append(number)
    order = np.argsort(np.asarray(owners, np.int64), kind="stable")
    sorted_owners = np.asarray(owners, np.int64)[order]
    starts = np.searchsorted(sorted_owners, np.arange(len(names)))
    return Groups(np.asarray(rows, np.int64)[order], starts, names, table.generation)


class Span(NamedTuple):
    """How a table keeps what an estimator reads: so many buckets of a ring, or a histogram."""

    seconds: float
    width: float
    buckets: int
    histogram: tuple[float, int] | None
    closed: bool
    """Read one closed slot of the histogram rather than all of it."""

    def start(self, end: float) -> float:
        """The earliest instant that a window ending at `end` may hold samples of, unix seconds."""
        starts = [first_bucket(end, self.buckets * self.width, self.width) * self.width]
        if self.histogram is not None:
            starts.append(first_bucket(end, self.seconds, self.histogram[0]) * self.histogram[0])
        return min(starts)


def keep(table: Table, estimator: Estimator, window: float, limits: tuple[float, ...]) -> Span:
    """Have a table keep what the estimator needs over a sliding window that ends now."""
    width, buckets = tier_of(window)
    histogram = None
    if estimator in QUANTILES:
        slot = max(window / HISTOGRAM_SLOTS, 1.0)
        histogram = (slot, max(math.ceil(window / slot - 1e-9), 1) + 1)
        table.need_histogram(*histogram, limits)
    columns = frozenset() if estimator == "last" else _COLUMNS.get(estimator, frozenset())
    table.need(width * buckets, columns)
    return Span(window, width, buckets, histogram, closed=False)


def keep_closed(table: Table, estimator: Estimator, bucket: float, n: int, limits: tuple[float, ...]) -> Span:
    """Have a table keep what the estimator needs over each of the last `n` closed buckets."""
    width, _ = tier_of(bucket * (n + 1))
    buckets = max(math.ceil(bucket / width - 1e-9), 1)
    histogram = None
    if estimator in QUANTILES:
        histogram = (bucket, n + 1)
        table.need_histogram(*histogram, limits)
    table.need(width * buckets * (n + 1), _COLUMNS.get(estimator, frozenset()))
    return Span(bucket, width, buckets, histogram, closed=True)


class Windows:
    """Estimates at one instant; sums over a metric and window are made once and shared by all rules."""

    def __init__(self) -> None:
        self._cache: dict[tuple[int, str, float, int, int, int], npt.NDArray[np.generic]] = {}

    def forget(self) -> None:
        """Start a new instant."""
        self._cache.clear()

    def estimate(self, table: Table, groups: Groups, estimator: Estimator, span: Span, end: float) -> Estimates:
        """The estimator over (end - span, end] for each group."""
        width = span.width
        last = bucket_of(end, width)
        first = first_bucket(end, span.buckets * width, width)
        filled = self._column(table, "filled", width, first, last)
        samples = _sum(filled, groups)
        if estimator in QUANTILES:
            value = _quantile(table, groups, span, QUANTILES[estimator], end)
        elif estimator == "mean":
            total = _sum(self._column(table, "total", width, first, last), groups)
            with np.errstate(invalid="ignore", divide="ignore"):
                value = total / samples
        elif estimator in {"min", "max"}:
            value = _extreme(self._column(table, estimator + "imum", width, first, last), groups, estimator)
        elif estimator == "last":
            value = (
                self._last(table, groups, width, first, last) if span.closed else _newest(table, groups, first * width)
            )
        else:
            value = _sum(self._column(table, "increase", width, first, last), groups)
            if estimator == "rate":
                value = value / span.seconds
        return Estimates(np.where(samples > 0, value, np.nan), samples.astype(np.int64))

    def _column(self, table: Table, column: str, width: float, first: int, last: int) -> npt.NDArray[np.generic]:
        # A series may be bound between two rules of one tick: its row must not be missing from what was summed before.
        key = (id(table), column, width, first, last, table.size)
        made = self._cache.get(key)
        if made is None:
            made = self._cache[key] = self._reduce(table, column, width, first, last)
        return made

    def _reduce(self, table: Table, column: str, width: float, first: int, last: int) -> npt.NDArray[np.generic]:
        ring = table.rings[width]
        size = table.size
        if column == "increase":
            return increases(ring.last, ring.slots(first, last), ring.slots(0, first - 1), size)
        slots = ring.slots(first, last)
        data = getattr(ring, column)
        if column in {"minimum", "maximum"}:
            reduce = np.minimum if column == "minimum" else np.maximum
            empty = np.inf if column == "minimum" else -np.inf
            extreme: F8 = reduce.reduce(data[slots, :size], axis=0, initial=empty)
            return extreme
        made = np.zeros(size, np.int64 if column == "filled" else np.float64)
        for slot in slots:
            made += data[slot, :size]
        return made

    def _last(self, table: Table, groups: Groups, width: float, first: int, last: int) -> F8:
        ring = table.rings[width]
        value = np.full(table.size, np.nan)
        at = np.full(table.size, -np.inf)
        for age, slot in enumerate(ring.slots(first, last)):
            here = ring.filled[slot, : table.size] > 0
            value = np.where(here, ring.last[slot, : table.size], value)
            at = np.where(here, age * width + ring.last_at[slot, : table.size], at)
        return _of_newest(value, at, groups)


def _newest(table: Table, groups: Groups, since: float) -> F8:
    at = table.latest_at[: table.size]
    return _of_newest(np.where(at > since, table.latest[: table.size], np.nan), at, groups)


def _of_newest(value: F8, at: F8, groups: Groups) -> F8:
    """The value of each group's newest sample; of several at one instant the greatest."""
    rows = groups.rows
    if len(rows) == len(groups.starts):
        return value[rows]
    newest = np.repeat(_extreme(at, groups, "max"), np.diff(np.append(groups.starts, len(rows))))
    chosen = np.where(at[rows] == newest, value[rows], -np.inf)
    return np.maximum.reduceat(chosen, groups.starts) if len(rows) else np.empty(0)


def _quantile(table: Table, groups: Groups, span: Span, quantile: float, end: float) -> F8:
    if not len(groups.rows) or span.histogram is None:
        return np.empty(0)
    ring = table.histograms[span.histogram]
    newest = bucket_of(end, ring.width)
    if span.closed:
        ring.turn(newest + 1)
        counts = ring.slots[newest % ring.count]
    else:
        ring.turn(newest)
        aligned = first_bucket(end, span.seconds, ring.width) > newest - ring.count + 1
        counts = ring.live - ring.slots[(newest + 1) % ring.count] if aligned else ring.live
    pooled = counts[groups.rows].astype(np.int64)
    if len(groups.rows) != len(groups.starts):
        pooled = np.add.reduceat(pooled, groups.starts, axis=0)
    return quantiles(pooled, ring.edges, table.metric.low, quantile)


def _sum(column: npt.NDArray[np.generic], groups: Groups) -> F8:
    picked = column[groups.rows].astype(np.float64)
    return picked if len(picked) == len(groups.starts) else np.add.reduceat(picked, groups.starts)


def _extreme(column: npt.NDArray[np.generic], groups: Groups, which: str) -> F8:
    picked = column[groups.rows].astype(np.float64)
    if len(picked) == len(groups.starts):
        return picked
    return (np.minimum if which == "min" else np.maximum).reduceat(picked, groups.starts)


def increases(last: F8, window: I8, before: I8, size: int) -> F8:
    """How much each counter rose over the window's buckets, resets allowed for.

    The increase of a bucket is its last value less the last value before it; where it fell, the counter was
    reset and the whole last value counts (as Prometheus' increase does). A counter first heard inside the
    window counts from its first bucket's last value.
    """
    previous = np.full(size, np.nan)
    for slot in before:
        value = last[slot, :size]
        previous = np.where(np.isnan(value), previous, value)
    rise = np.zeros(size)
    for slot in window:
        value = last[slot, :size]
        heard = ~np.isnan(value)
        step = np.where(value < previous, value, value - previous)
        rise += np.where(heard & ~np.isnan(previous), step, 0.0)
        previous = np.where(heard, value, previous)
    return rise


def quantiles(counts: npt.NDArray[np.int64], edges: F8, low: float, quantile: float) -> F8:
    """Quantile of each row of bin counts, interpolated inside its bin; NaN for an empty row.

    In the last bin, which is open, the answer is its lower edge (as histogram_quantile of Prometheus does).
    """
    cumulative = np.cumsum(counts, axis=1)
    total = cumulative[:, -1]
    rank = quantile * total
    bins = np.minimum((cumulative < rank[:, None]).sum(axis=1), counts.shape[1] - 1)
    each = np.arange(len(counts))
    lower = np.concatenate([[min(low, edges[0])], edges])
    upper = np.concatenate([edges, [edges[-1]]])
    inside = counts[each, bins]
    before = cumulative[each, bins] - inside
    with np.errstate(invalid="ignore", divide="ignore"):
        value = lower[bins] + (upper[bins] - lower[bins]) * (rank - before) / inside
    return np.where(total > 0, value, np.nan)
