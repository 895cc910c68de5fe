"""Which rows of a table belong together: groups by label, kept up as series appear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np

from monitor.judging.rings import I8
from monitor.judging.table import Table
from monitor.model import Labels

_SERIAL = count()
LOOKED_AT = 500
"""New series that are looked at between two yields: about a millisecond."""


class Groups(NamedTuple):
    """Rows of a table, sorted so that each group is a run."""

    rows: I8
    starts: I8
    names: list[Labels]
    """The labels of each group; may be longer than `starts` once the table has grown."""
    generation: int
    serial: int
    """Differs between any two Groups of a process."""
    pick: slice | I8
    """The rows as an index, a slice where they lie together: a slice costs no copy."""

    @property
    def single(self) -> bool:
        """Whether each group is one row."""
        return len(self.rows) == len(self.starts)

    def rows_of(self, name: Labels) -> I8:
        """The rows of one group, by its labels; none for a group that has none."""
        if name not in self.names[: len(self.starts)]:
            return self.rows[:0]
        number = self.names.index(name)
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.rows)
        return self.rows[self.starts[number] : end]

    def part(self, rows: slice) -> slice | I8:
        """An index like `pick` for a stretch of the rows."""
        if isinstance(self.pick, slice):
            return slice(self.pick.start + rows.start, self.pick.start + rows.stop)
        return self.rows[rows]

    def runs(self, rows: slice) -> tuple[int, I8]:
        """The number of the first group of a stretch of rows, and where in the stretch its groups begin."""
        first = int(np.searchsorted(self.starts, rows.start, side="right")) - 1
        last = int(np.searchsorted(self.starts, rows.stop, side="left"))
        return first, np.maximum(self.starts[first:last] - rows.start, 0)


NO_GROUPS = Groups(np.empty(0, np.int64), np.empty(0, np.int64), [], -1, -1, slice(0, 0))


class Grouping:
    """The groups of one table by one match; rules that ask for the same share it."""

    def __init__(
        self, table: Table, match: Mapping[str, str], by: tuple[str, ...], known: Sequence[Labels] = ()
    ) -> None:
        """known: groups that keep their numbers even if no row is in them yet."""
        self.table = table
        self.match = dict(match)
        self.by = by
        self.names: list[Labels] = list(known)
        self._numbers = {name: number for number, name in enumerate(self.names)}
        self._rows: list[int] = []
        self._owners: list[int] = []
        self._seen = 0
        self._groups = NO_GROUPS

    def now(self) -> Groups:
        """The groups as the table is now; groups that are known keep their numbers, new ones follow."""
        if self._groups.generation != self.table.generation:
            self._take(len(self.table.labels))
            self._groups = self._sorted()
        return self._groups

    def prepare(self) -> Iterable[None]:
        """Look at new series a few at a time, so that others may run in between; `now` looks at the rest."""
        return self._some() if len(self.table.labels) - self._seen > LOOKED_AT else ()

    def _some(self) -> Iterator[None]:
        while len(self.table.labels) - self._seen > LOOKED_AT:
            self._take(self._seen + LOOKED_AT)
            yield

    def _take(self, stop: int) -> None:
        for row in range(self._seen, stop):
            have = dict(self.table.labels[row])
            if any(have.get(name) != value for name, value in self.match.items()):
                continue
            key = tuple((name, have.get(name, "")) for name in self.by)
            number = self._numbers.setdefault(key, len(self.names))
            if number == len(self.names):
                self.names.append(key)
            self._rows.append(row)
            self._owners.append(number)
        self._seen = stop

    def _sorted(self) -> Groups:
        owners, rows = np.asarray(self._owners, np.int64), np.asarray(self._rows, np.int64)
        order = np.argsort(owners, kind="stable")
        rows = rows[order]
        starts = np.searchsorted(owners[order], np.arange(len(self.names)))
        pick: slice | I8 = rows
        if len(rows) and (np.diff(rows) == 1).all():
            pick = slice(int(rows[0]), int(rows[-1]) + 1)
        return Groups(rows, starts, self.names, self.table.generation, next(_SERIAL), pick)


def group(table: Table, match: Mapping[str, str], by: tuple[str, ...], known: Sequence[Labels]) -> Groups:
    """Group the matching rows by labels, once."""
    return Grouping(table, match, by, known).now()
