"""Rows of the screen of integrations, from results, conditions and series. Reads, never changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from monitor.daemon.facts import number_or_none
from monitor.daemon.results import SECONDS, UP, Past, Results, rows_with
from monitor.intake.intake import Door, Intake
from monitor.intake.source import Source
from monitor.intake.supervise import Supervisor
from monitor.judging.pieces import Pieces
from monitor.judging.rules import Rule, Signal
from monitor.judging.store import Store
from monitor.judging.table import Table
from monitor.model import Health
from monitor.plan import Gate
from monitor.serving.integration_rows import FAILED, NOTHING, SLOW, IntegrationRow

PHASE = "golive_integration_phase_seconds"
REQUESTS = "golive_integration_requests_total"
EXPIRY = "golive_tls_certificate_expiry_timestamp_seconds"
POP = "golive_screen_pop_seconds"
POPPED = "golive_screen_pop_success_ratio"
PROBED = frozenset({UP, SECONDS, REQUESTS, POP, POPPED, "golive_integration_error_ratio"})
"""Metrics of a probe by which a rule judges it."""
_NEAR = 1.0
"""Seconds before a result within which its parts were reported."""


class Reader(NamedTuple):
    """A rule that reads integrations, and the gates that it answers."""

    match: Mapping[str, str]
    gates: tuple[str, ...]


class Integrations:
    """Makes the rows."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        supervisor: Supervisor,
        collectors: Iterable[Source],
        kinds: Mapping[str, str],
    ) -> None:
        """kinds: of each collector, as the configuration calls it."""
        self._store = store
        self._intake = intake
        self._supervisor = supervisor
        self._collectors = {collector.name: collector for collector in collectors}
        self._kinds = kinds
        every = {name: collector.every for name, collector in self._collectors.items()}
        self._results = Results(store, intake, supervisor, every)
        self._readers: tuple[Reader, ...] = ()
        self._rows: dict[tuple[str, int], tuple[int, list[int]]] = {}

    def judged_by(self, rules: Sequence[Rule], signals: Iterable[Signal], gates: Sequence[Gate]) -> None:
        """Know what counts as slow, and which gates read which probes."""
        by_name = {signal.name: signal for signal in signals}
        found = []
        for rule in rules:
            signal = by_name.get(rule.signal)
            metrics = signal.metrics if signal is not None else (rule.metric,)
            titles = tuple(gate.title or gate.name for gate in gates if rule.name in gate.rules)
            if titles and not PROBED.isdisjoint(metrics):
                found.append(Reader({**(signal.match if signal else {}), **rule.match}, titles))
        self._readers = tuple(found)
        self._results.judged_by(rules)

    def look(self, now: float) -> None:
        """Note the results that are new at this tick."""
        self._results.look(now)

    def rows(self, now: float) -> Pieces[tuple[IntegrationRow, ...]]:
        """Probes first, then collectors; made in pieces, between which others may run."""
        made = []
        table = self._store.tables.get(UP)
        for row, past in self._results.probes.items():
            if table is not None:
                made.append(self._probe(table, row, past, now))
                yield
        for name, past in self._results.collectors.items():
            made.append(self._collector(name, past))
        yield
        return tuple(made)

    def _probe(self, table: Table, row: int, past: Past, now: float) -> IntegrationRow:
        labels = dict(table.labels[row])
        newest = past.results[-1] if past.results else None
        at = newest.at if newest is not None else None
        every = self._results.every(row)
        doors = [door for door in self._intake.doors.values() if int(table.owners[row]) >> door.number & 1]
        sources = tuple(door.name for door in doors)
        state = _state(past, number_or_none(now - float(table.latest_at[row])), float(table.stale_after[row]))
        operations = [dict(self._table_labels(SECONDS, r)).get("operation", "") for r in self._results.operations(row)]
        circuits = [self._supervisor.circuit(name) for name in sources if name in self._supervisor.breakers]
        return IntegrationRow(
            key="probe " + " ".join(f"{name}={value}" for name, value in labels.items()),
            name=labels.get("integration", ""),
            kind="probe",
            labels=labels,
            sources=sources,
            check=" ".join(dict.fromkeys(operation for operation in operations if operation)),
            state=state,
            since=past.since,
            results=past.marks,
            every=every,
            at=at,
            next_try=at + every if at is not None and every else None,
            seconds=newest.seconds if newest is not None else None,
            p95=past.p95,
            slow_from=self._results.slow_from(labels),
            error_ratio=past.error_ratio,
            failures=past.failures,
            error=self._error(row, labels) if past.failures else "",
            circuit=max(circuits, key=("closed", "half_open", "open").index, default=""),
            phases=self._phases(row, labels, at),
            tls_expires_at=self._expiry(doors),
            screen_pop=self._newest(POP, row, labels),
            screen_pop_ratio=self._newest(POPPED, row, labels),
            depends_on=tuple(f"collector {name}" for name in sources),
            gates=self._gates(labels),
        )

    def _collector(self, name: str, past: Past) -> IntegrationRow:
        condition = self._supervisor.conditions[name]
        marks = past.marks
        state = condition.state.value
        if condition.state is Health.OK and marks and marks == NOTHING * len(marks):
            state = "unknown"
        elif condition.state is Health.OK and marks.endswith(NOTHING * 3):
            state = "stale"
        every = self._collectors[name].every if name in self._collectors else 0.0
        doors = [self._intake.doors[name]] if name in self._intake.doors else []
        newest = past.results[-1].at if past.results else None
        return IntegrationRow(
            key=f"collector {name}",
            name=name,
            kind=self._kinds.get(name, ""),
            sources=(name,),
            check=f"heard every {every:g}s",
            state=state,
            since=condition.since if state == condition.state.value else past.since,
            results=marks,
            every=every,
            at=newest,
            next_try=condition.next_try,
            error_ratio=past.error_ratio,
            failures=past.failures,
            error=condition.error or "",
            circuit=self._supervisor.circuit(name),
            tls_expires_at=self._expiry(doors),
        )

    def _table_labels(self, metric: str, row: int) -> Mapping[str, str]:
        return dict(self._store.tables[metric].labels[row])

    def _with(self, metric: str, row: int, labels: Mapping[str, str]) -> tuple[Table, list[int]] | None:
        """A metric's rows that carry a probe's labels; looked up anew only when series were added."""
        table = self._store.tables.get(metric)
        if table is None:
            return None
        known = self._rows.get((metric, row))
        if known is None or known[0] != table.generation:
            known = self._rows[metric, row] = table.generation, rows_with(table, labels)
        return table, known[1]

    def _newest(self, metric: str, row: int, labels: Mapping[str, str]) -> float | None:
        found = self._with(metric, row, labels)
        if found is None or not found[1]:
            return None
        table, rows = found
        return number_or_none(float(table.latest[max(rows, key=lambda r: float(table.latest_at[r]))]))

    def _phases(self, row: int, labels: Mapping[str, str], at: float | None) -> dict[str, float]:
        found = self._with(PHASE, row, labels)
        if found is None or at is None:
            return {}
        table, rows = found
        total: dict[str, float] = {}
        for r in rows:
            if float(table.latest_at[r]) >= at - _NEAR:
                phase = dict(table.labels[r]).get("phase", "")
                total[phase] = total.get(phase, 0.0) + float(table.latest[r])
        return total

    def _error(self, row: int, labels: Mapping[str, str]) -> str:
        """The operation and outcome that were counted last, other than ok."""
        found = self._with(REQUESTS, row, labels)
        if found is None:
            return ""
        table, rows = found
        bad = [r for r in rows if dict(table.labels[r]).get("outcome", "ok") != "ok"]
        if not bad:
            return ""
        newest = dict(table.labels[max(bad, key=lambda r: float(table.latest_at[r]))])
        return f"{newest.get('operation', '')}: {newest['outcome'].replace('_', ' ')}".lstrip(": ")

    def _expiry(self, doors: Iterable[Door]) -> float | None:
        """The first certificate to expire of those that these collectors saw."""
        table = self._store.tables.get(EXPIRY)
        if table is None:
            return None
        mask = sum(1 << door.number for door in doors)
        found = [float(table.latest[r]) for r in range(table.size) if int(table.owners[r]) & mask]
        return min((at for at in found if number_or_none(at) is not None), default=None)

    def _gates(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        found = [gate for reader in self._readers if reader.match.items() <= labels.items() for gate in reader.gates]
        return tuple(dict.fromkeys(found))


def _state(past: Past, age: float | None, stale_after: float) -> str:
    """How a probe stands: what its newest result says, while that is fresh."""
    if age is None or age > 2 * stale_after:
        return "unknown"
    if age > stale_after:
        return "stale"
    newest = past.marks[-1:]
    return {FAILED: "failed", SLOW: "slow", NOTHING: "unknown", "": "unknown"}.get(newest, "ok")
