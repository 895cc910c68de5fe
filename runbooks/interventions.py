"""What people's acts do to a step: pure, each with the sentence the journal keeps; Refusal for what may not be now."""

from __future__ import annotations

from typing import NamedTuple

from monitor.deciding.contracts import StepAct
from monitor.serving.acts import Actor, Refusal
from monitor.text import clean
from runbooks.progress import STUCK, Progress, StepState, replace

GRACE = 2.0
"""Seconds that a step in flight has to end after an abort or a takeover; then it is cut off, its outcome unknown."""


class Intervention(NamedTuple):
    """A step after a person's act, and the act in words."""

    progress: Progress
    words: str


def may_steer(actor: Actor, *, stop: bool) -> None:
    """Refuse a person whose role may not steer a run; `stop` only ends or holds it, which more people may."""
    allowed = ("operator", "approver", "admin") if stop else ("operator", "approver")
    if actor.role not in allowed:
        raise Refusal(403, f"{actor.name} has the role {actor.role}; this needs {' or '.join(allowed)}", "ask one")


def needs_reason(reason: str, what: str) -> None:
    """Refuse an act that nobody should do without saying why."""
    if not reason.strip():
        raise Refusal(400, f"{what} needs a reason", "say why; it stays in the journal")


def said(reason: str) -> str:
    """A person's reason as the journal keeps it."""
    return clean(reason, 200) or "no reason given"


def intervene(
    step: str, now: Progress, act: StepAct, outcome: str, actor: Actor, reason: str, at: float
) -> Intervention:
    """Retry, skip or resolve a step that failed or is parked. A waiting manual step is answered elsewhere."""
    if now.state not in STUCK:
        hint = f"{now.by} was first" if now.by else "see `golive status`"
        raise Refusal(409, f"step {step} is {now.state}; there is nothing to {act}", hint)
    by = f"{actor.name}: {said(reason)}"
    if now.undoing:
        return _of_undo(step, now, act, outcome, actor, by, at)
    if now.state == "undone" and act == "resolve":
        raise Refusal(409, f"step {step} was taken back; there is nothing to resolve", "retry or skip it, or abort")
    if now.state == "parked" and act == "resolve":
        needs_reason(reason, "answering for a parked step")
    if act == "retry":
        again = replace(now, state="next", question="", by=actor.name, insisted=True)
        return Intervention(again, f"tried again by {by}")
    if act == "skip":
        skipped = replace(now, state="skipped", ended_at=at, question="", by=actor.name, outcome=f"skipped by {by}")
        return Intervention(skipped, f"skipped by {by}")
    if outcome == "done":
        done = replace(now, state="done", ended_at=at, question="", by=actor.name, outcome=f"resolved as done by {by}")
        return Intervention(done, f"resolved as done by {by}")
    if outcome == "not_done":
        again = replace(now, state="next", question="", by=actor.name, outcome=f"resolved as not done by {by}")
        return Intervention(again, f"resolved as not done by {by}: it is sent again")
    raise Refusal(400, f"{outcome!r} is no outcome", "say done or not_done")


def _of_undo(step: str, now: Progress, act: StepAct, outcome: str, actor: Actor, by: str, at: float) -> Intervention:
    """Answer for an undo whose outcome is unknown; done: the step is not in effect any more."""
    if act != "resolve" or outcome not in ("done", "not_done"):
        what = f"nobody knows whether step {step} was taken back: resolve that first"
        raise Refusal(409, what, "done: it was taken back; not_done: it is still in effect")
    if outcome == "done":
        words = f"resolved as taken back by {by}"
        gone = replace(
            now, state="undone", undoing=False, undone=now.undone + 1, ended_at=at, question="", by=actor.name
        )
        return Intervention(replace(gone, outcome=words), words)
    words = f"resolved as still in effect by {by}"
    state: StepState = "done" if now.before == "done" else "failed"
    return Intervention(replace(now, state=state, undoing=False, question="", by=actor.name, outcome=words), words)


def question(request: str, detail: str, undo: str, *, known: bool) -> str:
    """What a person is asked about a step that cannot go on by itself."""
    asked = "it failed; retry, skip or abort?" if known else "did it take effect? Resolve it as done or not_done."
    words = f"{request}: {detail}: {asked}"
    return f"{words} To take it back by hand: {undo}" if undo else words
