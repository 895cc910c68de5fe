"""A gate, a rule or an alert: what it is, how it stands against its limits, what feeds it, what was said of it."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.terminal import paths
from dashboards.terminal.drawing.gates import gate_mark, why
from dashboards.terminal.drawing.marks import GATES, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import age, clock, compared, limit, span
from dashboards.terminal.drawing.spans import Column, Span
from dashboards.terminal.pages.canvas import Canvas, Item, spelled
from dashboards.terminal.pages.events import events_about
from dashboards.terminal.pages.inputs import series_items
from dashboards.terminal.subject import Subject, of_rule
from monitor.serving.detail_rows import InputsPage
from monitor.serving.snapshot import AlertRow, GateRow, RuleRow
from monitor.units import format_value

_SCOPES = 30
"""Other scopes of the same rule that are listed."""


def gate_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """A go/no-go question, through the rule that answers it worst."""
    snapshot = canvas.view.snapshot
    gate = next((row for row in snapshot.gates if row.name == subject.key), None) if snapshot else None
    if gate is None:
        return canvas.note(f"there is no gate {subject.key} in this stage any more", "notice")
    items = [*_gate_facts(gate, canvas)]
    if gate.kind == "signed":
        return [*items, *events_about(canvas, (gate.name,))]
    rules = [row for row in snapshot.rules if row.rule == gate.rule] if snapshot else []
    return [*items, *_behind(canvas, gate.rule, gate.scope, rules), *events_about(canvas, (gate.name, gate.rule))]


def rule_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """One rule in one scope."""
    rules = [row for row in canvas.view.snapshot.rules if row.rule == subject.rule] if canvas.view.snapshot else []
    scope = subject.key.partition(":")[2] if subject.key.startswith(f"{subject.rule}:") else spelled(subject.labels)
    found = next((row for row in rules if row.scope == scope), None)
    alerts = canvas.view.snapshot.alerts if canvas.view.snapshot else ()
    alert = next((row for row in alerts if row.name == subject.rule and row.scope == scope), None)
    items = _rule_facts(found, canvas) if found is not None else []
    items += _alert_facts(alert, canvas) if alert is not None else []
    if not items:
        items = canvas.note(f"{subject.rule} is not judged here in this stage, or is beyond the rows that are sent")
    return [*items, *_behind(canvas, subject.rule, scope, rules), *events_about(canvas, (subject.rule,), scope)]


def _gate_facts(gate: GateRow, canvas: Canvas) -> list[Item]:
    view, glyphs = canvas.view, canvas.glyphs
    state = gate_mark(gate)
    items = canvas.fact("gate", f"{shown(state, glyphs).text} for {span(view.now - gate.since)}", state.role)
    items += canvas.fact("why", why(gate))
    if gate.kind == "signed":
        return [*items, *canvas.fact("signs", gate.duty)]
    bad = limit(gate.operator, gate.limit, gate.unit, glyphs)
    side = compared(gate.legacy, gate.target, gate.operator)
    values = f"legacy {format_value(gate.legacy, gate.unit)}, target {format_value(gate.target, gate.unit)}"
    items += canvas.fact("values", f"{values}; limit {bad}" + (f"; target is {side}" if side != "-" else ""))
    items += canvas.fact("scope", gate.scope)
    return [*items, *canvas.fact("samples", f"{gate.samples} in the window, newest {_old(gate.age, canvas)} old")]


def _rule_facts(row: RuleRow, canvas: Canvas) -> list[Item]:
    glyphs, unit = canvas.glyphs, row.unit
    state = mark(GATES, row.state)
    flags = f", {', '.join(row.flags)}" if row.flags else ""
    words = f"{shown(state, glyphs).text} for {span(canvas.view.now - row.since)}, {row.phase}{flags}"
    items = canvas.fact("rule", words, state.role)
    items += canvas.fact("why", row.reason)
    bounds = [f"bad {row.operator} {format_value(row.breach, unit)}"]
    bounds += [f"warns at {format_value(row.warn, unit)}"] if row.warn is not None else []
    bounds += [f"clears at {format_value(row.clear, unit)}"] if row.clear is not None else []
    items += canvas.fact("value", f"{row.estimator} {format_value(row.value, unit)}; {', '.join(bounds)}", "strong")
    items += canvas.fact("scope", row.scope)
    return [*items, *canvas.fact("samples", f"{row.samples} in the window, newest {_old(row.age, canvas)} old")]


def _alert_facts(row: AlertRow, canvas: Canvas) -> list[Item]:
    items = canvas.fact("alert", f"since {clock(row.since)} UTC, {span(canvas.view.now - row.since)} ago", "strong")
    items += canvas.fact("says", row.summary)
    return [*items, *canvas.fact("owner", row.acked_by)]


def _old(seconds: float | None, canvas: Canvas) -> str:
    return age(None if seconds is None else seconds + canvas.view.behind)


def _behind(canvas: Canvas, rule: str, scope: str, rules: Iterable[RuleRow]) -> list[Item]:
    """What the daemon knows of a rule: its sentence, what stands on it, its series; then its other scopes."""
    if not rule:
        return []
    path = paths.inputs(rule, scope)
    page = canvas.lookup.ask(path, InputsPage).value
    items: list[Item] = []
    if page is not None:
        items += canvas.fact("gates", ", ".join(page.gates))
        items += canvas.fact("may set off", "; ".join(page.triggers))
    items += series_items(canvas, path)
    others = [row for row in rules if row.scope != scope]
    if others:
        items += [*canvas.title("THE SAME RULE ELSEWHERE, worst first"), *_scopes(canvas, others[:_SCOPES])]
        items += canvas.note(f"and {len(others) - _SCOPES} more") if len(others) > _SCOPES else []
    if page is not None and page.sentence:
        items += [*canvas.title("WHAT THE RULE DOES"), *canvas.note(page.sentence, "")]
    return items


def _scopes(canvas: Canvas, rules: list[RuleRow]) -> list[Item]:
    columns = [Column("State", mark_width(canvas.glyphs)), Column("Scope", 0), Column("Value", 9, right=True)]
    columns += [Column("For", 6, right=True), Column("Age", 6, right=True)]
    return canvas.table(
        columns,
        (
            (
                [
                    shown(mark(GATES, row.state), canvas.glyphs),
                    Span(row.scope or "all"),
                    Span(format_value(row.value, row.unit)),
                    Span(span(canvas.view.now - row.since)),
                    Span(_old(row.age, canvas), "dim"),
                ],
                of_rule(row),
            )
            for row in rules
        ),
    )
