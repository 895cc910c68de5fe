"""The go/no-go board: one line a gate, worst first, legacy and target side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dashboards.terminal.drawing.marks import GATES, Mark, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import age, compared, limit, span
from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, clip, heading, join, row, wrap
from dashboards.terminal.view import View
from monitor.serving.snapshot import GateRow
from monitor.units import format_duration, format_value

_DIFFERENCE, _REASON = 84, 116
"""Pane widths from which there is a column that compares, and one for the reason."""
_NUMBER = 10
"""Widest column of numbers, in cells."""


def gate_mark(gate: GateRow) -> Mark:
    """How a gate looks; one that does not count in this stage is idle, whatever its rules say."""
    return mark(GATES, gate.state if gate.active else "idle")


def worst_first(gates: Iterable[GateRow]) -> list[GateRow]:
    """Worst first, required before others, else in the order of the configuration."""
    return sorted(gates, key=lambda gate: (-gate_mark(gate).rank, not gate.required))


def faulty(gate: GateRow) -> bool:
    """Whether a gate stays on the board when only faults are shown."""
    return gate_mark(gate).rank > GATES["ok"].rank


class Plan(NamedTuple):
    """The board's columns for one frame: as wide as the numbers that stand in them."""

    width: int
    columns: tuple[Column, ...]
    compares: bool
    explains: bool


def plan(gates: Sequence[GateRow], width: int, glyphs: Glyphs) -> Plan:
    """Columns for these gates in this pane; numbers are never cut, names are."""
    number = max((len(format_value(v, g.unit)) for g in gates for v in (g.legacy, g.target)), default=0)
    bound = max((len(_limit(gate, glyphs)) for gate in gates), default=0)
    number, bound = min(_NUMBER, max(6, number)), min(_NUMBER, max(5, bound))
    compares, explains = width >= _DIFFERENCE, width >= _REASON
    columns = [Column("State", mark_width(glyphs)), Column("Gate", 0)]
    columns += [Column("Legacy", number, right=True), Column("Target", number, right=True)]
    columns += [Column("Target is", 9)] if compares else []
    columns += [Column("Limit", bound, right=True), Column("For", 5, right=True), Column("Age", 6, right=True)]
    columns += [Column("Why", 0)] if explains else []
    return Plan(width, tuple(columns), compares, explains)


def table_heading(layout: Plan, glyphs: Glyphs) -> Line:
    """Titles over the board."""
    return heading(layout.columns, layout.width, glyphs)


def gate_line(gate: GateRow, view: View, layout: Plan, glyphs: Glyphs) -> Line:
    """One gate. Numbers of a gate that cannot see are grey, never in the colour of a state."""
    state = gate_mark(gate)
    blind = gate.state in ("stale", "unknown") or view.gone or not gate.active
    number = "stale" if blind else "strong" if gate.state in ("breach", "warn") else ""
    name = gate.title or gate.name
    if gate.scope:
        name += f" {gate.scope}"
    if not gate.required:
        name += " (not required)"
    cells = [
        shown(state._replace(role="stale") if view.gone else state, glyphs),
        Span(name, "dim" if not gate.active else "strong" if gate.state == "breach" else ""),
        Span(format_value(gate.legacy, gate.unit), "stale" if blind else ""),
        Span(format_value(gate.target, gate.unit), number),
    ]
    if layout.compares:
        word = "-" if blind else compared(gate.legacy, gate.target, gate.operator)
        cells.append(Span(word, "warn" if word == "worse" else "dim"))
    cells += [
        Span(_limit(gate, glyphs), "dim"),
        Span(span(view.now - gate.since) if gate.since else "-"),
        _age(gate, view, glyphs),
    ]
    if layout.explains:
        cells.append(Span(why(gate), "dim"))
    return row(layout.columns, cells, layout.width, glyphs)


def _limit(gate: GateRow, glyphs: Glyphs) -> str:
    return limit(gate.operator, gate.limit, gate.unit, glyphs) if gate.kind == "judged" else "sign"


def _age(gate: GateRow, view: View, glyphs: Glyphs) -> Span:
    if gate.kind == "signed":
        return Span("-", "dim")
    if gate.age is None:
        return Span("none", "stale")
    text = age(gate.age + view.behind)
    if gate.state == "stale" or view.gone:
        return Span(f"{'' if glyphs.ascii else '◌'}{text}", "stale")
    return Span(text, "dim")


def why(gate: GateRow) -> str:
    """Why it stands as it does, or who signs it."""
    if gate.kind == "signed":
        return f"signed by {gate.signed_by}" if gate.signed_by else f"a {gate.duty} must sign"
    return gate.reason


def detail(gate: GateRow | None, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What stands behind one gate: the rule, its scope, its samples, the reason in words."""
    if gate is None:
        return [(Span("no gate here", "dim"),)]
    head = join(
        [
            (shown(gate_mark(gate), glyphs), Span(f" {gate.title or gate.name}", "strong")),
            (Span(f"rule {gate.rule}" if gate.rule else ""),),
            (Span(gate.scope),),
            (Span(f"{gate.samples} samples" if gate.kind == "judged" else f"duty {gate.duty}"),),
            (Span("" if gate.required else "not required"),),
            (Span("" if gate.active else "does not count in this stage"),),
        ],
        glyphs,
    )
    words = why(gate) or ("within its limit" if gate.state == "ok" else "no reason given")
    if view.gone:
        words = f"as it was {format_duration(view.behind)} ago: {words}"
    return [clip(head, width, glyphs), *wrap(words, width, glyphs)]


def counts(gates: Iterable[GateRow], glyphs: Glyphs) -> Line:
    """How many gates stand where, worst first: `■1 ◆1 ●13`."""
    found = Counter(gate_mark(gate) for gate in gates)
    shapes: dict[str, Span] = {}
    for state, _ in sorted(found.items(), key=lambda item: -item[0].rank):
        shape = state.code if glyphs.ascii else state.shape
        total = sum(count for other, count in found.items() if other.shape == state.shape)
        shapes.setdefault(shape, Span(f"{shape}{total} ", state.role))
    return tuple(shapes.values()) or (Span("no gates", "dim"),)
