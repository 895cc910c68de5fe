"""What a dialog about an alert says, and what stands below the table about the one under the cursor. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dashboards.terminal.drawing.alerts import Entry
from dashboards.terminal.drawing.approval import fact, where
from dashboards.terminal.drawing.marks import ALERTS, SENT, mark, shown
from dashboards.terminal.drawing.phrases import clock, limit, span
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, wrap
from dashboards.terminal.lookup import Answer
from dashboards.terminal.view import View
from monitor.serving.alert_rows import AlertDetail, AlertRow, GuardRow, NeighbourRow, PointOfTimeRow
from monitor.units import format_value

_MEANS = {
    "ack": "people are told that you have it, and nobody else is called; ended, it is asked for anew",
    "release": "people are told that nobody has it, and are called again",
    "mute": "nobody is told of it until then; it stays as true, and its trigger as armed, as before",
    "unmute": "people are told of it again, at once if it still fires",
    "note": "the note stands in the timeline beside this alert",
}
_SHOWN = 6
"""Neighbours of one kind that are named."""


def alert_facts(entry: Entry, verb: str, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What is taken, muted or written about, and what that means."""
    row = newest(entry.row, view)
    lines = fact("where", where(view), width, glyphs, "strong")
    state = mark(ALERTS, row.state)
    lines += fact("alert", f"{row.title or row.name} {row.scope}".rstrip(), width, glyphs, "strong")
    if not entry.resting:
        value = format_value(row.value, row.unit) if row.value is not None else "no data"
        bound = f", limit {limit(row.operator, row.limit, row.unit, glyphs)}" if row.limit is not None else ""
        lines += fact("now", f"{state.word} {value}{bound} for {span(view.now - row.since)}", width, glyphs, state.role)
    if verb in ("ack", "release") and row.together > 1:
        lines += fact("covers", f"{row.together} alerts that were paged together", width, glyphs, "notice")
    if entry.members and verb != "mute":
        lines += fact("of", f"the first of {len(entry.members)} alerts of this rule", width, glyphs, "notice")
    lines += held(row, view, width, glyphs)
    return lines + fact("means", _MEANS[verb], width, glyphs)


def newest(row: AlertRow, view: View) -> AlertRow:
    """The same alert at this moment; as it was when it is not there any more."""
    rows = view.snapshot.alerts if view.snapshot else ()
    return next((now for now in rows if now.id == row.id), row)


def held(row: AlertRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """Who has it and who muted it, since when, until when and why."""
    lines: list[Line] = []
    if row.acked_by:
        since = f" since {clock(row.acked_at)}" if row.acked_at is not None else ""
        left = f", {span(row.acked_until - view.now)} more" if row.acked_until is not None else ", as long as it lasts"
        why = f": {row.ack_reason}" if row.ack_reason else ""
        lines += fact("has it", f"{row.acked_by}{since}{left}{why}", width, glyphs, "ok")
    if row.muted_by:
        left = f"{span(row.muted_until - view.now)} more" if row.muted_until is not None else "for now"
        what = "the whole rule" if row.muted_whole else "this"
        since = f" since {clock(row.muted_at)}" if row.muted_at is not None else ""
        lines += fact("muted", f"{what} by {row.muted_by}{since}, {left}: {row.mute_reason}", width, glyphs, "notice")
    elif row.quiet:
        lines += fact("not told", row.quiet, width, glyphs, "notice")
    return lines


def below(entry: Entry, answer: Answer[AlertDetail], view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """The rule in words, what led here, what else fires and what does not, the triggers on it, who was reached."""
    row = entry.row
    lines = held(row, view, width, glyphs)
    detail = answer.value
    if detail is None:
        words = "asking the daemon" if answer.loading else answer.why
        lines += fact("", words, width, glyphs, "dim" if answer.loading else "fail")
    else:
        lines += _led(row, detail.windows, width, glyphs)
        lines += [line for guard in detail.guards for line in _guard(guard, width, glyphs)]
        lines += _neighbours("also bad", detail.firing, width, glyphs)
        lines += _neighbours("not bad", detail.fine, width, glyphs)
        lines += _neighbours("not known", detail.blind, width, glyphs)
    lines += fact("sent", "; ".join(_sent(row)), width, glyphs, "") if row.sent else []
    if row.peak is not None and row.value is not None:
        lines += fact("peak", format_value(row.peak, row.unit), width, glyphs)
    if detail is not None and detail.says:
        lines += wrap(detail.says, width, glyphs, "dim")
    return lines or [(Span(row.summary, "dim"),)]


def _led(row: AlertRow, points: Iterable[PointOfTimeRow], width: int, glyphs: Glyphs) -> list[Line]:
    """The value half minute by half minute, with a mark where it was bad; the newest end is kept when room is short."""
    parts: list[tuple[Span, ...]] = []
    for point in points:
        bad = point.state == "breach"
        role = "breach" if bad else "unknown" if point.value is None else "dim"
        value = format_value(point.value, row.unit)
        parts.append(
            (
                Span(f"{clock(point.at)} ", "dim"),
                Span(value + ("!" if bad else ""), role),
            )
        )
    if not parts:
        return []
    kept: list[tuple[Span, ...]] = []
    room = width - len("led here   ")
    for part in reversed(parts):
        cells = sum(len(piece.text) for piece in part) + 3
        if cells > room:
            break
        kept.insert(0, part)
        room -= cells
    line: list[Span] = [Span("led here   ", "dim")]
    for number, part in enumerate(kept):
        line += [Span(f" {glyphs.dot} ", "dim")] if number else []
        line += part
    return [clip(tuple(line), width, glyphs)]


def _neighbours(label: str, rows: Iterable[NeighbourRow], width: int, glyphs: Glyphs) -> list[Line]:
    every = list(rows)
    if not every:
        return []
    words = [f"{row.title} {format_value(row.value, row.unit)}".removesuffix(" -") for row in every[:_SHOWN]]
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    role = shown(mark(ALERTS, every[0].state), glyphs).role
    return fact(label, ", ".join(words) + more, width, glyphs, "" if role == "ok" else role)


def _guard(guard: GuardRow, width: int, glyphs: Glyphs) -> list[Line]:
    role = {"true": "breach", "unknown": "unknown"}.get(guard.truth, "dim")
    return fact("trigger", f"{guard.trigger} ({guard.runbook}) {guard.words}", width, glyphs, role)


def _sent(row: AlertRow) -> Iterator[str]:
    for told in row.sent:
        at = f" at {clock(told.at)}" if told.at is not None else ""
        failed = f", {told.failed} tries failed" if told.failed else ""
        yield f"{told.channel} {mark(SENT, told.state).word}{at}{failed}"
