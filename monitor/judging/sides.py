"""One metric of a reader: its groups, its windows, and which series stand behind a group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from monitor.judging.groups import Grouping
from monitor.judging.rings import I8, Bools, fitted
from monitor.judging.rules import Part
from monitor.judging.store import Store
from monitor.judging.table import Table
from monitor.judging.windows import Estimates, Quality, Reduction, Span, Windows, keep, keep_closed
from monitor.model import Labels


class Shelf:
    """Tables of a store, and groupings that several readers share."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._groupings: dict[tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]], Grouping] = {}

    def grouping(self, metric: str, match: Mapping[str, str], by: tuple[str, ...]) -> Grouping:
        """The groups of a metric's series."""
        key = (metric, tuple(sorted(match.items())), by)
        made = self._groupings.get(key)
        if made is None:
            made = self._groupings[key] = Grouping(self.store.table(metric), match, by)
        return made


class Want(NamedTuple):
    """What windows a reader must be able to read."""

    window: float
    bucket: float
    n: int
    """Closed buckets; with 1 there are none."""
    limits: tuple[float, ...]
    delay: float


class Side(NamedTuple):
    """One metric of a reader."""

    shelf: Shelf
    metric: str
    grouping: Grouping
    reduction: Reduction
    span: Span
    part: Span | None

    @property
    def table(self) -> Table:
        """Where its series lie."""
        return self.grouping.table

    def work(self, windows: Windows, end: float, *, part: bool) -> Iterable[None]:
        """Prepare the windows that end then, in pieces."""
        return windows.prepare(self.table, self.grouping.now(), self.reduction, self._span(part=part), end)

    def estimate(self, windows: Windows, end: float, *, part: bool = False) -> Estimates:
        """What each group is in the window that ends then. part: in closed buckets only."""
        return windows.estimate(self.table, self.grouping.now(), self.reduction, self._span(part=part), end)

    def _span(self, *, part: bool) -> Span:
        return self.part if part and self.part is not None else self.span

    def quality(self, windows: Windows, now: float) -> Quality:
        """What the newest word on each group is worth."""
        return windows.quality(self.table, self.grouping.now(), now)

    def start(self, end: float) -> float:
        """When the window that ends then begins, unix seconds."""
        return self.span.start(end)

    def owners(self, wanted: Bools | None) -> int:
        """Bit mask of the collectors that feed it, or only these of its groups."""
        groups = self.grouping.now()
        rows = groups.rows
        if wanted is not None:
            sizes = np.diff(np.append(groups.starts, len(rows)))
            rows = rows[np.repeat(fitted(wanted, len(sizes)), sizes)]
        return int(np.bitwise_or.reduce(self.table.owners[rows])) if len(rows) else 0

    def rows(self, scope: Labels) -> tuple[Table, I8]:
        """The series that one group is made from: none where there is no such group."""
        groups = self.grouping.now()
        if scope not in groups.names[: len(groups.starts)]:
            return self.table, groups.rows[:0]
        number = groups.names.index(scope)
        end = groups.starts[number + 1] if number + 1 < len(groups.starts) else len(groups.rows)
        return self.table, groups.rows[groups.starts[number] : end]

    def twin(self, labels: Mapping[str, str]) -> Side:
        """The same over other series of the metric."""
        match = {**self.grouping.match, **labels}
        return self._replace(grouping=self.shelf.grouping(self.metric, match, self.grouping.by))


def side_of(shelf: Shelf, part: Part, by: tuple[str, ...], reduction: Reduction, want: Want) -> Side:
    """The side of a reader that reads this part, with the windows it needs kept from now on."""
    table = shelf.store.table(part.metric)
    span = keep(table, reduction, want.window, want.limits, delay=want.delay)
    closed = None
    if want.n > 1:
        closed = keep_closed(table, reduction, want.bucket, want.n, want.limits, delay=want.delay)
    return Side(shelf, part.metric, shelf.grouping(part.metric, part.match, by), reduction, span, closed)
