"""From columns of buckets to one number a group of series: the estimators, over a window that ends at an instant."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from monitor.judging.estimators import QUANTILES, increases, quantiles
from monitor.judging.groups import Groups
from monitor.judging.groups import group as group  # noqa: PLC0414 - windows and groups are used together
from monitor.judging.pieces import Pieces, finished, pieces
from monitor.judging.rings import F8, I8, Bools, Ring, bucket_of, every, first_bucket, some
from monitor.judging.rules import Estimator
from monitor.judging.table import BLANK_EMPTY, BLANK_NULL, HISTOGRAM_SLOTS, Table, tier_of

Reduction: TypeAlias = Estimator | Literal["sum"]
"""What can be made of one metric's window; `sum` is a side of a ratio of gauges."""

_COLUMNS: dict[str, frozenset[str]] = {
    "last": frozenset({"last"}),
    "mean": frozenset({"sum"}),
    "sum": frozenset({"sum"}),
    "min": frozenset({"min"}),
    "max": frozenset({"max"}),
    "rate": frozenset({"last"}),
    "increase": frozenset({"last"}),
}
_REDUCED: dict[str, str] = {
    "mean": "total",
    "sum": "total",
    "min": "minimum",
    "max": "maximum",
    "rate": "increase",
    "increase": "increase",
}
"""What of the buckets an estimator is made from, beside the number of samples."""
AT_ONCE = 1024
"""Series of a table whose estimates are so quickly made that they need no pieces."""
VALUES = 2**18
"""Values of buckets that are reduced between two yields: a few tenths of a millisecond."""
ROWS = 4096
"""Histograms that are added up between two yields."""
_AHEAD = 5.0
"""Seconds that a sample may lie ahead of now before it is older than the clock that took it: stale."""


class Estimates(NamedTuple):
    """One entry a group. `value` is NaN where the window held nothing to compute it from."""

    value: F8
    samples: I8
    """Samples in the window; of a ratio its denominator."""
    heard: Bools
    """Whether there is a value from at least one sample."""
    whole: bool
    """Whether all groups have one."""
    low: F8 | None = None
    high: F8 | None = None
    """Bounds of the value, where the estimator has them."""


class Quality(NamedTuple):
    """How fresh each group is at an instant. None stands for `in no group`, so that the good case costs nothing."""

    newest: F8
    """Time of the newest sample."""
    limit: F8
    """Age at which it is stale, seconds."""
    stale: Bools | None
    dead: Bools | None
    """Twice as old: unknown."""
    blank: npt.NDArray[np.int8] | None
    """The worst answer without a number that is newer than the newest number."""


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


def keep(table: Table, estimator: Reduction, window: float, limits: tuple[float, ...], *, delay: float = 0.0) -> Span:
    """Have a table keep what the estimator needs over a sliding window that ends now, or `delay` seconds before."""
    width, buckets = tier_of(window)
    histogram = None
    if estimator in QUANTILES:
        slot = max(window / HISTOGRAM_SLOTS, 1.0)
        histogram = (slot, max(math.ceil(window / slot - 1e-9), 1) + 1 + math.ceil(delay / slot))
        table.need_histogram(*histogram, limits)
    columns = frozenset() if estimator == "last" else _COLUMNS.get(estimator, frozenset())
    table.need(width * buckets, columns, delay)
    return Span(window, width, buckets, histogram, closed=False)


def keep_closed(
    table: Table, estimator: Reduction, bucket: float, n: int, limits: tuple[float, ...], *, delay: float = 0.0
) -> Span:
    """Have a table keep what the estimator needs over each of the last `n` closed buckets."""
    width, _ = tier_of(bucket * (n + 1))
    buckets = max(math.ceil(bucket / width - 1e-9), 1)
    histogram = None
    if estimator in QUANTILES:
        histogram = (bucket, n + 1 + math.ceil(delay / bucket))
        table.need_histogram(*histogram, limits)
    table.need(width * buckets * (n + 1), _COLUMNS.get(estimator, frozenset()), delay)
    return Span(bucket, width, buckets, histogram, closed=True)


