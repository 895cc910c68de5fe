"""The newest results of each probe and each collector, bounded: looked up tick by tick in what the store holds."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from monitor.intake.intake import Door, Intake
from monitor.intake.supervise import Supervisor
from monitor.judging.rules import Rule
from monitor.judging.store import Store
from monitor.judging.table import Table
from monitor.model import Health
from monitor.serving.integration_rows import FAILED, NOTHING, OK, SLOW

KEPT = 40
"""Results of each."""
MOST = 300
"""Probes and collectors whose results are kept; further ones are counted."""
UP = "golive_integration_up"
SECONDS = "golive_integration_request_seconds"
PATIENCE = 1.5
"""Intervals without a result after which one is missing."""


class Result(NamedTuple):
    """One result."""

    at: float
    mark: str
    seconds: float | None = None


class Past:
    """The results of one thing, newest last, and since when they are as the newest."""

    def __init__(self, since: float) -> None:
        self.results: deque[Result] = deque(maxlen=KEPT)
        self.since = since
        self.seen = -math.inf

    def add(self, result: Result) -> None:
        """Keep one."""
        if not self.results or self.results[-1].mark != result.mark:
            self.since = result.at
        self.results.append(result)
        self.seen = max(self.seen, result.at)

    @property
    def marks(self) -> str:
        """Newest last."""
        return "".join(result.mark for result in self.results)

    @property
    def failures(self) -> int:
        """Failed ones in a row, up to the newest."""
        marks = self.marks
        return len(marks) - len(marks.rstrip(FAILED))

    @property
    def error_ratio(self) -> float | None:
        """Failed ones as a share of those of which it is known."""
        known = [result.mark for result in self.results if result.mark != NOTHING]
        return known.count(FAILED) / len(known) if known else None

    @property
    def p95(self) -> float | None:
        """95th percentile of how long they took."""
        took = [result.seconds for result in self.results if result.seconds is not None]
        return float(np.percentile(took, 95)) if len(took) >= 5 else None  # noqa: PLR2004 - fewer say nothing


class Results:
    """Keeps results. `look` is called with each tick and costs a comparison a probe; times are unix seconds."""

    def __init__(self, store: Store, intake: Intake, supervisor: Supervisor, every: Mapping[str, float]) -> None:
        """every: seconds between results, by collector."""
        self._store = store
        self._intake = intake
        self._supervisor = supervisor
        self._limits: list[tuple[Mapping[str, str], float]] = []
        self._every = every
        self.probes: dict[int, Past] = {}
        """By row of the table of golive_integration_up."""
        self.collectors: dict[str, Past] = {}
        self.left_out = 0
        """Probes beyond the bound."""
        self._due: dict[str, float] = {}
        self._heard: dict[str, tuple[int, int]] = {}
        self._operations: dict[int, tuple[int, list[int]]] = {}

    def judged_by(self, rules: Iterable[Rule]) -> None:
        """Know what counts as slow: the warning, or else the limit, of each rule on the time of operations."""
        self._limits = [
            (rule.match, rule.warn if rule.warn is not None else rule.breach) for rule in _on(rules, SECONDS)
        ]

    def look(self, now: float) -> None:
        """Note what is new."""
        self._look_at_probes(now)
        for name in self._supervisor.conditions:
            self._look_at_collector(name, now)

    def every(self, row: int) -> float:
        """Seconds between results of a probe: those of the collector that reports most often."""
        table = self._store.tables[UP]
        mask = int(table.owners[row])
        known = [
            self._every[d.name] for d in self._intake.doors.values() if mask >> d.number & 1 and d.name in self._every
        ]
        return min(known, default=0.0)

    def slow_from(self, labels: Mapping[str, str]) -> float | None:
        """Seconds from which an operation with these labels is slow."""
        return next((limit for match, limit in self._limits if match.items() <= labels.items()), None)

    def operations(self, row: int) -> list[int]:
        """Rows of the probe's operations in the table of their times."""
        up, table = self._store.tables[UP], self._store.tables.get(SECONDS)
        if table is None:
            return []
        known = self._operations.get(row)
        if known is None or known[0] != table.generation:
            known = self._operations[row] = table.generation, rows_with(table, dict(up.labels[row]))
        return known[1]

    def _look_at_probes(self, now: float) -> None:
        table = self._store.tables.get(UP)
        if table is None:
            return
        self.left_out = max(0, table.size - MOST)
        for row in range(min(table.size, MOST)):
            past = self.probes.get(row)
            if past is None:
                past = self.probes[row] = Past(now)
            at, blank = float(table.latest_at[row]), float(table.blank_at[row])
            if at > past.seen and at >= blank:
                past.add(self._result(table, row, at))
            elif blank > past.seen:
                past.add(Result(blank, NOTHING))
            elif past.results and (every := self.every(row)) and now - past.seen > PATIENCE * every:
                past.add(Result(past.seen + every, NOTHING))

    def _result(self, table: Table, row: int, at: float) -> Result:
        if float(table.latest[row]) < 1.0:
            return Result(at, FAILED)
        times = self._store.tables.get(SECONDS)
        rows = self.operations(row)
        took = [float(times.latest[r]) for r in rows if float(times.latest_at[r]) >= at - 1e-6] if times else []
        limit = self.slow_from(dict(table.labels[row]))
        slow = limit is not None and any(seconds >= limit for seconds in took)
        return Result(at, SLOW if slow else OK, sum(took) if took else None)

    def _look_at_collector(self, name: str, now: float) -> None:
        past = self.collectors.get(name)
        door = self._intake.doors.get(name)
        every = max(self._every.get(name, 1.0), 0.25)
        if past is None or door is None:
            self.collectors[name] = Past(now)
            self._due[name] = now + every
            return
        if now < self._due[name]:
            return
        self._due[name] = now + every if now - self._due[name] > every else self._due[name] + every
        past.add(Result(now, self._heard_since(name, door)))

    def _heard_since(self, name: str, door: Door) -> str:
        """What an interval of a collector was: heard, heard with refusals, broken, or silent."""
        before = self._heard.get(name, (0, 0))
        taken, refused = door.samples + door.messages, door.refused.total()
        self._heard[name] = taken, refused
        if self._supervisor.conditions[name].state in (Health.RETRYING, Health.FAILED, Health.STOPPED):
            return FAILED
        if refused > before[1]:
            return SLOW
        return OK if taken > before[0] else NOTHING


def rows_with(table: Table, labels: Mapping[str, str]) -> list[int]:
    """Rows of a table whose labels hold all of these."""
    return [row for row, have in enumerate(table.labels) if labels.items() <= dict(have).items()]


def _on(rules: Iterable[Rule], metric: str) -> list[Rule]:
    return [rule for rule in rules if rule.metric == metric and rule.worse_high and rule.baseline is None]
