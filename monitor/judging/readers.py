"""What a rule or signal reads: one metric, or one divided by another, group by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple, Protocol

import numpy as np

from monitor.judging.estimators import wilson
from monitor.judging.groups import Grouping, Groups
from monitor.judging.rings import F8, I8, Bools, fitted
from monitor.judging.rules import Estimator, Part, Rule, Signal
from monitor.judging.shelf import Shelf
from monitor.judging.table import Table
from monitor.judging.windows import Estimates, Quality, Reduction, Span, Windows, keep, keep_closed
from monitor.model import Kind, Labels

_NOUNS = ("contacts", "calls", "packets", "requests", "errors", "agents", "records")


class Reader(Protocol):
    """Estimates and their freshness, one entry a group."""

    @property
    def table(self) -> Table:
        """The table whose labels make the groups."""
        ...

    @property
    def groups(self) -> Groups:
        """Its groups as they are now."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the estimate."""
        ...

    @property
    def platform(self) -> str:
        """The platform whose series are read; empty where any are."""
        ...

    @property
    def noun(self) -> str:
        """What min_count counts, in words."""
        ...

    def start(self, end: float) -> float:
        """The earliest instant that a window ending at `end` may hold samples of."""
        ...

    def prepare(self) -> Iterable[None]:
        """Take in new series, in pieces between which others may run."""
        ...

    def work(self, windows: Windows, end: float, *, part: bool = False) -> Iterable[None]:
        """Compute in pieces what `estimate` will answer; part: what `bucket` will."""
        ...

    def estimate(self, windows: Windows, end: float) -> Estimates:
        """Over the window that ends at `end`."""
        ...

    def bucket(self, windows: Windows, end: float) -> Estimates:
        """Over the closed bucket that ends at `end`."""
        ...

    def quality(self, windows: Windows, now: float) -> Quality:
        """How fresh each group is."""
        ...

    def owners(self, groups: Bools | None = None) -> int:
        """Bit mask of the collectors that feed it, or only these of its groups."""
        ...

    def inputs(self, scope: Labels) -> list[tuple[Table, I8]]:
        """The series that one group is made from: rows of each table, of a ratio the denominator's first."""
        ...

    def twin(self, labels: Mapping[str, str]) -> Reader:
        """The same over other series of the same metrics, such as those of the other platform."""
        ...


class Want(NamedTuple):
    """What windows a reader must be able to read."""

    window: float
    bucket: float
    n: int
    """Closed buckets; with 1 there are none."""
    limits: tuple[float, ...]
    delay: float


class _Side(NamedTuple):
    """One metric of a reader."""

    shelf: Shelf
    metric: str
    grouping: Grouping
    reduction: Reduction
    span: Span
    part: Span | None

    @property
    def table(self) -> Table:
        return self.grouping.table

    def work(self, windows: Windows, end: float, *, part: bool) -> Iterable[None]:
        return windows.prepare(self.table, self.grouping.now(), self.reduction, self._span(part=part), end)

    def estimate(self, windows: Windows, end: float, *, part: bool = False) -> Estimates:
        return windows.estimate(self.table, self.grouping.now(), self.reduction, self._span(part=part), end)

    def _span(self, *, part: bool) -> Span:
        return self.part if part and self.part is not None else self.span

    def quality(self, windows: Windows, now: float) -> Quality:
        return windows.quality(self.table, self.grouping.now(), now)

    def start(self, end: float) -> float:
        return self.span.start(end)

    def owners(self, wanted: Bools | None) -> int:
        groups = self.grouping.now()
        rows = groups.rows
        if wanted is not None:
            sizes = np.diff(np.append(groups.starts, len(rows)))
            rows = rows[np.repeat(fitted(wanted, len(sizes)), sizes)]
        return int(np.bitwise_or.reduce(self.table.owners[rows])) if len(rows) else 0

    def rows(self, scope: Labels) -> tuple[Table, I8]:
        return self.table, self.grouping.now().rows_of(scope)

    def twin(self, labels: Mapping[str, str]) -> _Side:
        match = {**self.grouping.match, **labels}
        return self._replace(grouping=self.shelf.grouping(self.metric, match, self.grouping.by))


def _side(shelf: Shelf, part: Part, by: tuple[str, ...], reduction: Reduction, want: Want) -> _Side:
    table = shelf.store.table(part.metric)
    span = keep(table, reduction, want.window, want.limits, delay=want.delay)
    closed = None
    if want.n > 1:
        closed = keep_closed(table, reduction, want.bucket, want.n, want.limits, delay=want.delay)
    return _Side(shelf, part.metric, shelf.grouping(part.metric, part.match, by), reduction, span, closed)


