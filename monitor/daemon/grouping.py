"""Rows of a table by what some of their labels say."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import numpy as np

from monitor.judging.rings import I8
from monitor.judging.table import Table

N = TypeVar("N", bound=Hashable)


class Grouping(Generic[N]):
    """Which group each row of some tables belongs to, found once for each new series. Groups are shared by all tables."""

    def __init__(self, name: Callable[[dict[str, str]], N | None]) -> None:
        """name: the group of a series with these labels; None: it belongs to none."""
        self._name = name
        self._numbers: dict[N, int] = {}
        self._rows: dict[str, I8] = {}

    @property
    def groups(self) -> list[N]:
        """Their names, by number."""
        return list(self._numbers)

    def of(self, table: Table) -> I8:
        """The number of each row's group, -1 for none."""
        known = self._rows.get(table.metric.name, np.zeros(0, np.int64))
        if len(known) < table.size:
            new = [self._number(dict(labels)) for labels in table.labels[len(known) : table.size]]
            known = self._rows[table.metric.name] = np.concatenate([known, np.array(new, np.int64)])
        return known

    def _number(self, labels: dict[str, str]) -> int:
        name = self._name(labels)
        return -1 if name is None else self._numbers.setdefault(name, len(self._numbers))
