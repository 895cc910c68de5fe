"""What a tick means for a decision that has no run yet: withdrawn, void, overdue, frozen, waiting or to be executed.

Pure: the same decision under the same view gives the same change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from monitor.deciding.attesting import holds
from monitor.deciding.breakglass import GLASS
from monitor.deciding.causes import aimed, live, scopes_of, told
from monitor.deciding.change import Change
from monitor.deciding.contracts import Plan
from monitor.deciding.dealt import Dealt, told_targets
from monitor.deciding.decision import ASKING, BY_HAND, Decision, Material, State, moved
from monitor.deciding.differing import differences
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament, automatic_guard, cause, checks, cleared, material, void_because
from monitor.deciding.people import Person
from monitor.deciding.points import Reading
from monitor.deciding.voting import VALID_FOR, fresh, met
from monitor.model import Truth
from monitor.serving.snapshot import CheckRow, EvidenceRow

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
    dealt: Dealt
    """What runs have done."""
    points: Reading = field(default_factory=Reading)
    """The points of no return that concern it."""
    late: bool = False
    """Whether the decide-by clock has run out."""

    def rules(self, decision: Decision) -> frozenset[str]:
        """All rules of a decision's triggers."""
        named = (self.triggers[name].when.rules for name in decision.triggers if name in self.triggers)
        return frozenset[str]().union(*named)

    def material(self, decision: Decision) -> Material:
        """What a signature on a decision would rest on now."""
        return material(
            decision.causes,
            decision.targets,
            self.triggers,
            self.plan,
            self.conditions,
            self.facts,
            self.config_digest,
            self.points.material,
        )

    def evidence(self, decision: Decision) -> tuple[EvidenceRow, ...]:
        """Its triggers' rules as they stand in its scopes."""
        return self.facts.evidence(sorted(self.rules(decision)), scopes_of(live(decision.causes)))


def conditions(plan: Plan | None, facts: Facts, points: Reading) -> tuple[CheckRow, ...]:
    """A runbook's pre-flight and the points of no return that freeze, judged."""
    return (*(checks(plan.preflight, facts, points.past) if plan is not None else ()), *points.checks)


def cause_gone(decision: Decision, triggers: Mapping[str, Armament], facts: Facts) -> bool:
    """Whether its cause is gone. A person's request has none, whatever joined it as further evidence."""
    return BY_HAND not in decision.triggers and cause(decision, triggers, facts) is Truth.FALSE


def _stays(trigger: str, triggers: Mapping[str, Armament]) -> bool:
    """Whether what a trigger has asked for is still asked when its cause has cleared: people are then asked again."""
    armament = triggers.get(trigger)
    return armament is not None and not armament.trigger.abort_if_clear


def _leaving(decision: Decision, view: View) -> frozenset[int]:
    """Targets whose cause has cleared, and with that need not be moved."""
    gone = cleared(decision, view.triggers, view.facts)
    staying = {each.target for each in live(decision.causes) if _stays(each.trigger, view.triggers)}
    return gone - staying


def ruling(decision: Decision, view: View) -> Change | None:
    """The change that a tick calls for; None for none."""
    if decision.state not in ASKING | {State.PREFLIGHT}:
        return None
    stays = any(_stays(trigger, view.triggers) for trigger in decision.triggers)
    if cause_gone(decision, view.triggers, view.facts) and not stays:
        return _to(decision, State.WITHDRAWN, view, "the cause has cleared")
    if done := view.dealt.since(decision):
        words = f"{told_targets(decision, done)} was dealt with by another run"
        if len(done) == len(decision.targets):
            return _to(decision, State.WITHDRAWN, view, words)
        return _without(decision, done, view, words)
    if gone := _leaving(decision, view):
        lost = scopes_of(each for each in live(decision.causes) if each.target in gone)
        return _without(decision, gone, view, f"{told(lost)} has cleared")
    return _asking(decision, view) if decision.state in ASKING else _before_execution(decision, view)


def _to(decision: Decision, state: State, view: View, words: str) -> Change:
    return Change(moved(decision, state, view.facts.at, words), GOLIVE, words)


