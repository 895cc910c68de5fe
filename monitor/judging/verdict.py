"""From gates to the one word that stands on every screen: GO, HOLD, NO-GO or UNKNOWN. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from monitor.model import Standing, Verdict


class GateState(NamedTuple):
    """One go/no-go question as it stands."""

    name: str
    title: str
    required: bool
    active: bool
    standing: Standing | None
    """None for a gate that a person signs."""
    signed: bool
    reason: str


class Ruling(NamedTuple):
    """The verdict, why, and the gate that decides (empty when none does)."""

    verdict: Verdict
    reason: str
    gate: str


_OF_STANDING = {
    Standing.BREACH: Verdict.NO_GO,
    Standing.UNKNOWN: Verdict.UNKNOWN,
    Standing.INSUFFICIENT: Verdict.HOLD,
    Standing.WARN: Verdict.HOLD,
    Standing.OK: Verdict.GO,
}


def of_gate(gate: GateState) -> Verdict:
    """What one required gate allows."""
    if gate.standing is None:
        return Verdict.GO if gate.signed else Verdict.HOLD
    return _OF_STANDING[gate.standing]


def rule_on(gates: Iterable[GateState], open_decisions: Iterable[str]) -> Ruling:
    """The stage's verdict: the worst required gate decides, the first of equals; an open decision holds.

    Without any required gate there is nothing that could say GO, so the answer is UNKNOWN.
    """
    required = [gate for gate in gates if gate.required and gate.active]
    if not required:
        return Ruling(Verdict.UNKNOWN, "no required gate is active in this stage, so nothing can say GO", "")
    worst = max(required, key=of_gate)
    verdict = of_gate(worst)
    waiting = next(iter(open_decisions), "")
    if waiting and verdict < Verdict.HOLD:
        return Ruling(Verdict.HOLD, waiting, "")
    if verdict is Verdict.GO:
        return Ruling(Verdict.GO, f"all {len(required)} required gates are good", "")
    return Ruling(verdict, worst.reason, worst.name)
