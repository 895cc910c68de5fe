"""How far the target lies from the legacy platform, number by number: golive_baseline_deviation_ratio."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial

import numpy as np

from monitor.judging.derived_config import Comparison
from monitor.judging.derived_series import DerivedSeries, Figures
from monitor.judging.formulas import deviation
from monitor.judging.groups import Grouping
from monitor.judging.store import Store
from monitor.judging.table import BLANK_ERROR
from monitor.judging.windows import Windows, keep
from monitor.model import Labels

DEVIATION = "golive_baseline_deviation_ratio"


class _Side:
    """The same number on one platform."""

    def __init__(self, config: Comparison, by: tuple[str, ...], platform: str, store: Store) -> None:
        self.config = config
        self.table = store.table(config.metric)
        self.grouping = Grouping(self.table, {**config.match, "platform": platform}, by)
        self.span = keep(self.table, config.estimator, config.window, ())
        self._places = np.zeros(0, np.int64)
        self._placed = -1

    def work(self, windows: Windows, now: float) -> Iterator[None]:
        """Compute in pieces what `read` needs."""
        yield from self.grouping.prepare()
        yield from windows.prepare(self.table, self.grouping.now(), self.config.estimator, self.span, now)

    def number(self, names: dict[Labels, int]) -> None:
        """Give each group that is new its number in `names`."""
        groups = self.grouping.now()
        if self._placed != groups.serial:
            fresh = groups.names[len(self._places) : len(groups.starts)]
            new = [names.setdefault(name, len(names)) for name in fresh]
            self._places = np.concatenate([self._places, np.asarray(new, np.int64)])
            self._placed = groups.serial

    def read(self, windows: Windows, names: dict[Labels, int], now: float) -> Figures:
        """The number of each group in `names`; NaN where this side has none, or too few samples for one."""
        size = len(names)
        made = Figures(
            np.full(size, np.nan),
            np.full(size, np.inf),
            np.zeros(size, np.bool_),
            np.zeros(size),
            np.zeros(size, np.uint64),
        )
        groups = self.grouping.now()
        if not len(groups.rows):
            return made
        place = self._places
        estimates = windows.estimate(self.table, groups, self.config.estimator, self.span, now)
        quality = windows.quality(self.table, groups, now)
        none = np.zeros(len(place), np.bool_)
        blank = none.astype(np.int8) if quality.blank is None else quality.blank
        stale = none if quality.stale is None else quality.stale
        enough = (estimates.samples >= self.config.min_count) & (blank == 0)
        made.value[place] = np.where(enough, estimates.value, np.nan)
        made.at[place] = quality.newest
        made.failed[place] = stale | (blank == BLANK_ERROR)
        made.stale_after[place] = quality.limit
        made.owners[place] = np.bitwise_or.reduceat(self.table.owners[groups.rows], groups.starts)
        return made


class ComparisonFigures:
    """Computes one comparison and writes it to the store."""

    def __init__(self, config: Comparison, by: tuple[str, ...], store: Store, refused: Counter[str]) -> None:
        self.legacy = _Side(config, by, "legacy", store)
        self.target = _Side(config, by, "target", store)
        self.series = DerivedSeries(store, DEVIATION, partial(_with_metric, config.label), refused)
        self._names: dict[Labels, int] = {}

    def compute(self, windows: Windows, now: float, armed_at: float) -> Iterator[None]:
        """Compute as of `now`, in pieces, once a whole window lies after `armed_at`. Unix seconds.

        Unknown, never 0, where the legacy number is missing, thin, stale or zero, or the target's is.
        """
        for side in (self.legacy, self.target):
            yield from side.work(windows, now)
        for side in (self.legacy, self.target):
            side.number(self._names)
        old, new = (side.read(windows, self._names, now) for side in (self.legacy, self.target))
        metric = self.series.table.metric
        value = np.clip(deviation(new.value, old.value), metric.low, metric.high)
        if self.target.span.start(now) < armed_at:
            value[:] = np.nan
        figures = Figures(
            value,
            np.minimum(old.at, new.at),
            old.failed | new.failed,
            np.maximum(old.stale_after, new.stale_after),
            old.owners | new.owners,
        )
        names = list(self._names)
        yield from self.series.prepare(names)
        self.series.write(names, figures)


def _with_metric(label: str, group: Labels) -> Labels:
    return (*group, ("metric", label))
