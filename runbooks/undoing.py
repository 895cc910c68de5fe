"""Taking one step back, because a person asked for it: intent on disk, then the request that the step states as its undo.

The step's effect class holds for its undo too: `keyed` goes out under a key of its own, `checked` asks the step's
probe when the outcome is unknown, `once` is never sent twice. Nothing goes on by itself afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from monitor import failpoints
from monitor.outbound.http import RequestError
from monitor.serving.acts import Actor, Refusal
from monitor.text import clean
from runbooks.conduct import probed
from runbooks.context import Context
from runbooks.effect import Next, Outcome, Retry, follow
from runbooks.interventions import needs_reason, said
from runbooks.model import AnyStep
from runbooks.progress import Progress, StepState, replace
from runbooks.request import KEY_HEADER
from runbooks.takeover import touches

if TYPE_CHECKING:
    from runbooks.run import Run

UNDOABLE: frozenset[StepState] = frozenset({"done", "failed"})
TIMEOUT = 30.0
"""Seconds for an undo's answer."""


async def begin(run: Run, actor: Actor, step: AnyStep, now: Progress, reason: str) -> None:
    """Write down that a step is to be taken back, and let it go. Refused 409 where that may not be now."""
    _refuse(run, step, now)
    needs_reason(reason, "taking a step back")
    began = replace(
        now,
        state="undoing",
        undoing=True,
        before="done" if now.state == "done" else "failed",
        started_at=run.record.clock(),
        ended_at=None,
        question="",
        by=actor.name,
    )
    request = step.undo.shown(run.context(step)) if step.undo is not None else ""
    await failpoints.reach("step.before_intent")
    words = f"is taken back by {actor.name}: {said(reason)}: {request}"
    await run.record.step(step, began, words, who=actor.name, via=actor.via)
    await failpoints.reach("step.after_intent")
    send(run, step)


def _refuse(run: Run, step: AnyStep, now: Progress) -> None:
    record = run.record
    if record.state != "paused" or run.aborting:
        raise Refusal(409, f"run {record.order.run} is {record.state}, not paused", "pause it first")
    if flying := [other.name for other in record.runbook.steps if touches(other, record.steps[other.name])]:
        raise Refusal(409, f"{', '.join(flying)} is still in flight", "wait for its end")
    if now.state not in UNDOABLE:
        raise Refusal(
            409, f"step {step.name} is {now.state}; only a done or failed step is taken back", "resolve it first"
        )
    if step.undo is None:
        raise Refusal(409, f"step {step.name} states no undo", "take it back by hand, then skip it or abort")
    later = [other.name for other in record.runbook.steps if step.name in other.needs]
    if standing := [name for name in later if record.steps[name].state == "done"]:
        raise Refusal(409, f"{', '.join(standing)} rests on it and is done", "take that back first")


def send(run: Run, step: AnyStep) -> None:
    """Send the undo; also after a crash, where the effect class allows it."""
    run.flights.undo.send(_perform(run, step), f"undo {step.name}")


def key_of(step: AnyStep, context: Context) -> str:
    """The undo's own idempotency key; empty for a step that is not keyed."""
    key = step.key_for(context)
    return f"{key}/undo" if key else ""


async def _perform(run: Run, step: AnyStep) -> None:
    context = run.context(step)
    outcome = await _outcome(step, context)
    what = follow(step.effect, outcome, 1, Retry())
    detail = outcome.detail
    if what == "probe":
        what, detail = await look(step, context, detail)
    run.inbox.tell(lambda: settle(run, step, what, detail))


async def _outcome(step: AnyStep, context: Context) -> Outcome:
    if step.undo is None:
        return Outcome(kind="failed", detail="it states no undo", sent=False)
    try:
        key = getattr(step, "key_header", KEY_HEADER), key_of(step, context)
        answer = await step.undo.ask(
            context, timeout=TIMEOUT, key=key, on_sent=lambda: context.reach("step.after_send")
        )
    except RequestError as error:
        kind: Literal["failed", "unknown"] = "unknown" if error.sent else "failed"
        return Outcome(kind=kind, detail=clean(str(error)), sent=error.sent)
    except Exception as error:  # noqa: BLE001 - a fault of our own may have come after the sending
        return Outcome(kind="unknown", detail=f"internal error: {type(error).__name__}: {clean(str(error), 200)}")
    await context.reach("step.after_reply")
    good = 200 <= answer.status < 300  # noqa: PLR2004 - 2xx is a yes
    return Outcome(kind="done" if good else "failed", detail=f"answered {answer.status}")


async def look(step: AnyStep, context: Context, detail: str) -> tuple[Next, str]:
    """Ask the step's probe whether it is still in effect; what that makes of the undo."""
    truth, seen = await probed(step, context)
    words = f"{detail}; {seen}" if detail else seen
    return ("park" if truth is None else "pause" if truth else "done"), words


def ask_probe(run: Run, step: AnyStep) -> None:
    """After a crash: find out whether the undo of a checked step took effect."""

    async def ask() -> None:
        what, detail = await look(step, run.context(step), "interrupted by a restart")
        run.inbox.tell(lambda: settle(run, step, what, detail))

    run.flights.undo.send(ask(), f"probe undo {step.name}")


async def settle(run: Run, step: AnyStep, what: Next, detail: str) -> None:
    """Write down what became of an undo. The run stays paused: people decide what is next."""
    record, now = run.record, run.record.steps[step.name]
    if now.state != "undoing" or record.final:
        return
    if what == "done":
        await failpoints.reach("step.before_done")
        await record.step(step, taken_back(now, record.clock(), detail), f"taken back: {detail}")
    elif what == "park":
        await record.park(step, f"its undo: {detail}")
    else:
        await record.step(step, still_there(now, record.clock(), detail), f"not taken back: {detail}")
    if run.aborting:
        await run.end_aborted()


def taken_back(now: Progress, at: float, detail: str) -> Progress:
    """A step that is not in effect any more; sending it again needs a key of its own."""
    return replace(
        now,
        state="undone",
        undoing=False,
        undone=now.undone + 1,
        ended_at=at,
        outcome=f"taken back: {detail}",
        question="It was taken back. Retry it, skip it, or abort the run.",
    )


def still_there(now: Progress, at: float, detail: str) -> Progress:
    """A step whose undo did not work."""
    state: StepState = "done" if now.before == "done" else "failed"
    question = "" if state == "done" else "it failed and was not taken back; retry, skip or abort?"
    return replace(now, state=state, undoing=False, ended_at=at, outcome=f"not taken back: {detail}", question=question)