class Windows:
    """Estimates at one instant: what several rules ask for is computed once."""

    def __init__(self) -> None:
        self._columns: dict[tuple[int, str, float, int, int, int], npt.NDArray[np.generic]] = {}
        self._estimates: dict[tuple[int, str, Span, float], Estimates] = {}
        self._quantiles: dict[tuple[int, str, Span, float], F8] = {}
        """Those that were computed in pieces."""
        self._qualities: dict[int, Quality] = {}
        self._made: dict[Hashable, Estimates] = {}

    def forget(self) -> None:
        """Start a new instant."""
        self._columns.clear()
        self._estimates.clear()
        self._quantiles.clear()
        self._qualities.clear()
        self._made.clear()

    def once(self, key: Hashable, make: Callable[[], Estimates]) -> Estimates:
        """What `make` makes, made once an instant for all that ask under one key."""
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = make()
        return made

    def estimate(self, table: Table, groups: Groups, estimator: Reduction, span: Span, end: float) -> Estimates:
        """The estimator over (end - span, end] for each group."""
        key = (groups.serial, estimator, span, end)
        made = self._estimates.get(key)
        if made is None:
            made = self._estimates[key] = self._estimate(table, groups, estimator, span, end)
        return made

    def prepare(self, table: Table, groups: Groups, estimator: Reduction, span: Span, end: float) -> Iterable[None]:
        """Compute what `estimate` will answer, a piece at a time, so that others may run in between."""
        if table.size <= AT_ONCE or (groups.serial, estimator, span, end) in self._estimates:
            return ()
        return self._prepare(table, groups, estimator, span, end)

    def _prepare(self, table: Table, groups: Groups, estimator: Reduction, span: Span, end: float) -> Iterator[None]:
        first, last = _buckets(span, end)
        for column in ("filled", _REDUCED.get(estimator, "filled")):
            key = (id(table), column, span.width, first, last, table.size)
            if key not in self._columns:
                self._columns[key] = yield from _reduce(table, column, span.width, first, last)
        if estimator in QUANTILES:
            made = yield from _quantile(table, groups, span, QUANTILES[estimator], end)
            self._quantiles[groups.serial, estimator, span, end] = made
        self.estimate(table, groups, estimator, span, end)
        yield

    def _estimate(self, table: Table, groups: Groups, estimator: Reduction, span: Span, end: float) -> Estimates:
        width = span.width
        first, last = _buckets(span, end)
        samples: I8 = _pooled(self._column(table, "filled", width, first, last), groups)
        if estimator in QUANTILES:
            known = self._quantiles.get((groups.serial, estimator, span, end))
            value = finished(_quantile(table, groups, span, QUANTILES[estimator], end)) if known is None else known
        elif estimator == "last":
            value = (
                self._last(table, groups, width, first, last) if span.closed else _newest(table, groups, first * width)
            )
        elif estimator in {"min", "max"}:
            value = _extreme(self._column(table, _REDUCED[estimator], width, first, last), groups, estimator)
        else:
            value = _pooled(self._column(table, _REDUCED[estimator], width, first, last), groups)
            if estimator == "mean":
                with np.errstate(invalid="ignore", divide="ignore"):
                    value = value / samples
            elif estimator == "rate":
                value = value / (span.buckets * width)
        some = samples > 0
        if not every(some):
            value = np.where(some, value, np.nan)
        heard = ~np.isnan(value)
        return Estimates(value, samples, heard, every(heard))

    def quality(self, table: Table, groups: Groups, now: float) -> Quality:
        """How fresh each group is."""
        made = self._qualities.get(groups.serial)
        if made is None:
            made = self._qualities[groups.serial] = _quality(table, groups, now)
        return made

    def _column(self, table: Table, column: str, width: float, first: int, last: int) -> npt.NDArray[np.generic]:
        # A series may be bound while a tick goes on: its row must not be missing from what was summed before.
        key = (id(table), column, width, first, last, table.size)
        made = self._columns.get(key)
        if made is None:
            made = self._columns[key] = finished(_reduce(table, column, width, first, last))
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


def _buckets(span: Span, end: float) -> tuple[int, int]:
    """Numbers of the first and the last bucket of a window."""
    return first_bucket(end, span.buckets * span.width, span.width), bucket_of(end, span.width)


