"""A small world for tests of deciding: facts that a test sets, a clock it turns, a desk over a journal in tmp_path."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from monitor.deciding.breakglass import BreakGlassLog
from monitor.deciding.contracts import Report
from monitor.deciding.desk import Desk
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.deciding.locking import Locks
from monitor.deciding.people import Person
from monitor.deciding.points import Points
from monitor.deciding.safety import Safety
from monitor.judging.expressions import Expression
from monitor.judging.scopes import Calls
from monitor.judging.triggers import Approval, Trigger
from monitor.model import Labels, Truth
from monitor.plan import PointOfNoReturn
from monitor.serving.acts import Actor
from monitor.serving.snapshot import DecisionRow, EvidenceRow, RunRow, StepRow

ANNA = Actor(name="anna", role="approver", duties=("cutover-manager",))
BEN = Actor(name="ben", role="approver", duties=("telephony-lead",))
CARL = Actor(name="carl", role="approver", duties=("wfm-lead",))
OLGA = Actor(name="olga", role="operator", duties=("cutover-manager",))
EVE = Actor(name="eve", role="viewer")
ADA = Actor(name="ada", role="admin")
PEOPLE = tuple(
    Person(name=actor.name, role=actor.role, duties=actor.duties) for actor in (ANNA, BEN, CARL, OLGA, EVE, ADA)
)
APPROVAL = Approval(duties=("cutover-manager", "telephony-lead"), quorum=2, deadline=300.0)


QUEUES = tuple((("queue", name),) for name in ("sales", "claims", "billing"))
"""The scopes of a world with scopes."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One tick's truth, as a test states it. What is not stated is unknown; a rule may be stated for one queue."""

    at: float
    stage: str = "pilot"
    rules: dict[str, Truth] = {}
    """By rule, or by `rule@queue`."""
    signals: dict[str, float | None] = {}
    witnesses: dict[str, frozenset[str]] = {}
    """By rule, what it rests on; where nothing is stated each rule has a source of its own."""
    restless: tuple[str, ...] = ()
    resting: frozenset[str] = frozenset()
    """Rules that are not judged in this stage."""
    known: dict[tuple[str, Any], bool] = {}
    """By expression and scope, whether anything was known there before; shared by all ticks of a world."""

    def rule(self, name: str, scope: Labels = ()) -> Truth:
        if name in self.resting:
            return Truth.UNKNOWN
        if not scope:
            mine = [truth for key, truth in self.rules.items() if key.partition("@")[0] == name]
            return max(mine, default=Truth.UNKNOWN)
        return self.rules.get(f"{name}@{scope[0][1]}", self.rules.get(name, Truth.UNKNOWN))

    def signal(self, name: str) -> float | None:
        return self.signals.get(name)

    def judged(self, expression: Expression) -> bool:
        return not expression.rules or not expression.rules <= self.resting

    def calls(self, expression: Expression, by: tuple[str, ...]) -> Calls:
        true, lost = [], []
        for scope in QUEUES if by else ((),):
            truth = expression.evaluate(lambda name, scope=scope: self.rule(name, scope), self.signal)  # type: ignore[misc]
            key = (expression.text, scope)
            if truth is Truth.TRUE:
                true.append(scope)
            elif truth is Truth.UNKNOWN and self.known.get(key):
                lost.append(scope)
            self.known[key] = self.known.get(key, False) or truth is not Truth.UNKNOWN
        return Calls(tuple(true), tuple(lost))

    def evidence(self, rules: Iterable[str], scopes: Sequence[Labels] = ((),)) -> tuple[EvidenceRow, ...]:
        return tuple(
            EvidenceRow(
                rule=name,
                scope=f"queue={scope[0][1]}" if scope else "queue=sales",
                state={Truth.TRUE: "breach", Truth.FALSE: "ok", Truth.UNKNOWN: "unknown"}[self.rule(name, scope)],
                value=self.signals.get(name),
                limit=1.0,
                operator=">",
                unit="ratio",
                samples=100,
                age=1.0,
            )
            for name in rules
            for scope in scopes
        )

    def sources(self, rules: Iterable[str], scope: Labels = ()) -> frozenset[str]:  # noqa: ARG002 - the protocol's
        return frozenset[str]().union(*(self.witnesses.get(name, frozenset({name})) for name in rules))

    def flapping(self, rules: Iterable[str], scope: Labels = ()) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        return tuple(name for name in rules if name in self.restless)


