"""Routes that change something. Each hands over to one act; who may do it is decided there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal, TypeVar

from monitor.serving.acts import Actor, Done, Refusal
from monitor.serving.reload_rows import ReloadRow
from monitor.serving.snapshot import DecisionRow, EventRow, PointRow, RunRow, Snapshot
from monitor.serving.web.bodies import (
    AckAlert,
    Approve,
    Attest,
    BreakGlass,
    DeclarePoint,
    MuteAlert,
    Note,
    Reasoned,
    RequestRun,
    SignGate,
    SteerStep,
    UnmuteAlert,
)
from monitor.serving.web.route import KEY, Act, Acting
from monitor.serving.web.services import Services

RELOAD = "/-/reload"
_Result = TypeVar("_Result")


async def _voted(services: Services, result: str, vote: Awaitable[_Result]) -> _Result:
    """Await a signature and count what became of it."""
    try:
        row = await vote
    except Refusal:
        services.exposition.own.voted("refused")
        raise
    services.exposition.own.voted(result)
    return row


async def approve(services: Services, actor: Actor, at: Mapping[str, str], body: Approve) -> DecisionRow:
    """Sign a decision."""
    vote = services.acts.approve(actor, at["decision"], body.digest, body.nonce, body.reason, late=body.late)
    return await _voted(services, "approved", vote)


async def reject(services: Services, actor: Actor, at: Mapping[str, str], body: Reasoned) -> DecisionRow:
    """Refuse a decision."""
    return await _voted(services, "rejected", services.acts.reject(actor, at["decision"], body.reason))


async def rearm(services: Services, actor: Actor, at: Mapping[str, str], body: Reasoned) -> DecisionRow:
    """Arm a trigger again."""
    return await services.acts.rearm(actor, at["decision"], body.reason)


async def attest(services: Services, actor: Actor, at: Mapping[str, str], body: Attest) -> DecisionRow:
    """Vouch for a condition that cannot be known."""
    return await services.acts.attest(actor, at["decision"], body.item, body.digest, body.evidence)


async def request_run(services: Services, actor: Actor, at: Mapping[str, str], body: RequestRun) -> DecisionRow:
    """Ask for a runbook."""
    return await services.acts.request_run(actor, body.runbook, body.parameters, body.reason, at.get(KEY, ""))


async def break_glass(services: Services, actor: Actor, at: Mapping[str, str], body: BreakGlass) -> DecisionRow:
    """Start a runbook alone."""
    given = (body.runbook, body.parameters, body.reason, body.confirm)
    return await services.acts.break_glass(actor, *given, at.get(KEY, ""))


async def declare(services: Services, actor: Actor, at: Mapping[str, str], body: DeclarePoint) -> PointRow:
    """Say that a point of no return is passed, or not."""
    return await services.acts.declare_point(actor, at["point"], passed=body.passed, reason=body.reason)


def _on_run(act: Literal["abort", "pause", "resume", "takeover"]) -> Callable[..., Awaitable[RunRow]]:
    async def steer(services: Services, actor: Actor, at: Mapping[str, str], body: Reasoned) -> RunRow:
        return await services.acts.act_on_run(actor, at["run"], act, body.reason)

    return steer


def _on_step(act: Literal["retry", "skip", "resolve", "undo"]) -> Callable[..., Awaitable[RunRow]]:
    async def steer(services: Services, actor: Actor, at: Mapping[str, str], body: SteerStep) -> RunRow:
        if (act == "resolve") != bool(body.outcome):
            what = "resolve needs an outcome" if act == "resolve" else f"{act} takes no outcome"
            raise Refusal(400, what, "outcome is done or not_done, with resolve only: say what really happened")
        return await services.acts.act_on_step(actor, at["run"], at["step"], act, body.outcome, body.reason)

    return steer


def _on_stage(act: Literal["advance", "hold", "back"]) -> Callable[..., Awaitable[Snapshot]]:
    async def move(services: Services, actor: Actor, at: Mapping[str, str], body: Reasoned) -> Snapshot:
        return await services.acts.move_stage(actor, at["stage"], act, body.reason)

    return move


async def sign_gate(services: Services, actor: Actor, at: Mapping[str, str], body: SignGate) -> Snapshot:
    """Sign a gate."""
    return await services.acts.sign_gate(actor, at["gate"], body.signed, body.reason)


async def note(services: Services, actor: Actor, _: Mapping[str, str], body: Note) -> EventRow:
    """Write to the timeline."""
    return await services.acts.note(actor, body.text)


async def reload(services: Services, actor: Actor, _: Mapping[str, str], body: Reasoned) -> ReloadRow:
    """Take the configuration over from the disk."""
    if services.reloader is None or not services.config.enable_lifecycle:
        hint = "send the daemon SIGHUP, or write enable_lifecycle: true under web: and restart it"
        raise Refusal(403, "reloading over HTTP is off", hint)
    return await services.reloader.asked(actor, body.reason)


async def ack(services: Services, actor: Actor, at: Mapping[str, str], body: AckAlert) -> Done:
    """Have an alert."""
    return await services.acts.acknowledge(actor, at["alert"], body.seconds, body.reason)


async def release(services: Services, actor: Actor, at: Mapping[str, str], body: Reasoned) -> Done:
    """Let go of an alert."""
    return await services.acts.release(actor, at["alert"], body.reason)


async def mute(services: Services, actor: Actor, at: Mapping[str, str], body: MuteAlert) -> Done:
    """Tell nobody of an alert."""
    return await services.acts.mute(actor, at["alert"], body.seconds, body.reason, whole=body.whole)


async def unmute(services: Services, actor: Actor, at: Mapping[str, str], body: UnmuteAlert) -> Done:
    """Tell people again."""
    return await services.acts.unmute(actor, at["alert"], body.reason, whole=body.whole)


async def note_alert(services: Services, actor: Actor, at: Mapping[str, str], body: Note) -> EventRow:
    """Write about an alert."""
    return await services.acts.note_alert(actor, at["alert"], body.text)


def _row(path: str, summary: str, act: Act, body: type[Reasoned | SteerStep], answer: object) -> Acting:
    return Acting(f"/api/v1/{path}", summary, act, body, answer)


ACTINGS: tuple[Acting, ...] = (
    Acting("/api/v1/decisions/{decision}/approve", "Sign a decision as it was shown.", approve, Approve, DecisionRow),
    Acting("/api/v1/decisions/{decision}/reject", "Refuse a decision; it ends.", reject, Reasoned, DecisionRow),
    Acting("/api/v1/decisions/{decision}/rearm", "Arm the trigger of an ended decision.", rearm, Reasoned, DecisionRow),
    Acting("/api/v1/decisions/{decision}/attest", "Vouch for an unknown condition.", attest, Attest, DecisionRow),
    Acting("/api/v1/runs/break-glass", "Start a runbook alone, loudly.", break_glass, BreakGlass, DecisionRow),
    Acting(
        "/api/v1/points/{point}/declare", "Say that a point of no return is passed.", declare, DeclarePoint, PointRow
    ),
    Acting("/api/v1/runs", "Ask for a runbook; somebody else signs.", request_run, RequestRun, DecisionRow),
    _row("runs/{run}/abort", "End a run after the step under way.", _on_run("abort"), Reasoned, RunRow),
    _row("runs/{run}/pause", "Begin no further step.", _on_run("pause"), Reasoned, RunRow),
    _row("runs/{run}/resume", "Go on with a paused run.", _on_run("resume"), Reasoned, RunRow),
    _row("runs/{run}/takeover", "Stop sending; people do the rest.", _on_run("takeover"), Reasoned, RunRow),
    _row("runs/{run}/steps/{step}/undo", "Take a done or failed step back.", _on_step("undo"), SteerStep, RunRow),
    _row("runs/{run}/steps/{step}/retry", "Try a parked step again.", _on_step("retry"), SteerStep, RunRow),
    _row("runs/{run}/steps/{step}/skip", "Go on without a parked step.", _on_step("skip"), SteerStep, RunRow),
    _row("runs/{run}/steps/{step}/resolve", "Say what a step did.", _on_step("resolve"), SteerStep, RunRow),
    _row("stages/{stage}/advance", "Move the cutover forward to a stage.", _on_stage("advance"), Reasoned, Snapshot),
    _row("stages/{stage}/hold", "Hold the cutover at a stage.", _on_stage("hold"), Reasoned, Snapshot),
    _row("stages/{stage}/back", "Move the cutover back to a stage.", _on_stage("back"), Reasoned, Snapshot),
    Acting("/api/v1/gates/{gate}/sign", "Sign a gate, or take it back.", sign_gate, SignGate, Snapshot),
    Acting("/api/v1/alerts/{alert}/ack", "Have an alert, with all of its page.", ack, AckAlert, Done),
    Acting("/api/v1/alerts/{alert}/release", "Let go of an alert.", release, Reasoned, Done),
    Acting("/api/v1/alerts/{alert}/mute", "Tell nobody of an alert until then.", mute, MuteAlert, Done),
    Acting("/api/v1/alerts/{alert}/unmute", "Tell people of an alert again.", unmute, UnmuteAlert, Done),
    Acting("/api/v1/alerts/{alert}/note", "Write a note about an alert.", note_alert, Note, EventRow),
    Acting("/api/v1/notes", "Write a note to the timeline.", note, Note, EventRow),
    Acting(RELOAD, "Take the configuration over from the disk; web.enable_lifecycle.", reload, Reasoned, ReloadRow),
)
