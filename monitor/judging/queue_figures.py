"""Figures of queues from counts: service level, abandonment, and whether the counts add up; each platform by the same rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator
from functools import partial

import numpy as np

from monitor.judging import formulas
from monitor.judging.counts import (
    Accepted,
    Bools,
    Condition,
    Course,
    Frame,
    Keys,
    Members,
    Spans,
    condition,
    counter,
    gauge,
    samples,
    together,
)
from monitor.judging.derived_config import Derived, ServiceLevel
from monitor.judging.derived_series import DerivedSeries, Figures
from monitor.judging.formulas import Counts, Definition
from monitor.judging.pieces import Pieces, finished
from monitor.judging.rings import F8, I8, bucket_of
from monitor.judging.store import Store
from monitor.judging.table import BLANK_ERROR
from monitor.model import Labels

PLATFORMS = frozenset({"legacy", "target"})
OFFERED = "golive_queue_contacts_offered_total"
ANSWERED = "golive_queue_contacts_answered_total"
ABANDONED = "golive_queue_contacts_abandoned_total"
WAITING = "golive_queue_contacts_waiting"
ANSWER_WAITS = "golive_queue_answer_seconds"
ABANDON_WAITS = "golive_queue_abandon_seconds"
SERVICE_LEVEL = "golive_queue_service_level_ratio"
ABANDONMENT = "golive_queue_abandonment_ratio"
BALANCE = "golive_queue_balance_error"

_BALANCED = ("offered", "answered", "abandoned", "waiting")
_EVENTS = ("answer_waits", "abandon_waits")
_SETTLED = 10.0
"""Thresholds that a span must be long before contacts offered in it are judged: those who still wait, and may yet be
answered in time, then weigh less than a tenth. Right after a change of stage they would look like bad service."""
_EDGE = 2.0
"""Contacts that may be counted a bucket earlier than their wait, or later."""
_NEEDS: dict[Definition, tuple[str, ...]] = {
    "ignore": ("offered", "answered", "abandoned"),
    "negative": ("offered", "answered"),
    "positive": ("offered", "answered", "abandoned"),
    "answered_only": ("answered",),
    "wfm": ("answered", "abandoned"),
}
"""The counters that each definition cannot do without. Answered is always among them: it tells whether the waits are whole."""


class Instant:
    """All inputs of the queues at one instant, each read once and only if it is asked for."""

    def __init__(self, inputs: dict[str, Members], spans: Spans, now: float, armed_at: float) -> None:
        for members in inputs.values():
            members.refresh()
        self.inputs = inputs
        self.spans = spans
        self.now = now
        self.frame: Frame = spans.frame(now)
        self.armed_at = armed_at
        self.size = len(next(iter(inputs.values())).keys.names)
        self._conditions: dict[str, Condition] = {}
        self._courses: dict[tuple[str, float | None], Course] = {}

    def ends(self, state: Condition) -> tuple[I8, object]:
        """The newest point that is over for each group, and what stays the same until one of them has moved on."""
        end = self.frame.point(state.at)
        rows = tuple(len(members.rows) for members in self.inputs.values())
        return end, (self.armed_at, rows, (end + self.frame.first).tobytes())

    def condition(self, name: str) -> Condition:
        """The condition of an input."""
        made = self._conditions.get(name)
        if made is None:
            made = self._conditions[name] = condition(self.inputs[name], self.size, self.now)
        return made

    def counted(self, name: str) -> Course:
        """How an input that is no histogram went."""
        return self._courses.get((name, None)) or finished(self.count(name))

    def events(self, name: str, limit: float) -> Course:
        """How many single waits at or below a limit there were; inf: all."""
        return self._courses.get((name, limit)) or finished(self.count(name, limit))

    def read(self, name: str) -> Course:
        """How an input went: all of it, if it is made of single waits."""
        return self.events(name, np.inf) if name in _EVENTS else self.counted(name)

    def count(self, name: str, limit: float | None = None) -> Pieces[Course]:
        """Find out in pieces what `counted` will answer, or with a limit `events`."""
        made = self._courses.get((name, limit))
        if made is None:
            if limit is not None:
                bound = limit if np.isfinite(limit) else None
                made = yield from samples(self.inputs[name], self.spans, self.frame, bound, self.now)
            else:
                made = yield from (gauge if name == "waiting" else counter)(self.inputs[name], self.frame)
            self._courses[name, limit] = made
        return made

    def starts(self, names: Iterable[str], end: I8, *, exact: bool) -> I8:
        """The first point from which all these inputs are known, at most a window before `end`."""
        start = end - self.frame.buckets
        if np.isfinite(self.armed_at):
            start = np.maximum(start, bucket_of(self.armed_at, self.frame.width) - self.frame.first + 1)
        for name in names:
            start = np.maximum(start, self.read(name).starts(self.size, exact=exact))
        return np.clip(start, 0, end)


class QueueFigures:
    """Computes a configuration's queue figures and writes them to the store."""

    def __init__(self, config: Derived, store: Store, refused: Counter[str]) -> None:
        self.config = config
        self.spans = Spans(config.window)
        self.balance_spans = Spans(config.balance.window)
        keys = Keys((*config.by, "platform"))
        self.keys = keys
        sides: Accepted = {"platform": PLATFORMS}
        soon: Accepted = {"platform": PLATFORMS, "short": frozenset({"true"})}
        told: Accepted = {"platform": PLATFORMS, "short": frozenset({"true", "false"})}
        self.inputs = {
            "offered": Members(store.table(OFFERED), sides, keys),
            "answered": Members(store.table(ANSWERED), sides, keys),
            "abandoned": Members(store.table(ABANDONED), sides, keys),
            "short": Members(store.table(ABANDONED), soon, keys),
            "told": Members(store.table(ABANDONED), told, keys),
            "waiting": Members(store.table(WAITING), sides, keys),
            "answer_waits": Members(store.table(ANSWER_WAITS), sides, keys),
            "abandon_waits": Members(store.table(ABANDON_WAITS), sides, keys),
        }
        for name in ("offered", "answered", "abandoned", "waiting"):
            self.spans.keep(self.inputs[name].table)
            self.balance_spans.keep(self.inputs[name].table)
        limits = tuple(sorted({level.threshold for level in config.service_levels} | {config.short}))
        for name in ("answer_waits", "abandon_waits"):
            self.spans.keep_histogram(self.inputs[name].table, limits)
        self.levels = {
            level: DerivedSeries(store, SERVICE_LEVEL, partial(_with_definition, level), refused)
            for level in config.service_levels
        }
        self.abandonment = DerivedSeries(store, ABANDONMENT, _same, refused) if config.abandonment else None
        self.balance = DerivedSeries(store, BALANCE, _same, refused)
        self._made: dict[Hashable, tuple[object, F8]] = {}
        """The newest numbers of each figure, and what they were made from."""

    def compute(self, now: float, armed_at: float) -> Iterator[None]:
        """Compute everything as of `now`; nothing from before `armed_at` is counted. Unix seconds."""
        names = self.keys.names
        for members in self.inputs.values():
            yield from members.prepare()
        whole = Instant(self.inputs, self.spans, now, armed_at)
        for level, series in self.levels.items():
            figures = yield from self._figure(
                level, whole, _NEEDS[level.definition], partial(self._service_level, level)
            )
            yield from _written(series, names, figures)
        if self.abandonment is not None:
            figures = yield from self._figure("abandonment", whole, ("offered", "abandoned"), self._abandonment)
            yield from _written(self.abandonment, names, figures)
        recent = Instant(self.inputs, self.balance_spans, now, armed_at)
        figures = yield from self._figure("balance", recent, _BALANCED, _unaccounted)
        yield from _written(self.balance, names, figures)

    def _figure(
        self, key: Hashable, instant: Instant, needs: tuple[str, ...], make: Callable[[Instant, I8, I8], F8]
    ) -> Generator[None, None, Figures]:
        """A figure from counters that it needs. Closed buckets do not change, so it is made anew when one more is over."""
        state = together(instant.condition(name) for name in needs)
        end, unmoved = instant.ends(state)
        events = _waits(key, needs)
        known = self._made.get(key)
        if known is None or known[0] != unmoved:
            for name in (*needs, *events):
                yield from instant.count(name, np.inf if name in _EVENTS else None)
            for name, limit in self._asked(key, events):
                yield from instant.count(name, limit)
            start = instant.starts((*needs, *events), end, exact=key == "balance")
            known = self._made[key] = (unmoved, np.where(start < end, make(instant, start, end), np.nan))
        yield
        owners = state.owners
        for name in events:
            owners = owners | instant.condition(name).owners
        return Figures(
            np.where(state.heard & (state.blank == 0), known[1], np.nan),
            state.at,
            state.stale | (state.blank == BLANK_ERROR),
            state.stale_after,
            owners,
        )

    def _asked(self, key: Hashable, events: tuple[str, ...]) -> Iterator[tuple[str, float | None]]:
        """What a figure reads beside the inputs that it cannot do without."""
        if not events:
            return
        yield from ((name, None) for name in ("offered", "answered", "abandoned", "short"))
        within = key.threshold if isinstance(key, ServiceLevel) else self.config.short
        yield from ((name, limit) for name in _EVENTS for limit in (np.inf, within))
        yield "abandon_waits", self.config.short

    def _service_level(self, level: ServiceLevel, instant: Instant, start: I8, end: I8) -> F8:
        counts = self._counts(instant, start, end, level.threshold)
        served, judged = formulas.served(level.definition, counts), formulas.judged(level.definition, counts)
        # Answers in time were offered at most the threshold before the window: many more of them than contacts offered
        # mean that one of the two counts is wrong, and such a figure would look perfect.
        sound = (judged >= max(self.config.min_count, 1)) & (served <= self._most(judged))
        if "offered" in _NEEDS[level.definition]:
            settled = min(int(np.ceil(_SETTLED * level.threshold / instant.frame.width)), instant.frame.buckets)
            sound &= end - start >= settled
        return np.where(sound, formulas.service_level(level.definition, counts), np.nan)

    def _abandonment(self, instant: Instant, start: I8, end: I8) -> F8:
        counts = self._counts(instant, start, end, self.config.short)
        enough = counts.offered - counts.short >= max(self.config.min_count, 1)
        return np.where(enough, formulas.abandonment(counts.offered, counts.abandoned, counts.short), np.nan)

    def _counts(self, instant: Instant, start: I8, end: I8, threshold: float) -> Counts:
        def rise(name: str) -> F8:
            return instant.counted(name).change(start, end)

        def within(name: str, limit: float) -> F8:
            return instant.events(name, limit).change(start, end)

        answered, abandoned = rise("answered"), rise("abandoned")
        timed = self._timed(instant, "abandon_waits", within("abandon_waits", np.inf), abandoned)
        told = np.where(instant.condition("told").heard, rise("short"), np.nan)
        short = np.where(timed, within("abandon_waits", self.config.short), told)
        other = told if threshold == self.config.short else np.full(instant.size, np.nan)
        answers = self._timed(instant, "answer_waits", within("answer_waits", np.inf), answered)
        return Counts(
            offered=rise("offered"),
            answered=answered,
            answered_in_time=np.where(answers, within("answer_waits", threshold), np.nan),
            abandoned=np.where(instant.condition("abandoned").heard, abandoned, np.nan),
            abandoned_in_time=np.where(timed, within("abandon_waits", threshold), other),
            short=short,
        )

    def _most(self, number: F8) -> F8:
        return number / self.config.coverage + _EDGE

    def _timed(self, instant: Instant, name: str, waits: F8, contacts: F8) -> Bools:
        """Whether the waits of (nearly) all these contacts are known."""
        alike = (contacts <= self._most(waits)) & (waits <= self._most(contacts))
        known: Bools = alike & (instant.condition(name).heard | (contacts == 0))
        return known


def _written(series: DerivedSeries, names: list[Labels], figures: Figures) -> Iterator[None]:
    yield from series.prepare(names)
    series.write(names, figures)
    yield


def _unaccounted(instant: Instant, start: I8, end: I8) -> F8:
    offered, answered, abandoned, waiting = (instant.counted(name).change(start, end) for name in _BALANCED)
    return offered - (answered + abandoned + waiting)


def _waits(key: Hashable, needs: tuple[str, ...]) -> tuple[str, ...]:
    if key == "balance":
        return ()
    return _EVENTS if "abandoned" in needs else _EVENTS[:1]


def _same(group: Labels) -> Labels:
    return group


def _with_definition(level: ServiceLevel, group: Labels) -> Labels:
    return (*group, ("definition", level.definition), ("threshold_seconds", f"{level.threshold:g}"))
