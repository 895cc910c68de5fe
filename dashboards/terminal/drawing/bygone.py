"""What tells a moment of the past from the present on every screen: a banner, the verdict of then, the verdict of now. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from dashboards.terminal.drawing.marks import VERDICTS, mark, shown
from dashboards.terminal.drawing.phrases import clock, plural
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, fit, join, line_cells
from dashboards.terminal.view import View
from monitor.serving.snapshot import Snapshot
from monitor.units import format_duration

_NARROW = 60
_DAY = 86400.0


def past_banner(view: View, width: int, glyphs: Glyphs) -> Line:
    """The whole width, reversed: PAST, which time it is there, and how long ago that was."""
    at = datetime.fromtimestamp(view.now, UTC)
    live = view.live
    if view.recorded or live is None or live.snapshot is None:
        day = f"{at:%Y-%m-%d} "
        parts = [f"PAST {day}{clock(view.now)} UTC", "from a record", ", . step", "{ } notable", ":past TIME"]
    else:
        ago = max(0.0, live.now - view.now)
        day = f"{at:%Y-%m-%d} " if ago >= _DAY / 2 else ""
        parts = [f"PAST {day}{clock(view.now)} UTC, {format_duration(ago)} ago"]
        parts += ["nothing here is now", "- returns to now", ", . step", "{ } notable"]
    return (Span(fit(" " + f" {glyphs.dot} ".join(parts), width, glyphs), "past"),)


def present(live: View, width: int, *, recorded: bool) -> Span:
    """How things are now, for the corner: the verdict and since when, or that it is not known."""
    if recorded:
        return Span(" RECORD ", "past")
    if live.snapshot is None or live.gone:
        return Span(" NOW UNKNOWN: daemon gone " if width >= _NARROW else " NOW gone ", "alarm")
    verdict = live.snapshot.verdict
    text = f" NOW {verdict.verdict} "
    if width >= _NARROW:
        text += f"{format_duration(live.now - verdict.since)} "
    return Span(text, "locked" if verdict.verdict == "GO" else "attention")


def then(view: View, snapshot: Snapshot, width: int, glyphs: Glyphs) -> Line:
    """The verdict of that moment and its reason, as something that was."""
    verdict = snapshot.verdict
    state = shown(mark(VERDICTS, verdict.verdict), glyphs)
    head: Line = (
        Span(" THEN ", "past"),
        Span(f" {state.text}", "strong"),
        Span(f" for {format_duration(view.now - verdict.since)}" if width >= _NARROW else ""),
    )
    waits = len(snapshot.waiting)
    tail: Line = (Span(plural(waits, "waited", "waited")),) if waits and width >= _NARROW else ()
    room = width - line_cells(head) - line_cells(tail) - 6
    reason: Line = (Span(fit(verdict.reason, max(room, 12), glyphs).rstrip(), "strong"),)
    return clip(join([head, reason, tail], glyphs), width, glyphs)
