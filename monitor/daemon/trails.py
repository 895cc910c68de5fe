"""What happened to the series of one metric in the last hours, step by step: only what changed, bounded.

Taken from columns that the tables keep anyway, so a sample costs nothing more when it arrives. Steps are five seconds long
for the newest five minutes, then a minute. What is kept of a step are pairs of a key and a number: how much a counter
rose, how many values fell into a bin of a histogram, what a gauge said last.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import F8, I8
from monitor.judging.table import Table
from monitor.model import Kind

STEP, MINUTE = 5.0, 60.0
"""Seconds of a young and of an old step."""
YOUNG = 60
"""Steps that are young: five minutes."""
LONGEST = 4 * 3600.0
"""Seconds after which a step is forgotten."""
AT_ONCE = 30_000
"""Pairs that are added up between two moments in which others may run."""
BUDGET = 500_000
"""Pairs that one trail keeps, eight bytes each; beyond it the oldest steps go before their time."""


class Step(NamedTuple):
    """What happened in (begin, end]."""

    begin: float
    end: float
    keys: npt.NDArray[np.int32]
    numbers: npt.NDArray[np.float32]


def step_of(begin: float, end: float, keys: I8, numbers: F8) -> Step:
    """A step of these pairs."""
    return Step(begin, end, keys.astype(np.int32), numbers.astype(np.float32))


class Trail:
    """Steps of one kind of number. adding: numbers of one key add up when steps are merged; else the newest stays."""

    def __init__(self, *, adding: bool, budget: int = BUDGET) -> None:
        self._adding = adding
        self._budget = budget
        self._young: deque[Step] = deque()
        self._old: deque[Step] = deque()
        self._size = 0
        self.forgotten = 0
        """Steps that had to go before their time."""

    def add(self, step: Step) -> None:
        """Put a step at the end."""
        self._young.append(step)
        self._size += len(step.keys)
        if len(self._young) > YOUNG + MINUTE / STEP:
            self._grow_old()
        while self._size > self._budget and len(self._young) + len(self._old) > 1:
            self._drop()
            self.forgotten += 1
        while self._old and self._old[0].end < step.end - LONGEST:
            self._drop()

    def _drop(self) -> None:
        self._size -= len((self._old or self._young).popleft().keys)

    def _grow_old(self) -> None:
        """Make one step of those of the oldest minute."""
        first = self._young.popleft()
        parts = [first]
        while self._young and math.ceil(self._young[0].end / MINUTE) == math.ceil(first.end / MINUTE):
            parts.append(self._young.popleft())
        self._size -= sum(len(part.keys) for part in parts)
        keys = np.concatenate([part.keys for part in reversed(parts)])
        numbers = np.concatenate([part.numbers for part in reversed(parts)])
        unique, place, inverse = np.unique(keys, return_index=True, return_inverse=True)
        merged = np.bincount(inverse, numbers, len(unique)) if self._adding else numbers[place]
        self._old.append(Step(first.begin, parts[-1].end, unique, merged.astype(np.float32)))
        self._size += len(unique)

    def steps(self, since: float) -> Iterator[Step]:
        """Steps that end after an instant, oldest first."""
        whole = (*self._old, *self._young)
        return (step for step in whole if step.end > since + 1e-6)

    def begin(self) -> float:
        """The instant from which on everything is known; inf: nothing is."""
        return next((step.begin for step in (*self._old, *self._young)), math.inf)

    def rewind(self, now: float) -> None:
        """Forget what lies ahead of `now`, after the clock was set back."""
        for steps in (self._young, self._old):
            while steps and steps[-1].end > now + STEP:
                self._size -= len(steps.pop().keys)


def known_since(trails: Iterable[Trail]) -> float:
    """From when on nothing is missing: the first step of all, unless a trail had to forget; inf: nothing is known."""
    all_of_them = list(trails)
    first = min((trail.begin() for trail in all_of_them), default=math.inf)
    return max([first, *(trail.begin() for trail in all_of_them if trail.forgotten)])


class Follower:
    """Follows one table. Keys are rows; of a histogram's bins, row * bins + bin."""

    def __init__(self, table: Table, began: float | None, budget: int = BUDGET) -> None:
        """began: the instant from which on is followed; None: the table is new, everything in it came since the last step."""
        self.table = table
        kind = table.metric.kind
        self.bins = len(table.bounds) + 1 if kind is Kind.HISTOGRAM else 1
        self.counts = Trail(adding=kind is not Kind.GAUGE, budget=budget)
        """Rises of a counter, values of a gauge, or values by bin."""
        self.sums = Trail(adding=True, budget=budget)
        """Of a histogram: what the values add up to, a number a row."""
        self._before: F8 = np.zeros(0)
        self._sums: F8 = np.zeros(0)
        if began is None:
            return
        if kind is Kind.HISTOGRAM:
            self._before = table.bucket_counts[: table.size].astype(np.float64).reshape(-1)
            self._sums = table.value_sum[: table.size].copy()
        elif kind is Kind.COUNTER:
            self._before = table.latest[: table.size].copy()
        else:
            self.take(-math.inf, began)

    def take(self, begin: float, end: float) -> None:
        """Note what happened in (begin, end]."""
        kind = self.table.metric.kind
        if kind is Kind.HISTOGRAM:
            self._take_histogram(begin, end)
        elif kind is Kind.COUNTER:
            self._take_counter(begin, end)
        else:
            heard = self.table.latest_at[: self.table.size].copy()
            rows = np.flatnonzero(heard > fitted(self._before, len(heard), -math.inf))
            self._before = heard
            self.counts.add(step_of(begin if math.isfinite(begin) else end, end, rows, self.table.latest[rows]))

    def _take_histogram(self, begin: float, end: float) -> None:
        size = self.table.size
        now = self.table.bucket_counts[:size].astype(np.float64).reshape(-1)
        sums = self.table.value_sum[:size].copy()
        rise = now - fitted(self._before, len(now), 0.0)
        added = sums - fitted(self._sums, size, 0.0)
        self._before, self._sums = now, sums
        keys = np.flatnonzero(rise > 0)
        self.counts.add(step_of(begin, end, keys, rise[keys]))
        rows = np.unique(keys // self.bins)
        self.sums.add(step_of(begin, end, rows, added[rows]))

    def _take_counter(self, begin: float, end: float) -> None:
        """A counter that fell began anew from zero; one that is new has risen by an amount that nobody knows."""
        now = self.table.latest[: self.table.size].copy()
        before = fitted(self._before, len(now), math.nan)
        self._before = now
        rise = np.where(now >= before, now - before, now)
        rise = np.where(np.isnan(before) | np.isnan(now), 0.0, rise)
        keys = np.flatnonzero(rise > 0)
        self.counts.add(step_of(begin, end, keys, rise[keys]))

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which rows were heard of when the newest step was closed; of others nothing can be said yet."""
        rows: npt.NDArray[np.bool_] = np.isfinite(self._before[:: self.bins])
        return rows

    def rewind(self, now: float) -> None:
        """The clock was set back."""
        self.counts.rewind(now)
        self.sums.rewind(now)
        if self.table.metric.kind is Kind.GAUGE:
            self._before = np.minimum(self._before, now)


def fitted(column: F8, size: int, fill: float) -> F8:
    """A column as long as the table is now."""
    return np.concatenate([column, np.full(size - len(column), fill)]) if len(column) < size else column[:size]


async def gathered(steps: Iterable[Step], group_of: I8, groups: int, bins: int = 1) -> F8:
    """What the steps add up to by group and bin. group_of: the group of each row, -1 for none.

    Gives the loop back after so many pairs as take about two milliseconds.
    """
    total = np.zeros(groups * bins)
    waiting: list[Step] = []
    for step in steps:
        waiting.append(step)
        if sum(len(part.keys) for part in waiting) >= AT_ONCE:
            _add(total, waiting, group_of, bins)
            waiting.clear()
            await asyncio.sleep(0)
    _add(total, waiting, group_of, bins)
    return total.reshape(groups, bins)


def _add(total: F8, steps: list[Step], group_of: I8, bins: int) -> None:
    if not steps or not len(total):
        return
    keys = np.concatenate([step.keys for step in steps])
    numbers = np.concatenate([step.numbers for step in steps])
    rows = keys // bins
    known = rows < len(group_of)
    keys, numbers, rows = keys[known], numbers[known], rows[known]
    group = group_of[rows]
    mine = group >= 0
    total += np.bincount(group[mine] * bins + keys[mine] % bins, numbers[mine], len(total))
