"""The smaller panes of the board: who is asked, signals, sources, last events."""

from __future__ import annotations

import math
from collections.abc import Sequence

from dashboards.terminal.drawing.marks import SOURCES, VERDICTS, WAITING, Mark, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import age, clock, countdown, span
from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, row
from dashboards.terminal.view import View
from monitor.serving.snapshot import EventRow, SourceRow, SparkRow, WaitingRow
from monitor.units import format_value

_WORST = ("breach", "no-go", "failed", "parked", "aborted", "partial", "ineffective")
_EVENTS_WIDE = 56
_SPARK_TIGHT = 46


def waiting_line(item: WaitingRow, view: View, width: int, glyphs: Glyphs) -> Line:
    """One thing that waits for a person, with the time left, or the time it has waited."""
    state = mark(WAITING, item.kind)
    left = None if item.deadline is None else item.deadline - view.now
    time = f"for {span(view.now - item.since)}" if left is None else countdown(left)
    text = f"{item.title} {glyphs.dot} {item.detail}" if item.detail else item.title
    cells = [shown(state, glyphs), Span(text, "strong"), Span(time, "attention" if left is not None else "dim")]
    plan = [Column("", mark_width(glyphs, 7)), Column("", 0), Column("", 9, right=True)]
    return row(plan, cells, width, glyphs)


def spark(points: Sequence[float | None], width: int, glyphs: Glyphs) -> str:
    """The newest `width` points as bars between their own least and greatest; a gap stays a gap."""
    newest = list(points[-width:]) if width > 0 else []
    real = [point for point in newest if point is not None and math.isfinite(point)]
    if not real:
        return glyphs.gap * len(newest)
    low, high = min(real), max(real)
    top = len(glyphs.bars) - 1
    span = high - low
    return "".join(
        glyphs.gap
        if point is None or not math.isfinite(point)
        else glyphs.bars[round((point - low) / span * top) if span > 0 and math.isfinite(span) else top // 2]
        for point in newest
    )


def spark_line(item: SparkRow, width: int, glyphs: Glyphs) -> Line:
    """A signal: its newest value and the way there."""
    last = item.points[-1] if item.points else None
    value = Span(format_value(last, item.unit), "strong" if last is not None else "stale")
    title = item.title or item.name
    if width < _SPARK_TIGHT:
        plan = [Column("", 0), Column("", 7, right=True), Column("", 7)]
        cells = [Span(f"{item.platform} {title}".strip()), value]
    else:
        plan = [Column("", 16), Column("", 6), Column("", 8, right=True), Column("", max(7, width - 33))]
        cells = [Span(title), Span(item.platform, "dim"), value]
    bars = spark(item.points, plan[-1].width, glyphs)
    return row(plan, [*cells, Span(bars, "spark")], width, glyphs)


def source_mark(source: SourceRow) -> Mark:
    """How a collector looks: one that runs but hears nothing is not OK."""
    quiet = source.state == "ok" and source.quality in ("stale", "empty")
    return mark(SOURCES, source.quality if quiet else source.state)


def source_line(source: SourceRow, view: View, width: int, glyphs: Glyphs) -> Line:
    """One source: rate, gaps, refused, age; what went wrong instead, when it is broken."""
    state = source_mark(source)
    plan = [Column("", mark_width(glyphs)), Column("", 16 if width >= _EVENTS_WIDE else 12), Column("", 0)]
    plan.append(Column("", 6, right=True))
    if source.error and source.state != "ok":
        retry = "" if source.next_try is None else f" {glyphs.dot} next try in {countdown(source.next_try - view.now)}"
        text = f"for {span(view.now - source.since)}: {source.error}{retry}"
    else:
        pieces = [f"{source.rate:.0f} msg/s"]
        pieces += [_gap(source)] if source.gaps or source.gap_at else []
        pieces += [f"{source.refused} refused"] if source.refused else []
        text = f" {glyphs.dot} ".join(pieces)
    old = None if source.age is None else source.age + view.behind
    cells = [
        shown(state._replace(role="stale") if view.gone else state, glyphs),
        Span(source.name, "strong"),
        Span(text, "warn" if source.gaps or source.gap_at or source.error else ""),
        Span(age(old), "stale" if source.quality != "fresh" or view.gone else "dim"),
    ]
    return row(plan, cells, width, glyphs)


def _gap(source: SourceRow) -> str:
    """What is missing: the newest gap and when it was; all that is known to be lost, where that was before a restart."""
    if source.gap_at is None:
        return f"{source.gaps} lost"
    size = f"{source.gap_count:,}" if source.gap_count else "of unknown size"
    more = f", {source.gaps:,} in all" if source.gaps > source.gap_count > 0 else ""
    return f"gap {size} at {clock(source.gap_at)}{more}"


def event_role(event: EventRow) -> str:
    """The style of an event: what it led to, when that is bad; people's acts stand out from the machine's."""
    state = event.state.lower().replace("_", "-")
    if state in _WORST:
        return "breach" if state in ("breach", "no-go") else "fail"
    if event.kind == "verdict":
        return mark(VERDICTS, event.state.upper()).role
    return "warn" if state in ("warn", "retrying", "unknown", "stale") else ""


def event_line(event: EventRow, width: int, glyphs: Glyphs) -> Line:
    """One event: when, who, what."""
    plan = [Column("", 8), Column("", 10), Column("", 0)]
    if width < _EVENTS_WIDE:
        plan[1] = Column("", 7)
    role = event_role(event)
    text = event.what if not event.object or event.object in event.what else f"{event.what} {glyphs.dot} {event.object}"
    cells = [Span(clock(event.at), "dim"), Span(event.who, "key"), Span(text, "" if role in ("ok", "breach") else role)]
    if role == "breach":
        cells[2] = Span(text, "fail")
    return row(plan, cells, width, glyphs)