def _without(decision: Decision, gone: frozenset[int], view: View, words: str) -> Change:
    """Let what need not be done leave the request, and ask again for what is left."""
    lost = [each for each in live(decision.causes) if each.target in gone]
    at = view.facts.at
    causes = tuple(_replace(each, left_at=at) if each in lost else each for each in decision.causes)
    base = decision if decision.state in ASKING else moved(decision, State.AWAITING, at)
    return void(aim(_replace(base, causes=causes), view), view, words)


def aim(decision: Decision, view: View) -> Decision:
    """The decision with its targets worked out anew from its causes and the runbook as it is now."""
    plan = view.plan
    if BY_HAND in decision.triggers:
        return decision
    triggers = {name: armament.trigger for name, armament in view.triggers.items()}
    causes, targets, misfit = aimed(decision.causes, triggers, plan)
    parameters = plan.values(targets) if plan is not None and targets else decision.parameters
    misfit = misfit if plan is not None else ""
    return _replace(decision, causes=causes, targets=targets, parameters=parameters, misfit=misfit)


def _now(decision: Decision, view: View, *, with_preflight: bool) -> str:
    return void_because(decision.material, view.material(decision), with_preflight=with_preflight)


def _asking(decision: Decision, view: View) -> Change | None:
    if why := _now(decision, view, with_preflight=True):
        return void(decision, view, why)
    if len(fresh(decision.votes, view.facts.at, view.mono)) != len(decision.votes):
        return void(decision, view, "signatures have expired")
    if decision.state is not State.AWAITING or not view.overdue:
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


def void(base: Decision, view: View, why: str) -> Change:
    """Take the signatures back and ask again, on what is true now."""
    if base.material.runbook_digest != (view.plan.digest if view.plan is not None else ""):
        base = aim(base, view)
    pinned = view.plan.pinned if view.plan is not None else base.pinned
    new = _replace(
        base,
        material=view.material(base),
        pinned=pinned,
        changes=differences(base.pinned, pinned) if base.pinned else (),
        attestations=(),
        points=view.points.rows,
        evidence=view.evidence(base),
        preflight=tuple(_replace(row, attested="") for row in view.conditions),
        votes=(),
        nonce=view.nonce(),
        asked_at=view.facts.at,
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
        return void(moved(decision, State.AWAITING, view.facts.at), view, why)
    truth = holds(view.conditions)
    if truth is Truth.FALSE:
        words = f"frozen: pre-flight failed: {_those(view, 'false')}"
        frozen = _replace(moved(decision, State.FROZEN, view.facts.at, words), preflight=view.conditions)
        return Change(frozen, GOLIVE, words)
    return _unknown(decision, view) if truth is Truth.UNKNOWN else _begin(decision, view)


def _unknown(decision: Decision, view: View) -> Change | None:
    words = f"pre-flight cannot be known: {_those(view, 'unknown')}"
    if decision.mode == "auto":
        return void(moved(decision, State.AWAITING, view.facts.at), view, f"{words}; a person decides")
    return _waits(decision, view, f"waits: {words}; an approver who did not ask may attest it")


def _begin(decision: Decision, view: View) -> Change | None:
    if view.wheel not in ("", decision.id):
        return _waits(decision, view, f"waits: decision {view.wheel} has a run")
    if view.plan is None or not decision.targets:
        return _waits(decision, view, f"waits: runbook {decision.runbook} cannot be run as it is asked for")
    new = _replace(
        moved(decision, State.EXECUTING, view.facts.at),
        run=f"run-{decision.id}",
        pinned=view.plan.spread(decision.targets).pinned,
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
    if view.late:
        return "decide-by has passed"
    for each in live(decision.causes):
        armament = view.triggers.get(each.trigger)
        if armament is None or armament.trigger.absolute:
            return "its trigger may not act by itself"
        if why := automatic_guard(armament.truth(view.facts, each.scope), armament, view.facts, each.scope):
            return why
    return "" if decision.causes else "nothing calls for it"
