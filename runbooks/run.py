"""One execution of a runbook: one task owns it, step by step. Intent is on disk before effect, result after.

Commands (a step's outcome, people's acts) are done one at a time. Whatever goes wrong inside ends in PAUSED.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from monitor import failpoints
from monitor.deciding.actor import Inbox
from monitor.deciding.contracts import Report, RunState
from monitor.deciding.ledger import JournalError
from monitor.serving.snapshot import CheckRow, RunRow
from runbooks import takeover, undo_window, verifying
from runbooks.caution import Caution
from runbooks.conduct import Flights, probed
from runbooks.context import Answered, Context
from runbooks.deadline import late
from runbooks.effect import Next, Outcome, after_probe, follow, restrained
from runbooks.facts_watch import FactsWatch
from runbooks.model import AnyStep
from runbooks.outlets import QUIET, Outlets
from runbooks.progress import BEGUN, PASSED, Progress, replace
from runbooks.record import GOLIVE, Record

log = logging.getLogger("golive.runbooks")

TakeUp: TypeAlias = Callable[["Run", str], Awaitable[None]]


class Run:
    """A run's owner. Its commands come from itself and from `steering`; `take_up` continues after a restart."""

    def __init__(
        self,
        record: Record,
        base: Path,
        held_back: str,
        report: Report,
        take_up: TakeUp,
        outlets: Outlets = QUIET,
        window: float = 0.0,
    ) -> None:
        """window: seconds between a person's start and the first step."""
        self.record = record
        self.inbox: Inbox[RunRow] = Inbox(f"run {record.order.run}", self._stumbled)
        self.flights = Flights()
        self.errand = self.flights.step
        self.facts = FactsWatch()
        self.caution = Caution(record)
        self.ended = asyncio.Event()
        """Set once the run is final."""
        self.aborting = ""
        """Who aborts it; empty while nobody does."""
        self.held = False
        """Whether its first step still waits for the undo window to close."""
        self.answer: asyncio.Future[Answered] | None = None
        """Where the answer to a waiting manual step goes."""
        self._base = base
        self._held_back = held_back
        self._report = report
        self._take_up = take_up
        self._outlets = outlets
        self.undo_window = 0.0 if record.order.mode == "auto" else window
        self.inbox.tell(self._begin)
        self._task = asyncio.get_running_loop().create_task(self._serve(), name=f"run {record.order.run}")

    async def _serve(self) -> None:
        while True:
            await self.inbox.serve_one()
            while self._free:
                try:
                    await self._advance()
                except Exception as error:  # noqa: BLE001 - an exception in a runner is PAUSED, never a forgotten task
                    await self._stumbled(error)

    @property
    def _free(self) -> bool:
        """Whether the next thing may begin: nothing is in flight, and no outcome lies in the inbox unread."""
        begun = any(progress.state in BEGUN for progress in self.record.steps.values())
        return self.record.state == "running" and not (self.errand.out or self.aborting or begun or self.held)

    async def close(self) -> None:
        """Stop without a word to the journal."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.flights.recall()
        self.inbox.refuse_all("the daemon is stopping")

    async def turn(
        self,
        state: RunState,
        words: str,
        *,
        detail: str = "",
        who: str = GOLIVE,
        via: str = "",
        rows: tuple[CheckRow, ...] = (),
        marks: dict[str, object] | None = None,
    ) -> None:
        """Journal a change of the run, apply it, and report it to the decision's owner."""
        self.caution.disturbed |= "paused" in (state, self.record.state)
        await self.record.turn(state, words, detail=detail, who=who, via=via, rows=rows, marks=marks)
        self._tell()

    def _tell(self) -> None:
        if self.record.final:
            self.ended.set()
        self._report(self.record.state, self.record.standing.detail)

    async def _stumbled(self, error: Exception) -> None:
        """A fault of our own, or a journal that cannot be written: nothing goes on by itself."""
        log.error("run %s: %s", self.record.order.run, error, exc_info=not isinstance(error, JournalError))
        detail = f"{type(error).__name__}: {error}"
        if not self.record.final:
            await self.record.force_paused(detail, in_flight=self.errand.out)
        self._tell()

    async def _begin(self) -> None:
        record = self.record
        if record.final:
            self._tell()
        elif record.begun:
            await self._take_up(self, self._held_back)
        elif self._held_back:
            await self.turn("paused", f"paused before its first step: {self._held_back}", detail=self._held_back)
        else:
            words = f"begins, {len(record.runbook.steps)} steps, asked for by {record.order.requester}"
            await self.turn("running", words, marks=undo_window.opened(self))

    async def _advance(self) -> None:
        record = self.record
        if why := self.caution.standstill():
            await self.turn("paused", f"paused: {why}", detail=why)
            return
        for step in record.runbook.steps:
            progress = record.steps[step.name]
            if progress.state in PASSED:
                continue
            if record.standing.by_hand:
                await takeover.ask(self, step, progress)
                return
            if progress.state != "next":
                why = f"{record.called(step)} is {progress.state}"
                await self.turn("paused", f"paused: {why}", detail=why)
            elif not await self.caution.lacks(step, progress):
                await self._attempt(step, progress)
            return
        await verifying.begin(self, "all steps are done: verifying")

    async def _attempt(self, step: AnyStep, progress: Progress) -> None:
        """Write down the intent, then let the errand go."""
        record, context = self.record, self.context(step)
        await failpoints.reach("step.before_intent")
        await record.intend(step, progress, step.request_text(context))
        self.caution.vigil.intend()
        await failpoints.reach("step.after_intent")
        if step.asks:
            self.answer = asyncio.get_running_loop().create_future()
        self.errand.send(self._perform(step, context), f"step {step.name}")

    def context(self, step: AnyStep) -> Context:
        """A step's surroundings in this run."""
        plain = dataclasses.replace(self.record.context(step), base=self._base, facts=self.facts)
        generation = self.record.steps[step.name].undone
        return dataclasses.replace(plain, answer=self._answered, outlets=self._outlets, generation=generation)

    async def _answered(self) -> Answered:
        if self.answer is None:
            raise RuntimeError("nobody was asked")
        return await self.answer

    async def _perform(self, step: AnyStep, context: Context) -> None:
        outcome = await self.caution.perform(step, context)
        self.inbox.tell(lambda: self._ended(step, outcome))

    def ask_probe(self, step: AnyStep, progress: Progress, *, interrupted: bool) -> None:
        """Find out whether a step took effect. interrupted: the program died in between."""
        self.errand.send(self._probe(step, progress, interrupted=interrupted), f"probe {step.name}")

    async def _probe(self, step: AnyStep, progress: Progress, *, interrupted: bool) -> None:
        truth, seen = await probed(step, self.context(step))
        what = after_probe(truth, progress.attempt, step.retry, interrupted=interrupted)
        detail = f"{progress.outcome}; {seen}" if progress.outcome else seen
        self.inbox.tell(lambda: self._settle(step, what, detail))

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.inbox.tell(_wake)

    async def _ended(self, step: AnyStep, outcome: Outcome | None) -> None:
        if outcome is None:
            await self.caution.not_sent(step)
            if self.aborting:
                await self.end_aborted()
            return
        what = follow(step.effect, outcome, self.record.steps[step.name].attempt, step.retry)
        stopping = bool(self.aborting or self.record.standing.by_hand)
        what = restrained(what, outcome, asks=step.asks, stopping=stopping, late=late(self.record, step))
        await self._settle(step, what, outcome.detail)

    async def _settle(self, step: AnyStep, what: Next, detail: str) -> None:
        record, progress = self.record, self.record.steps[step.name]
        if progress.state not in BEGUN or record.final:
            return
        if what == "done":
            await failpoints.reach("step.before_done")
            await record.done(step, detail)
        elif what == "probe":
            asked = replace(progress, outcome=detail)
            await record.step(step, asked, f"{detail}: asking the probe")
            self.ask_probe(step, asked, interrupted=False)
            return
        elif what == "again" and not self.aborting:
            words = f"{detail}: again in {step.retry.wait:g} s"
            await record.step(step, replace(progress, state="next", outcome=detail), words)
            self.errand.send(self._rest(step.retry.wait), f"rest before {step.name}")
        elif what == "pause":
            await record.fail(step, detail)
        else:
            await record.park(step, detail)
        if self.aborting:
            await self.end_aborted()

    async def end_aborted(self) -> None:
        """Close the books on a run that people stopped; what is half done is said."""
        left = await self.record.cut_off()
        await self.turn("aborted", f"aborted by {self.aborting}; {left}", detail=left)


async def _wake() -> None:
    """Nothing but a reason for the owner to look what is next."""
