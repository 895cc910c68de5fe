"""The desk against anything that can happen in any order: its promises hold after every single thing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitor.deciding.causes import Cause, live
from monitor.deciding.decision import OPEN, Decision
from monitor.model import Truth
from monitor.serving.acts import Actor, Refusal
from tests.monitor.deciding.world import ANNA, APPROVAL, BEN, CARL, EVE, OLGA, Plan, World, trigger

SIGNERS = {"anna", "ben"}


class DeskMachine(RuleBasedStateMachine):
    """Ticks, votes, edits, reports, stops: in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.world = World(
            Path(self.folder.name) / "journal.db",
            trigger("rollback", "abandon and probe", max_runs=2, cooldown=5.0, parameters={"queue": "{queue}"}),
            trigger("guarded", "abandon and mos", mode="auto", runbook="pause", cooldown=5.0),
            trigger("deaf", "mos and not probe", unknown_is="ask", cooldown=5.0),
            scopes={"rollback": ("queue",), "guarded": ("queue",)},
        )
        self.world.book.plans["pause"] = Plan(name="pause", preflight=("legacy_up >= 1",))
        self.signed: set[tuple[str, str, str]] = set()
        self.runs: dict[str, str] = {}
        self.verified: dict[tuple[Any, ...], float] = {}
        self.executor: Any = None
        self._do(self.world.start())

    def _do(self, work: Any) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        self._do(self.world.stop())
        self.runner.close()
        self.folder.cleanup()

    def _started(self) -> None:
        """Check every new run at the tick at which it began."""
        if self.world.executor is not self.executor:
            self.executor = self.world.executor
        for row in self.world.rows():
            if row.run and row.id not in self.runs:
                self.runs[row.id] = row.mode
                facts = self.world.facts
                decision = self.world.desk._cases[row.id].decision
                for name in decision.material.breached:
                    assert self._bad(name, decision), "what was signed still stands"
                assert row.mode != "auto" or all(self._calls(cause) for cause in live(decision.causes)), (
                    "unknown never executes"
                )
                assert facts.signal("legacy_up") == 1.0, "pre-flight held"
                order = self.world.executor.handles[-1].order
                assert order.pinned["targets"] == [dict(target) for target in row.targets], (
                    "what was shown is what runs"
                )
                assert row.targets
                for target in row.targets:
                    done = self.verified.get((row.runbook, *sorted(target.items())), 0.0)
                    assert done < row.opened_at, "what a run has done is not done again on an older request"
                people = {vote.person for vote in row.votes if vote.vote == "approve"}
                assert row.mode == "auto" or len(people) >= row.quorum, "a quorum of distinct people"
                assert people <= SIGNERS - {row.requester}
                assert all((row.id, person, row.nonce) in self.signed for person in people)

    def _bad(self, name: str, decision: Decision) -> bool:
        """Whether a rule that was in breach for one target still is, in a scope of that target."""
        rule, _, where = name.partition(" (")
        wanted = where.rstrip(")")
        scopes = [
            cause.scope
            for cause in live(decision.causes)
            if not wanted or f"queue={decision.targets[cause.target]['queue']}" == wanted
        ]
        return any(self.world.facts.rule(rule, scope) is Truth.TRUE for scope in scopes)

    def _calls(self, cause: Cause) -> bool:
        armament = self.world.desk.office.triggers[cause.trigger]
        return armament.truth(self.world.facts, cause.scope) is Truth.TRUE

    @rule(
        seconds=st.sampled_from([0.25, 0.25, 6.0, 301.0, 601.0]),
        queue=st.sampled_from(["sales", "claims", "billing", "*"]),
        abandon=st.sampled_from([*Truth, Truth.TRUE, Truth.TRUE]),
        probe=st.sampled_from([*Truth, Truth.TRUE, Truth.TRUE]),
        mos=st.sampled_from(list(Truth)),
        up=st.sampled_from([1.0, 1.0, 1.0, 1.0, None, 0.0]),
        witnesses=st.sampled_from([{}, {}, {"mos": frozenset({"abandon"})}, {"mos": frozenset()}]),
        resting=st.sampled_from([frozenset(), frozenset(), frozenset(), frozenset({"probe"})]),
        stage=st.sampled_from(["pilot", "pilot", "pilot", "pilot", "full"]),
    )
    def tick(
        self,
        seconds: float,
        queue: str,
        abandon: Truth,
        probe: Truth,
        mos: Truth,
        up: float | None,
        witnesses: dict[str, frozenset[str]],
        resting: frozenset[str],
        stage: str,
    ) -> None:
        """Time passes and the world is as it is, in one queue or in all of them."""
        world = self.world
        world.facts = msgspec.structs.replace(
            world.facts, stage=stage, witnesses=witnesses, resting=resting, signals={"legacy_up": up}
        )
        names = [name for name in ("sales", "claims", "billing") if queue in (name, "*")]
        said = {f"{rule}@{name}": truth for name in names for rule, truth in (("abandon", abandon), ("probe", probe))}
        self._do(world.tick(seconds, mos=mos, **said))
        self._started()

    @rule(queue=st.sampled_from(["sales", "claims", "*"]))
    def break_down(self, queue: str) -> None:
        """Everything is bad in a queue, and everything is known, long enough to act on."""
        fine: dict[str, Any] = {"up": 1.0, "witnesses": {}, "resting": frozenset(), "stage": "pilot"}
        for _ in range(2):
            self.tick(0.25, queue, Truth.TRUE, Truth.TRUE, Truth.TRUE, **fine)

    @rule(seconds=st.sampled_from([0.25, 0.5]))
    def same_tick(self, seconds: float) -> None:
        """Time passes and nothing else changes."""
        known = {row.id for row in self.world.rows()}
        held = self._open_causes()
        self._do(self.world.tick(seconds))
        opened = [row.id for row in self.world.rows() if row.id not in known]
        for case in self.world.desk._cases.values():
            if case.decision.id in opened:
                assert not held & {cause.key for cause in case.decision.causes}, "the same edge twice is one decision"
        self._started()

    def _open_causes(self) -> set[Any]:
        cases = self.world.desk._cases.values()
        asked = [case.decision for case in cases if case.decision.state in ("awaiting", "escalated", "preflight")]
        return {cause.key for decision in asked for cause in live(decision.causes)}

    @rule(actor=st.sampled_from([ANNA, ANNA, BEN, BEN, CARL, OLGA, EVE]), pick=st.integers(0, 3), stale=st.booleans())
    def vote(self, actor: Actor, pick: int, stale: bool) -> None:
        """Somebody signs something, perhaps under an old nonce, three times at once."""
        rows = self.world.rows()
        if not rows:
            return
        row = rows[pick % len(rows)]
        nonce = "old" if stale else row.nonce

        async def three() -> list[Any]:
            sign = self.world.desk.approve
            return await asyncio.gather(
                *(sign(actor, row.id, row.digest, nonce, "") for _ in range(3)), return_exceptions=True
            )

        for answer in self._do(three()):
            if isinstance(answer, Refusal):
                continue
            assert not isinstance(answer, BaseException)
            assert actor.name in SIGNERS
            assert not stale
            self.signed.add((row.id, actor.name, row.nonce))

    @rule()
    def two_people_sign_what_is_asked(self) -> None:
        """Anna and Ben sign what they are shown, and a tick follows."""
        for actor in (ANNA, BEN):
            for row in self.world.rows():
                if row.state in ("awaiting", "escalated"):
                    self.signed.add((row.id, actor.name, row.nonce))
                    self._allowed(self.world.sign(actor, row))
        self._do(self.world.tick(0.25))
        self._started()

    @rule(actor=st.sampled_from([ANNA, BEN, OLGA, EVE]), queue=st.sampled_from(["", "sales"]))
    def request(self, actor: Actor, queue: str) -> None:
        """Somebody asks by hand."""
        self._allowed(self.world.desk.request_run(actor, "voice-back", {"queue": queue} if queue else {}, "now"))

    @rule(actor=st.sampled_from([ANNA, OLGA]), pick=st.integers(0, 3), act=st.sampled_from(["reject", "rearm"]))
    def answer(self, actor: Actor, pick: int, act: str) -> None:
        """Somebody rejects or arms again."""
        rows = self.world.rows()
        if rows:
            self._allowed(getattr(self.world.desk, act)(actor, rows[pick % len(rows)].id, "because"))

    def _allowed(self, work: Any) -> None:
        try:
            self._do(work)
        except Refusal:
            return

    @precondition(lambda self: self.world.executor.handles)
    @rule(report=st.sampled_from(["paused", "running", "verifying", "done", "aborted", "ineffective"]))
    def run_reports(self, report: str) -> None:
        """The run that holds the wheel changes its state as a run may."""
        handle = self.world.executor.handles[-1]
        state = next((row.state for row in self.world.rows() if row.run == handle.order.run), "")
        if (state, report) == ("verifying", "running"):
            return

        async def tell() -> None:
            handle.report(report, "")
            await self.world.settled()

        self._do(tell())
        row = next((row for row in self.world.rows() if row.run == handle.order.run), None)
        if row is not None and row.state == "rolled_back":
            for target in row.targets:
                self.verified[row.runbook, *sorted(target.items())] = row.changed_at

    @rule(digest=st.sampled_from(["d1", "d2"]))
    def edit(self, digest: str) -> None:
        """Somebody edits the runbook."""
        self.world.book.plans["voice-back"] = Plan(digest=digest)

    @rule()
    def restart(self) -> None:
        """The daemon is stopped and started again."""
        before = self._told()
        self._do(self.world.again())
        assert self._told() == before

    def _told(self) -> dict[str, Any]:
        return {row.id: (row.state, row.votes, row.nonce, row.scopes, row.targets) for row in self.world.rows()}

    @invariant()
    def one_hand_on_the_wheel(self) -> None:
        """At most one decision has a run that has not ended."""
        running = [row for row in self.world.rows() if row.state in ("executing", "paused", "verifying")]
        assert len(running) <= 1
        assert self.world.desk.office.wheel.holder == (running[0].id if running else "")

    @invariant()
    def what_is_shown_is_on_disk(self) -> None:
        """No decision stands where the journal does not have it; every run has its line."""

        async def newest() -> dict[str, str]:
            return {line.object: line.state for line in await self.world.journal.entries(kind="decision")}

        stored = self._do(newest())
        assert {row.id: row.state for row in self.world.rows()} == stored

    @invariant()
    def nothing_is_asked_for_twice(self) -> None:
        """A trigger has at most one open decision in a scope, and no two open requests do the same to one queue."""
        seen: set[Any] = set()
        for case in self.world.desk._cases.values():
            if case.decision.state in OPEN and not case.dead:
                keys = {cause.key for cause in live(case.decision.causes)}
                assert not keys & seen
                seen |= keys
        assert len({row.id for row in self.world.rows()}) == len(self.world.rows())

    @invariant()
    def at_most_one_automatic_run(self) -> None:
        """A cutover runs by itself once at most."""
        assert sum(mode == "auto" for mode in self.runs.values()) <= 1

    @invariant()
    def nobody_counts_twice(self) -> None:
        """A person is among a decision's signatures once, and never the requester."""
        for row in self.world.rows():
            people = [vote.person for vote in row.votes if vote.vote == "approve"]
            assert len(people) == len(set(people))
            assert row.requester not in people


assert APPROVAL.not_requester
TestDesk = DeskMachine.TestCase
TestDesk.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
