"""What a person's keys send to the daemon: plain requests, and the reasons not to send them."""

from __future__ import annotations

from typing import Literal, Protocol
from urllib.parse import quote

import msgspec

from dashboards.terminal.drawing.work import OPEN, Work
from dashboards.terminal.view import Person, View
from monitor.serving.snapshot import DecisionRow, Snapshot, StepRow

IN_THE_PAST = "this is the past: nothing can be done in it; - returns to now"
JsonValue = str | bool | float | dict[str, str]


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One mutating request of the HTTP API."""

    path: str
    body: dict[str, JsonValue]
    says: str
    """What it does, in words, for the line that reports it."""


class Unreachable(Exception):  # noqa: N818 - the daemon's absence is a state the screens show
    """The daemon gave no usable answer: says why."""


class Refused(Exception):  # noqa: N818 - a refusal is an answer
    """The daemon answered no: what, and what to do next."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class SnapshotSource(Protocol):
    """Where snapshots come from: a daemon, or a recording. All of it raises Unreachable."""

    async def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        ...

    async def me(self) -> Person | None:
        """Who our token says we are; None without a token. Refused when the token is not known."""
        ...

    async def read(self, path: str) -> bytes:
        """The body of a GET, for what only a detail asks for. Refused when the daemon says no."""
        ...

    async def act(self, act: Act) -> None:
        """Do it; Refused when the daemon says no."""
        ...


def approve(decision: DecisionRow, reason: str, *, late: bool = False) -> Act:
    """Sign a decision as it was shown. late: knowing that decide-by has passed."""
    body: dict[str, JsonValue] = {"digest": decision.digest, "nonce": decision.nonce, "reason": reason}
    if late:
        body["late"] = True
    return Act(path=_decision(decision, "approve"), body=body, says=f"approved {decision.runbook}")


def reject(decision: DecisionRow, reason: str) -> Act:
    """Refuse a decision."""
    return Act(path=_decision(decision, "reject"), body={"reason": reason}, says=f"rejected {decision.runbook}")


def _decision(decision: DecisionRow, verb: str) -> str:
    return f"/api/v1/decisions/{quote(decision.id, safe='')}/{verb}"


def attest(decision: DecisionRow, item: str, evidence: str) -> Act:
    """Vouch for one pre-flight condition that cannot be known."""
    body: dict[str, JsonValue] = {"item": item, "digest": decision.digest, "evidence": evidence}
    return Act(path=_decision(decision, "attest"), body=body, says=f"attested: {item}")


def rearm(decision: DecisionRow, reason: str) -> Act:
    """Arm the triggers of an ended decision again."""
    return Act(path=_decision(decision, "rearm"), body={"reason": reason}, says=f"armed again: {decision.trigger}")


def break_glass(runbook: str, parameters: dict[str, str], reason: str, confirm: str) -> Act:
    """Start a runbook alone. confirm: its name and the environment, as typed."""
    body: dict[str, JsonValue] = {
        "runbook": runbook,
        "parameters": parameters,
        "reason": reason,
        "confirm": confirm,
    }
    return Act(path="/api/v1/runs/break-glass", body=body, says=f"the glass is broken for {runbook}")


def declare_point(point: str, *, passed: bool, reason: str) -> Act:
    """Say that a point of no return is passed, or that it is not."""
    body: dict[str, JsonValue] = {"passed": passed, "reason": reason}
    says = f"point of no return {point}: {'passed' if passed else 'not passed'}"
    return Act(path=f"/api/v1/points/{quote(point, safe='')}/declare", body=body, says=says)


def steer(work: Work, verb: Literal["abort", "pause", "resume", "takeover"], reason: str) -> Act:
    """Steer a run."""
    run = quote(work.run.id if work.run else "", safe="")
    return Act(path=f"/api/v1/runs/{run}/{verb}", body={"reason": reason}, says=f"{verb} of {work.runbook} asked for")


def steer_step(
    work: Work, step: StepRow, verb: Literal["retry", "skip", "resolve", "undo"], outcome: str, reason: str
) -> Act:
    """Steer a step. outcome: `done` or `not_done` for resolve, else empty."""
    run = quote(work.run.id if work.run else "", safe="")
    body: dict[str, JsonValue] = {"outcome": outcome, "reason": reason}
    path = f"/api/v1/runs/{run}/steps/{quote(step.name, safe='')}/{verb}"
    return Act(path=path, body=body, says=f"step {step.number}: {verb} {outcome}".rstrip())


def sign(gate: str, *, signed: bool, reason: str) -> Act:
    """Sign a gate, or take the signature back."""
    body: dict[str, JsonValue] = {"signed": signed, "reason": reason}
    return Act(path=f"/api/v1/gates/{quote(gate, safe='')}/sign", body=body, says=f"gate {gate} signed")


def request_run(runbook: str, parameters: dict[str, str], reason: str) -> Act:
    """Ask for a runbook by hand."""
    body: dict[str, JsonValue] = {"runbook": runbook, "parameters": parameters, "reason": reason}
    return Act(path="/api/v1/runs", body=body, says=f"asked for {runbook}")


def note(text: str) -> Act:
    """Write to the timeline."""
    return Act(path="/api/v1/notes", body={"text": text}, says="note written")


def refusal(view: View) -> str:
    """Why no key may act now; empty when one may."""
    if view.past:
        return IN_THE_PAST
    if not view.armed:
        return "locked: start with --operator or type :arm"
    if view.person is None:
        return "nobody is signed in: start with --token-file FILE, or set GOLIVE_TOKEN"
    if view.gone:
        return "the daemon is gone: what you see is old, nothing can be sent"
    return ""


def approval_refusal(shown: DecisionRow, view: View) -> str:
    """Why this decision, as the dialog showed it, cannot be signed by this person now; empty when it can."""
    now = view.decision(shown.id)
    person = view.person
    reason = refusal(view)
    if reason or person is None:
        return reason
    if now is None:
        return "this decision is no longer there: close and look again"
    cleared = " (its condition has cleared)" if now.state == "withdrawn" else ""
    reasons = (
        (now.state not in OPEN, f"it is {now.state.replace('_', ' ')} now{cleared}: nothing left to sign"),
        (now.deadline is not None and view.now >= now.deadline, "expired: ask again if it is still needed"),
        (
            (now.digest, now.nonce) != (shown.digest, shown.nonce),
            "it changed while you were reading: close, read again, then sign",
        ),
        (
            now.requester == person.name and now.not_requester,
            "you asked for this yourself: a second person must sign",
        ),
        (person.name in now.locked, "you are locked out of it after wrong confirmations: another person signs"),
        (
            any(vote.person == person.name for vote in now.votes),
            "you have signed this already: another person must sign",
        ),
        (
            bool(now.duties) and not set(now.duties) & set(person.duties),
            f"your duties do not cover it: {' or '.join(now.duties)} must sign",
        ),
    )
    return next((words for holds, words in reasons if holds), "")
