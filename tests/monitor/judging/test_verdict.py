"""The verdict of a stage from its gates."""

from __future__ import annotations

import itertools

from monitor.judging.verdict import GateState, rule_on
from monitor.model import Standing, Verdict


def gate(
    standing: Standing | None, *, name: str = "g", required: bool = True, active: bool = True, signed: bool = False
) -> GateState:
    """A gate as the board would have it."""
    return GateState(name, name, required, active, standing, signed, f"{name} because")


def test_each_standing_has_its_verdict() -> None:
    """Breach is NO-GO, unknown is UNKNOWN, warn and too little data hold, only ok is GO."""
    made = {s.word: rule_on([gate(s)], []).verdict.word for s in Standing}
    assert made == {"ok": "GO", "warn": "HOLD", "insufficient": "HOLD", "unknown": "UNKNOWN", "breach": "NO-GO"}


def test_the_worst_required_gate_decides_and_is_named() -> None:
    """NO-GO before UNKNOWN before HOLD before GO, whatever the order of the gates."""
    gates = [gate(s, name=s.word) for s in Standing]
    for order in itertools.permutations(gates):
        ruling = rule_on(order, [])
        assert (ruling.verdict, ruling.gate, ruling.reason) == (Verdict.NO_GO, "breach", "breach because")


def test_a_gate_that_is_not_required_or_not_active_does_not_decide() -> None:
    """What is shown only is shown only."""
    gates = [gate(Standing.OK), gate(Standing.BREACH, required=False), gate(Standing.BREACH, active=False)]
    assert rule_on(gates, []).verdict is Verdict.GO


def test_an_unsigned_gate_holds_until_it_is_signed() -> None:
    """A question for a person is not answered by silence."""
    assert rule_on([gate(None)], []).verdict is Verdict.HOLD
    assert rule_on([gate(None, signed=True)], []).verdict is Verdict.GO


def test_an_open_decision_holds_a_good_stage_and_no_bad_one() -> None:
    """While people decide, nothing goes forward; a worse verdict stays."""
    assert rule_on([gate(Standing.OK)], ["rollback asked"]) == (Verdict.HOLD, "rollback asked", "")
    assert rule_on([gate(Standing.BREACH)], ["rollback asked"]).verdict is Verdict.NO_GO


def test_no_gate_at_all_is_not_a_yes() -> None:
    """A stage that nobody watches is UNKNOWN."""
    assert rule_on([], []).verdict is Verdict.UNKNOWN
