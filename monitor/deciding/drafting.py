"""How a decision is drawn up: its evidence frozen, its id fixed, before anybody has heard of it. Pure but for the nonce."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.deciding.causes import MOST_CAUSES, Cause, Target, distinct, identity, scopes_of, target_of
from monitor.deciding.contracts import Plan
from monitor.deciding.decision import BY_HAND, Decision, State, decision_id
from monitor.deciding.facts import EVERYWHERE, Facts
from monitor.deciding.judgement import HAD_ITS_RUN, Armament, material, opening
from monitor.deciding.office import Office
from monitor.deciding.ruling import conditions
from monitor.deciding.voting import by_hand
from monitor.judging.scoping import scope_words
from monitor.judging.triggers import Approval, Trigger
from monitor.model import Labels, Truth
from monitor.serving.acts import Actor, Refusal
from monitor.text import clean


class Edge(NamedTuple):
    """A trigger that calls in a scope where it is armed."""

    armament: Armament
    scope: Labels
    epoch: int
    truth: Truth


class Ask(NamedTuple):
    """What an edge asks for."""

    edge: Edge
    target: Target | None
    """None: it cannot be run as it is asked for."""
    state: State
    mode: str
    detail: str
    misfit: str
    """Why it cannot be run, however many sign; empty when it can."""

    @property
    def trigger(self) -> Trigger:
        """The trigger that asks."""
        return self.edge.armament.trigger

    @property
    def key(self) -> tuple[str, Labels]:
        """Trigger and scope."""
        return self.trigger.name, self.edge.scope

    def cause(self, targets: Sequence[Target]) -> Cause:
        """It as a cause of a decision with these targets."""
        number = -1 if self.target is None else targets.index(self.target)
        return Cause(trigger=self.trigger.name, scope=self.edge.scope, epoch=self.edge.epoch, target=number)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What every decision of a cutover has in common."""

    cutover: str
    default_mode: str
    office: Office

    def ask(self, edge: Edge, facts: Facts, automatic_runs: int) -> Ask:
        """What a trigger's edge in one scope asks for. Its mode is `auto` only when it may act by itself now."""
        trigger = edge.armament.trigger
        mode = trigger.mode or self.default_mode
        unwritten = mode == "auto" and self.office.journal.hard_pressed
        mode = "approve" if unwritten else mode
        state, detail = opening(mode, edge.truth, edge.armament, facts, automatic_runs, edge.scope)
        detail = f"asks, although it may act by itself: {unwritten}" if unwritten else detail
        if mode == "auto" and state is State.AWAITING:
            mode = "approve"
        plan = self.office.book.plan(trigger.runbook)
        target, misfit = None, ""
        if plan is None:
            detail = f"runbook {trigger.runbook} cannot be read; it cannot be approved until its file is mended"
        else:
            try:
                target = target_of(trigger, edge.scope, plan)
            except ValueError as error:
                misfit = f"its parameters do not fit the runbook: {error}"
        if target is None and state is State.PREFLIGHT:
            mode, state = "approve", State.AWAITING
        return Ask(edge, target, state, mode, detail, misfit)

    def candidate(self, asks: Sequence[Ask], facts: Facts, automatic_runs: int) -> Decision:
        """The decision that edges open together: the first one gives it its id, its trigger and its approval."""
        first = asks[0]
        if first.state is State.PREFLIGHT and automatic_runs:
            first = first._replace(state=State.AWAITING, mode="approve", detail=HAD_ITS_RUN)
        trigger, scope = first.edge.armament.trigger, first.edge.scope
        targets = tuple(distinct(ask.target for ask in asks))
        causes = tuple(ask.cause(targets) for ask in asks[:MOST_CAUSES])
        triggers = tuple(dict.fromkeys(ask.trigger.name for ask in asks))
        rules = frozenset[str]().union(*(ask.edge.armament.when.rules for ask in asks))
        return self._drawn(
            decision_id(self.cutover, trigger.name, identity(scope), first.edge.epoch),
            triggers=triggers,
            scope=scope_words(scope),
            runbook=trigger.runbook,
            plan=self.office.book.plan(trigger.runbook),
            state=first.state,
            mode=first.mode,
            requester="golive",
            reason=f"{trigger.when} is {first.edge.truth.name.lower()}",
            approval=trigger.approval,
            causes=causes,
            left_out=len(asks) - len(causes),
            targets=targets,
            rules=rules,
            facts=facts,
            detail=first.detail,
            misfit=first.misfit,
        )

    def requested(
        self, actor: Actor, runbook: str, parameters: Mapping[str, str], reason: str, facts: Facts, number: int | str
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
            causes=(),
            left_out=0,
            targets=(filled,),
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
        causes: tuple[Cause, ...],
        left_out: int,
        targets: tuple[Target, ...],
        rules: frozenset[str],
        facts: Facts,
        detail: str,
        misfit: str = "",
    ) -> Decision:
        points = self.office.safety.points.over(targets)
        judged = conditions(plan, facts, points)
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
            parameters=plan.values(targets) if plan is not None else {},
            material=material(
                causes, targets, self.office.triggers, plan, judged, facts, self.office.config_digest, points.material
            ),
            causes=causes,
            targets=targets,
            left_out=left_out,
            evidence=facts.evidence(sorted(rules), scopes_of(causes) or EVERYWHERE),
            preflight=judged,
            points=points.rows,
            pinned=plan.pinned if plan is not None else {},
            deadline=facts.at + approval.deadline if state is State.AWAITING else None,
            nonce=self.office.nonce(),
            asked_at=facts.at,
            detail=detail,
            misfit=misfit,
        )
