"""All series of one metric: their labels, newest values, windows and exported histogram, as columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import F8, I8, HistogramRing, Ring
from monitor.model import Kind, Labels, Metric

TIERS = ((1.0, 60), (10.0, 90), (60.0, 240))
"""Bucket width in seconds and greatest bucket count of each tier; a window takes the finest tier that holds it."""
HISTOGRAM_SLOTS = 6
"""Slots of a percentile's window, beside the one that is still filling."""
HISTOGRAM_BINS = 64
_START = 64
BLANK_EMPTY, BLANK_NULL, BLANK_ERROR = 1, 2, 3
"""The source answered and found nothing; it cannot compute the number; it could not be asked. Worst last."""


def tier_of(window: float) -> tuple[float, int]:
    """The tier that a window of so many seconds lives in: (bucket width in seconds, buckets in the window)."""
    for width, count in TIERS:
        buckets = int(np.ceil(window / width - 1e-9))
        if buckets <= count:
            return width, max(buckets, 1)
    msg = f"a window of {window:g} s is longer than the {TIERS[-1][0] * TIERS[-1][1]:g} s that are kept in memory"
    raise ValueError(msg)


def histogram_edges(metric: Metric, limits: tuple[float, ...]) -> F8:
    """Inner bin edges over the metric's range, with an edge on each limit.

    A limit that is an edge makes the question `is the percentile past the limit` exact, whatever the bins: the
    count of samples on either side is exact.
    """
    bounds = metric.bounds
    low, high = (bounds[0], bounds[-1]) if bounds else (metric.low, metric.high)
    linear = metric.unit in {"score", "ratio"} or low < 0
    if not linear:
        low = max(low / 10, 1e-5)
        high = max(high, low * 10)
    free = HISTOGRAM_BINS - 1 - len(limits)
    grid = np.linspace(low, high, free) if linear else np.geomspace(low, high, free)
    return np.unique(np.concatenate([grid, np.asarray(limits, np.float64)]))


