"""What others' words do to a decision: a signature, a rejection, an arming, a further trigger.

Pure; Refusal for what may not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from monitor.deciding.causes import MOST_CAUSES, distinct, live, scopes_of, told
from monitor.deciding.change import Change
from monitor.deciding.contracts import Plan
from monitor.deciding.decision import ASKING, NEEDS_PERSON, OPEN, Decision, State, Vote, moved
from monitor.deciding.docket import takes_in
from monitor.deciding.drafting import Ask
from monitor.deciding.people import Person
from monitor.deciding.ruling import View, void
from monitor.deciding.voting import LATEST, check_vote, counted, fresh, met, refusable
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import EvidenceRow
from monitor.text import clean

_replace = msgspec.structs.replace
_REASON = 200
_MOST_EVIDENCE = 500
"""Rows of evidence of one decision, however many triggers and scopes join it."""


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
    if not decision.targets:
        raise Refusal(409, f"it cannot be run: {decision.misfit}", "mend the runbook or the trigger, or do it by hand")
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
    if not reason.strip():
        raise Refusal(422, "arming again needs a reason: what was found, and why it may act again", "say why")
    words = f"armed again by {actor.name}: {clean(reason, _REASON)}"
    return Change(_replace(decision, rearmed_at=at), actor.name, words, actor.via, "rearmed")


def joined(decision: Decision, asks: Sequence[Ask], view: View) -> Change | None:
    """Take further edges in: those that want the same as evidence, others as more targets; None when it takes none.

    More targets are a material change: signatures are void, and what is asked for now is asked for anew.
    """
    if decision.state not in OPEN:
        return None
    known = {cause.key for cause in live(decision.causes)}
    new = [ask for ask in asks if ask.key not in known]
    more = [ask for ask in new if ask.target not in decision.targets]
    if more and not takes_in(decision, more[0], view.facts.at):
        new, more = [ask for ask in new if ask not in more], []
    if not new:
        return None
    targets = list(decision.targets)
    targets += [target for target in distinct(ask.target for ask in more) if target not in targets]
    room = max(0, MOST_CAUSES - len(decision.causes))
    causes = (*decision.causes, *(ask.cause(targets) for ask in new[:room]))
    triggers = tuple(dict.fromkeys((*decision.triggers, *(ask.trigger.name for ask in new))))
    base = _replace(decision, causes=causes, triggers=triggers, left_out=decision.left_out + len(new[room:]))
    names = ", ".join(dict.fromkeys(ask.trigger.name for ask in new))
    where = told([scope for scope in dict.fromkeys(ask.edge.scope for ask in new) if scope])
    if not more:
        evidence = (*decision.evidence, *_further(decision, base, view))
        words = f"{names}{f' in {where}' if where else ''} joins as further evidence"
        return Change(_replace(base, evidence=evidence), new[0].trigger.name, words, kind="joined")
    if view.plan is None:
        return None
    base = _replace(base, targets=tuple(targets), parameters=view.plan.values(targets))
    change = void(base, view, f"{names} calls in {where or 'all'} as well")
    return change if decision.votes else change._replace(kind="joined")


def _further(decision: Decision, new: Decision, view: View) -> Iterator[EvidenceRow]:
    """Evidence of the causes that joined, as much as there is room for."""
    joined_now = [cause for cause in new.causes if cause not in decision.causes]
    known = {(row.rule, row.scope) for row in decision.evidence}
    rules = frozenset[str]().union(
        *(view.triggers[c.trigger].when.rules for c in joined_now if c.trigger in view.triggers)
    )
    rows = view.facts.evidence(sorted(rules), scopes_of(joined_now)) if joined_now else ()
    room = max(0, _MOST_EVIDENCE - len(decision.evidence))
    yield from [row for row in rows if (row.rule, row.scope) not in known][:room]


def superseded(decision: Decision, by: str, at: float) -> Change | None:
    """Give way to an absolute stop's own request; None once people have approved."""
    if decision.state not in ASKING:
        return None
    words = f"superseded by decision {by}"
    return Change(moved(decision, State.WITHDRAWN, at, words), "golive", words)
