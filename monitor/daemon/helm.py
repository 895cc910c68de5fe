"""Every act of a person, as the web layer offers them: decisions to the desk, stages and gates to the course."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from monitor.daemon.course import Course
from monitor.deciding.alert_desk import AlertDesk
from monitor.deciding.desk import Desk
from monitor.deciding.journal import Journal
from monitor.serving.acts import Actor, Done, Refusal
from monitor.serving.alert_rows import AlertDetail
from monitor.serving.snapshot import DecisionRow, EventRow, PointRow, RunRow, Snapshot
from monitor.text import clean

NOTE_LENGTH = 500


def _may(actor: Actor, roles: tuple[str, ...], what: str) -> None:
    if actor.role not in roles:
        raise Refusal(
            403, f"{actor.name} has the role {actor.role} and may not {what}", f"ask one of: {', '.join(roles)}"
        )


class Helm:
    """Implements `monitor.serving.acts.Acts`."""

    def __init__(
        self,
        desk: Desk,
        course: Course,
        journal: Journal,
        snapshot: Callable[[], Snapshot],
        open_gates: Callable[[], Sequence[str]],
        alerts: AlertDesk,
        detail: Callable[[str], AlertDetail],
    ) -> None:
        """open_gates: those that are not GO. detail: what the view of one alert needs."""
        self._desk = desk
        self._course = course
        self._journal = journal
        self._snapshot = snapshot
        self._open_gates = open_gates
        self._alerts = alerts
        self._detail = detail

    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return self._snapshot()

    def events_after(self, seq: int, limit: int) -> list[EventRow]:
        """Public journal lines with a greater sequence number, in order."""
        return self._journal.events_after(seq, limit)

    async def approve(
        self, actor: Actor, decision: str, digest: str, nonce: str, reason: str, *, late: bool = False
    ) -> DecisionRow:
        """Sign a decision as shown."""
        return await self._desk.approve(actor, decision, digest, nonce, reason, late=late)

    async def attest(self, actor: Actor, decision: str, item: str, digest: str, evidence: str) -> DecisionRow:
        """Vouch by name for one pre-flight condition that cannot be known."""
        return await self._desk.counter.attest(actor, decision, item, digest, evidence)

    async def break_glass(
        self, actor: Actor, runbook: str, parameters: dict[str, str], reason: str, confirm: str, key: str = ""
    ) -> DecisionRow:
        """Start a runbook alone, loudly."""
        return await self._desk.counter.break_glass(actor, runbook, parameters, reason, confirm, key)

    async def declare_point(self, actor: Actor, point: str, *, passed: bool, reason: str) -> PointRow:
        """Say that a point of no return is passed, or that it is not."""
        return await self._desk.counter.declare_point(actor, point, passed=passed, reason=reason)

    async def reject(self, actor: Actor, decision: str, reason: str) -> DecisionRow:
        """Refuse a decision; it ends."""
        return await self._desk.reject(actor, decision, reason)

    async def rearm(self, actor: Actor, decision: str, reason: str) -> DecisionRow:
        """Arm the trigger of an ended decision again."""
        return await self._desk.rearm(actor, decision, reason)

    async def request_run(
        self, actor: Actor, runbook: str, parameters: dict[str, str], reason: str, key: str = ""
    ) -> DecisionRow:
        """Ask for a runbook by hand."""
        return await self._desk.request_run(actor, runbook, parameters, reason, key)

    async def act_on_run(
        self, actor: Actor, run: str, act: Literal["abort", "pause", "resume", "takeover"], reason: str
    ) -> RunRow:
        """Steer a run."""
        return await self._desk.act_on_run(actor, run, act, reason)

    async def act_on_step(
        self,
        actor: Actor,
        run: str,
        step: str,
        act: Literal["retry", "skip", "resolve", "undo"],
        outcome: str,
        reason: str,
    ) -> RunRow:
        """Steer a step."""
        return await self._desk.act_on_step(actor, run, step, act, outcome, reason)

    async def move_stage(
        self, actor: Actor, stage: str, act: Literal["advance", "hold", "back"], reason: str
    ) -> Snapshot:
        """Move the cutover: forward and back need an approver, holding an operator."""
        if act == "hold":
            _may(actor, ("operator", "approver", "admin"), "hold a stage")
            await self._course.hold(actor, stage, reason)
        else:
            _may(actor, ("approver",), "move a stage")
            if act == "back":
                await self._course.back(actor.name, stage, reason)
            else:
                blocked = self._desk.forward_blocked(self._course.advanced_at)
                await self._course.advance(actor, stage, reason, blocked, self._open_gates())
        return self._snapshot()

    async def sign_gate(self, actor: Actor, gate: str, signed: bool, reason: str) -> Snapshot:  # noqa: FBT001 - the sign itself
        """Sign a gate, or take the signature back."""
        await self._course.sign(actor, gate, reason, signed=signed)
        return self._snapshot()

    async def note(self, actor: Actor, text: str) -> EventRow:
        """Write a note to the timeline."""
        _may(actor, ("operator", "approver", "admin"), "write a note")
        entry = await self._journal.append("note", actor.name, clean(text, NOTE_LENGTH), via=actor.via)
        return entry.event()

    def alert(self, name: str) -> AlertDetail:
        """What only the view of one alert needs."""
        return self._detail(name)

    async def acknowledge(self, actor: Actor, name: str, seconds: float | None, reason: str) -> Done:
        """Have an alert, and all that was paged together with it."""
        return Done(what=await self._alerts.acknowledge(actor, name, seconds, reason))

    async def release(self, actor: Actor, name: str, reason: str) -> Done:
        """Let go of an alert."""
        return Done(what=await self._alerts.release(actor, name, reason))

    async def mute(self, actor: Actor, name: str, seconds: float, reason: str, *, whole: bool) -> Done:
        """Tell nobody of an alert, or of its whole rule."""
        return Done(what=await self._alerts.mute(actor, name, seconds, reason, whole=whole))

    async def unmute(self, actor: Actor, name: str, reason: str, *, whole: bool) -> Done:
        """Tell people again."""
        return Done(what=await self._alerts.unmute(actor, name, reason, whole=whole))

    async def note_alert(self, actor: Actor, name: str, text: str) -> EventRow:
        """Write a note about an alert."""
        return await self._alerts.note(actor, name, text)
