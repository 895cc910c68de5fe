"""A baseline at work: the number each group is compared with, where it came from, or why there is none."""

from __future__ import annotations

import math
from statistics import median
from typing import Protocol

import numpy as np
import numpy.typing as npt

from monitor.judging.baseline import SLOT, Baseline, History
from monitor.judging.readers import Reader
from monitor.judging.rings import F8, I8
from monitor.judging.windows import Estimates, Windows
from monitor.model import Labels
from monitor.units import format_duration

LOOKUPS = 200
"""Groups whose recorded weeks are looked up in one tick; the others keep the quarter hour before until it is their turn."""

FOUND, SILENT, THIN, STALE, USELESS, OLD, NO_RECORD, FEW, WAITING = range(9)
"""What is known of a group's baseline."""


class Source(Protocol):
    """Where baselines come from."""

    def values(self, windows: Windows, end: float, names: list[Labels]) -> tuple[F8, npt.NDArray[np.int8]]:
        """The baseline of each group, NaN where there is none, and what is known of it."""
        ...

    def arm(self, windows: Windows, now: float, names: list[Labels]) -> None:
        """A stage begins."""
        ...

    def why(self, known: int, index: int, now: float) -> str:
        """Why a group has no baseline."""
        ...


class Fixed:
    """A number that the configuration states."""

    def __init__(self, value: float) -> None:
        self.value = value

    def values(self, _windows: Windows, _end: float, names: list[Labels]) -> tuple[F8, npt.NDArray[np.int8]]:
        """The same for every group."""
        return np.full(len(names), self.value), np.zeros(len(names), np.int8)

    def arm(self, windows: Windows, now: float, names: list[Labels]) -> None:
        """Nothing changes."""

    def why(self, _known: int, _index: int, _now: float) -> str:
        """It is always there."""
        return ""


class Legacy:
    """The same estimate of the same group on the platform that calls are moved from."""

    def __init__(self, baseline: Baseline, reader: Reader, min_count: int) -> None:
        self.baseline = baseline
        self.reader = reader
        self.min_count = baseline.min_count if baseline.min_count is not None else min_count
        self.frozen: F8 = np.empty(0)
        self.frozen_at: F8 = np.empty(0)
        self.samples: F8 = np.empty(0)
        self.newest: F8 = np.empty(0)
        self._places: I8 = np.empty(0, np.int64)
        self._placed = (-1, -1)

    def arm(self, windows: Windows, now: float, names: list[Labels]) -> None:
        """Freeze what legacy says now; where it says nothing sound, what was frozen before stays."""
        self._room(len(names))
        live, known = self._live(windows, now, now, names)
        self._freeze(live, known == FOUND, now)

    def values(self, windows: Windows, end: float, names: list[Labels]) -> tuple[F8, npt.NDArray[np.int8]]:
        """The frozen baseline; until one was sound enough to be frozen, the live one, which is then frozen."""
        self._room(len(names))
        if not self.baseline.freeze:
            return self._live(windows, end, end, names)
        missing = np.isnan(self.frozen)
        known = np.zeros(len(names), np.int8)
        if missing.any():
            live, state = self._live(windows, end, end, names)
            self._freeze(live, missing & (state == FOUND), end)
            known = np.where(missing, state, known).astype(np.int8)
        old = end - self.frozen_at > self.baseline.max_age
        known[old] = OLD
        return np.where(old, np.nan, self.frozen), known

    def _room(self, size: int) -> None:
        extra = size - len(self.frozen)
        if extra > 0:
            self.frozen = np.concatenate([self.frozen, np.full(extra, np.nan)])
            self.frozen_at = np.concatenate([self.frozen_at, np.full(extra, np.inf)])

    def _freeze(self, live: F8, which: npt.NDArray[np.bool_], now: float) -> None:
        self.frozen[which], self.frozen_at[which] = live[which], now

    def _live(self, windows: Windows, end: float, now: float, names: list[Labels]) -> tuple[F8, npt.NDArray[np.int8]]:
        size = len(names)
        value, known = np.full(size, np.nan), np.full(size, SILENT, np.int8)
        self.samples, self.newest = np.zeros(size), np.full(size, -np.inf)
        groups = self.reader.groups
        if not len(groups.rows):
            return value, known
        if self._placed != (groups.serial, len(names)):  # names are added to, never changed
            numbers = {name: number for number, name in enumerate(groups.names)}
            self._places = np.array([numbers.get(name, -1) for name in names], np.int64)
            self._placed = (groups.serial, len(names))
        here = self._places >= 0
        at = self._places[here]
        made, quality = self.reader.estimate(windows, end), self.reader.quality(windows, now)
        self.samples[here], self.newest[here] = made.samples[at], quality.newest[at]
        value[here] = made.value[at]
        state = np.where(made.heard & (made.samples >= self.min_count), FOUND, THIN)
        if quality.blank is not None:
            state = np.where(quality.blank > 0, SILENT, state)
        if quality.stale is not None:
            state = np.where(quality.stale, STALE, state)
        known[here] = state[at]
        value[known != FOUND] = np.nan
        return value, known

    def why(self, known: int, index: int, now: float) -> str:
        """In words, with the numbers."""
        if known == THIN:
            return f"legacy had {int(self.samples[index])} of {self.min_count} {self.reader.noun}"
        if known == STALE:
            newest = float(self.newest[index])
            return (
                "legacy was never heard"
                if math.isinf(newest)
                else f"legacy is silent for {format_duration(now - newest)}"
            )
        if known == OLD:
            return f"the one that was frozen is older than {format_duration(self.baseline.max_age)}"
        return "legacy was never heard"


