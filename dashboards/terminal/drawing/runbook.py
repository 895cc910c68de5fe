"""One decision or run in full: why, what will be sent, how far it is, what it asks."""

from __future__ import annotations

from dashboards.terminal.drawing.consent import changes, marks_of, points
from dashboards.terminal.drawing.marks import CHECKS, GATES, STEPS, WORK, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import against, age, clock, countdown
from dashboards.terminal.drawing.reach import calls, moves
from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, clip, heading, join, row, wrap
from dashboards.terminal.drawing.work import LIVE, OPEN, Work
from dashboards.terminal.view import View
from monitor.serving.snapshot import CheckRow, DecisionRow, EvidenceRow, StepRow
from monitor.units import format_duration

DIGEST = 12
"""Hexadecimal digits of a digest that a screen shows."""
_WIDE = 76


def short_digest(digest: str) -> str:
    """`sha256:9c1e44ab01f2`, enough to compare by eye."""
    return f"sha256:{digest.removeprefix('sha256:')[:DIGEST]}"


def describe(work: Work | None, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """Everything a person needs: before signing the reasons come first, once it runs the steps."""
    if work is None:
        return [
            (Span("no runbook is proposed and none has run", "dim"),),
            (Span("a trigger proposes one when its rules break; by hand: `:run NAME`", "dim"),),
            *points(view.snapshot.points if view.snapshot else (), width, glyphs),
        ]
    lines = marks_of(work.decision, work.run, view, width, glyphs)
    lines += [*_head(work, view, width, glyphs), *_question(work, view, width, glyphs)]
    why = _why(work, width, glyphs)
    what = steps(work, view, width, glyphs)
    if work.run is None:
        return [*lines, *why, *what]
    if work.run.verify:
        what += [(), (Span("VERIFIED BY", "head"),)]
        what += [check_line(check, width, glyphs) for check in work.run.verify]
    return [*lines, *what, *why]


def _why(work: Work, width: int, glyphs: Glyphs) -> list[Line]:
    decision = work.decision
    if decision is None:
        return []
    lines = _evidence(decision.evidence, width, glyphs)
    if decision.preflight:
        lines += [(), (Span("PRE-FLIGHT", "head"),)]
        lines += [check_line(check, width, glyphs) for check in decision.preflight]
    return [*lines, *points(decision.points, width, glyphs), *changes(decision, width, glyphs)]


def _head(work: Work, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    decision, run = work.decision, work.run
    source = decision or run
    if source is None:
        return []
    state = mark(WORK, work.state)
    first = join(
        [
            (shown(state, glyphs), Span(f" {work.runbook}", "strong")),
            (Span(work.title if work.title != work.runbook else ""),),
            (Span(work.id, "dim"),),
            (Span(short_digest(source.digest), "dim"),),
        ],
        glyphs,
    )
    pieces = [
        f"asked by {source.requester or 'nobody'} at {clock(decision.opened_at if decision else run_start(work))}"
    ]
    if decision is not None:
        pieces += [f"trigger {decision.trigger}"] if decision.trigger else []
        pieces += [f"scope {decision.scope}"] if decision.scope else []
        pieces += [f"mode {decision.mode}"]
    lines: list[Line] = [clip(first, width, glyphs)]
    lines += wrap(f" {glyphs.dot} ".join(pieces), width, glyphs)
    if source.reason:
        lines += wrap(f"because {source.reason}", width, glyphs)
    if decision is not None:
        lines += _signatures(decision, view, width, glyphs)
        if values := moves(decision):
            lines += wrap(f"with {values}", width, glyphs)
        if everywhere := calls(decision):
            lines += wrap(f"called in {everywhere}", width, glyphs)
    details = [row.detail for row in (decision, run) if row is not None and row.detail]
    for text in dict.fromkeys(details):
        lines += wrap(text, width, glyphs, "notice")
    return lines


def run_start(work: Work) -> float:
    """When the run began; 0 when there is none."""
    return work.run.started_at if work.run else 0.0


def _signatures(decision: DecisionRow, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    approvals = [vote for vote in decision.votes if vote.vote == "approve"]
    names = ", ".join(f"{vote.person} {vote.vote} {clock(vote.at)}" for vote in decision.votes)
    text = f"signed {len(approvals)} of {decision.quorum}" + (f": {names}" if names else "")
    if decision.duties:
        text += f" {glyphs.dot} may sign: {', '.join(decision.duties)}"
    if decision.state not in OPEN:
        return wrap(text, width, glyphs)
    lines = wrap(text, width, glyphs, "strong")
    if decision.deadline is not None:
        left = decision.deadline - view.now
        words = f"expires in {countdown(left)}" if left > 0 else "expired"
        lines.append((Span(f" {words} ", "attention"), Span(f" at {clock(decision.deadline)} UTC", "dim")))
    return lines


def _question(work: Work, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    step = work.asks
    if step is None:
        return []
    since = "" if step.started_at is None else f", for {format_duration(max(0.0, view.now - step.started_at))}"
    lines: list[Line] = [(), (Span(f" step {step.number} {step.state} for a person{since} ", "attention"),)]
    asked = step.question or "It was sent and no answer is on record. Did it take effect?"
    lines += wrap(asked, width, glyphs, "strong")
    if step.outcome:
        lines += wrap(step.outcome, width, glyphs)
    lines.append((Span("Y", "key"), Span(" it took effect   "), Span("N", "key"), Span(" it did not   ")))
    return lines


def _evidence(rows: tuple[EvidenceRow, ...], width: int, glyphs: Glyphs) -> list[Line]:
    if not rows:
        return []
    plan = [Column("EVIDENCE", mark_width(glyphs)), Column("Rule and scope", 0), Column("Value against limit", 24)]
    if width >= _WIDE:
        plan += [Column("Samples", 8, right=True)]
    plan += [Column("Age", 6, right=True)]
    lines: list[Line] = [(), heading(plan, width, glyphs)]
    for item in rows:
        cells = [
            shown(mark(GATES, item.state), glyphs),
            Span(f"{item.rule} {item.scope}".rstrip()),
            Span(against(item.value, item.operator, item.limit, item.unit), "strong"),
        ]
        if width >= _WIDE:
            cells.append(Span(str(item.samples)))
        cells.append(Span(age(item.age)))
        lines.append(row(plan, cells, width, glyphs))
    return lines


def check_line(check: CheckRow, width: int, glyphs: Glyphs) -> Line:
    """One condition and what was found."""
    plan = [Column("", mark_width(glyphs)), Column("", 0), Column("", 0)]
    cells = [
        shown(mark(CHECKS, check.state), glyphs),
        Span(check.what),
        Span(
            f"attested by {check.attested}" if check.attested else check.detail, "notice" if check.attested else "dim"
        ),
    ]
    return row(plan, cells, width, glyphs)


def steps(work: Work, view: View, width: int, glyphs: Glyphs) -> list[Line]:
    """The steps, and below each exactly what is or will be sent."""
    began = work.run is not None
    plan = [Column("#", 2, right=True), Column("STEPS", mark_width(glyphs)), Column("", 0), Column("Kind", 7)]
    if width >= _WIDE:
        plan.append(Column("Effect", 8))
    plan.append(Column("Took" if began else "Takes", 7, right=True))
    if began:
        plan.append(Column("Outcome", width // 4))
    lines: list[Line] = [(), heading(plan, width, glyphs)]
    for step in work.steps:
        cells = [
            Span(str(step.number), "dim"),
            shown(mark(STEPS, step.state), glyphs),
            Span(step.title or step.name, "strong" if step.state in ("running", "waiting", "parked") else ""),
            Span(step.action),
        ]
        if width >= _WIDE:
            cells.append(Span(step.effect, "notice" if step.effect == "once" else ""))
        cells.append(_time(step, view))
        if began:
            again = f"try {step.attempt}: " if step.attempt > 1 else ""
            cells.append(Span(again + step.outcome, "fail" if step.state == "failed" else ""))
        lines.append(row(plan, cells, width, glyphs))
        if step.request and work.state in (*OPEN, *LIVE):
            lines += [(Span("   "), *line) for line in wrap(step.request, width - 3, glyphs, "dim")]
    return lines


def _time(step: StepRow, view: View) -> Span:
    if step.started_at is None:
        return Span(f"~{format_duration(step.takes)}" if step.takes else "-", "dim")
    end = step.ended_at if step.ended_at is not None else view.now
    took = max(0.0, end - step.started_at)
    text = f"{took:.1f}s" if took < 60 else format_duration(took)  # noqa: PLR2004 - a minute
    return Span(text, "strong" if step.ended_at is None else "")
