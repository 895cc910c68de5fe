"""What is bad now, read off the engine once a tick."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from monitor.config import Config
from monitor.daemon.board import JudgedGate
from monitor.daemon.facts import scope_text
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.expressions import ExpressionError, parse
from monitor.judging.judge import Judge
from monitor.judging.rings import Bools
from monitor.judging.verdict import Ruling
from monitor.model import Flag, Labels, Standing
from monitor.notify.incidents import Finding, Pair, State
from monitor.serving.snapshot import DecisionRow

NO_DATA, BROKEN = "no-data", "rule-broken"
"""Alerts that no rule stands for: a source that is silent, a rule that cannot be computed."""
MOST_BAD = 50
"""Groups of one rule that are told apart; how many there are in all is in the message's impact."""
_BLIND, _FLAPPING = np.int16(Flag.BLIND), np.int16(Flag.FLAPPING)


class Sight(NamedTuple):
    """A tick's outcome."""

    now: float
    ruling: Ruling
    ruled_since: float
    gates: Sequence[JudgedGate]
    decisions: Callable[[], tuple[DecisionRow, ...]]


class Witness:
    """Reads, never changes. Times are unix seconds."""

    def __init__(self, config: Config, engine: Engine, intake: Intake) -> None:
        self._engine = engine
        self._intake = intake
        self._critical = critical_rules(config)
        self._masks: dict[str, Bools] = {}
        self._found: dict[str, dict[Pair, Finding]] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._looked: dict[str, tuple[int, Labels]] = {}
        """How many groups a rule had when all of them were looked up, and which was the first."""

    def bad(self, now: float) -> dict[Pair, Finding]:
        """Every pair of alert and scope that people should know of, bounded for each rule."""
        found: dict[Pair, Finding] = {}
        blind = False
        for name, judge in self._engine.judges.items():
            if not judge.active:
                self._found.pop(name, None)
                continue
            blind = blind or bool((judge.flags & _BLIND).any())
            if judge.broken:
                found[BROKEN, f"rule={name}"] = Finding("warning", now, f"rule {name}")
            found |= self._breaches(name, judge)
        return found | self._silent(now) if blind else found

    def _breaches(self, name: str, judge: Judge) -> Mapping[Pair, Finding]:
        mask = judge.standings == Standing.BREACH
        if not mask.any():
            self._found.pop(name, None)
            return {}
        before = self._masks.get(name)
        if name not in self._found or before is None or not np.array_equal(before, mask):
            severity = "critical" if name in self._critical else "warning"
            title = judge.rule.title or name
            self._masks[name] = mask
            bad = [(scope_text(judge.names[n]), n) for n in np.flatnonzero(mask)[:MOST_BAD].tolist()]
            self._found[name] = {
                (name, scope): Finding(severity, float(judge.states.since[index]), title) for scope, index in bad
            }
            # What is asked about next is what is bad: its number need not be looked up among thousands.
            self._places.setdefault(name, {}).update(bad)
        return self._found[name]

    def _silent(self, now: float) -> dict[Pair, Finding]:
        """Some rule is blind: the sources that are silent, or the rules themselves where every source speaks."""
        silent = [door for door in self._intake.doors.values() if now - door.newest > door.stale_after]
        heard = [door for door in silent if math.isfinite(door.newest)]
        if heard:
            return {
                (NO_DATA, f"source={door.name}"): Finding("warning", door.newest, f"no data from {door.name}")
                for door in heard
            }
        return {
            (NO_DATA, f"rule={name}"): Finding("warning", now, f"no data for {judge.rule.title or name}")
            for name, judge in self._engine.judges.items()
            if judge.active and bool((judge.flags & _BLIND).any())
        }

    def peaks(self, alerts: Iterable[str]) -> dict[str, tuple[float, bool]]:
        """The worst value of each alert that is a rule in breach, and whether higher is worse."""
        made = {}
        for name in alerts:
            judge = self._engine.judges.get(name)
            if judge is None or name not in self._found:
                continue
            values = judge.value[: len(self._masks[name])][self._masks[name][: len(judge.value)]]
            known = values[np.isfinite(values)]
            if len(known):
                high = judge.rule.operator in (">", ">=")
                made[name] = (float(known.max() if high else known.min()), high)
        return made

    def state(self, alert: str, scope: str) -> State:
        """How a place that was bad and is not any more stands."""
        if alert == NO_DATA and (door := self._intake.doors.get(scope.removeprefix("source="))) is not None:
            return "good" if self._engine.at - door.newest <= door.stale_after else "unsure"
        named = alert in (NO_DATA, BROKEN)
        judge = self._engine.judges.get(scope.removeprefix("rule=") if named else alert)
        if judge is None or not judge.active:
            return "unjudged"
        if named:
            blind = alert == NO_DATA and bool((judge.flags & _BLIND).any())
            return "unsure" if blind else "good"
        index = self.index(alert, judge, scope)
        if index is None:
            return "gone"
        flapping = bool(judge.flags[index] & _FLAPPING)
        return "good" if judge.standing(index) in (Standing.OK, Standing.WARN) and not flapping else "unsure"

    def labels(self, alert: str, scope: str) -> Mapping[str, str] | None:
        """The labels of a rule's group, with those that all its series share; None where there is no such group."""
        judge = self._engine.judges.get(alert)
        index = self.index(alert, judge, scope) if judge is not None else None
        if judge is None or index is None:
            return None
        return {**self._engine.atlas.shared(alert), **dict(judge.names[index])}

    def forget(self, names: Iterable[str]) -> None:
        """These rules begin afresh or are gone."""
        for name in names:
            for known in (self._masks, self._found, self._places, self._looked):
                known.pop(name, None)

    def place(self, alert: str, scope: str) -> int | None:
        """The number of a rule's group; None where there is no such rule or group."""
        judge = self._engine.judges.get(alert)
        return self.index(alert, judge, scope) if judge is not None else None

    def index(self, name: str, judge: Judge, scope: str) -> int | None:
        """The number of a group; before the first series there is one nameless group, whose place a named one takes."""
        places = self._places.setdefault(name, {})
        found = places.get(scope, len(judge.names))
        if found < len(judge.names) and scope_text(judge.names[found]) == scope:
            return found
        if self._looked.get(name) != (known := (len(judge.names), judge.names[0])):
            places.clear()
            places |= {scope_text(labels): index for index, labels in enumerate(judge.names)}
            self._looked[name] = known
        found = places.get(scope, len(judge.names))
        return found if found < len(judge.names) and scope_text(judge.names[found]) == scope else None


def critical_rules(config: Config) -> frozenset[str]:
    """Rules that decide a required gate or arm a trigger."""
    names = {name for gate in config.gates if gate.required for name in gate.rules}
    for trigger in config.triggers:
        try:
            names |= parse(trigger.when).rules
        except ExpressionError:
            continue
    return frozenset(names)
