"""A queue, trunk, site or whatever carries some labels: the rules on it, its series, what was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dashboards.terminal import paths
from dashboards.terminal.drawing.marks import GATES, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import age, span
from dashboards.terminal.drawing.spans import Column, Span
from dashboards.terminal.pages.canvas import Canvas, Item, spelled
from dashboards.terminal.pages.events import events_about
from dashboards.terminal.pages.inputs import series_items
from dashboards.terminal.subject import Subject, labels_of, of_rule
from monitor.serving.snapshot import RuleRow
from monitor.units import format_value

_RULES = 20


def group_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """All that is judged and heard of it; the metrics that its row shows come first."""
    snapshot = canvas.view.snapshot
    rules = rules_on(subject, snapshot.rules if snapshot else ())
    items = canvas.fact(subject.kind, subject.title, "strong")
    items += canvas.fact("labels", spelled(subject.labels))
    items += canvas.title("RULES ON IT, worst first")
    items += rule_rows(canvas, rules[:_RULES]) or canvas.note("no rule judges it by itself in this stage")
    items += canvas.note(f"and {len(rules) - _RULES} more") if len(rules) > _RULES else []
    if subject.metrics:
        items += series_items(canvas, paths.series(subject.metrics, subject.labels), "SERIES IN THIS ROW")
    items += series_items(canvas, paths.series((), subject.labels), "EVERY SERIES OF IT")
    scopes = {row.rule for row in rules}
    return [*items, *events_about(canvas, scopes, rules[0].scope if rules else "-")]


def rule_rows(canvas: Canvas, rules: list[RuleRow]) -> list[Item]:
    """Rules as rows that lead to them."""
    columns = [Column("State", mark_width(canvas.glyphs)), Column("Rule", 0), Column("Scope", 0)]
    columns += [Column("Value", 9, right=True), Column("Bad", 10, right=True)]
    columns += [Column("For", 6, right=True), Column("Age", 6, right=True)]
    return canvas.table(
        columns,
        (
            (
                [
                    shown(mark(GATES, row.state), canvas.glyphs),
                    Span(row.rule),
                    Span(row.scope or "all"),
                    Span(format_value(row.value, row.unit), "stale" if canvas.view.gone else "strong"),
                    Span(f"{row.operator}{format_value(row.breach, row.unit)}", "dim"),
                    Span(span(canvas.view.now - row.since)),
                    Span(age(None if row.age is None else row.age + canvas.view.behind), "dim"),
                ],
                of_rule(row),
            )
            for row in rules
        ),
    )


def rules_on(subject: Subject, rules: Iterable[RuleRow]) -> list[RuleRow]:
    """Rules of which a group is the thing or a part of it, in their order."""
    return [row for row in rules if _on(row, subject.labels)]


def _on(row: RuleRow, labels: Mapping[str, str]) -> bool:
    have = labels_of(row.scope)
    return not have.keys().isdisjoint(labels) and all(labels.get(name, value) == value for name, value in have.items())
