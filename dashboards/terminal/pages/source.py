"""A collector: its health, what it heard and refused, what is missing, what it feeds, its raw exchanges."""

from __future__ import annotations

from dashboards.terminal import paths
from dashboards.terminal.drawing.board import source_mark
from dashboards.terminal.drawing.marks import shown
from dashboards.terminal.drawing.phrases import age, clock, countdown, span
from dashboards.terminal.pages.canvas import Canvas, Item
from dashboards.terminal.pages.events import events_about
from dashboards.terminal.pages.inputs import series_items
from dashboards.terminal.subject import Subject
from monitor.serving.snapshot import SourceRow


def source_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """One collector."""
    snapshot = canvas.view.snapshot
    row = next((row for row in snapshot.sources if row.name == subject.key), None) if snapshot else None
    if row is None:
        return canvas.note(f"there is no collector {subject.key} in the configuration that runs", "notice")
    items = source_facts(row, canvas)
    items += canvas.title("RAW MESSAGES")
    raw = Subject(kind="message", key=row.name, title="raw messages", source=row.name)
    items += canvas.fact("kept", f"{row.transcripts} of the newest exchanges, failures longest", "key", raw)
    if row.gap_at is not None:
        size = f"{row.gap_count:,} messages" if row.gap_count else "a hole of unknown size"
        around = Subject(
            kind="message", key=f"{row.name} gap", title=f"gap {clock(row.gap_at)}", source=row.name, at=row.gap_at
        )
        items += canvas.fact("newest gap", f"{size}, ended {clock(row.gap_at)} UTC: before and after", "warn", around)
    items += series_items(canvas, paths.series(source=row.name), "WHAT IT FEEDS")
    return [*items, *events_about(canvas, (row.name,))]


def source_facts(row: SourceRow, canvas: Canvas) -> list[Item]:
    """How a collector fares."""
    view = canvas.view
    state = source_mark(row)
    items = canvas.fact("source", f"{shown(state, canvas.glyphs).text} for {span(view.now - row.since)}", state.role)
    items += canvas.fact("kind", row.kind)
    items += canvas.fact("error", row.error, "fail")
    if row.next_try is not None:
        items += canvas.fact("next try", f"in {countdown(row.next_try - view.now)}")
    circuit = f"{row.circuit.replace('_', ' ')}, {row.restarts} restarts since golive began"
    items += canvas.fact("circuit", circuit, "warn" if row.circuit != "closed" else "")
    old = age(None if row.age is None else row.age + view.behind)
    items += canvas.fact("heard", f"{row.rate:.1f} messages a second, {row.messages:,} in all; newest sample {old} old")
    items += canvas.fact("samples", f"{row.samples:,} taken, {row.refused:,} refused, {row.duplicates:,} came twice")
    why = ", ".join(f"{reason} {count:,}" for reason, count in row.refused_by.items())
    items += canvas.fact("refused for", why, "warn")
    items += canvas.fact("last of it", row.last_refused, "warn")
    lost = f"{row.gaps:,} messages are known to be missing" if row.gaps else "no message is known to be missing"
    return [*items, *canvas.fact("lost", lost, "warn" if row.gaps else "")]