def trigger(name: str = "rollback", when: str = "abandon", **fields: Any) -> Trigger:
    """A trigger with everything a test does not care about."""
    return Trigger(
        **{
            "name": name,
            "when": when,
            "runbook": "voice-back",
            "mode": "approve",
            "cooldown": 60.0,
            "max_runs": 3,
            "approval": APPROVAL,
            **fields,
        }
    )


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A runbook as deciding sees it."""

    name: str = "voice-back"
    title: str = "Voice back to legacy"
    digest: str = "d1"
    preflight: tuple[str, ...] = ("legacy_up >= 1",)
    pinned: dict[str, object] = {}

    def filled(self, parameters: dict[str, str]) -> dict[str, str]:
        if "bad" in parameters:
            raise ValueError("runbook voice-back has no parameter bad")
        for value in parameters.values():
            if not re.fullmatch(r"[a-z]*", value):
                raise ValueError(f"parameter queue is {value!r}, which does not match its pattern [a-z]*")
        return {"queue": "all", **parameters}

    def spread(self, targets: Sequence[dict[str, str]]) -> Plan:
        return msgspec.structs.replace(self, pinned={"targets": [dict(target) for target in targets]})

    def values(self, targets: Sequence[dict[str, str]]) -> dict[str, str]:
        if len(targets) == 1:
            return targets[0]
        return {f"queue_{number}": target["queue"] for number, target in enumerate(targets, 1)}

    def steps(self, _decision: str, _parameters: dict[str, str]) -> tuple[StepRow, ...]:
        return ()


class Book:
    """Plans that a test can edit."""

    def __init__(self, *plans: Plan) -> None:
        self.plans = {plan.name: plan for plan in plans or (Plan(),)}

    def plan(self, name: str) -> Plan | None:
        return self.plans.get(name)

    async def refresh(self) -> None:
        """Nothing is on disk."""


class Handle:
    """A run that does what the test says."""

    def __init__(self, order: Any, history: list[Entry], hold: str, report: Report) -> None:
        self.order, self.history, self.hold, self.report = order, history, hold, report
        self.closed = False

    def look(self, facts: Any) -> None:
        """Nothing to look at."""

    def row(self) -> RunRow:
        return RunRow(
            id=self.order.run,
            decision=self.order.decision,
            runbook=self.order.runbook,
            title=self.order.title,
            digest=self.order.digest,
            state="running",
            requester="",
            reason="",
            started_at=0.0,
            ended_at=None,
            steps=(),
        )

    def waiting(self) -> tuple[()]:
        return ()

    async def act(self, actor: Actor, act: str, reason: str) -> RunRow:  # noqa: ARG002 - the protocol's
        return self.row()

    async def act_on_step(self, actor: Actor, step: str, act: str, outcome: str, reason: str) -> RunRow:  # noqa: ARG002 - the protocol's
        return self.row()

    async def close(self) -> None:
        self.closed = True


class Executor:
    """Remembers what it was asked to run."""

    def __init__(self) -> None:
        self.handles: list[Handle] = []

    def start(self, order: Any, history: Any, hold: str, report: Report) -> Handle:
        handle = Handle(order, list(history), hold, report)
        self.handles.append(handle)
        return handle


class World:
    """A desk and everything around it. `tick` states facts and lets the desk settle."""

    def __init__(self, path: Path, *triggers: Trigger, **desk: Any) -> None:
        self.path = path
        self.now = 1000.0
        self.mono = 500.0
        self.triggers = triggers or (trigger(),)
        self.book = Book()
        self.executor: Any = Executor()
        self.events: list[tuple[str, str, str]] = []
        self.concluded: list[str] = []
        self.points: tuple[PointOfNoReturn, ...] = ()
        self.told: list[str] = []
        self.decide_by: float | None = None
        self.second: BreakGlassLog | None = None
        self.facts = Facts(at=self.now, known={})
        self.desk: Desk
        self.journal: Journal
        self._desk = desk

    async def start(self, executor: Callable[[Journal], Any] | None = None) -> World:
        self.journal = await Journal.open(
            self.path, clock=lambda: self.now, monotonic=lambda: self.mono, witness=self.second
        )
        if executor is not None:
            self.executor = executor(self.journal)
        self.desk = Desk(
            **{
                "triggers": self.triggers,
                "people": PEOPLE,
                "book": self.book,
                "executor": self.executor,
                "journal": self.journal,
                "default_mode": "approve",
                "cutover_name": "retail",
                "config_digest": "c1",
                "clock": lambda: self.now,
                "monotonic": lambda: self.mono,
                "on_event": lambda kind, row, what: self.events.append((kind, row.id, what)),
                "on_rolled_back": self._concluded,
                "safety": Safety(
                    points=Points(
                        self.points, self.journal, lambda: self.now, lambda _row, words: self.told.append(words)
                    ),
                    locks=Locks(self.journal),
                    decide_by=self.decide_by,
                    second=self.second,
                ),
                **self._desk,
            }
        )
        await self.desk.start()
        return self

    async def _concluded(self, row: DecisionRow) -> None:
        self.concluded.append(row.id)

    async def stop(self) -> None:
        await self.desk.close()
        await self.journal.close()

    async def again(self, **desk: Any) -> World:
        """Stop, and start anew on the same state."""
        await self.stop()
        self._desk.update(desk)
        self.executor = Executor() if isinstance(self.executor, Executor) else self.executor
        return await self.start()

    async def tick(self, seconds: float = 0.25, **rules: Truth) -> None:
        """Let time pass, state rules (they stay as stated), let the desk do all it has to do."""
        self.now += seconds
        self.mono += seconds
        self.facts = msgspec.structs.replace(self.facts, at=self.now, rules={**self.facts.rules, **rules})
        self.desk.consider(self.facts)
        await self.settled()

    async def measure(self, **signals: float | None) -> None:
        """State signals and tick."""
        self.facts = msgspec.structs.replace(self.facts, signals={**self.facts.signals, **signals})
        await self.tick()

    async def settled(self) -> None:
        """Wait until every command given so far is done."""
        for _ in range(3):
            for case in list(self.desk._cases.values()):
                if not case.dead:
                    await asyncio.gather(case.settled_row(), return_exceptions=True)

    def rows(self) -> tuple[DecisionRow, ...]:
        return self.desk.decision_rows()

    def row(self) -> DecisionRow:
        """The only decision there is."""
        (row,) = self.rows()
        return row

    async def sign(self, actor: Actor, row: DecisionRow | None = None) -> DecisionRow:
        row = row or self.row()
        return await self.desk.approve(actor, row.id, row.digest, row.nonce, "as shown")


async def asked(world: World) -> None:
    """Bring the world to a decision that asks, its pre-flight fine."""
    await world.measure(legacy_up=1.0)
    await world.tick(abandon=Truth.FALSE)
    await world.tick(abandon=Truth.TRUE)


async def executing(world: World) -> None:
    """Bring the world to a decision that executes."""
    await asked(world)
    await world.sign(ANNA)
    await world.sign(BEN)
    await world.tick()
    assert world.row().state == "executing"