def _reduce(table: Table, column: str, width: float, first: int, last: int) -> Pieces[npt.NDArray[np.generic]]:
    """A column of all series over the buckets `first` to `last`; rows are taken a few at a time."""
    size = table.size
    if size <= AT_ONCE:
        return _reduced(table.rings[width], column, first, last, slice(0, size))
    dtype = np.int64 if column == "filled" else np.float64
    made: npt.NDArray[Any] = np.empty(size, dtype)
    for part in pieces(size, VALUES // max(last - first + 1, 1)):
        # A table that grows while others run has new arrays; its old rows are the same.
        made[part] = _reduced(table.rings[width], column, first, last, part)
        yield
    return made


def _reduced(ring: Ring, column: str, first: int, last: int, rows: slice) -> npt.NDArray[Any]:
    if column == "increase":
        return increases(ring.last, ring.slots(first, last), ring.slots(0, first - 1), rows)
    data = getattr(ring, column)
    parts = [data[part, rows] for part in ring.runs(first, last)]
    size = rows.stop - rows.start
    if column in {"minimum", "maximum"}:
        reduce = np.minimum if column == "minimum" else np.maximum
        extreme: F8 = np.full(size, np.inf if column == "minimum" else -np.inf)
        for part in parts:
            extreme = reduce(extreme, reduce.reduce(part, axis=0))
        return extreme
    made = np.zeros(size, data.dtype)
    for part in parts:
        made += np.add.reduce(part, axis=0, dtype=data.dtype)
    return made.astype(np.int64) if column == "filled" else made


def _newest(table: Table, groups: Groups, since: float) -> F8:
    at = table.latest_at[groups.pick]
    value = np.where(at > since, table.latest[groups.pick], np.nan)
    return value if groups.single else _of_newest_run(value, at, groups)


def _of_newest(value: F8, at: F8, groups: Groups) -> F8:
    """The value of each group's newest sample; of several at one instant the greatest."""
    value, at = value[groups.pick], at[groups.pick]
    return value if groups.single else _of_newest_run(value, at, groups)


def _of_newest_run(value: F8, at: F8, groups: Groups) -> F8:
    if not len(groups.rows):
        return np.empty(0)
    newest = np.repeat(np.maximum.reduceat(at, groups.starts), np.diff(np.append(groups.starts, len(groups.rows))))
    chosen: F8 = np.where(at == newest, value, -np.inf)
    return np.maximum.reduceat(chosen, groups.starts)


def _quantile(table: Table, groups: Groups, span: Span, quantile: float, end: float) -> Pieces[F8]:
    if not len(groups.rows) or span.histogram is None:
        return np.empty(0)
    ring = table.histograms[span.histogram]
    newest = bucket_of(end, ring.width)
    ring.turn(newest)
    first = newest if span.closed else first_bucket(end, span.seconds, ring.width)
    value = np.empty(len(groups.starts))
    summed = None if groups.single else np.zeros((len(groups.starts), ring.bins), np.int32)
    most = ROWS // max(min(newest - first, ring.count), 1)
    for part in pieces(len(groups.rows), most):
        counts = ring.counted(first, newest, groups.part(part))
        if summed is None:
            value[part] = quantiles(counts, ring.edges, table.metric.low, quantile)
        else:
            number, starts = groups.runs(part)
            summed[number : number + len(starts)] += np.add.reduceat(counts, starts, axis=0, dtype=np.int32)
        yield
    if summed is not None:
        for part in pieces(len(summed), ROWS):
            value[part] = quantiles(summed[part], ring.edges, table.metric.low, quantile)
            yield
    return value


def _pooled(column: npt.NDArray[Any], groups: Groups) -> npt.NDArray[Any]:
    picked: npt.NDArray[Any] = column[groups.pick]
    return picked if groups.single else np.add.reduceat(picked, groups.starts)


def _extreme(column: npt.NDArray[np.generic], groups: Groups, which: str) -> F8:
    picked: F8 = column[groups.pick].astype(np.float64, copy=False)
    if groups.single:
        return picked
    return (np.minimum if which == "min" else np.maximum).reduceat(picked, groups.starts)


def _quality(table: Table, groups: Groups, now: float) -> Quality:
    pick, single = groups.pick, groups.single
    at: F8 = table.latest_at[pick]
    limit: F8 = table.stale_after[pick]
    blank: npt.NDArray[np.int8] | None = None
    answered = at
    if table.has_blanks:
        blanks = np.where(table.blank_at[pick] > at, table.blank[pick], 0).astype(np.int8)
        if some(blanks):
            blank = blanks if single else np.maximum.reduceat(blanks, groups.starts)
            alive = (blanks == BLANK_NULL) | (blanks == BLANK_EMPTY)
            answered = np.where(alive, table.blank_at[pick], at)
    newest = (at.copy() if isinstance(pick, slice) else at) if single else np.maximum.reduceat(at, groups.starts)
    if not single:
        answered = newest if answered is at else np.maximum.reduceat(answered, groups.starts)
        limit = np.minimum.reduceat(limit, groups.starts)
    age = now - answered
    stale = (age > limit) | (age < -_AHEAD)
    if not some(stale):
        return Quality(newest, limit, None, None, blank)
    dead = age > 2 * limit
    return Quality(newest, limit, stale, dead if some(dead) else None, blank)
