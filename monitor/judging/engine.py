"""All rules and signals over one store, tick by tick. `now` is an argument: a recording judges the same twice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from monitor.judging.judge import Judge, Transition
from monitor.judging.rules import Rule, Signal
from monitor.judging.store import Store
from monitor.judging.table import Table
from monitor.judging.windows import Groups, Windows, group, keep
from monitor.model import Flag, Level, Standing, Truth

MOST_TRANSITIONS = 500
"""Transitions that one tick hands on; the others are counted."""
_OTHER_SIDE = {"target": "legacy", "legacy": "target"}


class Reading(NamedTuple):
    """A signal at the newest tick; value is None when it is unknown."""

    value: float | None
    samples: int
    at: float
    """Time of its newest sample; -inf when there is none."""


class _SignalReader:
    def __init__(self, signal: Signal, table: Table) -> None:
        self.signal = signal
        self.table = table
        self.span = keep(table, signal.estimator, signal.window, ())
        self.groups = Groups(np.empty(0, np.int64), np.empty(0, np.int64), [], -1)

    def read(self, windows: Windows, now: float) -> Reading:
        if self.groups.generation != self.table.generation:
            self.groups = group(self.table, self.signal.match, (), self.groups.names)
        if not len(self.groups.rows):
            return Reading(None, 0, -math.inf)
        estimate = windows.estimate(self.table, self.groups, self.signal.estimator, self.span, now)
        rows = self.groups.rows
        newest = float(self.table.latest_at[rows].max())
        fresh = now - newest <= float(self.table.stale_after[rows].min())
        value = float(estimate.value[0])
        return Reading(value if fresh and math.isfinite(value) else None, int(estimate.samples[0]), newest)


class Engine:
    """Judges every active rule at an instant."""

    def __init__(
        self, rules: Sequence[Rule], signals: Sequence[Signal], store: Store, *, patience: float = 30.0
    ) -> None:
        self.store = store
        self.windows = Windows()
        self.judges = {rule.name: Judge(rule, store.table(rule.metric), patience=patience) for rule in rules}
        self._signals = {s.name: _SignalReader(s, store.table(s.metric)) for s in signals}
        self.readings: dict[str, Reading] = {}
        self.transitions: list[Transition] = []
        self.transitions_left_out = 0
        self.broken: dict[str, str] = {}
        """Rules that raised, with the error in words; they read UNKNOWN until they work again."""
        self._others: dict[str, Groups] = {}
        self.stage = ""
        self.at = -math.inf

    def arm(self, stage: str, now: float) -> None:
        """Enter a stage: every rule that is active in it warms up again, the others rest."""
        self.stage = stage
        for judge in self.judges.values():
            active_in = judge.rule.active_in
            judge.arm(now, active=not active_in or stage in active_in)

    def judge(self, now: float) -> Iterator[None]:
        """Judge all at `now`; yields between rules so that the caller may let others run. Results do not depend on it."""
        self.at = now
        self.windows.forget()
        self.transitions = []
        for name, judge in self.judges.items():
            if not judge.active:
                continue
            try:
                changes = judge.judge(self.windows, now)
            except Exception as error:  # noqa: BLE001 - one broken rule must not stop the others
                self.broken[name] = f"{type(error).__name__}: {error}"
                judge.flags[:] = np.int16(Flag.UNKNOWN)
                judge.measured[:] = False
            else:
                self.broken.pop(name, None)
                room = MOST_TRANSITIONS - len(self.transitions)
                self.transitions_left_out += max(len(changes) - room, 0)
                self.transitions.extend(changes[:room])
            yield
        for name, reader in self._signals.items():
            self.readings[name] = reader.read(self.windows, now)
        yield

    def truth(self, rule: str) -> Truth:
        """Whether a rule is in BREACH in some group on measured data; UNKNOWN when what it would need is not known."""
        judge = self.judges.get(rule)
        if judge is None or rule in self.broken:
            return Truth.UNKNOWN
        if not judge.active:
            return Truth.FALSE
        measured = judge.measured
        if bool((measured & (judge.states.levels() == Level.BREACH)).any()):
            return Truth.TRUE
        return Truth.FALSE if bool(measured.all()) else Truth.UNKNOWN

    def signal(self, name: str) -> float | None:
        """A signal's value, None when unknown."""
        reading = self.readings.get(name)
        return reading.value if reading else None

    def other_side(self, rule: str, index: int) -> float | None:
        """The same estimate of the same group on the other platform (legacy for target and the reverse), if it can be had."""
        judge = self.judges[rule]
        side = judge.rule.match.get("platform", "")
        if side not in _OTHER_SIDE:
            return None
        groups = self._others.get(rule)
        if groups is None or groups.generation != judge.table.generation:
            match = {**judge.rule.match, "platform": _OTHER_SIDE[side]}
            groups = self._others[rule] = group(judge.table, match, judge.rule.by, groups.names if groups else [])
        if judge.names[index] not in groups.names:
            return None
        number = groups.names.index(judge.names[index])
        value = float(
            self.windows.estimate(judge.table, groups, judge.rule.estimator, judge.span, self.at).value[number]
        )
        return value if math.isfinite(value) else None

    def worst(self, rule: str) -> tuple[Standing, int]:
        """The worst standing of a rule's groups, and the group it is in; the value farthest past the limit breaks ties."""
        judge = self.judges[rule]
        if rule in self.broken:
            return Standing.UNKNOWN, 0
        standings = judge.standings
        top = standings.max()
        candidates = np.flatnonzero(standings == top)
        values = judge.value[candidates]
        sign = 1.0 if judge.rule.worse_high else -1.0
        key = np.where(np.isnan(values), -np.inf, values * sign)
        return Standing(int(top)), int(candidates[int(np.argmax(key))])
