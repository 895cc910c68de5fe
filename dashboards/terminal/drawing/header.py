"""The two lines on top of every screen: where, verdict, why, since when, how old, who is asked."""

from __future__ import annotations

from rich.cells import cell_len

from dashboards.terminal.drawing.bygone import past_banner, present, then
from dashboards.terminal.drawing.marks import VERDICTS, mark, shown
from dashboards.terminal.drawing.phrases import age, clock, countdown, elapsed, plural
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, fit, join, line_cells, spread
from dashboards.terminal.view import View
from monitor.serving.snapshot import Snapshot, WaitingRow
from monitor.units import format_duration

TINY, NARROW, WIDE, HUGE = 40, 60, 100, 160
"""Columns from which there is a board, one pane with its header, two panes, and a third."""
_ROOMY = 120
"""Columns from which the header says things at length."""
_REASON = 12
_ENVIRONMENT = 20
"""Most cells of an environment's name where all is one line, so that age and what waits are never cut off."""


def header(view: View, width: int, glyphs: Glyphs) -> tuple[Line, Line]:
    """Both lines; they never collapse, whatever the width."""
    snapshot = view.snapshot
    if snapshot is None:
        words = (shown(mark(VERDICTS, "UNKNOWN"), glyphs), Span(" no snapshot yet", "strong"))
        return spread((Span(" golive ", "environment"),), (lock(view, width),), width, glyphs), clip(
            words, width, glyphs
        )
    if view.past:
        return _where(view, snapshot, width, glyphs), then(view, snapshot, width, glyphs)
    if width < NARROW:
        return _short(view, snapshot, width, glyphs)
    return _where(view, snapshot, width, glyphs), _answer(view, snapshot, width, glyphs)


def lock(view: View, width: int) -> Span:
    """LOCKED or ARMED, and who; in the past, where nothing can be done, how things are now."""
    if view.live is not None:
        return present(view.live, width, recorded=view.recorded)
    word = "ARMED" if view.armed else "LOCKED"
    name = view.person.name if view.person else "nobody"
    text = f" {word} " if width < NARROW else f" {word} {name} "
    return Span(text, "armed" if view.armed else "locked")


def _where(view: View, snapshot: Snapshot, width: int, glyphs: Glyphs) -> Line:
    cutover = snapshot.cutover
    title = cutover.stage_title or cutover.stage
    stage = f"stage {cutover.stage_index}/{cutover.stage_count}"
    parts: list[Line] = [
        (Span(f" {cutover.environment} ", "environment"),),
        (Span(cutover.name),),
        (Span(f"{stage} {title}" if width >= WIDE else stage),),
        (Span(f"T+{elapsed(view.now - cutover.started_at)}"),),
    ]
    if width >= _ROOMY and cutover.decide_by is not None:
        left = cutover.decide_by - view.now
        text = f"decide within {countdown(left)}" if left > 0 else "rollback no longer decidable"
        parts.append((Span(text, "" if left > cutover.rollback_seconds else "warn"),))
    right = (lock(view, width),)
    room = width - line_cells(right) - 1
    over = line_cells(join(parts, glyphs)) - room
    if over > 0:
        parts[1] = (Span(fit(cutover.name, max(4, len(cutover.name) - over), glyphs)),)
    return spread(join(parts, glyphs), right, width, glyphs)


def _answer(view: View, snapshot: Snapshot, width: int, glyphs: Glyphs) -> Line:
    verdict = snapshot.verdict
    state = shown(mark(VERDICTS, verdict.verdict), glyphs)
    head: Line = (
        Span(f" {state.text} ", "stale" if view.gone else state.role),
        Span(f"{' for' if width >= WIDE else ''} {format_duration(view.now - verdict.since)}", "strong"),
    )
    waits = waiting(view, snapshot, width)
    words = (oldest(view, snapshot, width), oldest(view, snapshot, 0))
    for age_of_it in words:
        tail: list[Line] = [(Span(age_of_it),), *([(waits,)] if waits.text else [])]
        room = width - line_cells(head) - line_cells(join(tail, glyphs)) - 6
        if cell_len(verdict.reason) <= room:
            break  # else the name of the oldest source gives its room to the reason
    reason: Line = (Span(fit(verdict.reason, room, glyphs).rstrip(), "strong"),) if room >= _REASON else ()
    return clip(join([head, reason, *tail], glyphs), width, glyphs)


def _short(view: View, snapshot: Snapshot, width: int, glyphs: Glyphs) -> tuple[Line, Line]:
    verdict = snapshot.verdict
    state = shown(mark(VERDICTS, verdict.verdict), glyphs)
    right = (lock(view, width),) if width >= TINY else ()
    left = (
        Span(f" {snapshot.cutover.environment} ", "environment"),
        Span(f" {state.text} ", "stale" if view.gone else state.role),
        Span(f" {format_duration(view.now - verdict.since)}", "strong"),
    )
    old = age(None if verdict.oldest_age is None else verdict.oldest_age + view.behind)
    tail = Span(f"{glyphs.dot} {old} old")
    reason = fit(verdict.reason, max(_REASON, width - len(tail.text) - 2), glyphs)
    return spread(left, right, width, glyphs), clip((Span(" "), Span(reason, "strong"), Span(" "), tail), width, glyphs)


