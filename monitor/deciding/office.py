"""What all decisions of one cutover share: the journal, the book, the people, the one wheel."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec.structs import replace

from monitor.deciding.attesting import attested
from monitor.deciding.contracts import Book, Executor, Order
from monitor.deciding.dealt import Dealt
from monitor.deciding.decision import ASKING, Decision, State
from monitor.deciding.facts import Facts
from monitor.deciding.journal import Journal
from monitor.deciding.judgement import Armament
from monitor.deciding.people import Person
from monitor.deciding.points import Reading
from monitor.deciding.ruling import View, conditions
from monitor.deciding.safety import Safety
from monitor.serving.snapshot import CheckRow, DecisionRow

log = logging.getLogger("golive.deciding")

OnEvent: TypeAlias = Callable[[str, DecisionRow, str], None]
"""What happened (a decision's state, or `vote`, `void`, `joined`, `rearmed`, `error`), the decision, and a sentence."""
OnRolledBack: TypeAlias = Callable[[DecisionRow], Awaitable[None]]
"""Awaited after ROLLED_BACK is on disk; must be safe to repeat: it is called again when a crash cut it off."""


def _nonce() -> str:
    return secrets.token_hex(8)


@dataclass(kw_only=True)
class Wheel:
    """One hand on the wheel: at most one run a cutover, held from the first step to the verified end."""

    holder: str = ""

    def take(self, decision: str) -> bool:
        """Take it, or say that another decision holds it."""
        if self.holder in ("", decision):
            self.holder = decision
            return True
        return False

    def release(self, decision: str) -> None:
        """Let go of it."""
        if self.holder == decision:
            self.holder = ""


@dataclass(kw_only=True)
class Office:
    """Shared by the tasks that own decisions; each of them changes only its own."""

    journal: Journal
    book: Book
    executor: Executor
    people: Mapping[str, Person]
    triggers: Mapping[str, Armament]
    config_digest: str
    clock: Callable[[], float]
    on_event: OnEvent
    on_rolled_back: OnRolledBack
    safety: Safety
    monotonic: Callable[[], float] = time.monotonic
    nonce: Callable[[], str] = _nonce
    wheel: Wheel = field(default_factory=Wheel)
    dealt: Dealt = field(default_factory=Dealt)

    def view(self, decision: Decision, facts: Facts, deadline: float) -> View:
        """All that a ruling on a decision rests on. deadline: on the monotonic clock."""
        plan, points = self.book.plan(decision.runbook), self.points(decision)
        judged = conditions(plan, facts, points)
        return View(
            facts=facts,
            plan=plan,
            triggers=self.triggers,
            people=self.people,
            config_digest=self.config_digest,
            mono=self.monotonic(),
            overdue=self.monotonic() >= deadline,
            wheel=self.wheel.holder,
            nonce=self.nonce,
            conditions=attested(judged, decision, facts.at, self.monotonic()),
            points=points,
            late=self.safety.late(facts.at),
            dealt=self.dealt,
        )

    def points(self, decision: Decision) -> Reading:
        """The points of no return that concern a decision, as of the last tick."""
        return self.safety.points.over(decision.targets)

    def row(self, decision: Decision) -> DecisionRow:
        """The decision as displays see it, with the steps of its runbook as they would be sent."""
        plan = self.book.plan(decision.runbook)
        if plan is None or not decision.targets:
            return decision.row(())
        return decision.row(plan.spread(decision.targets).steps(decision.id, plan.values(decision.targets)))

    def asked_row(self, decision: Decision, conditions: tuple[CheckRow, ...], *, cleared: bool) -> DecisionRow:
        """The same with what is true now while it is asked: its pre-flight, its points, whether its cause is gone."""
        asked = decision.state in ASKING | {State.PREFLIGHT}
        if asked:
            decision = replace(decision, preflight=conditions, points=self.points(decision).rows)
        locked = self.safety.locks.of(decision.id)
        return replace(self.row(decision), cleared=asked and cleared, locked=locked)

    def tell(self, kind: str, decision: Decision, what: str) -> None:
        """Let people know. What goes wrong there never stops a decision."""
        try:
            self.on_event(kind, self.row(decision), what)
        except Exception:
            log.exception("a notification of decision %s failed: %s", decision.id, what)


def order_of(decision: Decision) -> Order:
    """What a decision has executed: what was signed, and nothing that changed since."""
    return Order(
        run=decision.run,
        decision=decision.id,
        runbook=decision.runbook,
        title=decision.title,
        digest=decision.material.runbook_digest,
        requester=decision.requester,
        reason=decision.reason,
        parameters=decision.parameters,
        pinned=decision.pinned,
        mode=decision.mode,
    )
