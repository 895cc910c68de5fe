"""What people may do, as the web layer sees it. The daemon's desk implements it; web never sees a runner."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from monitor.serving.alert_rows import AlertDetail
from monitor.serving.snapshot import DecisionRow, EventRow, PointRow, RunRow, Snapshot


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """A named person, as the bearer token told."""

    name: str
    role: Literal["viewer", "operator", "approver", "admin"]
    duties: tuple[str, ...] = ()
    via: str = "http"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What was done, in the journal's words."""

    what: str


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """An act that was not done: HTTP status, what, and what to do next."""

    def __init__(self, status: int, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.hint = hint


class Acts(Protocol):
    """Every mutating act. Each is journalled before it is applied and returns the state after it."""

    def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        ...

    def events_after(self, seq: int, limit: int) -> list[EventRow]:
        """Public journal lines with a greater sequence number, in order."""
        ...

    async def approve(
        self, actor: Actor, decision: str, digest: str, nonce: str, reason: str, *, late: bool = False
    ) -> DecisionRow:
        """Sign a decision as shown. Refused: 403 own request, wrong duty or locked out, 409 stale digest or nonce.

        late: the signer knows that decide-by has passed; needed then, together with a reason.
        """
        ...

    async def attest(self, actor: Actor, decision: str, item: str, digest: str, evidence: str) -> DecisionRow:
        """Vouch by name for one pre-flight condition that cannot be known. Refused: 409 one that is false."""
        ...

    async def break_glass(
        self, actor: Actor, runbook: str, parameters: dict[str, str], reason: str, confirm: str, key: str = ""
    ) -> DecisionRow:
        """Start a runbook alone, loudly. confirm: the runbook's name and the environment, as typed."""
        ...

    async def declare_point(self, actor: Actor, point: str, *, passed: bool, reason: str) -> PointRow:
        """Say that a point of no return is passed, or that it is not."""
        ...

    async def reject(self, actor: Actor, decision: str, reason: str) -> DecisionRow:
        """Refuse a decision; it ends."""
        ...

    async def rearm(self, actor: Actor, decision: str, reason: str) -> DecisionRow:
        """Arm the trigger of an ended decision again."""
        ...

    async def request_run(
        self, actor: Actor, runbook: str, parameters: dict[str, str], reason: str, key: str = ""
    ) -> DecisionRow:
        """Ask for a runbook by hand; the presser is the requester, another person signs.

        key: the caller's idempotency key; the same key is the same request, however often it comes.
        """
        ...

    async def act_on_run(
        self, actor: Actor, run: str, act: Literal["abort", "pause", "resume", "takeover"], reason: str
    ) -> RunRow:
        """Steer a run. takeover: golive stops sending, people do the rest and say so step by step."""
        ...

    async def act_on_step(
        self,
        actor: Actor,
        run: str,
        step: str,
        act: Literal["retry", "skip", "resolve", "undo"],
        outcome: str,
        reason: str,
    ) -> RunRow:
        """Steer a step. resolve: outcome `done` or `not_done`, for a parked, manual or taken over step."""
        ...

    async def move_stage(
        self, actor: Actor, stage: str, act: Literal["advance", "hold", "back"], reason: str
    ) -> Snapshot:
        """Move the cutover to `stage`."""
        ...

    async def sign_gate(self, actor: Actor, gate: str, signed: bool, reason: str) -> Snapshot:  # noqa: FBT001 - the sign itself
        """Sign a gate, or take the signature back."""
        ...

    async def note(self, actor: Actor, text: str) -> EventRow:
        """Write a note to the timeline."""
        ...

    def alert(self, name: str) -> AlertDetail:
        """What only the view of one alert needs. Refused: 404 no such alert."""
        ...

    async def acknowledge(self, actor: Actor, name: str, seconds: float | None, reason: str) -> Done:
        """Have an alert, and all that was paged together with it, for so long; None: half an hour."""
        ...

    async def release(self, actor: Actor, name: str, reason: str) -> Done:
        """Let go of an alert: people are asked anew."""
        ...

    async def mute(self, actor: Actor, name: str, seconds: float, reason: str, *, whole: bool) -> Done:
        """Tell nobody of an alert, or of its rule wherever it is judged. It stays as true as before, and as armed."""
        ...

    async def unmute(self, actor: Actor, name: str, reason: str, *, whole: bool) -> Done:
        """Tell people again."""
        ...

    async def note_alert(self, actor: Actor, name: str, text: str) -> EventRow:
        """Write a note about an alert to the timeline."""
        ...
