"""A decision or run: its state, its evidence, its steps; and one step with what was sent and what came of it."""

from __future__ import annotations

from dashboards.terminal.drawing.marks import GATES, STEPS, WORK, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import against, age, clock, span
from dashboards.terminal.drawing.spans import Column, Span
from dashboards.terminal.drawing.work import Work, works
from dashboards.terminal.pages.canvas import Canvas, Item
from dashboards.terminal.pages.events import events_about
from dashboards.terminal.subject import Subject, labels_of
from monitor.serving.snapshot import EvidenceRow, StepRow
from monitor.units import format_duration


def work_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """One decision with its run, or a run alone."""
    work = _work(subject.key, canvas)
    if work is None:
        return canvas.note(f"{subject.key} is no longer shown: golive audit show --object {subject.key}", "notice")
    state = mark(WORK, work.state)
    items = canvas.fact("runbook", f"{shown(state, canvas.glyphs).text} {work.runbook}", state.role)
    items += canvas.fact("title", work.title)
    row = work.decision or work.run
    if row is not None:
        items += canvas.fact("asked by", row.requester)
        items += canvas.fact("because", row.reason)
        items += canvas.fact("detail", row.detail, "notice")
    items += canvas.fact("in it since", f"{clock(work.since)} UTC, {span(canvas.view.now - work.since)}")
    if work.decision is not None:
        votes = ", ".join(f"{v.person} {v.vote} {clock(v.at)}" for v in work.decision.votes)
        items += canvas.fact("votes", votes or "nobody signed")
        items += [*canvas.title("EVIDENCE AS IT WAS FROZEN"), *_evidence(work.decision.evidence, canvas)]
    items += [*canvas.title("STEPS"), *(_steps(work, canvas) or canvas.note("none"))]
    names = {work.id, *([work.run.id] if work.run else [])}
    return [*items, *events_about(canvas, names)]


def step_page(subject: Subject, canvas: Canvas) -> list[Item]:
    """One step: exactly what is sent, and what came of it."""
    name, _, wanted = subject.key.partition("/")
    work = _work(name, canvas)
    step = next((step for step in work.steps if step.name == wanted), None) if work else None
    if work is None or step is None:
        return canvas.note(f"{subject.key} is no longer shown", "notice")
    state = mark(STEPS, step.state)
    items = canvas.fact(
        "step", f"{shown(state, canvas.glyphs).text} {step.number} {step.title or step.name}", state.role
    )
    items += canvas.fact("does", f"{step.action}, effect {step.effect}, owner {step.owner}")
    items += canvas.fact("began", f"{clock(step.started_at, parts=True)} UTC" if step.started_at is not None else "")
    items += canvas.fact("took", _took(step, canvas))
    items += canvas.fact("tries", str(step.attempt) if step.attempt > 1 else "")
    items += canvas.fact("asks", step.question, "hold")
    items += canvas.title("SENDS, secrets masked")
    items += canvas.note(step.request, "") if step.request else canvas.note("nothing: a person does it")
    items += canvas.title("CAME OF IT")
    items += (
        canvas.note(step.outcome, "fail" if step.state == "failed" else "")
        if step.outcome
        else canvas.note("nothing yet")
    )
    if step.undo:
        items += [*canvas.title("TAKING IT BACK SENDS"), *canvas.note(step.undo, "")]
    names = {f"{name}/{step.name}", *([f"{work.run.id}/{step.name}"] if work.run else [])}
    return [*items, *events_about(canvas, names)]


def _work(name: str, canvas: Canvas) -> Work | None:
    found = works(canvas.view.snapshot) if canvas.view.snapshot else []
    return next((work for work in found if work.id == name or (work.run and work.run.id == name)), None)


def _took(step: StepRow, canvas: Canvas) -> str:
    if step.started_at is None:
        return f"about {format_duration(step.takes)}, as the runbook says" if step.takes else ""
    end = step.ended_at if step.ended_at is not None else canvas.view.now
    return f"{max(0.0, end - step.started_at):.1f}s" + ("" if step.ended_at is not None else " so far")


def _evidence(rows: tuple[EvidenceRow, ...], canvas: Canvas) -> list[Item]:
    columns = [Column("State", mark_width(canvas.glyphs)), Column("Rule", 0), Column("Scope", 0)]
    columns += [Column("Value against limit", 24), Column("Age", 6, right=True)]
    table = canvas.table(
        columns,
        (
            (
                [
                    shown(mark(GATES, row.state), canvas.glyphs),
                    Span(row.rule),
                    Span(row.scope or "all"),
                    Span(against(row.value, row.operator, row.limit, row.unit), "strong"),
                    Span(age(row.age), "dim"),
                ],
                Subject(
                    kind="rule",
                    key=f"{row.rule}:{row.scope}",
                    title=f"{row.rule} {row.scope}".rstrip(),
                    labels=labels_of(row.scope),
                    rule=row.rule,
                ),
            )
            for row in rows
        ),
    )
    return table or canvas.note("none: a person asked for it")


def _steps(work: Work, canvas: Canvas) -> list[Item]:
    columns = [Column("#", 2, right=True), Column("State", mark_width(canvas.glyphs)), Column("Step", 0)]
    columns += [Column("Kind", 8), Column("Effect", 8), Column("Outcome", 0)]
    return canvas.table(
        columns,
        (
            (
                [
                    Span(str(step.number), "dim"),
                    shown(mark(STEPS, step.state), canvas.glyphs),
                    Span(step.title or step.name),
                    Span(step.action),
                    Span(step.effect),
                    Span(step.outcome, "fail" if step.state == "failed" else ""),
                ],
                Subject(
                    kind="step", key=f"{work.id}/{step.name}", title=f"step {step.number} {step.title or step.name}"
                ),
            )
            for step in work.steps
        ),
    )
