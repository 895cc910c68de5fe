"""What others' words do to a decision: a signature, a rejection, an arming, a further trigger.

Pure; Refusal for what may not be.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from monitor.deciding.change import Change
from monitor.deciding.contracts import Plan
from monitor.deciding.decision import ASKING, NEEDS_PERSON, OPEN, Decision, State, Vote, moved
from monitor.deciding.people import Person
from monitor.deciding.voting import LATEST, check_vote, counted, fresh, met, refusable
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import EvidenceRow
from monitor.text import clean

_replace = msgspec.structs.replace
_REASON = 200


def signed(
    decision: Decision,
    vote: Vote,
    actor: Actor,
    digest: str,
    nonce: str,
    *,
    plan: Plan | None,
    people: Mapping[str, Person],
) -> Change | None:
    """Count a signature; None when this person's is counted already. At the quorum the decision goes to pre-flight."""
    again = any(known.person == actor.name for known in decision.votes)
    if again and (digest, nonce) == (decision.digest, decision.nonce) and decision.state in OPEN:
        return None
    check_vote(decision, actor, digest, nonce)
    if plan is None or plan.digest != decision.material.runbook_digest:
        raise Refusal(409, f"runbook {decision.runbook} was changed since it was shown", LATEST)
    new = _replace(decision, votes=(*fresh(decision.votes, vote.at, vote.mono), vote))
    if met(new, people, vote.at, vote.mono):
        new = moved(new, State.PREFLIGHT, vote.at)
    return Change(new, actor.name, f"approved by {actor.name} ({counted(new)})", actor.via, "vote")


def rejected(decision: Decision, actor: Actor, reason: str, at: float, mono: float) -> Change:
    """End it by a person's word."""
    refusable(decision, actor)
    why = clean(reason, _REASON)
    refusal = Vote(person=actor.name, at=at, mono=mono, reason=why)
    new = _replace(moved(decision, State.REJECTED, at, why), refusals=(refusal,))
    return Change(new, actor.name, f"rejected by {actor.name}" + (f": {why}" if why else ""), actor.via)


def rearmed(decision: Decision, actor: Actor, reason: str, at: float) -> Change | None:
    """Arm its triggers again; None when somebody did already."""
    if actor.role not in ("approver", "admin"):
        raise Refusal(403, f"{actor.name} has the role {actor.role}; an approver or admin arms", "ask one")
    if decision.state not in NEEDS_PERSON:
        raise Refusal(409, f"decision {decision.id} is {decision.state}; there is nothing to arm by hand")
    if decision.rearmed_at is not None:
        return None
    words = f"armed again by {actor.name}" + (f": {clean(reason, _REASON)}" if reason else "")
    return Change(_replace(decision, rearmed_at=at), actor.name, words, actor.via, "rearmed")


def joined(decision: Decision, trigger: str, evidence: tuple[EvidenceRow, ...]) -> Change | None:
    """Take a further trigger's evidence; None when it is known or the decision has ended."""
    if trigger in decision.triggers or decision.state not in OPEN:
        return None
    known = {(row.rule, row.scope) for row in decision.evidence}
    more = tuple(row for row in evidence if (row.rule, row.scope) not in known)
    new = _replace(decision, triggers=(*decision.triggers, trigger), evidence=(*decision.evidence, *more))
    return Change(new, trigger, f"{trigger} joins as further evidence", kind="joined")


def superseded(decision: Decision, by: str, at: float) -> Change | None:
    """Give way to an absolute stop's own request; None once people have approved."""
    if decision.state not in ASKING:
        return None
    words = f"superseded by decision {by}"
    return Change(moved(decision, State.WITHDRAWN, at, words), "golive", words)
