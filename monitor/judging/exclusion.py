"""Groups that rest because something says so, such as a closed queue."""

from __future__ import annotations

import numpy as np

from monitor.judging.limits import compare
from monitor.judging.readers import Reader
from monitor.judging.rings import I8, Bools
from monitor.judging.rules import Exclusion
from monitor.judging.windows import Windows
from monitor.model import Labels


class Excluding:
    """The newest value of the condition's metric, by the labels of a rule's groups."""

    def __init__(self, exclusion: Exclusion, reader: Reader) -> None:
        self.exclusion = exclusion
        self.reader = reader
        self._places: I8 = np.empty(0, np.int64)
        self._placed = (-1, -1)
        self.text = f"{exclusion.metric} {exclusion.operator} {exclusion.value:g}"

    def mask(self, windows: Windows, now: float, names: list[Labels]) -> Bools:
        """Which groups are excluded. A condition that is not known excludes nothing."""
        made = np.zeros(len(names), np.bool_)
        groups = self.reader.groups
        if not len(groups.rows):
            return made
        estimate, quality = self.reader.estimate(windows, now), self.reader.quality(windows, now)
        holds = estimate.heard & compare(self.exclusion.operator, estimate.value, self.exclusion.value)
        if quality.stale is not None:
            holds = holds & ~quality.stale
        if quality.blank is not None:
            holds = holds & (quality.blank == 0)
        if self._placed != (groups.serial, len(names)):
            numbers = {name: number for number, name in enumerate(groups.names)}
            self._places = np.array([numbers.get(name, -1) for name in names], np.int64)
            self._placed = (groups.serial, len(names))
        here = self._places >= 0
        made[here] = holds[self._places[here]]
        return made
