"""The desk where rollbacks are decided: notices edges, opens decisions, takes people's answers, hands rows to displays."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping

from monitor.deciding import rows
from monitor.deciding.case import Case
from monitor.deciding.consent import sign
from monitor.deciding.contracts import Book, Executor, RunAct, RunHandle, StepAct
from monitor.deciding.counter import Counter, count_by_hand
from monitor.deciding.decision import NEEDS_PERSON, OPEN, REARMS, RUNNING, Decision, State
from monitor.deciding.drafting import Draft
from monitor.deciding.facts import Facts
from monitor.deciding.forward import no_way_back, unarmed
from monitor.deciding.journal import Journal
from monitor.deciding.judgement import armaments
from monitor.deciding.locking import Locks
from monitor.deciding.office import Office, OnEvent, OnRolledBack, log
from monitor.deciding.people import Person
from monitor.deciding.points import Points
from monitor.deciding.recovery import decisions, history, hold
from monitor.deciding.safety import Safety
from monitor.deciding.watches import Watches
from monitor.judging.triggers import Trigger
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import DecisionRow, RunRow, WaitingRow
from monitor.text import clean

KEPT = 200
"""Decisions kept in memory; older ended ones are in the journal only."""
_REFRESH = 2.0


class Desk:
    """All decisions of one cutover. `start` it, call `consider` once a tick, `close` it."""

    def __init__(
        self,
        *,
        triggers: Iterable[Trigger],
        people: Iterable[Person],
        book: Book,
        executor: Executor,
        journal: Journal,
        default_mode: str,
        cutover_name: str,
        config_digest: str,
        clock: Callable[[], float],
        on_event: OnEvent,
        on_rolled_back: OnRolledBack,
        monotonic: Callable[[], float] = time.monotonic,
        disabled: str = "",
        scopes: Mapping[str, tuple[str, ...]] | None = None,
        safety: Safety | None = None,
        environment: str = "PROD",
    ) -> None:
        """disabled: why no runbook may be asked for or run (a damaged journal); empty when they may.

        scopes: by trigger, the labels whose values make one scope each; one that is not in it is about everything.
        """
        self.office = Office(
            journal=journal,
            book=book,
            executor=executor,
            people={person.name: person for person in people},
            triggers=armaments(triggers, scopes or {}),
            config_digest=config_digest,
            clock=clock,
            monotonic=monotonic,
            on_event=on_event,
            on_rolled_back=on_rolled_back,
            safety=safety or Safety(points=Points((), journal, clock), locks=Locks(journal)),
        )
        self.disabled = disabled
        self._draft = Draft(cutover=cutover_name, default_mode=default_mode, office=self.office)
        self._watches = Watches(self.office.triggers, self._draft)
        self._cases: dict[str, Case] = {}
        self.counter = Counter(self.office, self._draft, self._cases, self._open_case, disabled, environment)
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Take up where the journal left off: decisions, signatures, cooldowns and runs."""
        office = self.office
        await office.safety.recall()
        for decision in await decisions(office.journal):
            self._cases[decision.id] = Case(office, decision, stored=True)
        cases = list(self._cases.values())
        self._watches.recall(cases)
        self.counter.asked = count_by_hand(self._cases)
        for case in cases:
            office.dealt.note(case.decision)
            await self._take_up(case)
        self._refreshing = asyncio.get_running_loop().create_task(_refresh(self.office.book), name="runbooks on disk")

    async def _take_up(self, case: Case) -> None:
        decision, office = case.decision, self.office
        if decision.state in RUNNING:
            lines = await history(office.journal, decision.run)
            plan = office.book.plan(decision.runbook)
            digest = plan.digest if plan is not None else ""
            why = hold(decision, lines, digest, office.clock(), office.monotonic())
            if not office.wheel.take(decision.id):
                why = f"decision {office.wheel.holder} has a run"
            case.take_up(lines, self.disabled or why)
        await case.settle()

    async def close(self) -> None:
        """Stop every task; what is open goes on at the next start."""
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        for case in self._cases.values():
            await case.close()

    def consider(self, facts: Facts) -> None:
        """Once a tick: judge all triggers and let every open decision look; never blocks."""
        self.counter.look(facts)
        for case in list(self._cases.values()):
            if case.dead:
                del self._cases[case.decision.id]
            else:
                case.look(facts)
        if self.disabled:
            return
        if told := self._watches.consider(facts, self._open(), self._automatic, self._open_case):
            log.error("%s", told)
            for case in [case for case in self._open() if case.stored][-1:]:
                self.office.tell("error", case.decision, told)

    def _automatic(self) -> int:
        return sum(case.decision.mode == "auto" and _acts(case.decision) for case in self._cases.values())

    def _open_case(self, decision: Decision) -> Case:
        self._forget()
        case = Case(self.office, decision, stored=False)
        self._cases[decision.id] = case
        return case

    def _open(self) -> list[Case]:
        return [case for case in self._cases.values() if case.decision.state in OPEN and not case.dead]

    def _forget(self) -> None:
        """Let old decisions go that came to nothing; those with a run stay, and each trigger remembers its last."""
        while len(self._cases) >= KEPT:
            old = [case for case in self._cases.values() if case.decision.state in REARMS]
            if not old:
                return
            del self._cases[old[0].decision.id]
            old[0].forget()

    def decision_rows(self) -> tuple[DecisionRow, ...]:
        """Open decisions first, then the newest ended ones."""
        return rows.decision_rows(self._cases.values())

    def run_rows(self) -> tuple[RunRow, ...]:
        """Runs, newest first."""
        return rows.run_rows(self._cases.values())

    def waiting_rows(self) -> tuple[WaitingRow, ...]:
        """Everything that waits for a person, oldest first."""
        return rows.waiting_rows(self._cases.values())

    def holding(self) -> str:
        """Why the verdict cannot be GO; empty when no decision stands against it."""
        return rows.holding(self._cases.values())

    def forward_blocked(self, advanced_at: float = -math.inf) -> str:
        """Why no stage may move forward now; empty when it may. advanced_at: when one last did, unix seconds."""
        decisions = [case.decision for case in self._cases.values()]
        return (
            self.holding()
            or unarmed(decisions, self._watches.capped)
            or no_way_back(decisions, self.office.book.plan, self.counter.facts, advanced_at)
        )

    async def approve(
        self, actor: Actor, decision: str, digest: str, nonce: str, reason: str, *, late: bool = False
    ) -> DecisionRow:
        """Sign a decision as shown. Refused: 403 own request or wrong duty, 409 stale digest or nonce, or late."""
        self.counter.refuse_disabled()
        return await sign(self.office, self._case(decision), actor, digest, nonce, reason, late=late)

    async def reject(self, actor: Actor, decision: str, reason: str) -> DecisionRow:
        """Refuse a decision; it ends."""
        return await self._case(decision).reject(actor, reason)

    async def rearm(self, actor: Actor, decision: str, reason: str) -> DecisionRow:
        """Arm the trigger of an ended decision again."""
        case = self._case(decision)
        if case.decision.state in NEEDS_PERSON and self._watches.capped(case.decision):
            raise Refusal(409, "its triggers had as many runs as max_runs allows", "ask for the runbook by hand")
        return await case.rearm(actor, reason)

    async def request_run(
        self, actor: Actor, runbook: str, parameters: dict[str, str], reason: str, key: str = ""
    ) -> DecisionRow:
        """Ask for a runbook by hand; the presser is the requester, another person signs. Asked twice: the first."""
        return await self.counter.request(actor, runbook, parameters, reason, key)

    async def act_on_run(self, actor: Actor, run: str, act: RunAct, reason: str) -> RunRow:
        """Steer a run."""
        return await self._running(run).act(actor, act, reason)

    async def act_on_step(self, actor: Actor, run: str, step: str, act: StepAct, outcome: str, reason: str) -> RunRow:
        """Steer a step. resolve: outcome `done` or `not_done`, for a parked or manual step."""
        return await self._running(run).act_on_step(actor, step, act, outcome, reason)

    def _case(self, decision: str) -> Case:
        case = self._cases.get(decision)
        if case is None:
            raise Refusal(404, f"there is no decision {clean(decision, 40)!r}", "see `golive status`")
        return case

    def _running(self, run: str) -> RunHandle:
        for case in self._cases.values():
            if case.decision.run == run and case.handle is not None:
                return case.handle
        raise Refusal(404, f"there is no run {clean(run, 40)!r} in this daemon", "see `golive status`")


def _acts(decision: Decision) -> bool:
    return bool(decision.run) or decision.state is State.PREFLIGHT


async def _refresh(book: Book) -> None:
    while True:
        await asyncio.sleep(_REFRESH)
        try:
            await book.refresh()
        except Exception:  # noqa: BLE001 - it is tried again in two seconds
            log.exception("reading the runbooks again failed; those read before stay")