class Table:
    """Columns over the series of one metric. Rows are never reused."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric
        self.size = 0
        self.generation = 0
        """Changes whenever a series is added or gets another owner."""
        self.labels: list[Labels] = []
        self.index: dict[Labels, int] = {}
        self.latest: F8 = np.full(_START, np.nan)
        self.latest_at: F8 = np.full(_START, -np.inf)
        self.blank: npt.NDArray[np.int8] = np.zeros(_START, np.int8)
        self.blank_at: F8 = np.full(_START, -np.inf)
        """What the source last said instead of a number, and when; it counts while no number is newer."""
        self.has_blanks = False
        self.stale_after: F8 = np.full(_START, np.inf)
        """Seconds after which each series' newest sample is STALE: its source's max_age."""
        self.owners: npt.NDArray[np.uint64] = np.zeros(_START, np.uint64)
        """Bit mask of the collectors that feed each series."""
        self.rings: dict[float, Ring] = {}
        self.histograms: dict[tuple[float, int], HistogramRing] = {}
        """By slot width in seconds and number of slots."""
        self.bounds: F8 = np.asarray(metric.bounds, np.float64)
        exported = metric.kind is Kind.HISTOGRAM
        self.bucket_counts: npt.NDArray[np.uint64] = np.zeros(
            (_START if exported else 0, len(self.bounds) + 1), np.uint64
        )
        self.value_sum: F8 = np.zeros(_START if exported else 0)
        self.value_count: npt.NDArray[np.uint64] = np.zeros(_START if exported else 0, np.uint64)
        self.watch: Callable[[I8, F8, F8], None] | None = None
        """Told of every delivery: rows, values, times; for whoever looks for single samples."""
        self.span = TIERS[0][0] * TIERS[0][1]
        """Seconds into the past that a sample may lie and still be taken."""

    @property
    def capacity(self) -> int:
        """Series that fit before the columns grow."""
        return len(self.latest)

    @property
    def nbytes(self) -> int:
        """Memory of all columns, in bytes."""
        columns = (
            self.latest,
            self.latest_at,
            self.stale_after,
            self.owners,
            self.bucket_counts,
            self.value_sum,
            self.value_count,
        )
        own = sum(column.nbytes for column in columns)
        return own + sum(r.nbytes for r in self.rings.values()) + sum(h.nbytes for h in self.histograms.values())

    def need(self, window: float, columns: frozenset[str], delay: float = 0.0) -> None:
        """Keep buckets that serve a window; called before samples arrive, needs of one tier add up.

        A counter's increase starts from the last value before the window, so counters keep twice the window. A window
        that ends `delay` seconds before now needs as many buckets more.
        """
        width, buckets = tier_of(window)
        if self.metric.kind is Kind.COUNTER:
            buckets *= 2
        buckets += int(np.ceil(delay / width))
        old = self.rings.get(width)
        if old is not None:
            buckets, columns = max(buckets, old.count - 1), columns | old.columns
        self.rings[width] = Ring(width, buckets + 1, self.capacity, columns)
        self.span = max(self.span, width * buckets)

    def need_histogram(self, width: float, slots: int, limits: tuple[float, ...]) -> None:
        """Keep a histogram over the newest `slots` spans of `width` seconds, exact at the given limits."""
        old = self.histograms.get((width, slots))
        edges = histogram_edges(self.metric, limits)
        if old is not None:
            edges = np.unique(np.concatenate([old.edges, np.asarray(limits, np.float64)]))
        self.histograms[width, slots] = HistogramRing(width, slots, self.capacity, edges)
        self.span = max(self.span, width * slots)

    def row(self, labels: Labels, stale_after: float, owner: int | None) -> int:
        """The row of a series, made when it is new."""
        row = self.index.get(labels)
        if row is None:
            row = self.size
            if row == self.capacity:
                self._grow()
            self.index[labels] = row
            self.labels.append(labels)
            self.stale_after[row] = stale_after
            self.size += 1
            self.generation += 1
        else:
            self.stale_after[row] = min(self.stale_after[row], stale_after)
        if owner is not None and not int(self.owners[row]) >> owner & 1:
            self.owners[row] |= np.uint64(1 << owner)
            self.generation += 1
        return row

    def rewind(self, now: float) -> None:
        """Forget what lies ahead of `now`: the clock was set back, and nothing would be newer for as long."""
        ahead = self.latest_at > now
        self.latest[ahead], self.latest_at[ahead] = np.nan, -np.inf
        self.blank_at[self.blank_at > now] = -np.inf
        for ring in self.rings.values():
            ring.rewind(now)
        for histogram in self.histograms.values():
            histogram.rewind(now)

    def _grow(self) -> None:
        capacity = self.capacity + max(self.capacity // 4, _START)
        extra = capacity - self.capacity

        def longer(column: npt.NDArray[np.generic], fill: float) -> npt.NDArray[np.generic]:
            shape = (extra, *column.shape[1:])
            return np.concatenate([column, np.full(shape, fill, column.dtype)])

        for name, fill in (
            ("latest", np.nan),
            ("latest_at", -np.inf),
            ("blank", 0),
            ("blank_at", -np.inf),
            ("stale_after", np.inf),
            ("owners", 0),
        ):
            setattr(self, name, longer(getattr(self, name), fill))
        if self.metric.kind is Kind.HISTOGRAM:
            for name in ("bucket_counts", "value_sum", "value_count"):
                setattr(self, name, longer(getattr(self, name), 0))
        for ring in self.rings.values():
            ring.grow(capacity)
        for histogram in self.histograms.values():
            histogram.grow(capacity)

    def add(self, rows: I8, values: F8, times: F8) -> None:
        """Take samples: rows of this table, base units, source times; all already checked."""
        order = np.lexsort((values, times))
        rows, values, times = rows[order], values[order], times[order]
        known = self.latest_at[rows]
        newer = (times > known) | ((times == known) & (values >= self.latest[rows]))
        self.latest[rows[newer]] = values[newer]
        self.latest_at[rows[newer]] = times[newer]
        if self.watch is not None:
            self.watch(rows, values, times)
        for ring in self.rings.values():
            ring.add(rows, values, times)
        for histogram in self.histograms.values():
            histogram.add(rows, values, times)
        if self.metric.kind is Kind.HISTOGRAM:
            bins = np.searchsorted(self.bounds, values, side="left")
            np.add.at(self.bucket_counts.reshape(-1), rows * (len(self.bounds) + 1) + bins, np.uint64(1))
            np.add.at(self.value_sum, rows, values)
            np.add.at(self.value_count, rows, np.uint64(1))