class ValueReader:
    """One metric through an estimator."""

    def __init__(self, side: _Side) -> None:
        self._side = side

    @property
    def table(self) -> Table:
        """The metric's table."""
        return self._side.table

    @property
    def groups(self) -> Groups:
        """Its groups as they are now."""
        return self._side.grouping.now()

    @property
    def platform(self) -> str:
        """The platform whose series are read; empty where any are."""
        return self._side.grouping.match.get("platform", "")

    @property
    def unit(self) -> str:
        """The metric's unit; increases and rates count."""
        return "count" if self._side.reduction in {"increase", "rate"} else self.table.metric.unit

    @property
    def noun(self) -> str:
        """Samples."""
        return "samples"

    def start(self, end: float) -> float:
        """The earliest instant that a window ending at `end` may hold samples of."""
        return self._side.start(end)

    def prepare(self) -> Iterable[None]:
        """Take in new series, in pieces between which others may run."""
        return self._side.grouping.prepare()

    def work(self, windows: Windows, end: float, *, part: bool = False) -> Iterable[None]:
        """Compute in pieces what `estimate` will answer; part: what `bucket` will."""
        return self._side.work(windows, end, part=part)

    def estimate(self, windows: Windows, end: float) -> Estimates:
        """Over the window that ends at `end`."""
        return self._side.estimate(windows, end)

    def bucket(self, windows: Windows, end: float) -> Estimates:
        """Over the closed bucket that ends at `end`."""
        return self._side.estimate(windows, end, part=True)

    def quality(self, windows: Windows, now: float) -> Quality:
        """How fresh each group is."""
        return self._side.quality(windows, now)

    def owners(self, groups: Bools | None = None) -> int:
        """Bit mask of the collectors that feed it, or only these of its groups."""
        return self._side.owners(groups)

    def inputs(self, scope: Labels) -> list[tuple[Table, I8]]:
        """The series that one group is made from."""
        return [self._side.rows(scope)]

    def twin(self, labels: Mapping[str, str]) -> ValueReader:
        """The same over other series."""
        return ValueReader(self._side.twin(labels))


