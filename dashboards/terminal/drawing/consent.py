"""What a signer must not miss: points of no return, a cause that is gone, the clock, what people vouch for, what changed."""

from __future__ import annotations

from dashboards.terminal.drawing.marks import CHECKS, POINTS, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import clock, countdown, span
from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, row, wrap
from dashboards.terminal.view import View
from monitor.serving.snapshot import CheckRow, DecisionRow, PointRow, RunRow
from monitor.units import format_duration

GLASS = "break_glass"
"""The mode of what nobody but its requester signed."""


def late(view: View) -> bool:
    """Whether the decide-by clock has run out."""
    decide_by = view.snapshot.cutover.decide_by if view.snapshot else None
    return decide_by is not None and view.now >= decide_by


def budget(view: View) -> tuple[str, str]:
    """How long a rollback may take and how long there is to decide; the second value is its role."""
    if view.snapshot is None:
        return "not known", "fail"
    cutover = view.snapshot.cutover
    words = f"takes up to {format_duration(cutover.rollback_seconds)}"
    if cutover.decide_by is None:
        return words, ""
    left = cutover.decide_by - view.now
    if left <= 0:
        return f"{words}; DECIDE-BY PASSED {span(-left)} ago: it ends after the window", "alarm"
    return f"{words}; decide by {clock(cutover.decide_by)} UTC, in {countdown(left)}", ""


def unknown(decision: DecisionRow) -> list[CheckRow]:
    """The pre-flight conditions that somebody may vouch for."""
    return [check for check in decision.preflight if check.state == "unknown" and not check.attested]


def check_words(check: CheckRow) -> str:
    """A condition, what was found, and who vouches for it."""
    found = f"{check.what} {check.detail}".rstrip()
    return f"{found}; attested by {check.attested}" if check.attested else found


def point_words(point: PointRow, glyphs: Glyphs) -> str:
    """A point of no return in a line."""
    scope = ", ".join(point.scope) or "everything"
    since = f" since {clock(point.since)} UTC" if point.since is not None else ""
    effect = "nothing begins once it is passed" if point.after == "freeze" else "only shown"
    return f"{point.name} {glyphs.dot} {scope} {glyphs.dot} {effect}{since} {glyphs.dot} {point.detail}"


def points(rows: tuple[PointRow, ...], width: int, glyphs: Glyphs) -> list[Line]:
    """A list of points with their states."""
    if not rows:
        return []
    plan = [Column("", mark_width(glyphs)), Column("", 0)]
    lines: list[Line] = [(), (Span("POINTS OF NO RETURN", "head"),)]
    return lines + [
        row(plan, [shown(mark(POINTS, point.state), glyphs), Span(point_words(point, glyphs))], width, glyphs)
        for point in rows
    ]


def changes(decision: DecisionRow, width: int, glyphs: Glyphs) -> list[Line]:
    """What changed in the runbook since it was asked for the time before."""
    if not decision.changes:
        return []
    lines: list[Line] = [(), (Span("CHANGED SINCE IT WAS FIRST SHOWN", "head"),)]
    for text in decision.changes:
        role = "fail" if text.startswith("-") else "ok" if text.startswith("+") else "dim"
        lines += wrap(text, width, glyphs, role)
    return lines


def marks_of(decision: DecisionRow | None, run: RunRow | None, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """What stands above everything else: broken glass, a cause that is gone, the undo window, people at work by hand."""
    lines: list[Line] = []
    if GLASS in (decision.mode if decision else "", run.mode if run else ""):
        who = decision.requester if decision else run.requester if run else ""
        lines.append((Span(f" BREAK-GLASS by {who}, signed by nobody else ", "alarm"),))
    if decision is not None and decision.cleared:
        lines += wrap("its cause is gone: what is asked now is asked without it", width, glyphs, "alarm")
    if run is not None and run.ended_at is None and run.begins_at is not None and run.begins_at > view.now:
        left = countdown(run.begins_at - view.now + 1)
        lines.append((Span(f" first step in {left} ", "attention"), Span(" B aborts: nothing is done yet", "strong")))
    if run is not None and run.by_hand:
        words = f"taken over by hand by {run.by_hand}: golive sends nothing, people say what they did"
        lines += wrap(words, width, glyphs, "attention")
    if decision is not None and decision.locked:
        lines += wrap(f"locked out after wrong confirmations: {', '.join(decision.locked)}", width, glyphs, "fail")
    return lines


def check_role(check: CheckRow) -> str:
    """How a condition is to be read: attested is not the same as known."""
    return "notice" if check.attested else mark(CHECKS, check.state).role
