"""How a decision is drawn up: its evidence frozen, its id fixed, before anybody has heard of it. Pure but for the nonce."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.deciding.contracts import Plan
from monitor.deciding.decision import BY_HAND, Decision, State, decision_id
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament, checks, material, opening
from monitor.deciding.office import Office
from monitor.deciding.voting import by_hand
from monitor.judging.triggers import Approval
from monitor.model import Truth
from monitor.serving.acts import Actor, Refusal
from monitor.text import clean


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What every decision of a cutover has in common."""

    cutover: str
    default_mode: str
    office: Office

    def candidate(self, armament: Armament, epoch: int, truth: Truth, facts: Facts, automatic_runs: int) -> Decision:
        """The decision that a trigger's edge opens. Its mode is `auto` only when it may act by itself now."""
        trigger = armament.trigger
        mode = trigger.mode or self.default_mode
        unwritten = mode == "auto" and self.office.journal.hard_pressed
        mode = "approve" if unwritten else mode
        state, detail = opening(mode, truth, armament, facts, automatic_runs)
        detail = f"asks, although it may act by itself: {unwritten}" if unwritten else detail
        if mode == "auto" and state is State.AWAITING:
            mode = "approve"
        plan = self.office.book.plan(trigger.runbook)
        parameters = trigger.parameters
        if plan is None:
            detail = f"runbook {trigger.runbook} cannot be read; it cannot be approved until its file is mended"
        else:
            try:
                parameters = plan.filled(trigger.parameters)
            except ValueError as error:
                plan, detail = None, f"its parameters do not fit the runbook: {error}"
        if plan is None and state is State.PREFLIGHT:
            mode, state = "approve", State.AWAITING
        return self._drawn(
            decision_id(self.cutover, trigger.name, trigger.scope, epoch),
            triggers=(trigger.name,),
            scope=trigger.scope,
            runbook=trigger.runbook,
            plan=plan,
            state=state,
            mode=mode,
            requester="golive",
            reason=f"{trigger.when} is {truth.name.lower()}",
            approval=trigger.approval,
            parameters=parameters,
            rules=armament.when.rules,
            facts=facts,
            detail=detail,
        )

    def requested(
        self, actor: Actor, runbook: str, parameters: Mapping[str, str], reason: str, facts: Facts, number: int
    ) -> Decision:
        """The decision that a person asks for; Refusal when the runbook or a parameter is not there."""
        plan = self.office.book.plan(runbook)
        if plan is None:
            raise Refusal(404, f"there is no runbook {clean(runbook, 80)!r} that can be run", "golive runbook list")
        try:
            filled = plan.filled(parameters)
        except ValueError as error:
            raise Refusal(422, str(error), f"golive runbook show {runbook}") from error
        asked = next((a.trigger.approval for a in self.office.triggers.values() if a.trigger.runbook == runbook), None)
        return self._drawn(
            decision_id(self.cutover, BY_HAND, runbook, number),
            triggers=(BY_HAND,),
            scope="all",
            runbook=runbook,
            plan=plan,
            state=State.AWAITING,
            mode="approve",
            requester=actor.name,
            reason=clean(reason, 200),
            approval=by_hand(asked, actor),
            parameters=filled,
            rules=frozenset(),
            facts=facts,
            detail="",
        )

    def _drawn(
        self,
        identity: str,
        *,
        triggers: tuple[str, ...],
        scope: str,
        runbook: str,
        plan: Plan | None,
        state: State,
        mode: str,
        requester: str,
        reason: str,
        approval: Approval,
        parameters: dict[str, str],
        rules: frozenset[str],
        facts: Facts,
        detail: str,
    ) -> Decision:
        conditions = checks(plan.preflight, facts) if plan is not None else ()
        return Decision(
            id=identity,
            triggers=triggers,
            scope=scope,
            runbook=runbook,
            title=plan.title if plan is not None else runbook,
            state=state,
            mode=mode,
            opened_at=facts.at,
            changed_at=facts.at,
            requester=requester,
            reason=reason,
            approval=approval,
            parameters=parameters,
            material=material(rules, plan, conditions, facts, self.office.config_digest),
            evidence=facts.evidence(sorted(rules)),
            preflight=conditions,
            deadline=facts.at + approval.deadline if state is State.AWAITING else None,
            nonce=self.office.nonce(),
            detail=detail,
        )


def same_act(one: Decision, other: Decision) -> bool:
    """Whether two decisions would do the same: the same runbook with the same parameters."""
    return (one.runbook, one.parameters) == (other.runbook, other.parameters)
