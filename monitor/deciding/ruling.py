"""What a tick means for a decision that has no run yet: withdrawn, void, overdue, frozen, waiting or to be executed.

Pure: the same decision under the same view gives the same change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from monitor.deciding.change import Change
from monitor.deciding.contracts import Plan
from monitor.deciding.decision import ASKING, Decision, State, moved
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament, all_of, automatic_guard, cause, checks, material, void_because
from monitor.deciding.people import Person
from monitor.deciding.voting import fresh, met
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
    """The pre-flight as it is now."""

    def rules(self, decision: Decision) -> frozenset[str]:
        """All rules of a decision's triggers."""
        return rules_of(decision, self.triggers)


def rules_of(decision: Decision, triggers: Mapping[str, Armament]) -> frozenset[str]:
    """All rules of a decision's triggers."""
    return frozenset[str]().union(*(triggers[name].when.rules for name in decision.triggers if name in triggers))


def conditions(plan: Plan | None, facts: Facts) -> tuple[CheckRow, ...]:
    """A runbook's pre-flight, judged."""
    return checks(plan.preflight, facts) if plan is not None else ()


def ruling(decision: Decision, view: View) -> Change | None:
    """The change that a tick calls for; None for none."""
    if decision.state not in ASKING | {State.PREFLIGHT}:
        return None
    if cause(decision, view.triggers, view.facts) is Truth.FALSE:
        return _to(decision, State.WITHDRAWN, view, "the cause has cleared")
    return _asking(decision, view) if decision.state in ASKING else _before_execution(decision, view)


def _to(decision: Decision, state: State, view: View, words: str) -> Change:
    return Change(moved(decision, state, view.facts.at, words), GOLIVE, words)


def _now(decision: Decision, view: View, *, with_preflight: bool) -> str:
    now = material(view.rules(decision), view.plan, view.conditions, view.facts, view.config_digest)
    return void_because(decision.material, now, with_preflight=with_preflight)


def _asking(decision: Decision, view: View) -> Change | None:
    if why := _now(decision, view, with_preflight=True):
        return _void(decision, view, why)
    if len(fresh(decision.votes, view.facts.at, view.mono)) != len(decision.votes):
        return _void(decision, view, "signatures have expired")
    if decision.state is not State.AWAITING or not view.overdue:
        return None
    if decision.approval.on_deadline == "deny":
        return _to(decision, State.DENIED, view, "nobody approved in time: denied")
    return _to(decision, State.ESCALATED, view, "nobody approved in time: escalated, it can still be approved")


def _void(base: Decision, view: View, why: str) -> Change:
    """Take the signatures back and ask again, on what is true now."""
    rules = view.rules(base)
    new = _replace(
        base,
        material=material(rules, view.plan, view.conditions, view.facts, view.config_digest),
        evidence=view.facts.evidence(sorted(rules)),
        preflight=view.conditions,
        votes=(),
        nonce=view.nonce(),
        mode="approve" if base.mode == "auto" else base.mode,
        detail=f"asked again: {why}",
    )
    lost = ", ".join(vote.person for vote in base.votes)
    words = f"{why}: the signatures of {lost} are void, asked again" if lost else f"{why}: asked again"
    return Change(new, GOLIVE, words, kind="void")


def _before_execution(decision: Decision, view: View) -> Change | None:
    if why := _now(decision, view, with_preflight=False) or not_entitled(decision, view):
        return _void(moved(decision, State.AWAITING, view.facts.at), view, why)
    truth = all_of(view.conditions)
    if truth is Truth.FALSE:
        words = f"frozen: pre-flight failed: {_those(view, 'false')}"
        frozen = _replace(moved(decision, State.FROZEN, view.facts.at, words), preflight=view.conditions)
        return Change(frozen, GOLIVE, words)
    if truth is Truth.UNKNOWN:
        return _waits(decision, view, f"waits: pre-flight cannot be known: {_those(view, 'unknown')}")
    if view.wheel not in ("", decision.id):
        return _waits(decision, view, f"waits: decision {view.wheel} has a run")
    if view.plan is None:
        return _waits(decision, view, f"waits: runbook {decision.runbook} cannot be read")
    new = _replace(
        moved(decision, State.EXECUTING, view.facts.at),
        run=f"run-{decision.id}",
        pinned=view.plan.pinned,
        preflight=view.conditions,
    )
    return Change(new, GOLIVE, f"pre-flight holds: {decision.runbook} begins")


def _those(view: View, state: str) -> str:
    return ", ".join(row.what for row in view.conditions if row.state == state)


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
    return automatic_guard(armament.truth(view.facts), armament, view.facts)
