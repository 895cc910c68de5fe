"""The facts of an incident and of what goes on around it, gathered when people must be told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from monitor.config import Config
from monitor.daemon.course import Course
from monitor.daemon.facts import number_or_none
from monitor.daemon.witness import NO_DATA, Sight, Witness
from monitor.intake.intake import Door, Intake
from monitor.judging.engine import Engine
from monitor.judging.judge import Judge
from monitor.judging.store import Store
from monitor.judging.verdict import of_gate
from monitor.model import Standing, Verdict
from monitor.notify.fault import Fault, Scene
from monitor.notify.incidents import Incident
from monitor.serving.snapshot import DecisionRow
from monitor.text import clean
from monitor.units import format_duration

_WAITING, _OLDEST = "golive_queue_contacts_waiting", "golive_queue_oldest_contact_age_seconds"
_ASKING = frozenset({"awaiting", "escalated"})
_UNDER_WAY = frozenset({"preflight", "executing", "paused", "verifying", "frozen"})


class Reporter:
    """Reads, never changes. Times are unix seconds."""

    def __init__(self, config: Config, engine: Engine, store: Store, intake: Intake, course: Course) -> None:
        self.witness = self._witness = Witness(config, engine, intake)
        self._config = config
        self._engine = engine
        self._store = store
        self._intake = intake
        self._course = course

    def fault(self, incident: Incident, now: float) -> Fault:
        """The facts of an incident's worst place."""
        judge = self._engine.judges.get(incident.alert)
        if judge is None:
            return self._nothing(incident, now)
        places = [incident.scope, *incident.places]
        found = [
            (scope, index)
            for scope in places
            if (index := self._witness.index(incident.alert, judge, scope)) is not None
        ]
        if not found:
            return Fault(
                alert=incident.alert,
                scope=incident.scope,
                title=incident.title,
                severity=incident.severity,
                since=incident.opened,
                limit=judge.rule.breach,
                unit=judge.unit,
            )
        high = judge.rule.operator in (">", ">=")

        def badness(pair: tuple[str, int]) -> tuple[bool, float]:
            value = float(judge.value[pair[1]])
            worse = (value if high else -value) if math.isfinite(value) else -math.inf
            return judge.standing(pair[1]) is Standing.BREACH, worse

        scope, index = max(found, key=badness)
        since = incident.places.get(scope, incident.opened) - judge.rule.hold
        return Fault(
            alert=incident.alert,
            scope=scope,
            title=clean(judge.rule.title or judge.rule.name, 80),
            severity=incident.severity,
            since=since,
            value=number_or_none(float(judge.value[index])),
            limit=judge.rule.breach,
            operator=judge.rule.operator,
            unit=judge.unit,
            other=self._engine.other_side(incident.alert, index) if judge.comparison is None else None,
            platform=judge.platform,
            samples=int(judge.samples[index]),
            window=judge.rule.window,
            impact=self._impact(judge, scope),
        )

    def _impact(self, judge: Judge, scope: str) -> str:
        """Callers who wait there, or how many of all places are bad."""
        labels = {**dict(part.partition("=")[::2] for part in scope.split(" ") if "=" in part)}
        words = []
        if "queue" in labels:
            if judge.platform:
                labels["platform"] = judge.platform
            waiting, oldest = self._newest(_WAITING, labels), self._newest(_OLDEST, labels)
            if waiting:
                words.append(f"{sum(waiting):.0f} waiting")
            if oldest and max(oldest) > 0:
                words.append(f"oldest {format_duration(max(oldest))}")
        total, bad = len(judge.names), int((judge.standings == Standing.BREACH).sum())
        if not words and total > 1:
            words.append(f"{bad} of {total} {'/'.join(judge.rule.by) or 'group'}s")
        return ", ".join(words)

    def _newest(self, metric: str, labels: Mapping[str, str]) -> list[float]:
        table = self._store.tables.get(metric)
        if table is None:
            return []
        wanted, rare = set(labels.items()), ("queue", labels["queue"])
        rows = [row for row, have in enumerate(table.labels) if rare in have and wanted <= set(have)]
        fresh = [row for row in rows if self._engine.at - table.latest_at[row] <= table.stale_after[row]]
        return [float(table.latest[row]) for row in fresh if math.isfinite(table.latest[row])]

    def _nothing(self, incident: Incident, now: float) -> Fault:
        """The facts where a source is silent or a rule cannot be computed: what was last good, and when."""
        name = incident.scope.partition("=")[2]
        door = self._intake.doors.get(name) if incident.alert == NO_DATA else None
        judge = self._engine.judges.get(name)
        why, value, at, unit, of = "", None, None, "", ""
        if judge is not None:
            why = judge.broken or judge.why(0)
        if door is not None:
            why = f"silent for {format_duration(max(now - door.newest, 0.0))}"
            value, at, unit, of = self._last(door)
        title = clean(incident.title, 60) + (f", {of}" if of else "")
        return Fault(
            alert=incident.alert,
            scope=incident.scope,
            title=title,
            severity=incident.severity,
            since=min(incident.places.values(), default=incident.opened),
            value=value,
            unit=unit,
            why=clean(why, 80),
            last_at=at,
        )

    def _last(self, door: Door) -> tuple[float | None, float | None, str, str]:
        """A source's newest good value, when it was heard, its unit, and the title of a rule that needs it."""
        best: tuple[float | None, float | None, str, str] = (None, number_or_none(door.newest), "", "")
        newest = -math.inf
        for judge in self._engine.judges.values():
            rows = judge.reader.groups.rows
            if not judge.active or not len(rows):
                continue
            table = judge.table
            mine = rows[(table.owners[rows] & np.uint64(1 << door.number)) != 0]
            if not len(mine):
                continue
            row = int(mine[int(np.argmax(table.latest_at[mine]))])
            if table.latest_at[row] > newest and math.isfinite(table.latest[row]):
                newest = float(table.latest_at[row])
                best = (float(table.latest[row]), newest, table.metric.unit, judge.rule.title or judge.rule.name)
        return best

    def scene(self, sight: Sight, about: str = "") -> Scene:
        """How things stand. about: the rule that a message is about: its sources count, and its gate is not named again."""
        judged = [gate for gate in sight.gates if gate.state.active and gate.row.kind == "judged"]
        good = [gate.row.title for gate in judged if of_gate(gate.state) is Verdict.GO]
        bad = [gate.row.title for gate in judged if of_gate(gate.state) is not Verdict.GO and gate.row.rule != about]
        mask = self._engine.judges[about].reader.owners() if about in self._engine.judges else -1
        mine = [door for door in self._intake.doors.values() if mask >> door.number & 1]
        doors = sorted(mine, key=lambda door: -door.newest)
        cutover = self._config.cutover
        return Scene(
            now=sight.now,
            environment=cutover.environment,
            cutover=cutover.name,
            stage=self._course.stage.title or self._course.stage.name,
            started_at=self._course.started_at,
            verdict=sight.ruling.verdict.word,
            verdict_since=sight.ruled_since,
            waiting=waiting_words(sight.decisions()),
            good=tuple(good),
            bad=tuple(bad),
            sources=tuple((door.name, number_or_none(sight.now - door.newest)) for door in doors),
        )


def waiting_words(rows: Iterable[DecisionRow]) -> str:
    """What waits for people or is under way, in a few words; empty when nothing does."""
    for row in sorted(rows, key=lambda row: -row.opened_at):
        if row.state in _ASKING:
            votes = max(row.quorum - sum(vote.vote == "approve" for vote in row.votes), 1)
            return f"{clean(row.runbook, 30)} waits for {votes} approval{'s' if votes > 1 else ''}"
        if row.state in _UNDER_WAY:
            return f"{clean(row.runbook, 30)} is {row.state}"
    return ""
