"""The arithmetic of estimators over columns: increases of counters, quantiles of bin counts, bounds of a share. Pure."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import F8, I8, Counts

QUANTILES: dict[str, float] = {
    "p10": 0.1,
    "p25": 0.25,
    "p50": 0.5,
    "p75": 0.75,
    "p90": 0.9,
    "p95": 0.95,
    "p99": 0.99,
}
_CHUNK = 512
"""Rows of bin counts taken at once: they and their sums stay in the processor's cache."""


def increases(last: F8, window: I8, before: I8, rows: slice) -> F8:
    """How much each of the counters `rows` rose over the window's buckets, resets allowed for.

    The increase of a bucket is its last value less the last value before it; where it fell, the counter was
    reset and the whole last value counts (as Prometheus' increase does). A counter first heard inside the
    window counts from its first bucket's last value.
    """
    previous = _newest_before(last, before, rows)
    rise = np.zeros(rows.stop - rows.start)
    for slot in window:
        value = last[slot, rows]
        silent = np.isnan(value)
        without = np.count_nonzero(silent)
        if without == len(value):
            continue
        step = value - previous
        fell = step < 0
        if np.count_nonzero(fell):
            np.copyto(step, value, where=fell)
        step[np.isnan(step)] = 0.0
        rise += step
        previous = np.where(silent, previous, value) if without else value
    return rise


def _newest_before(last: F8, before: I8, rows: slice) -> F8:
    """The last value of each series in the slots before a window; NaN where there is none."""
    previous = np.full(rows.stop - rows.start, np.nan)
    missing = np.arange(rows.start, rows.stop)
    for slot in before[::-1]:
        value = last[slot, missing]
        previous[missing - rows.start] = value
        missing = missing[np.isnan(value)]
        if not len(missing):
            break
    return previous


def quantiles(counts: npt.NDArray[np.int32] | Counts, edges: F8, low: float, quantile: float) -> F8:
    """Quantile of each row of bin counts, interpolated inside its bin; NaN for an empty row.

    In the last bin, which is open, the answer is its lower edge (as histogram_quantile of Prometheus does).
    """
    bounds = np.concatenate([[min(low, edges[0])], edges]), np.concatenate([edges, [edges[-1]]])
    value = np.empty(len(counts))
    for start in range(0, len(counts), _CHUNK):
        value[start : start + _CHUNK] = _quantiles(counts[start : start + _CHUNK], *bounds, quantile)
    return value


def _quantiles(counts: npt.NDArray[np.int32] | Counts, lower: F8, upper: F8, quantile: float) -> F8:
    cumulative = np.cumsum(counts, axis=1, dtype=np.int32)
    total = cumulative[:, -1]
    rank = quantile * total
    whole = np.ceil(rank).astype(np.int32)
    bins = (cumulative >= whole[:, None]).argmax(axis=1)
    each = np.arange(len(counts))
    inside = counts[each, bins].astype(np.float64)
    before = cumulative[each, bins] - inside
    with np.errstate(invalid="ignore", divide="ignore"):
        value = lower[bins] + (upper[bins] - lower[bins]) * (rank - before) / inside
    return np.where(total > 0, value, np.nan)


@lru_cache(maxsize=64)
def z_of(confidence: float) -> float:
    """The normal deviate of a one-sided confidence: 1.645 for 0.95."""
    return NormalDist().inv_cdf(confidence)


def wilson(share: F8, count: F8, confidence: float) -> tuple[F8, F8]:
    """Lower and upper bound of each share seen in so many trials; NaN where there were none.

    Wilson's score interval (E. B. Wilson, 1927), each bound one-sided: the true share lies below the lower bound, or
    above the upper one, with probability 1 - confidence each.
    """
    z2 = z_of(confidence) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = np.clip(share, 0.0, 1.0)
        middle = seen + z2 / (2 * count)
        spread = np.sqrt(z2 * (seen * (1 - seen) / count + z2 / (4 * count * count)))
        scale = 1 + z2 / count
        low, high = (middle - spread) / scale, (middle + spread) / scale
    return np.where(count > 0, np.maximum(low, 0.0), np.nan), np.where(count > 0, np.minimum(high, 1.0), np.nan)


def least_count(clear: float, confidence: float, *, worse_high: bool) -> float:
    """Trials from which on a share without any bad (or with all good) can pass a clear limit at all.

    z^2 (1 - clear) / clear where high is bad, z^2 clear / (1 - clear) where low is: with nothing bad seen, Wilson's far
    bound is z^2 / (n + z^2). Infinite where no number of trials is enough.
    """
    z2 = z_of(confidence) ** 2
    room, rest = (clear, 1 - clear) if worse_high else (1 - clear, clear)
    return z2 * rest / room if room > 0 else float("inf")
