"""A run as people hold it: looks at it, aborts, pauses and resumes it, answers for its steps."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from monitor.deciding.contracts import RunAct, StepAct
from monitor.deciding.facts import Facts
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import RunRow, WaitingRow
from monitor.text import clean
from runbooks import takeover, undoing
from runbooks.interventions import GRACE, intervene, may_steer, said
from runbooks.model import AnyStep
from runbooks.progress import STUCK, Progress, replace
from runbooks.run import Run

EVIDENCE = 500
"""Most characters of what a person says about a step, as the journal keeps it."""


class Steering:
    """What the desk gets to hold of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._record = run.record
        self._cut: asyncio.TimerHandle | None = None

    def look(self, facts: Facts) -> None:
        """Take a tick's facts; never blocks."""
        self._run.facts.publish(facts)
        self._run.caution.vigil.beat()

    def row(self) -> RunRow:
        """The run as it stands."""
        verifying = self._record.state == "verifying"
        return self._record.row(self._run.facts.judge(self._record.runbook.verify) if verifying else ())

    def waiting(self) -> tuple[WaitingRow, ...]:
        """What it waits for a person to do."""
        return self._record.waiting()

    async def close(self) -> None:
        """Stop without a word to the journal."""
        if self._cut is not None:
            self._cut.cancel()
        await self._run.close()

    async def act(self, actor: Actor, act: RunAct, reason: str) -> RunRow:
        """Steer it; Refusal when it cannot be done now. An abort answers once the run has ended, as a rule."""
        may_steer(actor, stop=act in ("abort", "pause"))
        acts = {"abort": self._abort, "pause": self._pause, "resume": self._resume, "takeover": self._take_over}
        command = acts[act]
        row = await self._run.inbox.ask(lambda: command(actor, reason))
        if act == "abort":
            with suppress(TimeoutError):
                await asyncio.wait_for(self._run.ended.wait(), GRACE * 3)
            row = self.row()
        return row

    def _refuse_ended(self) -> None:
        if self._record.final:
            raise Refusal(409, f"run {self._record.order.run} has ended: {self._record.state}")

    async def _abort(self, actor: Actor, reason: str) -> RunRow:
        self._refuse_ended()
        run = self._run
        if run.aborting:
            return self.row()
        words = f"abort asked by {actor.name}: {said(reason)}"
        await self._record.turn(
            self._record.state, words, who=actor.name, via=actor.via, detail=words, marks={"aborting": actor.name}
        )
        run.aborting = actor.name
        if run.flights.out and any(
            takeover.touches(step, self._record.steps[step.name]) for step in self._record.runbook.steps
        ):
            self._cut = asyncio.get_running_loop().call_later(GRACE, lambda: run.inbox.tell(self._cut_off))
        else:
            await self._cut_off()
        return self.row()

    async def _take_over(self, actor: Actor, reason: str) -> RunRow:
        self._refuse_ended()
        await takeover.take_over(self._run, actor, reason)
        return self.row()

    async def _cut_off(self) -> None:
        if not self._record.final:
            await self._run.flights.recall()
            await self._run.end_aborted()

    async def _pause(self, actor: Actor, reason: str) -> RunRow:
        self._refuse_ended()
        if self._record.state != "running" or self._run.aborting:
            raise Refusal(409, f"run {self._record.order.run} is {self._record.state}; there is nothing to pause")
        flight = "; the step in flight ends" if self._run.errand.out else ""
        words = f"paused by {actor.name}: {said(reason)}{flight}"
        await self._run.turn("paused", words, detail=words, who=actor.name, via=actor.via)
        return self.row()

    async def _resume(self, actor: Actor, reason: str) -> RunRow:
        self._refuse_ended()
        if self._record.state != "paused" or self._run.aborting:
            raise Refusal(409, f"run {self._record.order.run} is {self._record.state}, not paused")
        stuck = [name for name, progress in self._record.steps.items() if progress.state in STUCK]
        if stuck:
            raise Refusal(409, f"{', '.join(stuck)} must be dealt with first", "retry, skip or resolve it, or abort")
        await self._run.turn("running", f"resumed by {actor.name}: {said(reason)}", who=actor.name, via=actor.via)
        return self.row()

    async def act_on_step(self, actor: Actor, step: str, act: StepAct, outcome: str, reason: str) -> RunRow:
        """Steer one step; Refusal when it cannot be done now."""
        may_steer(actor, stop=False)
        return await self._run.inbox.ask(lambda: self._step(actor, step, act, outcome, reason))

    async def _step(self, actor: Actor, name: str, act: StepAct, outcome: str, reason: str) -> RunRow:
        self._refuse_ended()
        step = self._record.find(name)
        if step is None:
            raise Refusal(404, f"there is no step {clean(name, 40)!r} in {self._record.order.runbook}")
        if act == "resolve" and outcome == "done" and (lacking := step.lacks(reason, self._record.context(step))):
            raise Refusal(400, f"step {name}: {lacking}", "give it as the reason of your answer")
        now = self._record.steps[name]
        if self._record.standing.by_hand:
            if now.state != "waiting" or act not in ("resolve", "skip"):
                by = self._record.standing.by_hand
                raise Refusal(409, f"{by} took this run over: golive sends nothing", "resolve the step that is asked")
            said_of_it = outcome if act == "resolve" else "not_done"
            await takeover.answer(self._run, actor, step, now, said_of_it, reason)
            return self.row()
        if act == "undo":
            await undoing.begin(self._run, actor, step, now, reason)
            return self.row()
        if now.state == "waiting" and act == "resolve":
            await self._answer(actor, step, now, outcome, reason)
            return self.row()
        if now.state == "waiting" and act == "skip":
            await self._run.errand.recall()
            now = replace(now, state="failed")
        done = intervene(name, now, act, outcome, actor, reason, self._record.clock())
        await self._record.step(step, done.progress, done.words, who=actor.name, via=actor.via)
        if now.undoing:
            return self.row()
        others = any(progress.state in STUCK for progress in self._record.steps.values())
        if self._record.state == "paused" and not others:
            words = f"goes on after {name} was dealt with by {actor.name}"
            await self._run.turn("running", words, who=actor.name, via=actor.via)
        return self.row()

    async def _answer(self, actor: Actor, step: AnyStep, now: Progress, outcome: str, reason: str) -> None:
        if outcome not in ("done", "not_done"):
            raise Refusal(400, f"{clean(outcome, 40)!r} is no outcome", "say done or not_done")
        if outcome == "done" and (lacking := step.lacks(reason, self._record.context(step))):
            raise Refusal(400, f"step {step.name}: {lacking}", "give it as the reason of your answer")
        waiting = self._run.answer
        if waiting is None or waiting.done():
            raise Refusal(409, f"step {step.name} was answered already", f"{now.by} was first")
        words = f"{'done' if outcome == 'done' else 'not done'}, says {actor.name}" + (
            f": {clean(reason, EVIDENCE)}" if reason else ""
        )
        await self._record.step(step, replace(now, by=actor.name), words, who=actor.name, via=actor.via)
        if not waiting.done():
            waiting.set_result(("done" if outcome == "done" else "not_done", words))
