"""Counts of several metrics over one and the same span of closed buckets, group by group.

A figure made of several counts is only as good as their common span: a counter that is first heard inside the window
shortens the window of everything it is held against, and a bucket is read once every input has spoken after it, so
that neither a late message nor a new series looks like a contact that was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.pieces import Pieces, pieces
from monitor.judging.rings import F8, I8, HistogramRing, Ring
from monitor.judging.table import Table, tier_of
from monitor.model import Labels

Bools = npt.NDArray[np.bool_]
Accepted = Mapping[str, frozenset[str]]
"""Labels that a series must carry, each with one of these values."""

LAG = 120.0
"""Seconds that the slowest input of a group may lie behind; beyond it histograms shorten the window."""
_ROUNDING = 1e-9
_EVENTS = 2**18
"""Counts of histograms that are added up between two yields, which also bounds the memory that it takes."""
_VALUES = 2**15
"""Newest values of buckets that are read between two yields."""
_LOOKED_AT = 500
"""New series that are looked at between two yields."""


class Keys:
    """Groups by their labels. A group keeps its number; several tables share them."""

    def __init__(self, by: tuple[str, ...]) -> None:
        self.by = by
        self.names: list[Labels] = []
        self._numbers: dict[Labels, int] = {}

    def number(self, labels: Mapping[str, str]) -> int:
        """The group that a series with these labels belongs to, made when it is new."""
        key = tuple((name, labels.get(name, "")) for name in self.by)
        number = self._numbers.setdefault(key, len(self.names))
        if number == len(self.names):
            self.names.append(key)
        return number


class Members:
    """Rows of a table that belong to some group. Rows are never reused, so each is looked at once."""

    def __init__(self, table: Table, accepted: Accepted, keys: Keys) -> None:
        self.table = table
        self.accepted = accepted
        self.keys = keys
        self.rows: I8 = np.zeros(0, np.int64)
        self.groups: I8 = np.zeros(0, np.int64)
        """The group of each row."""
        self._seen = 0

    def prepare(self) -> Iterator[None]:
        """Look at new series a few at a time, so that others may run in between; `refresh` looks at the rest."""
        while self.table.shown - self._seen > _LOOKED_AT:
            self._take(self._seen + _LOOKED_AT)
            yield

    def refresh(self) -> None:
        """Take in the series that are new."""
        if self._seen < self.table.shown:
            self._take(self.table.shown)

    def _take(self, stop: int) -> None:
        table = self.table
        rows, groups = [], []
        for row in range(self._seen, stop):
            labels = dict(table.labels[row])
            if all(labels.get(name) in values for name, values in self.accepted.items()):
                rows.append(row)
                groups.append(self.keys.number(labels))
        self._seen = stop
        self.rows = np.concatenate([self.rows, np.asarray(rows, np.int64)])
        self.groups = np.concatenate([self.groups, np.asarray(groups, np.int64)])


class Condition(NamedTuple):
    """What is known about the inputs of each group."""

    heard: Bools
    """Every input has at least one series that was heard."""
    at: F8
    """Time of the newest sample of the input that is oldest; +inf without any."""
    stale: Bools
    """Some series is silent for longer than its source's max_age."""
    blank: npt.NDArray[np.int8]
    """The worst of BLANK_EMPTY, BLANK_NULL and BLANK_ERROR where some source last answered without a number; else 0."""
    stale_after: F8
    """The longest max_age of the inputs, seconds."""
    owners: npt.NDArray[np.uint64]
    """Bit mask of the collectors that feed the inputs."""


