"""A run that people take over: golive sends nothing more, asks step by step what they did, and verifies as ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from monitor.serving.acts import Actor, Refusal
from monitor.text import clean
from runbooks.interventions import GRACE, needs_reason, said
from runbooks.model import AnyStep
from runbooks.progress import BEGUN, Progress, replace

if TYPE_CHECKING:
    from runbooks.run import Run


async def take_over(run: Run, actor: Actor, reason: str) -> None:
    """Stop sending; what is in flight has GRACE to end. Refused 409 when there is nothing left to take over."""
    record = run.record
    if record.standing.by_hand:
        raise Refusal(409, f"{record.standing.by_hand} has taken run {record.order.run} over already")
    if record.state not in ("running", "paused") or run.aborting:
        raise Refusal(409, f"run {record.order.run} is {record.state}; there is no step left to take over")
    needs_reason(reason, "taking over by hand")
    words = f"taken over by hand by {actor.name}: {said(reason)}; golive sends nothing more"
    await run.turn(
        "running", words, detail=words, who=actor.name, via=actor.via, marks={"by_hand": actor.name, "begins_at": None}
    )
    run.held = False
    if run.flights.out and any(touches(step, record.steps[step.name]) for step in record.runbook.steps):
        asyncio.get_running_loop().call_later(GRACE, lambda: run.inbox.tell(lambda: let_go(run)))
    else:
        await let_go(run)


def touches(step: AnyStep, progress: Progress) -> bool:
    """Whether a step is in flight that may be changing something right now."""
    return progress.state in BEGUN and not step.asks and step.effect != "read"


async def let_go(run: Run) -> None:
    """Cut off what golive still does by itself; a step whose outcome is unknown is parked, and then asked about."""
    record = run.record
    if record.final or run.aborting or not record.standing.by_hand or record.state == "verifying":
        return
    await run.flights.recall()
    run.answer = None
    for step in record.runbook.steps:
        progress = record.steps[step.name]
        if progress.state not in BEGUN or progress.by_hand:
            continue
        if touches(step, progress):
            await record.park(step, "cut off when people took over")
        else:
            await record.step(step, replace(progress, state="next", question=""), "left to people")


async def ask(run: Run, step: AnyStep, progress: Progress) -> None:
    """Ask what people did about a step; the next is asked when this one is answered."""
    known = {
        "failed": f"it failed: {progress.outcome}. ",
        "parked": f"nobody knows whether it took effect: {progress.outcome}. ",
    }
    request = step.request_text(run.context(step))
    question = f"By hand: {request}. {known.get(progress.state, '')}Say done, or not_done to leave it."
    asked = replace(
        progress, state="waiting", started_at=run.record.clock(), ended_at=None, question=question, by="", by_hand=True
    )
    await run.record.step(
        step, asked, f"is left to people, {step.owner or run.record.standing.by_hand} does it by hand"
    )


async def answer(run: Run, actor: Actor, step: AnyStep, now: Progress, outcome: str, reason: str) -> None:
    """Take what people say of a step they did, or left, by hand."""
    if outcome not in ("done", "not_done"):
        raise Refusal(400, f"{clean(outcome, 40)!r} is no outcome", "say done or not_done")
    if outcome == "not_done":
        needs_reason(reason, "leaving a step undone")
    words = f"{'done by hand' if outcome == 'done' else 'left undone'}, says {actor.name}: {said(reason)}"
    ended = replace(
        now,
        state="done" if outcome == "done" else "skipped",
        ended_at=run.record.clock(),
        question="",
        outcome=words,
        by=actor.name,
        undoing=False,
    )
    await run.record.step(step, ended, words, who=actor.name, via=actor.via)
