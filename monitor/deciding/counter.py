"""The counter at which people ask: for a runbook, alone by breaking the glass, and vouch for what cannot be known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from monitor.deciding.again import refuse_unexplained, same_act
from monitor.deciding.breakglass import GLASS
from monitor.deciding.case import Case
from monitor.deciding.consent import vouch
from monitor.deciding.decision import ASKING, BY_HAND, OPEN, Decision, State, Vote
from monitor.deciding.drafting import Draft
from monitor.deciding.facts import Facts
from monitor.deciding.office import Office
from monitor.deciding.reminding import Reminder, Reminders
from monitor.deciding.rows import waiting_rows
from monitor.deciding.ruling import GOLIVE
from monitor.judging.triggers import Approval
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import DecisionRow, PointRow
from monitor.text import clean
from monitor.units import format_duration

_replace = msgspec.structs.replace
ALONE = Approval(duties=(), quorum=1, not_requester=False)
"""What breaking the glass needs: the approver who does it."""


@dataclass
class Counter:
    """Takes requests; whether one joins what is open or opens a decision of its own is settled without a pause."""

    office: Office
    draft: Draft
    cases: Mapping[str, Case]
    open_case: Callable[[Decision], Case]
    disabled: str = ""
    """Why no runbook may be asked for; breaking the glass goes on."""
    environment: str = "PROD"
    asked: int = 0
    """Requests by hand so far."""
    facts: Facts | None = None
    reminders: Reminders = field(default_factory=Reminders)
    looked_at: float = 0.0
    """When it was last looked at who waits."""

    def look(self, facts: Facts) -> None:
        """Take a tick's facts."""
        self.facts = facts
        self.office.safety.points.judge(facts)
        if abs(facts.at - self.looked_at) < 1.0:
            return
        self.looked_at = facts.at
        cases = {case.decision.id: case for case in self.cases.values() if case.decision.state in OPEN and case.stored}
        for reminder in self.reminders.due(waiting_rows(cases.values()), facts.at):
            case = cases.get(reminder.id.partition("/")[0].removeprefix("run-"))
            if case is not None:
                self._remind(case.decision, reminder)

    def _remind(self, decision: Decision, reminder: Reminder) -> None:
        self.office.journal.append(reminder.kind, GOLIVE, reminder.words, object=reminder.id, state=decision.state)
        self.office.tell(reminder.kind, decision, reminder.words)

    def _refuse(self, actor: Actor, *roles: str) -> Facts:
        if actor.role not in roles:
            raise Refusal(403, f"{actor.name} has the role {actor.role}; this needs {' or '.join(roles)}", "ask one")
        if self.facts is None:
            raise Refusal(503, "nothing was judged yet: no evidence could be shown", "try again in a second")
        return self.facts

    def refuse_disabled(self) -> None:
        """Refuse while no runbook may be asked for."""
        if self.disabled:
            raise Refusal(503, f"runbooks are disabled: {self.disabled}", "see `golive audit verify`")

    async def request(
        self, actor: Actor, runbook: str, parameters: Mapping[str, str], reason: str, key: str
    ) -> DecisionRow:
        """Ask for a runbook; other people sign. Asked twice, or under the same key: the first, and who asked for it."""
        self.refuse_disabled()
        facts = self._refuse(actor, "operator", "approver")
        drawn = self.draft.requested(actor, runbook, parameters, reason, facts, self.asked + 1)
        for case in self.cases.values():
            if self._is(case, drawn, key):
                return await self._first(case)
        refuse_unexplained(drawn, (case.decision for case in self.cases.values() if case.stored))
        self.asked += 1
        return await self.open_case(_replace(drawn, key=key)).settled_row()

    def _is(self, case: Case, drawn: Decision, key: str) -> bool:
        known = case.decision
        if key and known.key == key and known.requester == drawn.requester:
            if not same_act(known, drawn):
                raise Refusal(
                    422, "this idempotency key was used for another request", "make a new key for a new request"
                )
            return True
        return known.state in OPEN and not case.dead and same_act(known, drawn)

    async def _first(self, case: Case) -> DecisionRow:
        row = await case.settled_row()
        ago = format_duration(max(1.0, round(self.office.clock() - row.opened_at)))
        verb = "asked for" if row.state in ("awaiting", "escalated") else "started"
        return _replace(row, answer=f"{verb} by {row.requester} {ago} ago")

    async def break_glass(
        self, actor: Actor, runbook: str, parameters: Mapping[str, str], reason: str, confirm: str, key: str
    ) -> DecisionRow:
        """Start a runbook alone: own approval, straight to pre-flight, which still holds, and so does a point of no return.

        confirm: the runbook's name and the environment, as typed. Refused: 403 not an approver or locked out, 400 no
        reason, 409 another word.
        """
        facts = self._refuse(actor, "approver")
        if not reason.strip():
            raise Refusal(400, "no reason given: breaking the glass needs one", "say why nobody else can sign")
        drawn = _replace(self.draft.requested(actor, runbook, parameters, reason, facts, self._number()), key=key)
        alone = self._alone(drawn, actor, reason)
        await self._confirmed(actor, alone, confirm)
        for case in list(self.cases.values()):
            if not self._is(case, drawn, key):
                continue
            if case.decision.state not in ASKING:
                return await self._first(case)
            case.supersede(alone.id)
        return await self.open_case(alone).settled_row()

    def _number(self) -> str:
        """Unlike any other: its idempotency keys must be new even when the journal that counted them is lost."""
        return f"{GLASS} {self.office.clock()} {self.office.nonce()}"

    def _alone(self, drawn: Decision, actor: Actor, reason: str) -> Decision:
        at, mono = self.office.clock(), self.office.monotonic()
        vote = Vote(person=actor.name, at=at, mono=mono, reason=clean(reason, 200))
        return _replace(drawn, state=State.PREFLIGHT, mode=GLASS, approval=ALONE, votes=(vote,), deadline=None)

    async def _confirmed(self, actor: Actor, decision: Decision, confirm: str) -> None:
        locks, wanted = self.office.safety.locks, f"{decision.runbook} {self.environment}"
        about = f"break-glass of {decision.runbook}"
        locks.refuse(about, actor)
        if confirm.split() != wanted.split():
            await locks.wrong(about, actor, lambda words: self.office.tell("locked", decision, words))
            raise Refusal(
                409, f"not done: confirm with exactly {wanted}", "type the runbook's name and the environment"
            )

    async def attest(self, actor: Actor, decision: str, item: str, digest: str, evidence: str) -> DecisionRow:
        """Vouch for one unknown pre-flight condition of a decision."""
        self.refuse_disabled()
        case = self.cases.get(decision)
        if case is None:
            raise Refusal(404, f"there is no decision {clean(decision, 40)!r}", "see `golive status`")
        return await vouch(self.office, case, actor, item, digest, evidence)

    async def declare_point(self, actor: Actor, point: str, *, passed: bool, reason: str) -> PointRow:
        """Say that a point of no return is passed, or that it is not."""
        return await self.office.safety.points.declare(actor, point, passed=passed, reason=reason)


def count_by_hand(decisions: Mapping[str, Case]) -> int:
    """How many requests by hand there were."""
    return sum(case.decision.triggers == (BY_HAND,) and case.decision.mode != GLASS for case in decisions.values())
