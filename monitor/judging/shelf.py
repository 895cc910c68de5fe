"""Tables of a store, and the groupings of their series that several readers share."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.judging.groups import Grouping
from monitor.judging.store import Store


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
