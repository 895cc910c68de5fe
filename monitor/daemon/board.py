"""Rows of the snapshot from the engine, the intake and the course. Reads, never changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from monitor.daemon.course import Course
from monitor.daemon.facts import number_or_none, scope_text
from monitor.intake.intake import Door, Intake
from monitor.intake.supervise import Supervisor
from monitor.judging.engine import Engine
from monitor.judging.judge import Judge
from monitor.judging.pieces import Pieces
from monitor.judging.states import PHASES
from monitor.judging.store import Store
from monitor.judging.table import BLANK_EMPTY, BLANK_ERROR, BLANK_NULL
from monitor.judging.verdict import GateState
from monitor.model import Flag, Level, Quality, Standing
from monitor.plan import Gate
from monitor.serving.snapshot import AlertRow, GateRow, RuleRow, SeriesRow, SourceRow
from monitor.units import format_value

MOST_RULES = 500
ROWS = 50
"""Rows made between two yields: half a millisecond."""
MOST_ALERTS = 100


class JudgedGate(NamedTuple):
    """A gate with its row and the age of its oldest input."""

    state: GateState
    row: GateRow
    oldest_age: float | None
    oldest_source: str


def reason_of(judge: Judge, index: int, title: str, _now: float) -> str:
    """Why a rule stands as it does, in one clause: value and limit, or why there is no value."""
    unit = judge.unit
    subject = f"{title} {scope_text(judge.names[index])}".strip()
    if why := judge.why(index):
        level = judge.level(index)
        known = f" was {level.name.lower()} when it was last known" if level is Level.BREACH else ""
        return f"{subject}{known}: {why}"
    value = format_value(number_or_none(float(judge.value[index])), unit)
    if judge.level(index) is not Level.OK:
        value = f"{value} {judge.rule.operator} {format_value(judge.limit(index), unit)}"
    return f"{subject} {value}" + (f" ({made})" if (made := judge.measured_how(index)) else "")


def gate(engine: Engine, spec: Gate, course: Course, doors: Sequence[Door], now: float) -> JudgedGate:
    """One go/no-go question as it stands."""
    active = not spec.active_in or course.stage.name in spec.active_in
    if spec.signed_by:
        by = course.signatures.get(spec.name, "")
        reason = f"signed by {by}" if by else f"{spec.title or spec.name}: the {spec.signed_by} has not signed"
        state = GateState(spec.name, spec.title, spec.required, active, None, bool(by), reason)
        row = GateRow(
            name=spec.name,
            title=spec.title or spec.name,
            kind="signed",
            state="signed" if by else "unsigned",
            required=spec.required,
            active=active,
            reason=reason,
            signed_by=by,
            duty=spec.signed_by,
        )
        return JudgedGate(state, row, None, "")
    judged = [
        (name, *engine.worst(name)) for name in spec.rules if name in engine.judges and engine.judges[name].active
    ]
    if not judged:
        reason = f"{spec.title or spec.name}: no rule answers it in stage {course.stage.name}"
        state = GateState(spec.name, spec.title, spec.required, active, Standing.UNKNOWN, signed=False, reason=reason)
        row = GateRow(
            name=spec.name,
            title=spec.title or spec.name,
            kind="judged",
            state="unknown",
            required=spec.required,
            active=active,
            reason=reason,
        )
        return JudgedGate(state, row, None, "")
    name, standing, index = max(judged, key=lambda j: j[1])
    judge = engine.judges[name]
    reason = reason_of(judge, index, spec.title or name, now)
    value = number_or_none(float(judge.measure[index]))
    other = engine.other_side(name, index)
    legacy_side = judge.platform == "legacy"
    oldest = now - float(judge.newest.min()) if len(judge.newest) else math.inf
    stale = bool(int(judge.flags[index]) & Flag.STALE)
    row = GateRow(
        name=spec.name,
        title=spec.title or spec.name,
        kind="judged",
        state="stale"
        if stale and standing is Standing.UNKNOWN and not int(judge.flags[index]) & Flag.UNKNOWN
        else standing.word,
        required=spec.required,
        active=active,
        rule=name,
        scope=scope_text(judge.names[index]),
        legacy=value if legacy_side else other,
        target=other if legacy_side else value,
        unit=judge.reader.unit,
        operator=judge.rule.operator,
        limit=judge.limit(index),
        since=float(judge.states.since[index]),
        age=number_or_none(now - float(judge.newest[index])),
        samples=int(judge.samples[index]),
        reason=reason,
    )
    state = GateState(spec.name, spec.title, spec.required, active, standing, signed=False, reason=reason)
    return JudgedGate(state, row, number_or_none(oldest), _owners(judge, doors))


def _owners(judge: Judge, doors: Sequence[Door]) -> str:
    rows = judge.reader.groups.rows
    if not len(rows):
        return judge.rule.name
    oldest = int(rows[int(np.argmin(judge.table.latest_at[rows]))])
    mask = int(judge.table.owners[oldest])
    return ",".join(door.name for door in doors if mask >> door.number & 1)


def unheard(doors: Iterable[Door], began: float, now: float) -> JudgedGate | None:
    """A gate of its own for collectors of which nothing was ever heard since `began`; None when each one spoke.

    What a silent collector would feed cannot be known, so no other gate can miss it: without this one a trunk that
    never reported would simply not be there.
    """
    silent = [door.name for door in doors if math.isinf(door.newest) and now - began > 2 * door.stale_after]
    if not silent:
        return None
    reason = f"Sources: nothing was ever heard of {', '.join(silent)}"
    state = GateState("sources", "Sources", True, True, Standing.UNKNOWN, False, reason)  # noqa: FBT003 - a record's fields
    row = GateRow(
        name="sources", title="Sources", kind="judged", state="unknown", required=True, active=True, reason=reason
    )
    return JudgedGate(state, row, None, "")


def rules(engine: Engine, now: float) -> Pieces[tuple[RuleRow, ...]]:
    """Every group of every active rule, worst first, bounded; made in pieces, between which others may run."""
    names = sorted(name for name, judge in engine.judges.items() if judge.active)
    sizes = [len(engine.judges[name].standings) for name in names]
    if not sum(sizes):
        return ()
    standings = np.concatenate([engine.judges[name].standings for name in names])
    order = np.argsort(-standings, kind="stable")[:MOST_RULES]
    ends = np.cumsum(sizes)
    owners = np.searchsorted(ends, order, side="right")
    made = []
    for place, owner in zip(order.tolist(), owners.tolist(), strict=True):
        made.append(_rule_row(engine, names[owner], place - int(ends[owner]) + sizes[owner], now))
        if len(made) % ROWS == 0:
            yield
    return tuple(made)


def _rule_row(engine: Engine, name: str, index: int, now: float) -> RuleRow:
    judge = engine.judges[name]
    rule = judge.rule
    flags = Flag(int(judge.flags[index]))
    return RuleRow(
        rule=name,
        metric=judge.table.metric.name,
        scope=scope_text(judge.names[index]),
        state=judge.standing(index).word,
        phase=PHASES[int(judge.states.phase[index])],
        flags=tuple(flag.name.lower() for flag in Flag if flag in flags and flag.name and flag is not Flag.NONE),
        estimator=rule.estimator,
        unit=judge.unit,
        operator=rule.operator,
        value=number_or_none(float(judge.value[index])),
        warn=rule.warn,
        breach=rule.breach,
        clear=rule.clear,
        samples=int(judge.samples[index]),
        since=float(judge.states.since[index]),
        age=number_or_none(now - float(judge.newest[index])),
        reason=judge.why(index),
    )


def alerts(engine: Engine, now: float) -> Pieces[tuple[AlertRow, ...]]:
    """Groups in BREACH, rules gone blind, and rules that are broken; made in pieces, between which others may run."""
    made: list[AlertRow] = []
    for name, judge in engine.judges.items():
        if not judge.active:
            continue
        loud = (judge.standings == Standing.BREACH) | ((judge.flags & np.int16(Flag.BLIND)) != 0) | bool(judge.broken)
        for index in np.flatnonzero(loud).tolist()[: MOST_ALERTS - len(made)]:
            scope = scope_text(judge.names[index])
            made.append(
                AlertRow(
                    id=f"{name}:{scope}" if scope else name,
                    name=name,
                    scope=scope,
                    state=judge.standing(index).word,
                    value=number_or_none(float(judge.value[index])),
                    limit=judge.rule.breach,
                    operator=judge.rule.operator,
                    unit=judge.unit,
                    since=float(judge.states.since[index]),
                    summary=reason_of(judge, index, judge.rule.title or name, now),
                )
            )
            if len(made) % ROWS == 0:
                yield
        yield
    return tuple(made)


def sources(supervisor: Supervisor, intake: Intake, kinds: dict[str, str], now: float) -> tuple[SourceRow, ...]:
    """Every collector: its health, what it heard, what is missing."""
    rows = []
    for name, condition in supervisor.conditions.items():
        door = intake.door(name, supervisor.collectors[name].stale_after)
        age = number_or_none(now - door.newest)
        quality = Quality.EMPTY if age is None else (Quality.STALE if age > door.stale_after else Quality.FRESH)
        rows.append(
            SourceRow(
                name=name,
                kind=kinds.get(name, ""),
                state=condition.state.value,
                since=condition.since,
                quality=quality.value,
                age=age,
                rate=door.rate(now),
                messages=door.messages,
                samples=door.samples,
                refused=door.refused.total(),
                refused_by=dict(door.refused),
                duplicates=door.duplicates,
                gaps=door.gaps(now),
                gap_count=newest.size if (newest := door.newest_gap) else 0,
                gap_at=newest.ended if newest else None,
                error=condition.error or "",
                next_try=condition.next_try,
                last_refused=door.last_refused,
                circuit=supervisor.circuit(name),
                restarts=supervisor.restarts[name],
                transcripts=len(door.transcripts),
            )
        )
    return tuple(rows)


_BLANK = {BLANK_EMPTY: Quality.EMPTY, BLANK_NULL: Quality.NULL, BLANK_ERROR: Quality.ERROR}


def series(store: Store, limit: int, now: float) -> Pieces[tuple[tuple[SeriesRow, ...], int]]:
    """The newest value of each series that has one, metric by metric, and how many are beyond `limit`; made in pieces."""
    rows: list[SeriesRow] = []
    looked = 0
    for name, table in sorted(store.tables.items()):
        for row in range(min(table.size, limit - len(rows))):
            looked += 1
            at = float(table.latest_at[row])
            age = now - at
            value = number_or_none(float(table.latest[row]))
            stale = age > float(table.stale_after[row])
            quality = Quality.STALE if stale else Quality.FRESH
            if float(table.blank_at[row]) > at:
                quality = _BLANK[int(table.blank[row])]
            if value is not None:
                rows.append(
                    SeriesRow(
                        metric=name,
                        labels=dict(table.labels[row]),
                        unit=table.metric.unit,
                        value=value,
                        at=at,
                        age=age,
                        quality=quality.value,
                    )
                )
            if row % ROWS == ROWS - 1:
                yield
    return tuple(rows), store.size - looked


def oldest_input(gates: Iterable[JudgedGate]) -> tuple[float | None, str]:
    """Age and source of the oldest input that the verdict rests on."""
    aged = [
        (g.oldest_age, g.oldest_source)
        for g in gates
        if g.state.required and g.state.active and g.oldest_age is not None
    ]
    return max(aged, key=lambda pair: pair[0]) if aged else (None, "")
