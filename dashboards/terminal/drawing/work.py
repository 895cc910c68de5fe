"""Decisions and runs as one list: a decision, its run, or both."""

from __future__ import annotations

import msgspec

from dashboards.terminal.drawing.marks import WORK, mark, mark_width, shown
from dashboards.terminal.drawing.phrases import clock, countdown
from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, row
from dashboards.terminal.view import View
from monitor.serving.snapshot import DecisionRow, RunRow, Snapshot, StepRow
from monitor.units import format_duration

OPEN = ("awaiting", "escalated")
LIVE = ("preflight", "executing", "paused", "verifying", "running", "waiting")


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a person may have to decide or to watch."""

    decision: DecisionRow | None = None
    run: RunRow | None = None

    @property
    def id(self) -> str:
        """Stays the same from proposal to the end of the run."""
        return self.decision.id if self.decision else self.run.id if self.run else ""

    @property
    def runbook(self) -> str:
        """The runbook's name, which is what a person types."""
        row = self.decision or self.run
        return row.runbook if row else ""

    @property
    def title(self) -> str:
        """The runbook's title."""
        row = self.decision or self.run
        return row.title if row else ""

    @property
    def state(self) -> str:
        """The decision's state while it is asked or over, the run's while it runs."""
        if self.run is not None and (self.decision is None or self.decision.state in LIVE):
            return self.run.state
        return self.decision.state if self.decision else ""

    @property
    def since(self) -> float:
        """When it came to this state, as near as the rows tell."""
        if self.decision is not None:
            return self.decision.changed_at
        return (self.run.ended_at or self.run.started_at) if self.run else 0.0

    @property
    def steps(self) -> tuple[StepRow, ...]:
        """The run's steps once there is a run, else what would be done."""
        return self.run.steps if self.run else self.decision.steps if self.decision else ()

    @property
    def asks(self) -> StepRow | None:
        """The step that waits for a person, if one does; a parked one before a manual one."""
        if self.run is None or self.run.ended_at is not None:
            return None
        asking = [step for step in self.run.steps if step.state == "parked"]
        asking += [step for step in self.run.steps if step.state == "waiting" and step.question]
        return asking[0] if asking else None

    @property
    def urgency(self) -> int:
        """0 waits for a person, 1 is under way, 2 is over."""
        if self.state in OPEN or self.asks is not None:
            return 0
        return 1 if self.state in LIVE else 2


def works(snapshot: Snapshot) -> list[Work]:
    """All of it: what waits for a person first, then what runs, then what is over, newest first."""
    runs = {run.id: run for run in snapshot.runs}
    by_decision = {run.decision: run for run in snapshot.runs if run.decision}
    out: list[Work] = []
    used: set[str] = set()
    for decision in snapshot.decisions:
        run = runs.get(decision.run) or by_decision.get(decision.id)
        if run is not None:
            used.add(run.id)
        out.append(Work(decision=decision, run=run))
    out += [Work(run=run) for run in snapshot.runs if run.id not in used]
    return sorted(out, key=lambda work: (work.urgency, work.since if work.urgency == 0 else -work.since))


def work_line(work: Work, view: View, width: int, glyphs: Glyphs) -> Line:
    """One line of the list: state, runbook, why, and what time is left or passed."""
    state = mark(WORK, work.state)
    plan = [Column("", mark_width(glyphs, 11)), Column("", 0), Column("", 10), Column("", 9, right=True)]
    name = f"{work.runbook} {glyphs.dot} {work.title}" if work.title and work.title != work.runbook else work.runbook
    decision = work.decision
    if decision is not None and work.state in OPEN and decision.deadline is not None:
        time = Span(countdown(decision.deadline - view.now), "attention")
    elif work.run is not None and work.run.ended_at is None:
        time = Span(format_duration(max(0.0, view.now - work.run.started_at)), "strong")
    else:
        time = Span(clock(work.since), "dim")
    done = sum(step.state in ("done", "skipped") for step in work.steps)
    if decision is not None and work.state in OPEN:
        progress = f"{_approvals(decision)}/{decision.quorum} signed"
    else:
        progress = f"{done}/{len(work.steps)} done"
    cells = [
        shown(state, glyphs),
        Span(name, "strong" if work.urgency == 0 else ""),
        Span(progress, "" if work.urgency < 2 else "dim"),  # noqa: PLR2004 - 2 is over
        time,
    ]
    return row(plan, cells, width, glyphs)


def _approvals(decision: DecisionRow) -> int:
    return sum(vote.vote == "approve" for vote in decision.votes)
