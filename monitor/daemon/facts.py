"""One tick's truth for decisions: the engine's answers, frozen by reading them within the tick."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from monitor.deciding.facts import EVERYWHERE
from monitor.judging.engine import Engine
from monitor.judging.expressions import Expression
from monitor.judging.judge import Judge
from monitor.judging.rings import Bools
from monitor.judging.scopes import ALL, Calls
from monitor.model import Flag, Labels, Level, Truth
from monitor.serving.snapshot import EvidenceRow

MOST_EVIDENCE = 40
"""Rows of evidence that one decision freezes, worst first."""


def scope_text(scope: Labels) -> str:
    """A group's labels as people read them: `queue=sales-en site=porto`; empty for a rule over everything."""
    return " ".join(f"{name}={value}" for name, value in scope if value)


def number_or_none(value: float) -> float | None:
    """A finite number, or None."""
    return float(value) if math.isfinite(value) else None


class TickFacts:
    """Facts of the engine's newest tick."""

    def __init__(self, engine: Engine, stage: str, at: float, independence: Mapping[int, str]) -> None:
        self._engine = engine
        self._atlas = engine.atlas
        self._independence = independence
        self.at = at
        self.stage = stage
        self._truth = {name: engine.truth(name) for name in engine.judges}
        self._weights = engine.atlas.frozen()
        self._signals = {name: reading.value for name, reading in engine.readings.items()}

    def rule(self, name: str, scope: Labels = ALL) -> Truth:
        """TRUE in BREACH on measured data, UNKNOWN when its data is, or when it is not judged in this stage."""
        return self._atlas.truth(name, scope, self._weights) if scope else self._truth.get(name, Truth.UNKNOWN)

    def signal(self, name: str) -> float | None:
        """A signal's value, None when unknown."""
        return self._signals.get(name)

    def judged(self, expression: Expression) -> bool:
        """Whether any of its rules is judged in this stage."""
        return self._atlas.judged(expression)

    def calls(self, expression: Expression, by: tuple[str, ...]) -> Calls:
        """The scopes in which it is true, or out of sight."""
        calls = self._atlas.calls(expression, by, self.signal)
        self._weights = {**self._atlas.frozen(), **self._weights}
        return calls

    def evidence(self, rules: Iterable[str], scopes: Sequence[Labels] = EVERYWHERE) -> tuple[EvidenceRow, ...]:
        """The rules as they stand, worst first."""
        rows: list[tuple[int, EvidenceRow]] = []
        for name in sorted(rules):
            judge = self._engine.judges.get(name)
            if judge is not None:
                rows.extend(_rows(judge, self._atlas.inside(name, scopes), self.at))
        rows.sort(key=lambda pair: (-pair[0], pair[1].rule, pair[1].scope))
        return tuple(row for _, row in rows[:MOST_EVIDENCE])

    def sources(self, rules: Iterable[str], scope: Labels = ALL) -> frozenset[str]:
        """Independence groups of the collectors whose samples the rules rest on. What a sample says of itself is nothing."""
        mask = 0
        for name in rules:
            judge = self._engine.judges.get(name)
            if judge is not None:
                mask |= judge.reader.owners(self._atlas.inside(name, (scope,)) if scope else None)
        return frozenset(group for number, group in self._independence.items() if mask >> number & 1)

    def flapping(self, rules: Iterable[str], scope: Labels = ALL) -> tuple[str, ...]:
        """Those of the rules that go into and out of breach too often to be trusted."""
        flag = np.int16(Flag.FLAPPING)
        found = []
        for name in sorted(rules):
            judge = self._engine.judges.get(name)
            if judge is not None and bool((judge.flags & flag)[self._atlas.inside(name, (scope,))].any()):
                found.append(name)
        return tuple(found)


def _rows(judge: Judge, inside: Bools, now: float) -> list[tuple[int, EvidenceRow]]:
    rule, made = judge.rule, []
    meant = np.flatnonzero(inside[: len(judge.value)])
    order = meant[np.argsort(-judge.standings[meant], kind="stable")[:MOST_EVIDENCE]]
    for index in order.tolist():
        standing = judge.standings[index]
        warned = judge.level(index) is Level.WARN and rule.warn is not None
        limit = rule.warn if warned and rule.warn is not None else rule.breach
        made.append(
            (
                int(standing),
                EvidenceRow(
                    rule=rule.name,
                    scope=scope_text(judge.names[index]),
                    state=judge.standing(index).word,
                    value=number_or_none(float(judge.value[index])),
                    limit=limit,
                    operator=rule.operator,
                    unit=judge.unit,
                    samples=int(judge.samples[index]),
                    age=number_or_none(now - float(judge.newest[index])),
                ),
            )
        )
    return made
