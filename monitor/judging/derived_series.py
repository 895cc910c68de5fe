"""Where computed numbers are written: series of the catalogue like any other, as old as what they rest on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.counts import Bools
from monitor.judging.rings import F8, I8
from monitor.judging.store import Store
from monitor.judging.table import BLANK_ERROR, BLANK_NULL
from monitor.model import Labels

_BOUND = 200
"""New series that are bound between two yields: about a millisecond."""
_AFTER = 1e-3
"""Seconds by which a blank follows the number that it takes the place of."""


class Figures(NamedTuple):
    """One number a group, and what it rests on."""

    value: F8
    """NaN where it cannot be computed."""
    at: F8
    """Time of the newest sample of the input that is oldest; not finite where an input was never heard."""
    failed: Bools
    """An input is stale or could not be asked: whatever the value, it is not shown."""
    stale_after: F8
    """Seconds after which the number is stale."""
    owners: npt.NDArray[np.uint64]
    """Bit mask of the collectors that feed the inputs."""


class DerivedSeries:
    """The series of one computed metric, one a group. A series that a collector has claimed is left to it."""

    def __init__(self, store: Store, metric: str, labels: Callable[[Labels], Labels], refused: Counter[str]) -> None:
        """labels: from a group's labels to the series' labels."""
        self.store = store
        self.table = store.table(metric)
        self.refused = refused
        self._labels = labels
        self._handles: I8 = np.zeros(0, np.int64)
        self._rows: I8 = np.zeros(0, np.int64)

    def prepare(self, names: list[Labels]) -> Iterator[None]:
        """Bind new groups' series a few at a time, so that others may run in between; `write` binds the rest."""
        while len(names) - len(self._handles) > _BOUND:
            self._bind(names[: len(self._handles) + _BOUND])
            yield

    def write(self, names: list[Labels], figures: Figures) -> None:
        """Write the groups' numbers; one that is not newer than what was written is not written again."""
        self._bind(names)
        bound = self._handles >= 0
        if not bound.any():
            return
        rows, handles = self._rows[bound], self._handles[bound]
        value, at, failed = figures.value[bound], figures.at[bound], figures.failed[bound]
        table = self.table
        table.stale_after[rows] = figures.stale_after[bound]
        owners = table.owners[rows] | figures.owners[bound]
        if (owners != table.owners[rows]).any():
            table.owners[rows] = owners
            table.generation += 1
        known = table.latest_at[rows]
        measured = np.isfinite(value) & np.isfinite(at) & ~failed
        good = measured & (at > known)
        if good.any():
            # Received when it was true: a number is not late because its slowest input is.
            self.store.ingest(handles[good], value[good], at[good], at[good], self.refused)
        gone = ~measured & np.isfinite(at)
        if gone.any():
            kind = np.where(failed, BLANK_ERROR, BLANK_NULL).astype(np.int8)
            table.blank[rows[gone]] = kind[gone]
            table.blank_at[rows[gone]] = np.maximum(at, known + _AFTER)[gone]
            table.has_blanks = True

    def _bind(self, names: list[Labels]) -> None:
        handles = []
        for name in names[len(self._handles) :]:
            labels = tuple(sorted((label, value) for label, value in self._labels(name) if value))
            if labels in self.table.index:
                handle, reason = -1, "claimed"
            else:
                handle, reason = self.store.bind(self.table.metric.name, labels, np.inf, None)
            if handle < 0:
                self.refused[reason] += 1
            handles.append(handle)
        if handles:
            # What is computed in a tick is judged in it: it is not waiting for samples.
            if self.table.held is not None:
                self.table.hold()
            rows = [self.store.handles[handle][1] if handle >= 0 else 0 for handle in handles]
            self._handles = np.concatenate([self._handles, np.asarray(handles, np.int64)])
            self._rows = np.concatenate([self._rows, np.asarray(rows, np.int64)])
