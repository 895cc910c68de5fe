"""What a named person vouches for: a pre-flight condition that cannot be known. Pure; Refusal for what may not be."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from monitor.deciding.change import Change
from monitor.deciding.decision import ASKING, Attestation, Decision, State
from monitor.deciding.voting import LATEST, VALID_FOR
from monitor.model import Truth
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import CheckRow
from monitor.text import clean
from monitor.units import format_duration

_replace = msgspec.structs.replace
_EVIDENCE = 400


def holding(decision: Decision, at: float, mono: float) -> dict[str, Attestation]:
    """The attestations that count now: for exactly what is asked, not expired on either clock, never in auto mode."""
    if decision.mode == "auto":
        return {}
    digest = decision.digest if decision.attestations else ""
    return {
        found.item: found
        for found in decision.attestations
        if found.digest == digest and 0 <= at - found.at < VALID_FOR and 0 <= mono - found.mono < VALID_FOR
    }


def attested(rows: Iterable[CheckRow], decision: Decision, at: float, mono: float) -> tuple[CheckRow, ...]:
    """Judged conditions, the unknown ones with what was vouched for them. A false one is false, whoever says what."""
    found = holding(decision, at, mono)
    return tuple(
        _replace(row, attested=_words(found[row.what], at)) if row.state == "unknown" and row.what in found else row
        for row in rows
    )


def _words(found: Attestation, at: float) -> str:
    return f"{found.person}: {found.evidence} (for another {format_duration(max(1.0, found.at + VALID_FOR - at))})"


def holds(rows: Iterable[CheckRow]) -> Truth:
    """`and` over judged conditions, where one that is unknown and attested counts as true."""
    truths = (Truth.TRUE if row.state == "unknown" and row.attested else Truth[row.state.upper()] for row in rows)
    return min(truths, default=Truth.TRUE)


def attest(
    decision: Decision,
    actor: Actor,
    item: str,
    digest: str,
    evidence: str,
    *,
    rows: Iterable[CheckRow],
    at: float,
    mono: float,
) -> Change:
    """Vouch for one condition. rows: the conditions as of the last tick, as they are shown."""
    _refuse(decision, actor, digest, evidence)
    row = next((row for row in rows if row.what == item), None)
    if row is None:
        raise Refusal(404, f"decision {decision.id} has no condition {clean(item, 80)!r}", "name it as it is shown")
    if row.state != "unknown":
        words = (
            "is false and cannot be attested"
            if row.state == "false"
            else "is known to hold; there is nothing to attest"
        )
        raise Refusal(409, f"{row.what} {words}", row.detail)
    new = Attestation(
        item=item, person=actor.name, at=at, mono=mono, evidence=clean(evidence, _EVIDENCE), digest=decision.digest
    )
    kept = tuple(old for old in decision.attestations if old.item != item)
    words = f"{item} is attested by {actor.name}: {new.evidence}"
    return Change(_replace(decision, attestations=(*kept, new)), actor.name, words, actor.via, "attested")


def _refuse(decision: Decision, actor: Actor, digest: str, evidence: str) -> None:
    if decision.state not in ASKING | {State.PREFLIGHT}:
        raise Refusal(409, f"decision {decision.id} is {decision.state}; there is no pre-flight to attest")
    if decision.mode == "auto":
        raise Refusal(
            409, "an automatic start never goes on somebody's word", "reject it, and ask for the runbook by hand"
        )
    if actor.role != "approver":
        raise Refusal(403, f"{actor.name} has the role {actor.role}; only an approver attests", "ask an approver")
    if actor.name == decision.requester:
        raise Refusal(403, f"{actor.name} asked for it and cannot attest for it", "another approver attests")
    if not evidence.strip():
        raise Refusal(400, "no evidence given", "say what you saw and where")
    if digest != decision.digest:
        raise Refusal(409, "what you attested for is not what is asked now: the digest differs", LATEST)
