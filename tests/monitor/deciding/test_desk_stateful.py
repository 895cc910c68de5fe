"""The desk against anything that can happen in any order: its promises hold after every single thing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

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
            trigger("rollback", "abandon and probe", max_runs=2, cooldown=5.0),
            trigger("guarded", "abandon", mode="auto", runbook="pause", cooldown=5.0),
        )
        self.world.book.plans["pause"] = Plan(name="pause", preflight=("legacy_up >= 1",))
        self.signed: set[tuple[str, str, str]] = set()
        self.runs: dict[str, str] = {}
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
                breached = [each.rule for each in row.evidence if each.state == "breach"]
                assert all(facts.rule(name) is Truth.TRUE for name in breached), "what was signed still stands"
                assert row.mode != "auto" or breached == ["abandon"], "unknown never executes"
                assert facts.signal("legacy_up") == 1.0, "pre-flight held"
                people = {vote.person for vote in row.votes if vote.vote == "approve"}
                assert row.mode == "auto" or len(people) >= row.quorum, "a quorum of distinct people"
                assert people <= SIGNERS - {row.requester}
                assert all((row.id, person, row.nonce) in self.signed for person in people)

    @rule(
        seconds=st.sampled_from([0.25, 0.25, 6.0, 301.0, 601.0]),
        abandon=st.sampled_from([*Truth, Truth.TRUE, Truth.TRUE]),
        probe=st.sampled_from([*Truth, Truth.TRUE, Truth.TRUE]),
        up=st.sampled_from([1.0, 1.0, 1.0, 1.0, None, 0.0]),
        witnesses=st.sampled_from([frozenset({"a"}), frozenset({"a", "b"}), frozenset()]),
        stage=st.sampled_from(["pilot", "pilot", "pilot", "pilot", "full"]),
    )
    def tick(
        self, seconds: float, abandon: Truth, probe: Truth, up: float | None, witnesses: frozenset[str], stage: str
    ) -> None:
        """Time passes and the world is as it is."""
        world = self.world
        world.facts = type(world.facts)(
            at=world.now, stage=stage, witnesses=witnesses, signals={"legacy_up": up}, rules=world.facts.rules
        )
        self._do(world.tick(seconds, abandon=abandon, probe=probe))
        self._started()

    @rule(seconds=st.sampled_from([0.25, 0.5]))
    def same_tick(self, seconds: float) -> None:
        """Time passes and nothing else changes."""
        before = {row.id for row in self.world.rows() if row.state in ("awaiting", "escalated", "preflight")}
        self._do(self.world.tick(seconds))
        after = {row.trigger for row in self.world.rows() if row.id in before}
        opened = [row for row in self.world.rows() if row.id not in before and row.opened_at == self.world.now]
        assert not [row for row in opened if row.trigger in after], "the same edge twice is one decision"
        self._started()

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

    @rule(actor=st.sampled_from([ANNA, BEN, OLGA, EVE]))
    def request(self, actor: Actor) -> None:
        """Somebody asks by hand."""
        self._allowed(self.world.desk.request_run(actor, "voice-back", {}, "now"))

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

    @rule(digest=st.sampled_from(["d1", "d2"]))
    def edit(self, digest: str) -> None:
        """Somebody edits the runbook."""
        self.world.book.plans["voice-back"] = Plan(digest=digest)

    @rule()
    def restart(self) -> None:
        """The daemon is stopped and started again."""
        before = {row.id: (row.state, row.votes, row.nonce) for row in self.world.rows()}
        self._do(self.world.again())
        after = {row.id: (row.state, row.votes, row.nonce) for row in self.world.rows()}
        assert after == before

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