def condition(members: Members, size: int, now: float) -> Condition:
    """The condition of one input. Every series of a group counts: a sum without one of its parts is another number."""
    table, rows, groups = members.table, members.rows, members.groups
    heard = np.zeros(size, np.bool_)
    at = np.full(size, np.inf)
    stale, blank = np.zeros(size, np.bool_), np.zeros(size, np.int8)
    stale_after, owners = np.zeros(size), np.zeros(size, np.uint64)
    newest = table.latest_at[rows]
    heard[groups] = True
    np.logical_and.at(heard, groups, np.isfinite(newest))
    np.minimum.at(at, groups, newest)
    np.logical_or.at(stale, groups, now - newest > table.stale_after[rows])
    np.maximum.at(blank, groups, np.where(table.blank_at[rows] > newest, table.blank[rows], 0).astype(np.int8))
    np.maximum.at(stale_after, groups, table.stale_after[rows])
    np.bitwise_or.at(owners, groups, table.owners[rows])
    return Condition(heard, at, stale, blank, stale_after, owners)


def together(conditions: Iterable[Condition]) -> Condition:
    """The condition of a figure that needs all of these inputs."""
    first, *others = conditions
    for other in others:
        first = Condition(
            first.heard & other.heard,
            np.minimum(first.at, other.at),
            first.stale | other.stale,
            np.maximum(first.blank, other.blank),
            np.maximum(first.stale_after, other.stale_after),
            first.owners | other.owners,
        )
    return first


class Frame(NamedTuple):
    """The closed buckets that counts are read from; point i is the end of bucket first - 1 + i."""

    width: float
    buckets: int
    """Buckets in the window."""
    first: int
    last: int

    @property
    def points(self) -> int:
        """Instants between which counts can be taken."""
        return self.last - self.first + 2

    def point(self, at: F8) -> I8:
        """The newest point that is over once every input has spoken at `at`; the oldest one where none has."""
        known = np.where(np.isfinite(at), at, 0.0)
        closed = np.floor(known / self.width + _ROUNDING).astype(np.int64) - 1
        return np.clip(closed - self.first + 1, 0, self.points - 1)


class Spans:
    """A window for counts: how the tables keep it, and its frame at an instant."""

    def __init__(self, window: float) -> None:
        """window: seconds. ValueError when it is longer than tables keep."""
        width, _ = tier_of(window)
        # One bucket more than the window: a gauge's change needs its value before the window.
        self.width, self.kept = tier_of(window + width)
        self.buckets = max(int(np.ceil(window / self.width - _ROUNDING)), 1)
        self.lag = max(int(np.ceil(LAG / self.width)), 2)
        self.slots = self.buckets + self.lag

    def keep(self, table: Table) -> None:
        """Have a table keep newest values for the window."""
        table.need(self.width * self.kept, frozenset({"last"}))

    def keep_histogram(self, table: Table, limits: tuple[float, ...]) -> None:
        """Have a table keep how many samples were at or below each limit."""
        table.need_histogram(self.width, self.slots, tuple(np.nextafter(limit, np.inf) for limit in limits))

    def frame(self, now: float) -> Frame:
        """The buckets to read at `now`, unix seconds."""
        last = int(np.floor(now / self.width + _ROUNDING)) - 1
        return Frame(self.width, self.buckets, last - self.buckets - self.lag + 1, last)


class Course(NamedTuple):
    """How the series of one input went, from point to point; columns are its rows."""

    total: F8
    """Running total at each point (points, rows): what was counted so far, or a gauge's value."""
    since: I8
    """First point from which each row is known."""
    broken: I8
    """Newest point at which each row's counter was reset; 0 without one."""
    groups: I8

    def starts(self, size: int, *, exact: bool) -> I8:
        """First point from which each group is known in full; exact: after its newest reset."""
        start = np.zeros(size, np.int64)
        np.maximum.at(start, self.groups, np.maximum(self.since, self.broken) if exact else self.since)
        return start

    def change(self, start: I8, end: I8) -> F8:
        """How much each group rose from point `start` to point `end`, over all its rows; 0 for a group without rows."""
        each = np.arange(len(self.groups))
        rise = self.total[end[self.groups], each] - self.total[start[self.groups], each]
        summed = np.zeros(len(start))
        np.add.at(summed, self.groups, rise)
        return summed


