"""What a tick means for a decision that has no run yet: withdrawn, void, overdue, frozen, waiting or to be executed.

Pure: the same decision under the same view gives the same change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from monitor.deciding.attesting import holds
from monitor.deciding.breakglass import GLASS
from monitor.deciding.change import Change
from monitor.deciding.contracts import Plan
from monitor.deciding.decision import ASKING, BY_HAND, Decision, State, moved
from monitor.deciding.differing import differences
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament, automatic_guard, cause, checks, material, void_because
from monitor.deciding.people import Person
from monitor.deciding.points import Reading
from monitor.deciding.voting import VALID_FOR, fresh, met
from monitor.model import Truth
from monitor.serving.snapshot import CheckRow

_replace = msgspec.structs.replace
GOLIVE = "golive"
"""Who acts when no person does."""


@dataclass(frozen=True, kw_only=True)
class View:
    """All that a ruling rests on, at one tick."""

    facts: Facts
    plan: Plan | None
    triggers: Mapping[str, Armament]
    people: Mapping[str, Person]
    config_digest: str
    mono: float
    overdue: bool
    """Whether the deadline has passed on the monotonic clock."""
    wheel: str
    """The decision that has a run now; empty: none."""
    nonce: Callable[[], str]
    conditions: tuple[CheckRow, ...]
    """The pre-flight as it is now, the points of no return that freeze among it."""
    points: Reading = field(default_factory=Reading)
    """The points of no return that concern it."""
    late: bool = False
    """Whether the decide-by clock has run out."""

    def rules(self, decision: Decision) -> frozenset[str]:
        """All rules of a decision's triggers."""
        return rules_of(decision, self.triggers)


def rules_of(decision: Decision, triggers: Mapping[str, Armament]) -> frozenset[str]:
    """All rules of a decision's triggers."""
    return frozenset[str]().union(*(triggers[name].when.rules for name in decision.triggers if name in triggers))


def conditions(plan: Plan | None, facts: Facts, points: Reading) -> tuple[CheckRow, ...]:
    """A runbook's pre-flight and the points of no return that freeze, judged."""
    return (*(checks(plan.preflight, facts, points.past) if plan is not None else ()), *points.checks)


def cleared(decision: Decision, triggers: Mapping[str, Armament], facts: Facts) -> bool:
    """Whether its cause is gone. A person's request has none, whatever joined it as further evidence."""
    return BY_HAND not in decision.triggers and cause(decision, triggers, facts) is Truth.FALSE


def _withdraws(decision: Decision, triggers: Mapping[str, Armament]) -> bool:
    """Whether the end of its cause ends it; else people are asked again on what is true now."""
    armament = triggers.get(decision.triggers[0])
    return armament is None or armament.trigger.abort_if_clear


def ruling(decision: Decision, view: View) -> Change | None:
    """The change that a tick calls for; None for none."""
    if decision.state not in ASKING | {State.PREFLIGHT}:
        return None
    if cleared(decision, view.triggers, view.facts) and _withdraws(decision, view.triggers):
        return _to(decision, State.WITHDRAWN, view, "the cause has cleared")
    return _asking(decision, view) if decision.state in ASKING else _before_execution(decision, view)


def _to(decision: Decision, state: State, view: View, words: str) -> Change:
    return Change(moved(decision, state, view.facts.at, words), GOLIVE, words)


def _now(decision: Decision, view: View, *, with_preflight: bool) -> str:
    now = material(
        view.rules(decision), view.plan, view.conditions, view.facts, view.config_digest, view.points.material
    )
    return void_because(decision.material, now, with_preflight=with_preflight)


def _asking(decision: Decision, view: View) -> Change | None:
    if why := _now(decision, view, with_preflight=True):
        return _void(decision, view, why)
    if len(fresh(decision.votes, view.facts.at, view.mono)) != len(decision.votes):
        return _void(decision, view, "signatures have expired")
    late = decision.deadline is not None and view.facts.at >= decision.deadline
    if decision.state is not State.AWAITING or not (late or view.overdue):
        return _asked_again(decision, view)
    if decision.approval.on_deadline == "deny":
        return _to(decision, State.DENIED, view, "nobody approved in time: denied")
    return _to(decision, State.ESCALATED, view, "nobody approved in time: escalated, it can still be approved")


