"""The bounded memory of all that was heard: one table a metric, series addressed by handles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from monitor.judging.pieces import Pieces, finished
from monitor.judging.rings import F8, I8
from monitor.judging.table import Table
from monitor.model import Labels, Metric

SAMPLES = 4096
"""Samples of one metric that are taken between two yields: about a millisecond."""
AHEAD = 5.0
"""Seconds that a sample may lie ahead of its receipt; beyond it the source's clock is wrong."""

LATENESS = 60.0
"""Seconds that a sample may be late and still count as if it had come in order. Later ones are on disk where samples are
recorded, but the past that they tell of was judged already: a backlog after an outage must neither alert nor clear."""


class Store:
    """Tables by metric name. Samples come in as columns of handles, values and times."""

    def __init__(
        self, catalogue: Mapping[str, Metric], *, series_per_metric: int = 20_000, series: int = 150_000
    ) -> None:
        self.catalogue = catalogue
        self.tables: dict[str, Table] = {}
        self.series_per_metric = series_per_metric
        self.series = series
        self.size = 0
        self.handles: list[tuple[Table, int]] = []
        self._by_series: dict[tuple[str, Labels], int] = {}
        self._order: list[Table] = []
        self._numbers: dict[str, int] = {}
        self._table_of: npt.NDArray[np.int32] = np.zeros(1024, np.int32)
        self._row_of: I8 = np.zeros(1024, np.int64)

    def table(self, metric: str) -> Table:
        """The table of a metric of the catalogue, made when it is new; KeyError for an unknown metric."""
        table = self.tables.get(metric)
        if table is None:
            table = self.tables[metric] = Table(self.catalogue[metric])
            self._numbers[metric] = len(self._order)
            self._order.append(table)
        return table

    def bind(self, metric: str, labels: Labels, stale_after: float, owner: int | None) -> tuple[int, str]:
        """A handle for a series; (-1, reason) when it is refused: unknown_metric or series_cap.

        owner: number of the collector, None while none has claimed the series.
        """
        if metric not in self.catalogue:
            return -1, "unknown_metric"
        table = self.table(metric)
        if labels not in table.index and (table.size >= self.series_per_metric or self.size >= self.series):
            return -1, "series_cap"
        before = table.size
        row = table.row(labels, stale_after, owner)
        self.size += table.size - before
        handle = self._by_series.get((metric, labels))
        if handle is None:
            handle = len(self.handles)
            self._by_series[metric, labels] = handle
            self.handles.append((table, row))
            if handle == len(self._row_of):
                self._table_of = np.concatenate([self._table_of, np.zeros_like(self._table_of)])
                self._row_of = np.concatenate([self._row_of, np.zeros_like(self._row_of)])
            self._table_of[handle] = self._numbers[metric]
            self._row_of[handle] = row
        return handle, ""

    def handle(self, metric: str, labels: Labels) -> int | None:
        """The handle of a series that was bound; None for one that was not."""
        return self._by_series.get((metric, labels))

    def blank(self, handle: int, kind: int, at: float) -> None:
        """Note that the source answered without a number: BLANK_EMPTY, BLANK_NULL or BLANK_ERROR at its time `at`."""
        table, row = self.handles[handle]
        if at >= table.blank_at[row]:
            table.blank[row], table.blank_at[row] = kind, at
            table.has_blanks = True

    def rewind(self, now: float) -> None:
        """Forget what lies ahead of `now`: the clock was set back."""
        for table in self._order:
            table.rewind(now)

    def ingest(self, handles: I8, values: F8, times: F8, received: F8, refused: Counter[str]) -> int:
        """Take the samples that are sound and count the others by reason; returns how many were taken.

        A sample up to 5 s ahead of its receipt counts as heard at its receipt, so that a fast clock can neither
        empty a window nor keep a source fresh after it fell silent.
        Reasons: not_finite, future (more than 5 s ahead of receipt), late (older than LATENESS, than twice what makes
        its series STALE, and than the ring), out_of_range.
        """
        return finished(self.take(handles, values, times, received, refused))

    def take(self, handles: I8, values: F8, times: F8, received: F8, refused: Counter[str]) -> Pieces[int]:
        """The same as `ingest` in pieces, each all samples of some series, so that it makes no difference."""
        bound = handles >= 0
        finite = np.isfinite(values) & np.isfinite(times)
        future = finite & (times > received + AHEAD)
        good = bound & finite & ~future
        if not good.all():
            _count(refused, not_finite=bound & ~finite, future=bound & future)
            handles, values, times, received = handles[good], values[good], times[good], received[good]
        if not len(handles):
            return 0
        times = np.minimum(times, received)
        numbers = self._table_of[handles]
        rows = self._row_of[handles]
        taken = 0
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        starts = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1]]))
        for start, stop in zip(starts, [*starts[1:], len(numbers)], strict=True):
            part = order[start:stop]
            table = self._order[int(numbers[start])]
            for some in _by_series(part, rows):
                taken += self._add(table, rows[some], values[some], times[some], received[some], refused)
                yield
        return taken

    def _add(self, table: Table, rows: I8, values: F8, times: F8, received: F8, refused: Counter[str]) -> int:
        low, high = table.metric.low, table.metric.high
        sound = (values >= low) & (values <= high)
        late = times <= latest_taken(table, rows, received)
        good = sound & ~late
        if not good.all():
            _count(refused, out_of_range=~sound, late=sound & late)
            rows, values, times = rows[good], values[good], times[good]
        if len(rows):
            table.add(rows, values, times)
        return len(rows)


def latest_taken(table: Table, rows: I8 | int, received: F8 | float) -> F8:
    """The time up to which a sample that is received now is too late, unix seconds."""
    patience: F8 = np.minimum(table.span, np.maximum(LATENESS, 2.0 * table.stale_after[rows]))
    return received - patience


def _by_series(part: I8, rows: I8) -> list[I8]:
    """Places in `rows`, split so that all of one row stay together and, where that allows it, at most SAMPLES do."""
    if len(part) <= SAMPLES:
        return [part]
    own = rows[part]
    if not (own[1:] >= own[:-1]).all():
        order = np.argsort(own, kind="stable")
        part, own = part[order], own[order]
    edges = np.unique(np.searchsorted(own, own[::SAMPLES]))
    return np.split(part, edges[1:])


def _count(refused: Counter[str], **reasons: npt.NDArray[np.bool_]) -> None:
    for reason, mask in reasons.items():
        if many := int(mask.sum()):
            refused[reason] += many
