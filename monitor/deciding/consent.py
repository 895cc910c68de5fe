"""What people confirm as it was shown to them: a signature, a word for what cannot be known. Wrong ones are counted."""

from __future__ import annotations

from collections.abc import Callable

from monitor.deciding.answers import signed
from monitor.deciding.attesting import attest
from monitor.deciding.case import Case
from monitor.deciding.change import Change
from monitor.deciding.decision import Vote
from monitor.deciding.office import Office
from monitor.serving.acts import Actor
from monitor.serving.snapshot import DecisionRow
from monitor.text import clean

_REASON = 200


async def sign(
    office: Office, case: Case, actor: Actor, digest: str, nonce: str, reason: str, *, late: bool
) -> DecisionRow:
    """Count a signature; the same person's counts once, however often it comes. late: knowing that decide-by is over."""

    def make() -> Change | None:
        at, mono = office.clock(), office.monotonic()
        vote = Vote(person=actor.name, at=at, mono=mono, reason=clean(reason, _REASON))
        plan = office.book.plan(case.decision.runbook)
        change = signed(case.decision, vote, actor, digest, nonce, plan=plan, people=office.people)
        if change is not None:
            office.safety.check_late(vote, late=late)
        return change

    return await _confirmed(office, case, actor, (digest, nonce), make)


async def vouch(office: Office, case: Case, actor: Actor, item: str, digest: str, evidence: str) -> DecisionRow:
    """Count one person's word for an unknown pre-flight condition."""

    def make() -> Change:
        at, mono = office.clock(), office.monotonic()
        return attest(case.decision, actor, item, digest, evidence, rows=case.conditions, at=at, mono=mono)

    return await _confirmed(office, case, actor, (digest,), make)


async def _confirmed(
    office: Office, case: Case, actor: Actor, shown: tuple[str, ...], make: Callable[[], Change | None]
) -> DecisionRow:
    async def command() -> Change | None:
        return await office.safety.locks.checked(
            case.decision.id, actor, shown, make, lambda words: office.tell("locked", case.decision, words)
        )

    return await case.do(command)