def _asked_again(decision: Decision, view: View) -> Change | None:
    """What was shown long ago is not signed any more: a new nonce, and people hear that it is still asked.

    Signatures stay, as what they were given for has not changed.
    """
    if view.facts.at - (decision.asked_at or decision.opened_at) < VALID_FOR:
        return None
    new = _replace(decision, nonce=view.nonce(), asked_at=view.facts.at)
    return Change(new, GOLIVE, f"still asked: {decision.runbook} waits for signatures", kind="asked")


def _void(base: Decision, view: View, why: str) -> Change:
    """Take the signatures back and ask again, on what is true now."""
    rules = view.rules(base)
    pinned = view.plan.pinned if view.plan is not None else base.pinned
    facts, points = view.facts, view.points
    new = _replace(
        base,
        material=material(rules, view.plan, view.conditions, facts, view.config_digest, points.material),
        pinned=pinned,
        changes=differences(base.pinned, pinned) if base.pinned else (),
        attestations=(),
        points=points.rows,
        evidence=view.facts.evidence(sorted(rules)),
        preflight=tuple(_replace(row, attested="") for row in view.conditions),
        votes=(),
        nonce=view.nonce(),
        asked_at=facts.at,
        mode="approve" if base.mode == "auto" else base.mode,
        detail=f"asked again: {why}",
    )
    lost = ", ".join(vote.person for vote in base.votes)
    words = f"{why}: the signatures of {lost} are void, asked again" if lost else f"{why}: asked again"
    return Change(new, GOLIVE, words, kind="void")


def _before_execution(decision: Decision, view: View) -> Change | None:
    if why := _now(decision, view, with_preflight=False) or not_entitled(decision, view):
        if decision.mode == GLASS:
            words = f"break-glass has lapsed: {why}; break it again if it is still needed"
            return _to(decision, State.WITHDRAWN, view, words)
        return _void(moved(decision, State.AWAITING, view.facts.at), view, why)
    truth = holds(view.conditions)
    if truth is Truth.FALSE:
        words = f"frozen: pre-flight failed: {_those(view, 'false')}"
        frozen = _replace(moved(decision, State.FROZEN, view.facts.at, words), preflight=view.conditions)
        return Change(frozen, GOLIVE, words)
    return _unknown(decision, view) if truth is Truth.UNKNOWN else _begin(decision, view)


def _unknown(decision: Decision, view: View) -> Change | None:
    words = f"pre-flight cannot be known: {_those(view, 'unknown')}"
    if decision.mode == "auto":
        return _void(moved(decision, State.AWAITING, view.facts.at), view, f"{words}; a person decides")
    return _waits(decision, view, f"waits: {words}; an approver who did not ask may attest it")


def _begin(decision: Decision, view: View) -> Change | None:
    if view.wheel not in ("", decision.id):
        return _waits(decision, view, f"waits: decision {view.wheel} has a run")
    if view.plan is None:
        return _waits(decision, view, f"waits: runbook {decision.runbook} cannot be read")
    new = _replace(
        moved(decision, State.EXECUTING, view.facts.at),
        run=f"run-{decision.id}",
        pinned=view.plan.pinned,
        preflight=view.conditions,
        points=view.points.rows,
    )
    word = "".join(f", {row.what} on the word of {row.attested}" for row in view.conditions if row.attested)
    return Change(new, GOLIVE, f"pre-flight holds{word}: {decision.runbook} begins")


def _those(view: View, state: str) -> str:
    return ", ".join(row.what for row in view.conditions if row.state == state and not row.attested)


def _waits(decision: Decision, view: View, words: str) -> Change | None:
    if decision.detail == words:
        return None
    return Change(_replace(decision, detail=words, preflight=view.conditions), GOLIVE, words)


def not_entitled(decision: Decision, view: View) -> str:
    """Why it may not execute now, however it came here; empty when it may. Asked right before the first step."""
    if decision.mode != "auto":
        enough = met(decision, view.people, view.facts.at, view.mono)
        return "" if enough else "signatures have expired, or who gave them may not sign any more"
    armament = view.triggers.get(decision.triggers[0])
    if armament is None or armament.trigger.absolute:
        return "its trigger may not act by itself"
    if view.late:
        return "decide-by has passed"
    return automatic_guard(armament.truth(view.facts), armament, view.facts)