class Recorded:
    """The median of the same quarter hour of the same weekday in recorded weeks."""

    def __init__(self, baseline: Baseline, rule: str, history: History | None) -> None:
        self.baseline = baseline
        self.rule = rule
        self.history = history
        self._stamp = (-1, -1)
        self._next = 0
        """The first group that is still to be looked up."""
        self._value: F8 = np.empty(0)
        self._known: npt.NDArray[np.int8] = np.empty(0, np.int8)
        self._counts: I8 = np.empty(0, np.int64)

    def arm(self, windows: Windows, now: float, names: list[Labels]) -> None:
        """Recorded weeks do not change."""

    def values(self, _windows: Windows, end: float, names: list[Labels]) -> tuple[F8, npt.NDArray[np.int8]]:
        """Looked up once a quarter hour, and again when weeks were imported; some groups a tick, as long as it takes."""
        size = len(names)
        if self.history is None:
            return np.full(size, np.nan), np.full(size, NO_RECORD, np.int8)
        self._room(size)
        if (stamp := (int(end // SLOT), self.history.version)) != self._stamp:
            self._stamp, self._next = stamp, 0
        if self._next < size:
            self._look_up(self.history, end, names)
        return self._value.copy(), self._known.copy()

    def _room(self, size: int) -> None:
        extra = size - len(self._value)
        if extra > 0:
            self._value = np.concatenate([self._value, np.full(extra, np.nan)])
            self._known = np.concatenate([self._known, np.full(extra, WAITING, np.int8)])
            self._counts = np.concatenate([self._counts, np.zeros(extra, np.int64)])

    def _look_up(self, history: History, end: float, names: list[Labels]) -> None:
        need = max(self.baseline.need_slots, 1)
        for index in range(self._next, min(self._next + LOOKUPS, len(names))):
            numbers = history.slots(self.rule, names[index], end, self.baseline.weeks)
            if numbers is None:
                self._value[:], self._known[:], self._next = np.nan, WAITING, 0
                return
            numbers = [number for number in numbers if math.isfinite(number)]
            enough = len(numbers) >= need
            self._value[index] = median(numbers) if enough else math.nan
            self._known[index] = FOUND if enough else FEW
            self._counts[index] = len(numbers)
            self._next = index + 1

    def why(self, known: int, index: int, _now: float) -> str:
        """In words, with the numbers."""
        if known == NO_RECORD:
            return "there are no recorded weeks"
        if known == WAITING:
            failing = self.history.failing if self.history is not None else ""
            return failing or "the recorded weeks are being looked up"
        return f"{self._counts[index]} of {self.baseline.need_slots} recorded weeks have this quarter hour"


def source_of(baseline: Baseline, rule: str, reader: Reader, min_count: int, history: History | None) -> Source:
    """Where a rule's baselines come from."""
    if baseline.source == "fixed":
        return Fixed(baseline.value if baseline.value is not None else math.nan)
    if baseline.source == "legacy":
        return Legacy(baseline, reader.twin({"platform": "legacy"}), min_count)
    return Recorded(baseline, rule, history)


class Comparison:
    """Estimates against their baselines. What cannot be compared is NaN, never infinite and never zero."""

    def __init__(self, baseline: Baseline, source: Source) -> None:
        self.baseline = baseline
        self.source = source
        self.base: F8 = np.empty(0)
        self.known: npt.NDArray[np.int8] = np.empty(0, np.int8)

    def apply(self, made: Estimates, windows: Windows, end: float, names: list[Labels]) -> Estimates:
        """Estimates as their ratio to the baseline, or their difference from it."""
        base, known = self.source.values(windows, end, names)
        ratio = self.baseline.compare == "ratio"
        if ratio:
            useless = base <= 0
            known = np.where(useless, USELESS, known).astype(np.int8)
            base = np.where(useless, np.nan, base)

        def compared(value: F8) -> F8:
            if not ratio:
                return value - base
            with np.errstate(over="ignore"):
                quotient = value / base
            return np.where(np.isinf(quotient), np.nan, quotient)

        value = compared(made.value)
        heard = ~np.isnan(value)
        if ratio:  # next to nothing, so that the quotient is no number any more
            known = np.where((known == FOUND) & ~heard & ~np.isnan(made.value), USELESS, known).astype(np.int8)
        self.base, self.known = base, known
        low = None if made.low is None else compared(made.low)
        high = None if made.high is None else compared(made.high)
        return Estimates(value, made.samples, heard, bool(heard.all()), low, high)

    def why(self, index: int, now: float) -> str:
        """Why a group cannot be compared; empty when it can."""
        known = int(self.known[index]) if index < len(self.known) else SILENT
        if known == FOUND:
            return ""
        if known == USELESS:
            return "baseline: it is zero or less, and a ratio to that says nothing"
        return f"baseline: {self.source.why(known, index, now)}"

    def told(self, index: int) -> str:
        """What a group is compared with, in words."""
        if index >= len(self.base) or math.isnan(self.base[index]):
            return ""
        words = {"legacy": "legacy", "fixed": "the fixed baseline", "history": "recorded weeks"}
        return words[self.baseline.source]
