"""A run against anything that can happen in any order: outcomes, people, time, crashes, a disk that fails.

What is held after every single thing: no effect without its intent on disk, `once` never twice without a person,
`checked` never again unless its probe or a person says so, unknown never taken for done, straight order, an abort
that stops, and what is shown is on disk. (Mutes do not exist yet: they have no rule here.)
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from monitor.deciding.contracts import Order
from monitor.deciding.entry import Entry, Line
from monitor.deciding.journal import Journal
from monitor.deciding.ledger import JournalError, show, verify
from monitor.deciding.recovery import history
from monitor.model import Truth
from monitor.scenarios.simulated_loop import SimulatedLoop
from monitor.serving.acts import Actor, Refusal
from runbooks import caution, deadline
from runbooks import run as running
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.interventions import GRACE
from runbooks.model import AnyStep
from runbooks.progress import FINAL
from runbooks.runner import Runner
from tests.monitor.deciding.world import ADA, ANNA, EVE, OLGA, Facts
from tests.runbooks.rollback import runbook

PUT = 'request: {method: PUT, url: "http://127.0.0.1:9/x"}'
GET = 'request: {method: GET, url: "http://127.0.0.1:9/x"}'
STEPS = {
    "look": f"action: http, effect: read, retry: {{times: 1}}, {GET}",
    "keyed": f"action: http, effect: keyed, retry: {{times: 1}}, {PUT}",
    "checked": f'action: http, effect: checked, retry: {{times: 1}}, probe: {{url: "http://127.0.0.1:9/x"}}, {PUT}',
    "floor": "action: manual, effect: once, instructions: tell the floor",
    "once": f"action: http, effect: once, retry: {{times: 1}}, {PUT}",
}
HEAD = """
name: line
title: One of each
allow_hosts: ["127.0.0.1:9"]
verify: ["legacy_share >= 0.9"]
verify_hold: 1s
verify_within: 8s
steps:
"""
PEOPLE = st.sampled_from([ANNA, OLGA, OLGA, ADA, EVE])
NAMES = st.sampled_from(sorted(STEPS))


@pytest.fixture(autouse=True)
def no_blocking_calls() -> None:
    """In simulated time what belongs on a thread is done in its turn, on the loop's own."""


