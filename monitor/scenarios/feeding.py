"""Samples of a scenario on their way in: through the daemon's own inlets, each at the instant it arrives."""

from __future__ import annotations

import math
from collections.abc import Iterator
from operator import attrgetter
from typing import Literal, NamedTuple

from monitor.intake.intake import Door, Intake
from monitor.scenarios.notation import Gap, Point
from monitor.scenarios.script import Series
from monitor.scenarios.setting import UNNAMED, Setting

_SAME = 1e-6
_BLANKS: dict[Gap, Literal["empty", "null", "error"]] = {Gap.EMPTY: "empty", Gap.NULL: "null", Gap.ERROR: "error"}


class Arrival(NamedTuple):
    """One point of one series; seconds since the start."""

    arrives: float
    at: float
    """The source's own time."""
    source: str
    series: Series
    point: Point


def arrivals(setting: Setting) -> list[Arrival]:
    """Everything that arrives, in order. Where one series of a source is `stale`, the whole source says nothing."""
    every: list[Arrival] = []
    silent: set[tuple[str, float]] = set()
    for series in setting.series:
        source = series.source or UNNAMED
        feed = setting.feeds[source]
        for number, point in enumerate(series.points):
            at = number * (series.every or setting.sources[source].every)
            if point is Gap.STALE:
                silent.add((source, round(at, 6)))
            elif point is not Gap.SILENCE:
                every.append(
                    Arrival(at + setting.sources[source].delay + feed.late, at + feed.ahead, source, series, point)
                )
    ahead = {name: feed.ahead for name, feed in setting.feeds.items()}
    heard = [a for a in every if (a.source, round(a.at - ahead[a.source], 6)) not in silent]
    return sorted(heard, key=attrgetter("arrives"))


class Feeder:
    """Hands over what has arrived. A restart makes a new one over the new inlets; what was handed over stays so."""

    def __init__(self, setting: Setting, intake: Intake, upcoming: Iterator[Arrival], waiting: Arrival | None) -> None:
        self._start = setting.scenario.start
        self._doors: dict[str, Door] = {
            name: intake.door(name, source.stale_after) for name, source in setting.sources.items()
        }
        self._handles: dict[int, int] = {}
        self.upcoming = upcoming
        self.waiting = waiting
        """The next arrival, already taken from `upcoming`."""

    def feed(self, elapsed: float) -> None:
        """Everything that has arrived `elapsed` seconds after the start."""
        while True:
            if self.waiting is None:
                self.waiting = next(self.upcoming, None)
            if self.waiting is None or self.waiting.arrives > elapsed + _SAME:
                return
            self._take(self.waiting)
            self.waiting = None

    def _take(self, arrival: Arrival) -> None:
        door, series = self._doors[arrival.source], arrival.series
        handle = self._handles.get(id(series))
        if handle is None:
            handle = self._handles[id(series)] = door.series(series.metric, series.labels)
        at, received = self._start + arrival.at, self._start + arrival.arrives
        door.heard(1, received)
        if isinstance(arrival.point, Gap):
            door.blank(handle, _BLANKS[arrival.point], at, received)
        elif handle >= 0:
            door.emit([handle], [arrival.point], [at], received)

    def refused(self, source: str, reason: str) -> int:
        """How many samples of a source were refused."""
        door = self._doors.get(source)
        counts = door.refused if door is not None else {}
        return counts.get(reason, 0) if reason else sum(counts.values())


def patience(setting: Setting) -> float:
    """Silence after which a rule whose series were never heard is UNKNOWN, as the daemon sets it."""
    longest = max((source.stale_after for source in setting.sources.values()), default=30.0)
    return longest if math.isfinite(longest) else 30.0
