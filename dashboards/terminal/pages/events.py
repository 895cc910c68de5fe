"""Lines of the timeline: those about one thing, and one of them with what it is about."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dashboards.terminal import paths
from dashboards.terminal.chronicle import event_of, path
from dashboards.terminal.drawing.board import event_line, event_role
from dashboards.terminal.drawing.phrases import clock, span
from dashboards.terminal.lookup import ONCE
from dashboards.terminal.pages.canvas import Canvas, Item, spelled
from dashboards.terminal.pages.inputs import series_items
from dashboards.terminal.subject import (
    Subject,
    labels_of,
    of_alert,
    of_decision,
    of_event,
    of_gate,
    of_rule,
    of_run,
    of_source,
)
from monitor.serving.snapshot import EventRow, Snapshot
from monitor.serving.timeline_rows import TimelinePage

_LINES = 12
"""Lines that a page shows, newest first."""


def events_about(canvas: Canvas, names: Collection[str], scope: str = "") -> list[Item]:
    """What the timeline says of things with these names, in this scope where one is given, newest first."""
    snapshot = canvas.view.snapshot
    found = [row for row in snapshot.events if _about(row, names, scope)] if snapshot else []
    if not found:
        return []
    lines = [Item(event_line(row, canvas.width, canvas.glyphs), of_event(row)) for row in found[: -_LINES - 1 : -1]]
    return [*canvas.title("WHAT WAS SAID OF IT, newest first, UTC"), *lines]


def _about(row: EventRow, names: Collection[str], scope: str) -> bool:
    name, _, where = row.object.partition(":")
    return bool(row.object) and (row.object in names or (name in names and (not scope or where in ("", scope))))


def event_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """One line, and the thing it is about as it stands now."""
    snapshot = canvas.view.snapshot
    row = next((row for row in snapshot.events if str(row.seq) == subject.key), None) if snapshot else None
    row = row or _older(subject, canvas)
    if snapshot is None or row is None:
        words = f"line {subject.key} is not among the newest ones, and did not come from the journal yet"
        return canvas.note(words, "notice")
    items = canvas.fact("said", row.what, event_role(row) or "strong")
    items += canvas.fact("by", row.who)
    items += canvas.fact("at", f"{clock(row.at, date=True)} UTC, {span(canvas.view.now - row.at)} ago")
    items += canvas.fact("kind", f"{row.kind} {row.state}".rstrip())
    about = object_of(row, snapshot)
    if about is not None:
        items += canvas.fact("about", f"{about.kind} {about.title}", "key", about)
    else:
        items += canvas.fact("about", row.object)
    if about is not None and about.rule:
        scope = row.object.partition(":")[2] or spelled(about.labels)
        items += series_items(canvas, paths.inputs(about.rule, scope))
    others = [other for other in snapshot.events if other.object == row.object and other.seq != row.seq]
    if row.object and others:
        items += canvas.title("ALSO OF IT, newest first, UTC")
        items += [Item(event_line(o, canvas.width, canvas.glyphs), of_event(o)) for o in others[: -_LINES - 1 : -1]]
    return items


def _older(subject: Subject, canvas: Canvas) -> EventRow | None:
    """The line as the journal has it; None while it did not come."""
    if not subject.key.isdecimal():
        return None
    page = canvas.lookup.ask(path(int(subject.key) + 1, 1), TimelinePage, ONCE).value
    found = [row for row in page.lines if str(row.seq) == subject.key] if page is not None else []
    return event_of(found[0]) if found else None


def object_of(row: EventRow, snapshot: Snapshot) -> Subject | None:
    """The thing that a line is about, if the newest snapshot knows it."""
    name, _, scope = row.object.partition(":")
    found: Iterable[Subject] = (
        *(of_gate(gate) for gate in snapshot.gates if gate.name == row.object and row.kind != "transition"),
        *(of_alert(alert) for alert in snapshot.alerts if alert.id == row.object),
        *(of_rule(rule) for rule in snapshot.rules if rule.rule == name and (not scope or rule.scope == scope)),
        *(of_source(source) for source in snapshot.sources if source.name == row.object),
        *(of_decision(decision) for decision in snapshot.decisions if decision.id == name),
        *(of_run(run) for run in snapshot.runs if run.id == name.partition("/")[0]),
    )
    made = next(iter(found), None)
    if made is None and row.kind == "transition" and name:
        return Subject(kind="rule", key=row.object, title=row.object, labels=labels_of(scope), rule=name)
    return made
