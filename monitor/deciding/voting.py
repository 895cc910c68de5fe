"""Who may sign a decision, and which signatures hold. Pure: the task that owns the decision asks before it journals."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.deciding.decision import ASKING, BY_HAND, Decision, State, Vote
from monitor.deciding.people import Person
from monitor.judging.triggers import Approval
from monitor.serving.acts import Actor, Refusal

VALID_FOR = 600.0
"""Seconds for which a signature holds, on the wall clock and on the monotonic clock."""
LATEST = "look at it as it is now and sign that"


def check_vote(decision: Decision, actor: Actor, digest: str, nonce: str) -> None:
    """Refuse a signature that may not count: 403 for who it is, 409 for what was signed."""
    if decision.state not in ASKING:
        raise Refusal(409, f"decision {decision.id} is {decision.state}, not asking", "see `golive status`")
    check_person(decision, actor.name, actor.role, actor.duties)
    if digest != decision.digest:
        raise Refusal(409, "what you signed is not what is asked now: the digest differs", LATEST)
    if nonce != decision.nonce:
        raise Refusal(409, "the signatures were voided and asked for again: the nonce differs", LATEST)


def check_person(decision: Decision, name: str, role: str, duties: tuple[str, ...]) -> None:
    """Refuse a person who may not sign this decision."""
    if role != "approver":
        raise Refusal(403, f"{name} has the role {role}; only an approver signs", "ask an approver")
    wanted = decision.approval.duties
    if wanted and not set(wanted) & set(duties):
        raise Refusal(403, f"{name} has none of the duties {', '.join(wanted)}", "ask somebody who has")
    if decision.approval.not_requester and name == decision.requester:
        raise Refusal(403, f"{name} asked for it and cannot sign it too", "another person signs")


def fresh(votes: tuple[Vote, ...], now: float, mono: float) -> tuple[Vote, ...]:
    """The signatures that have not expired on either clock; one signed before this machine's last boot has."""
    return tuple(vote for vote in votes if now - vote.at < VALID_FOR and 0 <= mono - vote.mono < VALID_FOR)


def met(decision: Decision, people: Mapping[str, Person], now: float, mono: float) -> bool:
    """Whether enough distinct people, who still may, have signed and their signatures hold.

    Asked at the quorum and again right before the first step: the form is not where four eyes are enforced.
    """
    names = set[str]()
    for vote in fresh(decision.votes, now, mono):
        person = people.get(vote.person)
        if person is None:
            continue
        try:
            check_person(decision, person.name, person.role, person.duties)
        except Refusal:
            continue
        names.add(person.name)
    return len(names) >= max(1, decision.approval.quorum)


def by_hand(approval: Approval | None, presser: Person | Actor) -> Approval:
    """What a request by hand needs: the presser is one of the quorum where they could have signed; never alone."""
    asked = approval or Approval(duties=(), quorum=2)
    eligible = presser.role == "approver" and (not asked.duties or bool(set(asked.duties) & set(presser.duties)))
    quorum = max(1, asked.quorum - 1) if eligible else max(1, asked.quorum)
    return Approval(
        duties=asked.duties,
        quorum=quorum,
        not_requester=True,
        deadline=asked.deadline,
        on_deadline=asked.on_deadline,
    )


def counted(decision: Decision) -> str:
    """The tally in words: `1 of 2`, with the presser of a request by hand counted in words of their own."""
    asked = f"{len(decision.votes)} of {decision.approval.quorum}"
    return f"{asked}, asked by {decision.requester}" if decision.triggers == (BY_HAND,) else asked


def refusable(decision: Decision, actor: Actor) -> None:
    """Refuse a rejection by somebody who may not, or of something that no longer asks."""
    if decision.state not in ASKING | {State.PREFLIGHT}:
        raise Refusal(409, f"decision {decision.id} is {decision.state}; it cannot be rejected any more")
    if actor.role != "approver" and actor.name != decision.requester:
        raise Refusal(403, f"{actor.name} has the role {actor.role}; an approver rejects", "ask an approver")
