"""What a metric is, for whoever looks at its number: definition, unit, sources, limits, and why it matters."""

from __future__ import annotations

from dashboards.terminal import paths
from dashboards.terminal.lookup import ONCE
from dashboards.terminal.pages.canvas import Canvas, Item
from dashboards.terminal.subject import Subject
from monitor.serving.detail_rows import MetricRow, MetricsPage
from monitor.serving.snapshot import Snapshot

_MOST = 8
"""Metrics that are explained at once."""


def metrics_of(subject: Subject, snapshot: Snapshot | None) -> tuple[str, ...]:
    """The metrics of what is under the cursor: its own, else those that its rule or gate is judged by."""
    if subject.metrics or snapshot is None:
        return subject.metrics
    rules = {subject.rule} if subject.rule else set()
    gate = next((row for row in snapshot.gates if subject.kind == "gate" and row.name == subject.key), None)
    rules |= {gate.rule} if gate is not None and gate.rule else set()
    return tuple(dict.fromkeys(row.metric for row in snapshot.rules if row.rule in rules))


def explanation(subject: Subject, canvas: Canvas) -> list[Item]:
    """Each of its metrics; in words, why there is none."""
    names = metrics_of(subject, canvas.view.snapshot)
    if not names:
        words = f"{subject.title} is a {subject.kind}: no metric stands in this row; enter goes down to its series"
        return canvas.note(words, "notice")
    answer = canvas.lookup.ask(paths.METRICS, MetricsPage, ONCE)
    if answer.value is None:
        return canvas.pending(answer)
    known = {row.name: row for row in answer.value.metrics}
    items: list[Item] = []
    for name in names[:_MOST]:
        items += [Item(())] if items else []
        row = known.get(name)
        items += told(row, canvas) if row else canvas.note(f"{name} is not in the daemon's catalogue", "notice")
    return [*items, *(canvas.note(f"and {len(names) - _MOST} more metrics") if len(names) > _MOST else [])]


def told(row: MetricRow, canvas: Canvas) -> list[Item]:
    """One metric."""
    items = canvas.fact("metric", row.name, "strong")
    items += canvas.fact("is", row.help)
    items += canvas.fact("unit", f"{row.unit}; {row.better}")
    items += canvas.fact("kind", row.kind)
    items += canvas.fact("can be", row.possible)
    items += canvas.fact("source", f"{', '.join(row.sources) or 'nobody feeds it now'} ({row.series} series)", "key")
    for index, limit in enumerate(row.limits or ("no rule limits it here",)):
        items += canvas.fact("limit" if index == 0 else "", limit)
    return [*items, *canvas.fact("matters", row.matters, "notice")]
