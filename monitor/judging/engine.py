"""All rules and signals over one store, tick by tick. `now` is an argument: a recording judges the same twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from monitor.judging.baseline import History
from monitor.judging.comparing import Comparison, source_of
from monitor.judging.exclusion import Excluding
from monitor.judging.judge import MOST_TRANSITIONS, Judge
from monitor.judging.judged import Transition
from monitor.judging.readers import Reader, Want, reader_of
from monitor.judging.rules import Rule, Signal
from monitor.judging.scopes import ALL, Atlas
from monitor.judging.scoping import fixed, grouped_by
from monitor.judging.shelf import Shelf
from monitor.judging.store import AHEAD, Store
from monitor.judging.windows import Windows
from monitor.model import Labels, Standing, Truth

_OTHER_SIDE = {"target": "legacy", "legacy": "target"}


class Reading(NamedTuple):
    """A signal at the newest tick; value is None when it is unknown."""

    value: float | None
    samples: int
    at: float
    """Time of its newest sample; -inf when there is none."""


def _read(reader: Reader, windows: Windows, now: float) -> Reading:
    if not len(reader.groups.rows):
        return Reading(None, 0, -math.inf)
    estimate, quality = reader.estimate(windows, now), reader.quality(windows, now)
    known = bool(estimate.heard[0]) and quality.stale is None and quality.blank is None
    value = float(estimate.value[0])
    return Reading(value if known else None, int(estimate.samples[0]), float(quality.newest[0]))


class Engine:
    """Judges every active rule at an instant."""

    def __init__(
        self,
        rules: Sequence[Rule],
        signals: Sequence[Signal],
        store: Store,
        *,
        patience: float = 30.0,
        delays: Mapping[int, float] | None = None,
        history: History | None = None,
    ) -> None:
        """Make judges of the rules.

        patience: seconds after which a rule whose series were never heard is UNKNOWN. delays: how late each
        collector's numbers are by design, seconds by its number; a rule's window ends as much before now as the
        latest of its sources needs. history: recorded weeks, for baselines.
        """
        self.store = store
        self.windows = Windows()
        self._shelf = Shelf(store)
        self._by_name = {signal.name: signal for signal in signals}
        self._history = history
        self._delays = {number: delay for number, delay in (delays or {}).items() if delay > 0}
        self.judges = {rule.name: self._judge_of(rule, patience) for rule in rules}
        for judge in self.judges.values():
            judge.control = self.judges.get(judge.rule.control)
        controls = {rule.control for rule in rules}
        self._order = sorted(self.judges, key=lambda name: name not in controls)
        """Controls first, so that what rests on them sees them as they are now."""
        self._signals = {s.name: self._signal_reader(s) for s in signals}
        self.readings: dict[str, Reading] = {}
        self.transitions: list[Transition] = []
        self.transitions_left_out = 0
        self.broken: dict[str, str] = {}
        """Rules that raised, with the error in words; they read UNKNOWN until they work again."""
        self.atlas = Atlas(
            self.judges,
            self.broken,
            {rule.name: grouped_by(rule, self._by_name) for rule in rules},
            {rule.name: fixed(rule, self._by_name) for rule in rules},
        )
        """Every rule's truth, scope by scope."""
        self._others: dict[str, Reader] = {}
        self.stage = ""
        self.at = -math.inf

    def _judge_of(self, rule: Rule, patience: float) -> Judge:
        signal = self._by_name.get(rule.signal)
        if rule.signal and signal is None:
            msg = f"rule {rule.name} judges the signal {rule.signal}, which is not there"
            raise ValueError(msg)
        limits = () if rule.baseline is not None else rule.limits
        want = Want(rule.window, rule.bucket or rule.window, rule.m_of_n[1], limits, self._longest())
        reader = reader_of(self._shelf, rule, signal, rule.estimator, want)
        comparison = None
        if rule.baseline is not None:
            source = source_of(rule.baseline, rule.name, reader, rule.min_count, self._history)
            comparison = Comparison(rule.baseline, source)
        excluding = None
        if signal is not None and signal.exclude_when is not None:
            condition = signal.exclude_when
            flag = Signal(name="", metric=condition.metric, match=condition.match, by=rule.by or signal.by)
            excluding = Excluding(condition, reader_of(self._shelf, flag, flag, "last", want._replace(n=1, limits=())))
        return Judge(rule, reader, patience=patience, comparison=comparison, excluding=excluding, delays=self._delays)

    def _signal_reader(self, signal: Signal) -> Reader:
        want = Want(signal.window, signal.window, 1, (), self._longest())
        return reader_of(self._shelf, signal, signal, signal.reads, want, apart=False)

    def _longest(self) -> float:
        return max(self._delays.values(), default=0.0)

    def arm(self, stage: str, now: float) -> None:
        """Enter a stage: every rule that is active in it warms up again, the others rest; baselines are frozen."""
        self.stage = stage
        self.windows.forget()
        for judge in self.judges.values():
            active_in = judge.rule.active_in
            judge.arm(now, active=not active_in or stage in active_in, windows=self.windows)
        self.atlas.turned(stage=True)

    def judge(self, now: float) -> Iterator[None]:
        """Judge all at `now`; yields between rules and inside long ones so that the caller may let others run.

        Results do not depend on it.
        """
        if now < self.at - AHEAD:
            self.store.rewind(now)
            for judge in self.judges.values():
                judge.rewind(now)
        self.at = now
        self.windows.forget()
        self.transitions = []
        for name in self._order:
            judge = self.judges[name]
            if not judge.active:
                continue
            room = MOST_TRANSITIONS - len(self.transitions)
            try:
                yield from judge.prepare(self.windows, now)
                if name in self._others:  # a gate will want to show it again
                    yield from self._others[name].work(self.windows, now - judge.delay)
                changes = judge.judge(self.windows, now, room)
            except Exception as error:  # noqa: BLE001 - one broken rule must not stop the others
                self.broken[name] = f"{type(error).__name__}: {error}"
                changes = judge.fail(self.broken[name], now, room)
            else:
                self.broken.pop(name, None)
            self.transitions_left_out += judge.left_out
            self.transitions.extend(changes)
            yield
        for name, reader in self._signals.items():
            yield from reader.prepare()
            yield from reader.work(self.windows, now)
            self.readings[name] = _read(reader, self.windows, now)
            yield
        self.atlas.turned()

    def truth(self, rule: str, scope: Labels | None = None) -> Truth:
        """Whether a rule is in BREACH in some group on measured data; UNKNOWN when what it would need is not known.

        scope: only the groups that it is about. A group that rests is not asked, unless all do. A rule that is not
        judged in this stage is UNKNOWN: neither it nor its negation makes anything true.
        """
        return self.atlas.truth(rule, ALL if scope is None else scope)

    def signal(self, name: str) -> float | None:
        """A signal's value, None when unknown."""
        reading = self.readings.get(name)
        return reading.value if reading else None

    def other_side(self, rule: str, index: int) -> float | None:
        """The same estimate of the same group on the other platform (legacy for target and the reverse), if it can be had."""
        judge = self.judges[rule]
        side = judge.platform
        if side not in _OTHER_SIDE:
            return None
        other = self._others.get(rule)
        if other is None:
            other = self._others[rule] = judge.reader.twin({"platform": _OTHER_SIDE[side]})
        groups = other.groups
        if judge.names[index] not in groups.names:
            return None
        number = groups.names.index(judge.names[index])
        value = float(other.estimate(self.windows, self.at - judge.delay).value[number])
        return value if math.isfinite(value) else None

    def worst(self, rule: str) -> tuple[Standing, int]:
        """The worst standing of a rule's groups, and the group it is in; the value farthest past the limit breaks ties.

        Groups that rest are passed over, unless all do.
        """
        judge = self.judges[rule]
        if rule in self.broken:
            return Standing.UNKNOWN, 0
        standings = judge.standings
        quiet = judge.resting & (standings != Standing.BREACH)
        if quiet.any() and not quiet.all():
            standings = np.where(quiet, np.int8(-1), standings)
        top = standings.max()
        candidates = np.flatnonzero(standings == top)
        values = judge.value[candidates]
        sign = 1.0 if judge.rule.worse_high else -1.0
        key = np.where(np.isnan(values), -np.inf, values * sign)
        return Standing(int(top)), int(candidates[int(np.argmax(key))])
