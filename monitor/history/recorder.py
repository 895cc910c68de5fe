"""Quarter hours as they close: what legacy was in each, by the rule's own estimator. `now` is an argument.

A slot holds a number only if the group was measured: looked at every ten seconds, it must have been fresh in at least
nine looks of ten, fresh at the end, and heard often enough. Anything less is no slot, and never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

from monitor.history.archive import Slot
from monitor.history.figures import Figure, canonical, other_side
from monitor.judging.baseline import SLOT
from monitor.judging.exclusion import Excluding
from monitor.judging.readers import Reader, Want, reader_of
from monitor.judging.rings import Bools
from monitor.judging.rules import Signal
from monitor.judging.shelf import Shelf
from monitor.judging.store import Store
from monitor.judging.windows import Estimates, Windows

LOOK = 10.0
"""Seconds between looks."""
LOOKS = round(SLOT / LOOK)
WHOLE = math.ceil(0.9 * LOOKS)
"""Looks in which a group must have been fresh for its slot to count as whole."""
GRACE = 30.0
"""Seconds for which samples that are late are waited for, beside the delay that a source has by design."""
MOST_GROUPS = 5000
"""Groups of one rule that are recorded; slots of further ones are refused and counted."""


class Recorder:
    """All figures. Made before the first sample comes in, since the tables must keep what it reads."""

    def __init__(self, figures: Iterable[Figure], store: Store, delays: Mapping[int, float]) -> None:
        """delays: how late each collector's numbers are by design, seconds by its number."""
        shelf, windows = Shelf(store), Windows()
        self.observers = [Observer(figure, shelf, windows, delays) for figure in figures]

    @property
    def refused(self) -> int:
        """Slots beyond MOST_GROUPS."""
        return sum(observer.refused for observer in self.observers)


class Observer:
    """One figure, group by group, over the quarter hour that is running."""

    def __init__(self, figure: Figure, shelf: Shelf, windows: Windows, delays: Mapping[int, float]) -> None:
        self.figure = figure
        self.refused = 0
        self._windows = windows
        self._delays = delays
        rule, signal = figure.rule, figure.signal
        longest = max(delays.values(), default=0.0)
        want = Want(rule.window, SLOT, 2, (), longest)
        own = reader_of(shelf, rule, signal, rule.estimator, want)
        side = other_side(own.platform)
        self.reader: Reader = own.twin(side) if side else own
        self._excluding = None
        if signal is not None and signal.exclude_when is not None:
            condition = signal.exclude_when
            flag = Signal(name="", metric=condition.metric, match=condition.match, by=figure.by)
            reader = reader_of(shelf, flag, flag, "last", want._replace(n=1))
            self._excluding = Excluding(condition, reader.twin(side) if reader.platform == "target" else reader)
        self._cell = -1
        self._slot = -1
        self._sound: npt.NDArray[np.int16] = np.zeros(0, np.int16)

    def look(self, now: float) -> Iterator[Slot]:
        """Count who is fresh; when a quarter hour has closed, and all that belongs to it is in, hand over its slots.

        They are computed at once and made one by one, so that a caller may let others run between them.
        """
        owners = self.reader.owners()
        delay = max((delay for number, delay in self._delays.items() if owners >> number & 1), default=0.0)
        at = now - delay - GRACE
        cell, slot = math.floor(at / LOOK), math.floor(at / SLOT)
        if cell == self._cell:
            return iter(())
        self._windows.forget()
        closed: Iterator[Slot] = iter(())
        if slot != self._slot or cell < self._cell:
            if slot == self._slot + 1:
                closed = self._close(now)
            self._sound[:] = 0
        self._cell, self._slot = cell, slot
        fresh = self._fresh(now)
        if len(fresh) > len(self._sound):
            self._sound = np.concatenate([self._sound, np.zeros(len(fresh) - len(self._sound), np.int16)])
        self._sound[: len(fresh)] += fresh
        return closed

    def _fresh(self, now: float) -> Bools:
        """Which groups answered with numbers that are not old, and were not excluded."""
        groups = self.reader.groups
        size = len(groups.starts)
        if not size:
            return np.zeros(0, np.bool_)
        quality = self.reader.quality(self._windows, now)
        fresh = np.isfinite(quality.newest)
        if quality.stale is not None:
            fresh &= ~quality.stale
        if quality.blank is not None:
            fresh &= quality.blank == 0
        if self._excluding is not None:
            fresh &= ~self._excluding.mask(self._windows, now, groups.names[:size])
        return fresh

    def _close(self, now: float) -> Iterator[Slot]:
        fresh = self._fresh(now)
        known = min(len(fresh), len(self._sound))
        if not known:
            return iter(())
        made = self.reader.bucket(self._windows, (self._slot + 1) * SLOT)
        good = fresh[:known] & (self._sound[:known] >= WHOLE)
        good &= made.heard[:known] & np.isfinite(made.value[:known]) & (made.samples[:known] >= self.figure.least)
        chosen = np.flatnonzero(good)
        self.refused += max(len(chosen) - MOST_GROUPS, 0)
        start = self._slot * int(SLOT)
        return (self._made(start, made, index) for index in chosen[:MOST_GROUPS].tolist())

    def _made(self, start: int, made: Estimates, index: int) -> Slot:
        scope = canonical(self.reader.groups.names[index])
        value, samples = float(made.value[index]), int(made.samples[index])
        return Slot(self.figure.name, self.figure.text, scope, start, value, samples)
