"""Dialogs of what one person does on their own name: vouch, take a step back, break the glass, arm again, speak of a point."""

from __future__ import annotations

from dashboards.terminal import acts
from dashboards.terminal.drawing.approval import (
    attest_facts,
    glass_facts,
    point_facts,
    rearm_facts,
    undo_facts,
)
from dashboards.terminal.drawing.consent import unknown
from dashboards.terminal.drawing.work import OPEN, Work
from dashboards.terminal.questions import ENDED, Question, moved_on
from dashboards.terminal.view import View

ASKS = (*OPEN, "preflight")
"""States in which a pre-flight may still be vouched for."""
REARMS = ("rolled_back", "partial", "ineffective", "frozen")
"""States after which only a person arms the triggers again."""


def attest(work: Work, view: View) -> Question | str:
    """Ask to vouch for the first condition that cannot be known."""
    decision = work.decision
    if decision is None or decision.state not in ASKS or not unknown(decision):
        return "no unknown pre-flight condition to attest here"
    if view.person is not None and decision.requester == view.person.name:
        return "you asked for this yourself: another approver attests"
    item = unknown(decision)[0].what

    def refusal(now: View) -> str:
        row = now.decision(decision.id)
        if row is None or row.state not in ASKS:
            return acts.refusal(now) or ENDED
        if row.digest != decision.digest or item not in [check.what for check in unknown(row)]:
            return acts.refusal(now) or "it changed while you were reading: close, read again"
        return acts.refusal(now)

    return acts.refusal(view) or Question(
        title=f"ATTEST {item}",
        word=decision.runbook,
        facts=lambda now, width, glyphs: attest_facts(decision, now, width, glyphs),
        refusal=refusal,
        act=lambda why: acts.attest(decision, item, why),
        reason_needed=True,
    )


def undo(work: Work, view: View) -> Question | str:
    """Ask to take the last done or failed step back."""
    run = work.run
    if run is None or run.ended_at is not None:
        return "no run is under way here"
    found = [step for step in work.steps if step.state in ("done", "failed") and step.undo]
    if not found:
        return "no step here is done or failed and states an undo"
    if run.state != "paused":
        return "pause it first: a step is taken back only while nothing goes on"
    step = found[-1]
    return acts.refusal(view) or Question(
        title=f"TAKE STEP {step.number} BACK",
        word=work.runbook,
        facts=lambda now, width, glyphs: undo_facts(work, step, now, width, glyphs),
        refusal=lambda now: acts.refusal(now) or moved_on(work, step, now),
        act=lambda why: acts.steer_step(work, step, "undo", "", why),
        reason_needed=True,
    )


def rearm(work: Work, view: View) -> Question | str:
    """Ask to arm the triggers of an ended decision again."""
    decision = work.decision
    if decision is None or decision.state not in REARMS:
        return "nothing here waits to be armed again"

    def refusal(now: View) -> str:
        row = now.decision(decision.id)
        return acts.refusal(now) or ("" if row is not None and row.state in REARMS else ENDED)

    return acts.refusal(view) or Question(
        title="ARM AGAIN",
        word=decision.runbook,
        facts=lambda now, width, glyphs: rearm_facts(decision, now, width, glyphs),
        refusal=refusal,
        act=lambda why: acts.rearm(decision, why),
    )


def break_glass(runbook: str, parameters: dict[str, str], view: View) -> Question | str:
    """Ask to start a runbook alone."""
    environment = view.snapshot.cutover.environment if view.snapshot else ""
    if view.person is not None and view.person.role != "approver":
        return f"your role is {view.person.role}: only an approver breaks the glass"
    word = f"{runbook} {environment}"
    return acts.refusal(view) or Question(
        title="BREAK THE GLASS",
        word=word,
        facts=lambda now, width, glyphs: glass_facts(runbook, parameters, now, width, glyphs),
        refusal=acts.refusal,
        act=lambda why: acts.break_glass(runbook, parameters, why, word),
        reason_needed=True,
    )


def point(name: str, state: str, view: View) -> Question | str:
    """Ask to say that a point of no return is passed, or that it is not."""
    rows = view.snapshot.points if view.snapshot else ()
    if name not in [row.name for row in rows]:
        known = ", ".join(row.name for row in rows) or "none"
        return f"no point of no return is called {name!r}; there are: {known}"
    passed = state == "passed"
    return acts.refusal(view) or Question(
        title="POINT OF NO RETURN: PASSED" if passed else "POINT OF NO RETURN: NOT PASSED",
        word=name,
        facts=lambda now, width, glyphs: point_facts(name, now, width, glyphs, passed=passed),
        refusal=acts.refusal,
        act=lambda why: acts.declare_point(name, passed=passed, reason=why),
        reason_needed=True,
    )
