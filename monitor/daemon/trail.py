"""Where each rule's values were over the last minutes: what led to an alert, for whoever looks at it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.engine import Engine
from monitor.model import Standing
from monitor.serving.alert_rows import PointOfTimeRow

STEP = 30.0
"""Seconds between two points."""
KEPT = 12
"""Points of each rule."""
MOST_GROUPS = 5000
"""Groups of one rule whose points are kept; those beyond have none."""


class _Point(NamedTuple):
    at: float
    value: npt.NDArray[np.float32]
    standing: npt.NDArray[np.int8]


class Trail:
    """A few numbers a group: two columns a rule every half minute, never more than twelve."""

    def __init__(self) -> None:
        self._points: dict[str, deque[_Point]] = {}
        self._noted = -math.inf

    def note(self, engine: Engine, now: float) -> Iterator[None]:
        """Keep how every rule stands, when it is time; made in pieces, between which others may run."""
        if 0 <= now - self._noted < STEP:
            return
        self._noted = now
        for name, judge in engine.judges.items():
            points = self._points.setdefault(name, deque(maxlen=KEPT))
            while points and points[-1].at >= now:
                points.pop()
            if judge.active:
                value, standing = judge.value[:MOST_GROUPS], judge.standings[:MOST_GROUPS]
                points.append(_Point(now, value.astype(np.float32), standing.copy()))
            yield

    def of(self, rule: str, group: int) -> tuple[PointOfTimeRow, ...]:
        """The points of one group, oldest first."""
        rows = []
        for point in self._points.get(rule, ()):
            if group < len(point.value) and group < len(point.standing):
                value = float(point.value[group])
                state = Standing(int(point.standing[group])).word
                rows.append(PointOfTimeRow(at=point.at, value=value if math.isfinite(value) else None, state=state))
        return tuple(rows)
