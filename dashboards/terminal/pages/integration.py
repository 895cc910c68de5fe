"""One integration: its state and results, where the time of a round goes, its series, its raw exchanges."""

from __future__ import annotations

from dashboards.terminal import paths
from dashboards.terminal.drawing.integrations import ends, phase_lines, strip
from dashboards.terminal.drawing.marks import INTEGRATIONS, mark, shown
from dashboards.terminal.drawing.phrases import clock, countdown, span
from dashboards.terminal.pages.canvas import Canvas, Item, spelled
from dashboards.terminal.pages.group import rule_rows, rules_on
from dashboards.terminal.pages.inputs import series_items
from dashboards.terminal.subject import Subject
from monitor.serving.integration_rows import IntegrationRow
from monitor.units import format_value


def integration_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """One of them."""
    snapshot = canvas.view.snapshot
    row = next((row for row in snapshot.integrations if row.key == subject.key), None) if snapshot else None
    if row is None:
        return canvas.note(f"{subject.title} is no longer probed", "notice")
    items = _facts(row, canvas)
    if row.phases:
        items += canvas.title("WHERE THE NEWEST ROUND SPENT ITS TIME")
        items += [Item(line) for line in phase_lines(row, canvas.width, canvas.glyphs)]
    items += canvas.title("RAW EXCHANGES")
    for source in row.sources:
        raw = Subject(kind="message", key=source, title="raw messages", source=source)
        items += canvas.fact("kept", f"of {source}, failures longest", "key", raw)
    items += canvas.title("RULES ON IT, worst first")
    found = rules_on(subject, snapshot.rules if snapshot else ())
    items += rule_rows(canvas, found) or canvas.note("no rule judges it by itself in this stage")
    return [*items, *series_items(canvas, paths.series((), row.labels), "SERIES OF IT")]


def _facts(row: IntegrationRow, canvas: Canvas) -> list[Item]:
    view, glyphs = canvas.view, canvas.glyphs
    state = mark(INTEGRATIONS, row.state)
    items = canvas.fact(
        "integration", f"{shown(state, glyphs).text} {row.name} for {span(view.now - row.since)}", state.role
    )
    items += canvas.fact("labels", spelled(row.labels))
    items += canvas.fact("error", row.error, "fail")
    items += canvas.fact("check", f"{row.check or 'unknown'}, every {row.every:g}s")
    items += canvas.fact(
        "results", f"{strip(row, glyphs).strip()} newest last; . good, w slow, x failed, hollow nothing"
    )
    share = format_value(row.error_ratio, "ratio")
    items += canvas.fact("failed", f"{share} of these, {row.failures} in a row up to the newest")
    items += canvas.fact(
        "took", f"{format_value(row.seconds, 'seconds')}, p95 of these {format_value(row.p95, 'seconds')}"
    )
    if row.at is not None:
        due = f", next in {countdown(row.next_try - view.now)}" if row.next_try and row.next_try > view.now else ""
        items += canvas.fact("newest", f"{clock(row.at)} UTC, {span(view.now - row.at)} ago{due}")
    if row.screen_pop_ratio is not None:
        opened = format_value(row.screen_pop_ratio, "ratio")
        items += canvas.fact("screen pop", f"{format_value(row.screen_pop, 'seconds')}, {opened} opened")
    items += canvas.fact("certificate", ends(row, view))
    items += canvas.fact("depends on", ", ".join(row.depends_on))
    items += canvas.fact("circuit", row.circuit.replace("_", " "), "" if row.circuit == "closed" else "warn")
    return [*items, *canvas.fact("gates", ", ".join(row.gates) or "none reads it")]