def values(ring: Ring, rows: I8, frame: Frame) -> F8:
    """The value of each row at each point: its last one so far; NaN before the first that is kept."""
    made = np.full((frame.points, len(rows)), np.nan)
    newest = min(ring.head, frame.last)
    held = np.arange(max(ring.head - ring.count + 1, 0), newest + 1)
    if not len(held) or not len(rows):
        return made
    last = ring.last[(held % ring.count)[:, None], rows]
    places = np.where(np.isnan(last), 0, np.arange(len(held))[:, None])
    filled = np.take_along_axis(last, np.maximum.accumulate(places, axis=0), axis=0)
    skipped = max(frame.first - 1 - int(held[0]), 0)
    point = int(held[0]) + skipped - (frame.first - 1)
    shown = filled[skipped:]
    made[point : point + len(shown)] = shown
    made[max(point + len(shown), 0) :] = filled[-1]
    return made


def counter(members: Members, frame: Frame) -> Pieces[Course]:
    """An input that counts up. Where it fell it was reset, and the whole value counts (as Prometheus' increase)."""
    rows, groups = members.rows, members.groups
    size = len(rows)
    total, since, broken = np.zeros((frame.points, size)), np.zeros(size, np.int64), np.zeros(size, np.int64)
    marks = np.arange(1, frame.points)[:, None]
    for part in pieces(size, _VALUES // frame.points):
        level = values(members.table.rings[frame.width], rows[part], frame)
        before, after = level[:-1], level[1:]
        fell = after < before
        rise = np.where(np.isnan(before) | np.isnan(after), 0.0, np.where(fell, after, after - before))
        np.cumsum(rise, axis=0, out=total[1:, part])
        broken[part] = np.where(fell, marks, 0).max(axis=0, initial=0)
        since[part] = _since(level)
        yield
    return Course(total, since, broken, groups)


def gauge(members: Members, frame: Frame) -> Pieces[Course]:
    """An input that goes up and down."""
    rows, groups = members.rows, members.groups
    size = len(rows)
    total, since = np.zeros((frame.points, size)), np.zeros(size, np.int64)
    for part in pieces(size, _VALUES // frame.points):
        level = values(members.table.rings[frame.width], rows[part], frame)
        total[:, part], since[part] = np.nan_to_num(level), _since(level)
        yield
    return Course(total, since, np.zeros(size, np.int64), groups)


def samples(members: Members, spans: Spans, frame: Frame, limit: float | None, now: float) -> Pieces[Course]:
    """An input of single events: how many were at or below the limit, or all of them."""
    ring: HistogramRing = members.table.histograms[spans.width, spans.slots]
    ring.turn(int(np.ceil(now / ring.width)) - 1)
    bins = ring.bins
    if limit is not None:
        bins = int(np.searchsorted(ring.edges, np.nextafter(limit, np.inf), side="left")) + 1
    oldest = max(ring.head - ring.count + 1, 0)
    rows, groups = members.rows, members.groups
    size = len(rows)
    counted = np.zeros((frame.points, size))
    held = np.arange(max(frame.first, oldest), min(frame.last, ring.head) + 1)
    if len(held):
        slots, place = (held % ring.count)[:, None], held - frame.first + 1
        for part in pieces(size, _EVENTS // (bins * len(held))):
            counted[place, part] = ring.slots[slots, rows[part], :bins].sum(axis=2)
            yield
    since = np.full(size, np.clip(oldest - frame.first, 0, frame.points - 1), np.int64)
    return Course(np.cumsum(counted, axis=0), since, np.zeros(size, np.int64), groups)


def _since(level: F8) -> I8:
    known = ~np.isnan(level)
    return np.where(known.any(axis=0), known.argmax(axis=0), len(level) - 1).astype(np.int64)