class RunMachine(RuleBasedStateMachine):
    """One run from its order to its end, through any number of lives."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.db"
        self.runner = asyncio.Runner(loop_factory=SimulatedLoop)
        self.loop = cast("SimulatedLoop", self.runner.get_loop())
        self.real = vars(deadline)["perform"], vars(running)["probed"]
        vars(deadline).update(perform=self._perform)
        for module in (caution, running):
            vars(module).update(probed=self._probed)
        self.out: tuple[AnyStep, asyncio.Future[Outcome]] | None = None
        self.applied: bool | None = False
        self.failing = False
        self.sent: Counter[str] = Counter()
        """Attempts that may have left this machine."""
        self.allowed: Counter[str] = Counter(dict.fromkeys(STEPS, 1))
        """Attempts that nothing forbids: the first, and one more for each word of a person, or of the probe."""
        self.aborted_at: float | None = None
        self.unknown: set[str] = set()
        """Steps whose last outcome is not known and about which no person or probe has spoken."""
        self.wrong: list[str] = []

    @initialize(order=st.permutations(sorted(STEPS)), length=st.integers(1, 5))
    def begin(self, order: list[str], length: int) -> None:
        """One to five of the kinds of steps there are, in any order."""
        self.names = order[:length]
        lines = "".join(f"  - {{name: {name}, {STEPS[name]}}}\n" for name in self.names)
        self.book = runbook(HEAD + lines)
        self.do(self._start(""))

    def do(self, work: Any) -> Any:
        """Run something, and let everything come to rest that can without time passing."""

        async def whole() -> Any:
            task = asyncio.ensure_future(work)
            await self.loop.settled()
            if not task.done():  # an abort waits for the end of the run; its caller goes away
                task.cancel()
            return (await asyncio.gather(task, return_exceptions=True))[0]

        found = self.runner.run(whole())
        if isinstance(found, BaseException) and not isinstance(found, Refusal | asyncio.CancelledError):
            raise found
        return found

    async def _start(self, hold: str) -> None:
        self.journal = await Journal.open(self.path, clock=lambda: 1000.0 + self.loop.elapsed)
        real = self.journal._ledger.append

        def append(lines: list[Line]) -> list[Entry]:
            if self.failing:
                raise JournalError("No space left on device")
            return real(lines)

        self.journal._ledger.append = append  # type: ignore[method-assign, assignment]
        order = Order(
            run="run-1",
            decision="d1",
            runbook="line",
            title="One of each",
            digest=self.book.digest,
            requester="golive",
            reason="",
            parameters={},
            pinned=self.book.pinned,
        )
        lines = await history(self.journal, "run-1")
        runner = Runner(self.journal, Path(), lambda: 1000.0 + self.loop.elapsed)
        self.steering = runner.start(order, lines, hold, lambda _state, _detail: None)

    def _on_disk(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for line in show(self.path, 0, None):
            if line.kind in ("step", "run"):
                found[line.object.partition("/")[2]] = line
        return found

    async def _perform(
        self, step: AnyStep, context: Context, left: float | None = None, *, before: bool = False
    ) -> Outcome:
        disk = self._on_disk()
        own = disk.get(step.name)
        if own is None or own.state not in ("running", "waiting"):
            self.wrong.append(f"{step.name} began without an intent on disk: {own}")
        if disk[""].state != "running" or self.aborted_at is not None:
            self.wrong.append(f"{step.name} began in a run that is {disk[''].state}, abort {self.aborted_at}")
        for earlier in self.names[: self.names.index(step.name)]:
            if earlier not in disk or disk[earlier].state not in ("done", "skipped"):
                self.wrong.append(f"{step.name} began before {earlier} was done")
        if step.asks:
            return cast("Outcome", await self.real[0](step, context, left, before=before))
        if self.out is not None and not self.out[1].done():
            self.wrong.append(f"{step.name} began while {self.out[0].name} was out")
        self.sent[step.name] += 1
        if step.effect in ("once", "checked") and self.sent[step.name] > self.allowed[step.name]:
            self.wrong.append(f"{step.name} was sent {self.sent[step.name]} times, {self.allowed[step.name]} allowed")
        self.unknown.add(step.name)
        self.out = step, asyncio.get_running_loop().create_future()
        return await self.out[1]

    async def _probed(self, step: AnyStep, _context: Context) -> tuple[bool | None, str]:
        if self.applied is False:
            self.allowed[step.name] = self.sent[step.name] + 1
        if self.applied is not None:
            self.unknown.discard(step.name)
        return self.applied, f"the probe says {self.applied}"

    @precondition(lambda self: self.out is not None and not self.out[1].done())
    @rule(
        kind=st.sampled_from(["failed", "unknown", "unknown"]),
        sent=st.booleans(),
        applied=st.sampled_from([True, False, None]),
    )
    def outcome(self, kind: Any, sent: bool, applied: bool | None) -> None:
        """What is out comes to no good, or nobody knows."""
        assert self.out is not None
        step, future = self.out
        self.applied = applied
        if kind == "failed" and not sent:
            self.sent[step.name] -= 1
        if kind != "unknown":
            self.unknown.discard(step.name)

        async def tell() -> None:
            future.set_result(Outcome(kind=kind, detail="so it came", sent=sent or kind != "failed"))

        self.do(tell())

    @rule(times=st.integers(1, 3))
    def it_works(self, times: int) -> None:
        """What is out is done, and so is what follows."""
        for _ in range(times):
            if self.out is None or self.out[1].done():
                return
            self.unknown.discard(self.out[0].name)
            future = self.out[1]

            async def tell(future: asyncio.Future[Outcome] = future) -> None:
                future.set_result(Outcome(kind="done", detail="fine"))

            self.do(tell())

    @rule(share=st.sampled_from([1.0, 1.0, 0.1, None]), seconds=st.sampled_from([0.25, 1.0, 2.5]))
    def tick(self, share: float | None, seconds: float) -> None:
        """Time passes, and facts come."""
        self.loop.elapsed += seconds

        async def look() -> None:
            facts = Facts(at=1000.0 + self.loop.elapsed, rules={"abandon": Truth.TRUE}, signals={"legacy_share": share})
            self.steering.look(facts)

        self.do(look())

    @rule(actor=PEOPLE, act=st.sampled_from(["pause", "resume", "resume", "resume"]))
    def steer(self, actor: Actor, act: Any) -> None:
        """Somebody pauses or resumes."""
        self.do(self.steering.act(actor, act, "because"))

    @rule(actor=PEOPLE)
    def abort(self, actor: Actor) -> None:
        """Somebody aborts."""
        self.do(self.steering.act(actor, "abort", "stop it"))
        if self.aborted_at is None and self._on_disk()[""].data.get("aborting"):
            self.aborted_at = self.loop.elapsed

    @rule(
        actor=PEOPLE,
        step=NAMES,
        act=st.sampled_from(["retry", "skip", "resolve"]),
        word=st.sampled_from(["done", "not_done"]),
    )
    def deal(self, actor: Actor, step: str, act: Any, word: str) -> None:
        """Somebody answers for a step, perhaps one that asks nothing."""
        before = self.sent[step]
        allowed = self.allowed[step]
        if act == "retry" or (act, word) == ("resolve", "not_done"):
            self.allowed[step] = max(allowed, before + 1)
        known = step in self.unknown
        self.unknown.discard(step)
        found = self.do(self.steering.act_on_step(actor, step, act, word, "because"))
        if isinstance(found, Refusal):
            self.allowed[step] = allowed
            if known:
                self.unknown.add(step)
        elif self.sent[step] > before:
            self.unknown.add(step)

    @rule(hold=st.sampled_from(["", "", "the runbook was changed"]), applied=st.sampled_from([True, False, None]))
    def crash(self, hold: str, applied: bool | None) -> None:
        """The program dies and is started again."""
        self.failing = False
        self.applied = applied

        async def again() -> None:
            await self.steering.close()
            await self.journal.close()
            await self._start(hold)

        if self.out is not None:
            self.out[1].cancel()
            self.out = None
        self.do(again())

    @rule(failing=st.sampled_from([True, False, False]))
    def disk(self, failing: bool) -> None:
        """The disk fills up, or has space again."""
        self.failing = failing

    @invariant()
    def nothing_went_wrong(self) -> None:
        """What the steps saw when they began."""
        assert self.wrong == []

    @invariant()
    def unknown_is_never_done(self) -> None:
        """A step about whose outcome nobody and nothing has spoken is not called done."""
        for row in self.steering.row().steps:
            assert row.state != "done" or row.name not in self.unknown or row.name == "floor", row

    @invariant()
    def an_abort_stops(self) -> None:
        """Two seconds after an abort the run is at its end, unless its end could not be written down."""
        if self.aborted_at is not None and self.loop.elapsed - self.aborted_at > GRACE and not self.failing:
            self.do(asyncio.sleep(0))
            state = self.steering.row().state
            assert state in FINAL or self.journal.refused, state

    @invariant()
    def what_is_shown_is_on_disk(self) -> None:
        """Each step stands where the journal has it, unless the disk had failed."""
        if self.journal.refused or self.failing:
            return
        disk = self._on_disk()
        ended = self.steering.row().state == "aborted"
        for row in self.steering.row().steps:
            stored = disk[row.name].state if row.name in disk else "next"
            assert row.state == stored or (ended and (row.state, stored) == ("aborted", "next")), (row, stored)

    def teardown(self) -> None:
        """The audit verifies, whatever happened."""
        self.failing = False

        async def close() -> None:
            await self.steering.close()
            await self.journal.close()

        self.do(close())
        vars(deadline).update(perform=self.real[0])
        for module in (caution, running):
            vars(module).update(probed=self.real[1])
        found = verify(self.path)
        self.runner.close()
        self.folder.cleanup()
        assert found.ok, found


TestRun = pytest.mark.timeout(240)(RunMachine.TestCase)
TestRun.settings = settings(
    max_examples=45, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
