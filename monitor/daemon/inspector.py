"""Looks into the store for whoever goes down from a number: its series, their sources, their newest samples. Reads only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from monitor.daemon.facts import number_or_none, scope_text
from monitor.intake.intake import Intake
from monitor.intake.tail import Kept
from monitor.judging.engine import Engine
from monitor.judging.explaining import Standards, better_words, kind_words, possible_words, unit_words
from monitor.judging.judge import Judge
from monitor.judging.rings import Ring
from monitor.judging.store import AHEAD, Store, latest_taken
from monitor.judging.table import BLANK_EMPTY, BLANK_ERROR, BLANK_NULL, Table
from monitor.model import Labels, Metric, Quality
from monitor.serving.detail_rows import (
    BucketRow,
    InputRow,
    InputsPage,
    MetricRow,
    MetricsPage,
    SampleRow,
    SamplesPage,
)

SERIES = 200
"""Series in one answer."""
SAMPLES = 100
"""Samples in one answer."""
BUCKETS = 60
"""Buckets in one answer."""
_BLANK = {BLANK_EMPTY: Quality.EMPTY, BLANK_NULL: Quality.NULL, BLANK_ERROR: Quality.ERROR}


class Inspector:
    """Answers for details. clock: unix seconds."""

    def __init__(
        self, store: Store, intake: Intake, engine: Engine, standards: Standards, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._intake = intake
        self._engine = engine
        self._standards = standards
        self._clock = clock

    def inputs(self, rule: str, scope: str) -> InputsPage | None:
        """The series that a rule's group is made from; None when there is no such rule.

        scope: as rows spell it. Before the first series of a group appears there is none to name.
        """
        judge = self._engine.judges.get(rule)
        if judge is None:
            return None
        found = [(table, int(row)) for table, rows in _fed(judge, scope) for row in rows]
        return InputsPage(
            series=self._rows(found),
            left_out=max(0, len(found) - SERIES),
            title=self._standards.title(rule),
            sentence=self._standards.sentence(rule),
            gates=self._standards.gates_of((rule,)),
            triggers=self._standards.triggers_of((rule,)),
        )

    def series(self, metrics: Iterable[str], labels: Mapping[str, str], source: str = "") -> InputsPage:
        """Series that carry these labels, of these metrics in this order, or of all. source: only what it feeds."""
        door = self._intake.doors.get(source)
        wanted = list(metrics) or sorted(self._store.tables)
        asked = labels.items()
        shown: list[tuple[Table, int]] = []
        count = 0
        for table in (self._store.tables[name] for name in wanted if name in self._store.tables):
            for row in range(table.size):
                if source and (door is None or not int(table.owners[row]) >> door.number & 1):
                    continue
                if asked and not asked <= dict(table.labels[row]).items():
                    continue
                count += 1
                if count <= SERIES:
                    shown.append((table, row))
        return InputsPage(series=self._rows(shown), left_out=count - len(shown))

    def samples(self, metric: str, labels: Mapping[str, str], limit: int = SAMPLES) -> SamplesPage | None:
        """The newest samples of one series; None when nobody ever named it."""
        table = self._store.tables.get(metric)
        key: Labels = tuple(sorted(labels.items()))
        row = table.index.get(key) if table is not None else None
        handle = self._store.handle(metric, key)
        if table is None or row is None:
            return None
        tail = self._intake.tail
        ring = min(table.rings.values(), key=lambda ring: ring.width, default=None)
        return SamplesPage(
            series=self._row(table, row),
            samples=() if handle is None else self._told(table, row, tail.of(handle, min(limit, SAMPLES))),
            reach=tail.reach,
            width=ring.width if ring is not None else 0.0,
            buckets=_buckets(ring, row) if ring is not None else (),
            recorded=self._intake.record is not None,
        )

    def metrics(self) -> MetricsPage:
        """Every metric, what it means and why it matters."""
        return MetricsPage(metrics=tuple(self._explained(metric) for metric in self._standards.catalogue.values()))

    def _explained(self, metric: Metric) -> MetricRow:
        told, table = self._standards, self._store.tables.get(metric.name)
        mask = int(np.bitwise_or.reduce(table.owners[: table.size])) if table is not None and table.size else 0
        return MetricRow(
            name=metric.name,
            unit=unit_words(metric),
            kind=kind_words(metric),
            help=metric.help,
            better=better_words(metric),
            matters=told.matters(metric),
            possible=possible_words(metric),
            labels=metric.labels,
            sources=self._sources(mask),
            series=table.size if table is not None else 0,
            limits=tuple(told.sentence(rule) for rule in told.rules_on(metric.name)),
        )

    def _sources(self, mask: int) -> tuple[str, ...]:
        return tuple(door.name for door in self._intake.doors.values() if mask >> door.number & 1)

    def _rows(self, found: list[tuple[Table, int]]) -> tuple[InputRow, ...]:
        return tuple(self._row(table, row) for table, row in found[:SERIES])

    def _row(self, table: Table, row: int) -> InputRow:
        at = number_or_none(float(table.latest_at[row]))
        age = None if at is None else self._clock() - at
        stale_after = float(table.stale_after[row])
        quality = Quality.EMPTY if age is None else (Quality.STALE if age > stale_after else Quality.FRESH)
        if float(table.blank_at[row]) > float(table.latest_at[row]):
            quality = _BLANK[int(table.blank[row])]
        return InputRow(
            metric=table.metric.name,
            labels=dict(table.labels[row]),
            unit=table.metric.unit,
            value=number_or_none(float(table.latest[row])),
            at=at,
            age=age,
            quality=quality.value,
            stale_after=number_or_none(stale_after),
            sources=self._sources(int(table.owners[row])),
        )

    def _told(self, table: Table, row: int, kept: Kept) -> tuple[SampleRow, ...]:
        names = {door.number: door.name for door in self._intake.doors.values()}
        columns = zip(
            kept.values.tolist(), kept.times.tolist(), kept.received.tolist(), kept.owners.tolist(), strict=True
        )
        return tuple(
            SampleRow(
                at=number_or_none(at) or received,
                received=received,
                value=number_or_none(value),
                source=names.get(owner, ""),
                refused=_refused(table, row, value, at, received),
            )
            for value, at, received, owner in columns
        )


def _refused(table: Table, row: int, value: float, at: float, received: float) -> str:
    """Why the store did not take a sample, by its own bounds; empty when it did."""
    if not (math.isfinite(value) and math.isfinite(at)):
        return "not_finite"
    if at > received + AHEAD:
        return "future"
    if not table.metric.low <= value <= table.metric.high:
        return "out_of_range"
    return "late" if min(at, received) <= latest_taken(table, row, received) else ""


def _fed(judge: Judge, scope: str) -> list[tuple[Table, list[int]]]:
    name = next((name for name in judge.names if scope_text(name) == scope), None)
    if name is None:
        return []
    return [(table, rows.tolist()) for table, rows in judge.reader.inputs(name)]


def _buckets(ring: Ring, row: int) -> tuple[BucketRow, ...]:
    made = []
    for number in range(ring.head, max(ring.head - min(ring.count, BUCKETS), -1), -1):
        slot = number % ring.count
        count = int(ring.filled[slot, row])
        if not count:
            continue
        made.append(
            BucketRow(
                begins=number * ring.width,
                samples=count,
                mean=float(ring.total[slot, row]) / count if ring.total.size else None,
                least=number_or_none(float(ring.minimum[slot, row])) if ring.minimum.size else None,
                greatest=number_or_none(float(ring.maximum[slot, row])) if ring.maximum.size else None,
                last=number_or_none(float(ring.last[slot, row])) if ring.last.size else None,
            )
        )
    return tuple(made)
