"""Rings of two shards add up to the ring of one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.judging.rings import COLUMNS, HistogramRing, Ring

EDGES = np.array([1.0, 5.0, 20.0])
samples = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 30).map(float), st.integers(1, 240).map(lambda i: i / 4)), max_size=40
)


def filled(taken: list[tuple[int, float, float]], *, histogram: bool) -> Ring | HistogramRing:
    """A ring with these samples, in the order of time."""
    ring: Ring | HistogramRing = HistogramRing(5.0, 6, 3, EDGES) if histogram else Ring(5.0, 6, 3, COLUMNS)
    if taken:
        rows, values, times = (np.array(column) for column in zip(*sorted(taken, key=lambda s: s[::-1]), strict=True))
        ring.add(rows.astype(np.int64), values, times)
    return ring


@settings(max_examples=150, deadline=None)
@given(samples, samples)
def test_two_rings_merge_into_the_ring_of_all_their_samples(
    one: list[tuple[int, float, float]], other: list[tuple[int, float, float]]
) -> None:
    """Counts, sums, extremes, last values and histograms, whichever of them is ahead in time."""
    for histogram in (False, True):
        merged, whole = filled(one, histogram=histogram), filled(one + other, histogram=histogram)
        merged.merge(filled(other, histogram=histogram))  # type: ignore[arg-type]  # both are of one kind
        assert merged.head == whole.head
        for name in ("slots", "live") if histogram else ("filled", "total", "minimum", "maximum", "last", "last_at"):
            np.testing.assert_array_equal(getattr(merged, name), getattr(whole, name))


@pytest.mark.parametrize("histogram", [True, False])
def test_rings_of_different_shapes_do_not_merge(histogram: bool) -> None:
    """Buckets that mean other spans cannot be added."""
    ring = filled([], histogram=histogram)
    other = HistogramRing(5.0, 7, 3, EDGES) if histogram else Ring(6.0, 6, 3, COLUMNS)
    with pytest.raises(ValueError, match="different shapes"):
        ring.merge(other)  # type: ignore[arg-type]  # both are of one kind
