"""One tick's truth for decisions: the engine's answers, frozen by reading them within the tick."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from monitor.judging.engine import Engine
from monitor.judging.judge import Judge
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
        self._independence = independence
        self.at = at
        self.stage = stage
        self._truth = {name: engine.truth(name) for name in engine.judges}
        self._signals = {name: reading.value for name, reading in engine.readings.items()}

    def rule(self, name: str) -> Truth:
        """TRUE in BREACH on measured data, UNKNOWN when its data is."""
        return self._truth.get(name, Truth.UNKNOWN)

    def signal(self, name: str) -> float | None:
        """A signal's value, None when unknown."""
        return self._signals.get(name)

    def evidence(self, rules: Iterable[str]) -> tuple[EvidenceRow, ...]:
        """The rules as they stand, worst first."""
        rows: list[tuple[int, EvidenceRow]] = []
        for name in sorted(rules):
            judge = self._engine.judges.get(name)
            if judge is not None:
                rows.extend(_rows(judge, self.at))
        rows.sort(key=lambda pair: (-pair[0], pair[1].rule, pair[1].scope))
        return tuple(row for _, row in rows[:MOST_EVIDENCE])

    def sources(self, rules: Iterable[str]) -> frozenset[str]:
        """Independence groups of the collectors whose samples the rules rest on."""
        mask = 0
        for name in rules:
            judge = self._engine.judges.get(name)
            if judge is not None:
                mask |= judge.reader.owners()
        return frozenset(group for number, group in self._independence.items() if mask >> number & 1)

    def flapping(self, rules: Iterable[str]) -> tuple[str, ...]:
        """Those of the rules that go into and out of breach too often to be trusted."""
        judges = {name: self._engine.judges.get(name) for name in rules}
        flag = np.int16(Flag.FLAPPING)
        return tuple(sorted(name for name, judge in judges.items() if judge and bool((judge.flags & flag).any())))


def _rows(judge: Judge, now: float) -> list[tuple[int, EvidenceRow]]:
    rule, made = judge.rule, []
    order = np.argsort(-judge.standings, kind="stable")[:MOST_EVIDENCE]
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
