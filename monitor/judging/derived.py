"""Everything that is computed from counts, before the rules look: one call a tick."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from monitor.judging.comparisons import ComparisonFigures
from monitor.judging.derived_config import Derived
from monitor.judging.lost_calls import LostCallFigures
from monitor.judging.queue_figures import QueueFigures
from monitor.judging.store import Store
from monitor.judging.windows import Windows


class DerivedFigures:
    """Computes what the section `derived` asks for. `now` is an argument: the same samples give the same numbers."""

    def __init__(self, config: Derived, store: Store) -> None:
        """Made before the first sample arrives, since the tables must keep what is computed from."""
        self.every = config.every
        self.refused: Counter[str] = Counter()
        """Numbers that could not be written, by reason; claimed: a collector already reports the series."""
        self.armed_at = -math.inf
        self._windows = Windows()
        self._queues = QueueFigures(config, store, self.refused)
        self._lost = LostCallFigures(config.lost_calls, store, self.refused) if config.lost_calls else None
        self._comparisons = [ComparisonFigures(part, config.by, store, self.refused) for part in config.comparisons]
        self._due = -math.inf

    def arm(self, now: float) -> None:
        """Count afresh: what was offered before a change of stage says nothing about what comes after it."""
        self.armed_at = now
        self._due = -math.inf

    def compute(self, now: float) -> Iterator[None]:
        """Compute as of `now` (unix seconds), if it is due; yields between parts and inside long ones so that others may run."""
        if self._due - self.every <= now < self._due:
            return
        self._due = (math.floor(now / self.every) + 1) * self.every
        yield from self._queues.compute(now, self.armed_at)
        if self._lost is not None:
            yield from self._lost.compute(now, self.armed_at)
            yield
        # Comparisons come last: they may be about numbers that were computed above.
        self._windows.forget()
        for comparison in self._comparisons:
            yield from comparison.compute(self._windows, now, self.armed_at)
            yield
