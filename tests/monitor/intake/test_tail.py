"""The newest samples as they came: found again by series, newest first, and honest about how far back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.intake.intake import Intake
from monitor.intake.tail import Tail
from monitor.judging.store import Store
from tests.monitor.judging.rig import GAUGE

BATCHES = st.lists(st.lists(st.integers(0, 3), max_size=9), max_size=12)


@given(BATCHES, st.integers(1, 12), st.integers(0, 3), st.integers(1, 6))
def test_a_series_is_found_newest_first_within_what_is_kept(batches, size, handle, most) -> None:
    """Whatever came in which batches, a series' samples are the newest of those that the ring still holds."""
    tail = Tail(size)
    everything: list[tuple[int, float, int]] = []
    for owner, batch in enumerate(batches):
        numbers = np.arange(len(everything), len(everything) + len(batch), dtype=np.float64)
        tail.keep(owner % 7, np.array(batch, np.int64), numbers, numbers + 100, numbers + 200)
        everything += [(h, n, owner % 7) for h, n in zip(batch, numbers.tolist(), strict=True)]
    expected = [(n, owner) for h, n, owner in everything[-size:] if h == handle][::-1][:most]
    found = tail.of(handle, most)
    assert list(zip(found.values.tolist(), found.owners.tolist(), strict=True)) == expected
    assert found.times.tolist() == [n + 100 for n, _ in expected]
    assert found.received.tolist() == [n + 200 for n, _ in expected]
    if len(everything) < size:
        assert tail.reach is None
    else:
        assert tail.reach == everything[-size][1] + 200


def test_what_a_collector_changes_afterwards_does_not_change_what_is_kept() -> None:
    """A collector that uses its columns again cannot rewrite what a person will read."""
    tail, values = Tail(8), np.array([1.0, 2.0])
    tail.keep(0, np.array([0, 0]), values, values, values)
    values[:] = 9.0
    assert tail.of(0, 8).values.tolist() == [2.0, 1.0]


def test_samples_that_the_store_refuses_are_kept_too() -> None:
    """A number out of range is counted as refused, and a person can still see what it was."""
    intake = Intake(Store({GAUGE.name: GAUGE}))
    door = intake.door("a", 10.0)
    handle = door.series(GAUGE.name, ())
    door.emit([handle, handle], [5.0, -1.0], [100.0, 100.0], 100.0)
    intake.flush()
    assert door.refused["out_of_range"] == 1
    assert sorted(intake.tail.of(handle, 10).values.tolist()) == [-1.0, 5.0]
