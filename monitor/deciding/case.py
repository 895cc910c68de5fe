"""The one task that owns a decision: ticks, votes, the run's reports and deadlines are commands to it.

It checks, journals and applies, in that order, one at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from monitor.deciding.actor import Inbox
from monitor.deciding.answers import joined, rearmed, rejected, superseded
from monitor.deciding.breakglass import GLASS
from monitor.deciding.causes import scopes_of, told
from monitor.deciding.change import Change
from monitor.deciding.contracts import RunHandle, RunState
from monitor.deciding.decision import BY_HAND, OPEN, RUNNING, Decision, State, moved
from monitor.deciding.drafting import Ask
from monitor.deciding.entry import Entry
from monitor.deciding.facts import Facts
from monitor.deciding.ledger import JournalError
from monitor.deciding.membership import Membership
from monitor.deciding.office import Office, log, order_of
from monitor.deciding.ruling import GOLIVE, cause_gone, ruling
from monitor.serving.acts import Actor
from monitor.serving.snapshot import DecisionRow

_replace = msgspec.structs.replace
_AFTER_RUN: dict[RunState, State] = {
    "running": State.EXECUTING,
    "paused": State.PAUSED,
    "verifying": State.VERIFYING,
    "done": State.ROLLED_BACK,
    "aborted": State.PARTIAL,
    "ineffective": State.INEFFECTIVE,
}


class Case:
    """A decision and its owner."""

    def __init__(self, office: Office, decision: Decision, *, stored: bool) -> None:
        self.decision = decision
        """The decision as it is on disk."""
        self.stored = stored
        """Whether its opening is on disk; before that it is nobody's business."""
        self.dead = False
        """Whether its opening could not be journalled: it never was."""
        self.handle: RunHandle | None = None
        self._office = office
        self._inbox: Inbox[DecisionRow] = Inbox(f"decision {decision.id}", self._stumbled)
        self._facts: Facts | None = None
        self._look_waits = False
        self.conditions = decision.preflight
        """The pre-flight as of the last tick, with what people vouch for."""
        self._report: tuple[RunState, str] | None = None
        self.members = Membership()
        self._cleared = False
        self._trouble = ""
        office.safety.locks.shown(decision.id, decision.digest, decision.nonce)
        if decision.mode == GLASS and office.safety.second is not None:
            office.safety.second.cover(decision.id)
        left = decision.approval.deadline if decision.deadline is None else decision.deadline - office.clock()
        self._deadline = office.monotonic() + min(left, decision.approval.deadline)
        self._task = asyncio.get_running_loop().create_task(self._serve(), name=f"decision {decision.id}")

    async def _serve(self) -> None:
        if not self.stored:
            try:
                kind = GLASS if self.decision.mode == GLASS else ""
                await self._apply(Change(self.decision, self.decision.requester, _opening(self.decision), kind=kind))
            except JournalError as error:
                self.dead = True
                await self._stumbled(error)
                self._inbox.refuse_all(f"not opened: {error}")
                return
        while True:
            await self._inbox.serve_one()

    async def _apply(self, change: Change) -> DecisionRow:
        """Journal the decision as it will be, then let it be so."""
        new = change.decision
        await self._office.journal.append(
            "decision",
            change.who,
            change.words,
            object=new.id,
            state=new.state,
            via=change.via,
            data=msgspec.to_builtins(new),
            at=self._office.clock(),
        )
        self.decision, self.stored, self._trouble = new, True, ""
        self._office.safety.locks.shown(new.id, new.digest, new.nonce)
        self._office.tell(change.kind or new.state.value, new, change.words)
        return self.row()

    async def _stumbled(self, error: Exception) -> None:
        if str(error) != self._trouble:
            self._trouble = str(error)
            log.error("decision %s: %s", self.decision.id, error, exc_info=not isinstance(error, JournalError))
            self._office.tell("error", self.decision, f"not done: {error}")

    def row(self) -> DecisionRow:
        """The decision as displays see it, its pre-flight as of the last tick while it is asked."""
        return self._office.asked_row(self.decision, self.conditions, cleared=self._cleared)

    async def settled_row(self) -> DecisionRow:
        """The row once everything before this call is done."""

        async def same() -> DecisionRow:
            return self.row()

        return await self._inbox.ask(same)

    async def close(self) -> None:
        """Stop; what is open is found in the journal at the next start."""
        if self.handle is not None:
            await self.handle.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._inbox.refuse_all("the daemon is stopping")

    def forget(self) -> None:
        """Let go of an ended decision; the journal keeps it."""
        self._task.cancel()

    def look(self, facts: Facts) -> None:
        """Take a tick's facts; a newer tick replaces one that was not looked at yet."""
        self._facts = facts
        if self.handle is not None:
            self.handle.look(facts)
        if self.decision.state in OPEN and not self._look_waits and not self.dead:
            self._look_waits = True
            self._inbox.tell(self._on_tick)

    async def _on_tick(self) -> None:
        self._look_waits = False
        if self._facts is None:
            return
        if self.decision.state in RUNNING:
            await self._follow()
            return
        view = self._office.view(self.decision, self._facts, self._deadline)
        self.conditions = view.conditions
        self._cleared = cause_gone(self.decision, view.triggers, self._facts)
        change = ruling(self.decision, view)
        if change is None:
            return
        if change.decision.state is State.EXECUTING:
            await self._execute(change)
        else:
            await self._apply(change)
            self.conditions = self._office.view(self.decision, self._facts, self._deadline).conditions

    async def _execute(self, change: Change) -> None:
        wheel = self._office.wheel
        if not wheel.take(self.decision.id):
            return
        try:
            await self._apply(change)
        except BaseException:
            wheel.release(self.decision.id)
            raise
        self.take_up((), "")

    def take_up(self, history: Sequence[Entry], hold: str) -> None:
        """Begin the run, or go on with one that was interrupted. The wheel is this decision's already."""
        try:
            self.handle = self._office.executor.start(order_of(self.decision), history, hold, self._reported)
        except Exception as error:  # noqa: BLE001 - the wheel must not stay with a run that nobody can drive
            log.exception("run %s", self.decision.run)
            self._reported("aborted", f"the run cannot be taken up ({error}); find out by hand what is half done")

    def _reported(self, state: RunState, detail: str) -> None:
        self._report = (state, detail)
        self._inbox.tell(self._follow)

    async def _follow(self) -> None:
        if self._report is None or self.decision.state not in RUNNING:
            return
        state, detail = self._report
        to = _AFTER_RUN[state]
        if to is not self.decision.state:
            words = to.value.replace("_", " ") + (f": {detail}" if detail else "")
            await self._apply(Change(moved(self.decision, to, self._office.clock(), detail), GOLIVE, words))
        if self.decision.state not in RUNNING:
            self._office.dealt.note(self.decision)
            self._office.wheel.release(self.decision.id)
            await self.settle()

    async def settle(self) -> None:
        """Do what follows a verified rollback, once; after a crash, again."""
        if await concluded(self._office, self.decision, self.row()):
            settled = _replace(self.decision, settled=True)
            await self._apply(Change(settled, GOLIVE, "the rollback is concluded", kind="settled"))

    async def do(self, make: Callable[[], Awaitable[Change | None]]) -> DecisionRow:
        """Have a change worked out and applied when it is its turn; None changes nothing."""

        async def command() -> DecisionRow:
            return await self._maybe(await make())

        return await self._inbox.ask(command)

    async def reject(self, actor: Actor, reason: str) -> DecisionRow:
        """End it by a person's word."""
        mono = self._office.monotonic()
        return await self._inbox.ask(lambda: self._maybe(rejected(self.decision, actor, reason, self._now(), mono)))

    async def rearm(self, actor: Actor, reason: str) -> DecisionRow:
        """Arm its triggers again by a person's word."""
        return await self._inbox.ask(lambda: self._maybe(rearmed(self.decision, actor, reason, self._now())))

    def _now(self) -> float:
        return self._office.clock()

    async def _maybe(self, change: Change | None) -> DecisionRow:
        return self.row() if change is None else await self._apply(change)

    def join(self, asks: Sequence[Ask]) -> None:
        """Further edges ask for the same, or for more of it: not a second decision."""
        self.members.begin()
        self._inbox.tell(lambda: self._join(asks))

    async def _join(self, asks: Sequence[Ask]) -> DecisionRow:
        change = None
        try:
            if self._facts is not None:
                view = self._office.view(self.decision, self._facts, self._deadline)
                change = joined(self.decision, asks, view)
            return await self._maybe(change)
        finally:
            self.members.end(self.decision, asks, joined=change is not None)

    def supersede(self, by: str) -> None:
        """An absolute stop asks for the same: while nobody has approved this one, it gives way."""
        self._inbox.tell(lambda: self._maybe(superseded(self.decision, by, self._office.clock())))


def _opening(decision: Decision) -> str:
    if decision.mode == GLASS:
        return f"{decision.requester} BREAKS THE GLASS for {decision.runbook}, alone: {decision.reason}"
    if decision.triggers == (BY_HAND,):
        return f"{decision.requester} asks for {decision.runbook}: {decision.reason or 'no reason given'}"
    where = told(scopes_of(decision.causes)) if any(cause.scope for cause in decision.causes) else ""
    detail = decision.row(()).detail
    verb = {State.RECORDED: "would ask for", State.PREFLIGHT: "starts"}.get(decision.state, "asks for")
    words = f"{decision.triggers[0]} {verb} {decision.runbook}" + (f" in {where}" if where else "")
    return words + (f"; {detail}" if detail else "")


async def concluded(office: Office, decision: Decision, row: DecisionRow) -> bool:
    """Have done what follows a verified rollback; whether there was anything to do and it was done."""
    if decision.state is not State.ROLLED_BACK or decision.settled:
        return False
    try:
        await office.on_rolled_back(row)
    except Exception as error:  # noqa: BLE001 - the rollback stands, whatever a callback does
        log.exception("after the rollback of decision %s", decision.id)
        office.tell("error", decision, f"rolled back, but what follows failed: {error}")
        return False
    return True