class RatioReader:
    """One sum divided by another, never a mean of ratios. The denominator's labels make the groups."""

    def __init__(self, numerator: _Side, denominator: _Side, *, confidence: float | None, absent_is_zero: bool) -> None:
        """confidence: of Wilson's bounds; None for none. absent_is_zero: a numerator nobody ever counted is zero."""
        self._above = numerator
        self._below = denominator
        self._confidence = confidence
        self._absent_is_zero = absent_is_zero
        self._aligned = (-1, -1)
        self._places: I8 = np.empty(0, np.int64)

    @property
    def table(self) -> Table:
        """The denominator's table."""
        return self._below.table

    @property
    def groups(self) -> Groups:
        """The denominator's groups as they are now."""
        return self._below.grouping.now()

    @property
    def platform(self) -> str:
        """The platform whose series are read; empty where any are."""
        return self._below.grouping.match.get("platform", "")

    @property
    def unit(self) -> str:
        """A share."""
        return "ratio"

    @property
    def noun(self) -> str:
        """What the denominator counts."""
        words = self.table.metric.name.split("_")
        return next((noun for noun in _NOUNS if noun in words), "events")

    def start(self, end: float) -> float:
        """The earliest instant that a window ending at `end` may hold samples of."""
        return min(self._above.start(end), self._below.start(end))

    def owners(self, groups: Bools | None = None) -> int:
        """Bit mask of the collectors that feed it, or only these of its groups."""
        if groups is None:
            return self._above.owners(None) | self._below.owners(None)
        places = self._place()
        places = places[fitted(groups, len(places))]
        above = np.zeros(len(self._above.grouping.now().starts), np.bool_)
        above[places[places >= 0]] = True
        return self._above.owners(above) | self._below.owners(groups)

    def inputs(self, scope: Labels) -> list[tuple[Table, I8]]:
        """The series that one group is made from, those of the denominator first."""
        return [self._below.rows(scope), self._above.rows(scope)]

    def twin(self, labels: Mapping[str, str]) -> RatioReader:
        """The same over other series."""
        above, below = self._above.twin(labels), self._below.twin(labels)
        return RatioReader(above, below, confidence=self._confidence, absent_is_zero=self._absent_is_zero)

    def prepare(self) -> Iterable[None]:
        """Take in new series, in pieces between which others may run."""
        return chain(self._above.grouping.prepare(), self._below.grouping.prepare())

    def work(self, windows: Windows, end: float, *, part: bool = False) -> Iterable[None]:
        """Compute in pieces what `estimate` will answer; part: what `bucket` will."""
        return chain(self._above.work(windows, end, part=part), self._below.work(windows, end, part=part))

    def estimate(self, windows: Windows, end: float) -> Estimates:
        """Over the window that ends at `end`."""
        return self._divided(windows, end, part=False)

    def bucket(self, windows: Windows, end: float) -> Estimates:
        """Over the closed bucket that ends at `end`."""
        return self._divided(windows, end, part=True)

    def _divided(self, windows: Windows, end: float, *, part: bool) -> Estimates:
        above, below = self._above.grouping.now(), self._below.grouping.now()
        key = (above.serial, below.serial, self._above.span, self._confidence, self._absent_is_zero, part, end)
        return windows.once(key, lambda: self._divide(windows, end, part=part))

    def _divide(self, windows: Windows, end: float, *, part: bool) -> Estimates:
        below = self._below.estimate(windows, end, part=part)
        above = self._numerators(self._above.estimate(windows, end, part=part), below)
        count: F8 = np.where(below.heard, below.value, 0.0).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            value: F8 = np.where(count > 0, above / count, np.nan)
        heard: Bools = ~np.isnan(value)
        low = high = None
        if self._confidence is not None:
            low, high = wilson(value, count, self._confidence)
        samples = np.where(np.isnan(above), 0, np.floor(count + 1e-9)).astype(np.int64)
        return Estimates(value, samples, heard, bool(heard.all()), low, high)

    def _numerators(self, above: Estimates, below: Estimates) -> F8:
        places = self._place()
        found = places >= 0
        value: F8 = np.full(len(below.value), np.nan)
        value[found] = above.value[places[found]]
        return np.where(np.isnan(value), 0.0, value) if self._absent_is_zero else value

    def _place(self) -> I8:
        """For each group of the denominator the number of the numerator's group; -1 where there is none."""
        above, below = self._above.grouping.now(), self._below.grouping.now()
        if self._aligned != (above.serial, below.serial):
            numbers = {name: number for number, name in enumerate(above.names)}
            self._places = np.array([numbers.get(name, -1) for name in below.names], np.int64)
            self._aligned = (above.serial, below.serial)
        return self._places

    def quality(self, windows: Windows, now: float) -> Quality:
        """How fresh each group is: as its staler side."""
        below = self._below.quality(windows, now)
        places = self._place()
        found = places >= 0
        if not found.any():
            return below
        above = self._above.quality(windows, now)
        newest = below.newest.copy()
        newest[found] = np.minimum(newest[found], above.newest[places[found]])
        blank = _either(below.blank, above.blank, places, found, np.maximum)
        if self._absent_is_zero:  # a counter that only speaks when there is something to count is not stale
            return below._replace(blank=blank)
        stale = _either(below.stale, above.stale, places, found, np.logical_or)
        dead = _either(below.dead, above.dead, places, found, np.logical_or)
        return Quality(newest, below.limit, stale, dead, blank)


def _either(below, above, places: I8, found: Bools, join: np.ufunc):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - any column
    """A column of both sides; None where neither has one."""
    if above is None:
        return below
    made = np.zeros(len(places), above.dtype)
    made[found] = above[places[found]]
    return made if below is None else join(made, below)


def reader_of(
    shelf: Shelf,
    judged: Rule | Signal,
    signal: Signal | None,
    estimator: Estimator,
    want: Want,
    *,
    apart: bool = True,
) -> Reader:
    """The reader of a rule over a metric or a signal, or of a signal itself (then `signal` is the same).

    apart: in groups by its labels; otherwise all series are one group, as expressions read a signal.
    """
    by = (judged.by or (signal.by if signal else ())) if apart else ()
    match = judged.match if isinstance(judged, Rule) else {}
    if signal is None or signal.kind == "value":
        metric = signal.metric if signal else judged.metric
        part = Part(metric=metric, match={**(signal.match if signal else {}), **match})
        return ValueReader(_side(shelf, part, by, estimator, want))
    if signal.numerator is None or signal.denominator is None:
        msg = f"the ratio {signal.name} has no numerator or no denominator"
        raise ValueError(msg)
    counter = shelf.store.table(signal.denominator.metric).metric.kind is Kind.COUNTER
    reduction: Reduction = "increase" if counter else "sum"
    want = want._replace(limits=())
    sides = [
        _side(shelf, Part(metric=part.metric, match={**part.match, **match}), by, reduction, want)
        for part in (signal.numerator, signal.denominator)
    ]
    rule = judged if isinstance(judged, Rule) else None
    return RatioReader(
        *sides,
        confidence=rule.confidence if rule and estimator == "wilson" else None,
        absent_is_zero=rule is not None and rule.missing.no_data == "ok",
    )