def oldest(view: View, snapshot: Snapshot, width: int) -> str:
    """Age and name of the oldest input that the verdict rests on, still growing while the daemon is gone.

    Where several collectors feed it, the first is named and the others are counted.
    """
    verdict = snapshot.verdict
    first, *others = verdict.oldest_source.split(",")
    name = f"{first} +{len(others)}" if others else first
    if verdict.oldest_age is None:
        return f"no input {name if width else ''}".rstrip()
    text = age(verdict.oldest_age + view.behind)
    if width < _ROOMY:
        return f"{text} old"
    return f"{'oldest input' if width >= HUGE else 'oldest'} {text} {name}"


def most_urgent(rows: tuple[WaitingRow, ...]) -> WaitingRow | None:
    """What waits for a person and ends first; what never ends comes last."""
    return min(rows, key=lambda row: (row.deadline is None, row.deadline or row.since), default=None)


def waiting(view: View, snapshot: Snapshot, width: int) -> Span:
    """How much waits for a person, and how long the most urgent of it still does."""
    first = most_urgent(snapshot.waiting)
    if first is None:
        return Span("")
    left = "" if first.deadline is None else f" {countdown(first.deadline - view.now)}"
    count = len(snapshot.waiting)
    words = plural(count, "waits", "wait")
    return Span(f" {words}{' for a person' if width >= _ROOMY else ''}{left} ", "attention")


def banner(view: View, width: int, glyphs: Glyphs) -> Line:
    """One line that must not be missed: the daemon is gone or not whole, it is too late, or a reload was refused.

    Empty when all is well.
    """
    view = view.present or view
    snapshot = view.snapshot
    if view.past:
        return past_banner(view, width, glyphs)
    if view.gone:
        if snapshot is None:
            text = f" no daemon yet: {view.why or 'connecting'}; trying 4 times a second "
        else:
            text = (
                f" daemon gone since {clock(snapshot.at)} UTC, {format_duration(view.behind)} ago; "
                f"what you see is old: {view.why or 'no answer'}; trying again "
            )
        return (Span(fit(text, width, glyphs), "alarm"),)
    if snapshot is not None and snapshot.monitor.degraded:
        return (Span(fit(f" monitor not whole: {snapshot.monitor.degraded}", width, glyphs), "notice"),)
    refused = snapshot.monitor.reload if snapshot is not None else ""
    words = too_late(view) or (f"reload refused: {refused}" if refused else "")
    return (Span(fit(f" {words}", width, glyphs), "notice"),) if words else ()


def held(view: View, width: int, glyphs: Glyphs) -> Line:
    """That the display stands still, for how long, and what the verdict is meanwhile; empty while it moves."""
    if view.held is None or view.present is None:
        return ()
    now = view.present.snapshot
    verdict = (
        f"now {now.verdict.verdict} {format_duration(view.present.now - now.verdict.since)}" if now else "now unknown"
    )
    text = f" DISPLAY HELD for {countdown(view.held) if view.held >= 1 else '00:00'}, as of {clock(view.now)} UTC; {verdict}; p goes on "
    return (Span(fit(text, width, glyphs), "alarm"),)


def too_late(view: View) -> str:
    """That no rollback would end inside the window any more; empty while one would, and once the window is over."""
    cutover = view.snapshot.cutover if view.snapshot is not None else None
    if cutover is None or cutover.decide_by is None or view.now < cutover.decide_by:
        return ""
    end = cutover.window_end if cutover.window_end is not None else cutover.decide_by + cutover.rollback_seconds
    if view.now > end:
        return ""
    took = f"one takes {format_duration(cutover.rollback_seconds)}"
    why = f" ({cutover.rollback_why})" if cutover.rollback_why else ""
    return (
        f"too late to decide a rollback since {clock(cutover.decide_by)} UTC: {took}{why}, the window ends {clock(end)}"
    )


def one_line(view: View, width: int, glyphs: Glyphs) -> Line:
    """Everything that fits one line, for a status bar and for windows too small for a board."""
    snapshot = view.snapshot
    if snapshot is None:
        return clip((Span("UNKNOWN no daemon", "unknown"),), width, glyphs)
    if view.past:
        return clip((Span(f"PAST {clock(view.now)} then {snapshot.verdict.verdict}", "past"),), width, glyphs)
    verdict = snapshot.verdict
    state = mark(VERDICTS, verdict.verdict)
    old = "none" if verdict.oldest_age is None else age(verdict.oldest_age + view.behind)
    state_words = "UNKNOWN daemon-gone was-" + state.word if view.gone else state.word
    tail = f" age {old} wait {len(snapshot.waiting)}"
    environment = snapshot.cutover.environment
    if line_cells((Span(environment),)) > _ENVIRONMENT:
        environment = fit(environment, _ENVIRONMENT, glyphs).rstrip()
    head = f"{environment} {state_words} {format_duration(view.now - verdict.since)}"
    room = width - len(head) - len(tail) - 1
    reason = f" {fit(verdict.reason, min(room, 60), glyphs).rstrip()}" if room >= _REASON else ""
    return clip((Span(head, state.role), Span(reason), Span(tail)), width, glyphs)
