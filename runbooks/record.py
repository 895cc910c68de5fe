"""A run as it is on disk: every change of a step or of the run is journalled here first, then shown."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from monitor.deciding.contracts import Order, RunState
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.serving.snapshot import CheckRow, RunRow, WaitingRow
from runbooks.context import Context
from runbooks.interventions import question
from runbooks.model import AnyStep, Runbook
from runbooks.progress import (
    BEGUN,
    FINAL,
    STUCK,
    Progress,
    Standing,
    StepState,
    half_done,
    paused_row,
    recalled,
    replace,
    step_row,
    waiting_row,
)

log = logging.getLogger("golive.runbooks")

GOLIVE = "golive"
"""Who acts when no person does."""


class Record:
    """What is known of a run. `step` and `turn` return once the change is on disk."""

    def __init__(
        self, order: Order, runbook: Runbook, history: Sequence[Entry], journal: Journal, clock: Callable[[], float]
    ) -> None:
        self.order = order
        self.runbook = runbook
        self.clock = clock
        self._journal = journal
        before = recalled(history)
        self.begun = before.standing is not None
        """Whether the run had begun before this process took it up."""
        self.standing = before.standing or Standing(
            decision=order.decision, runbook=order.runbook, digest=order.digest, started_at=clock()
        )
        self.steps = {step.name: before.steps.get(step.name, Progress()) for step in runbook.steps}
        self._plan = runbook.rows(order.decision, order.parameters)

    @property
    def state(self) -> RunState:
        """The run's state."""
        return self.standing.state

    @property
    def final(self) -> bool:
        """Whether it has ended."""
        return self.standing.state in FINAL

    def find(self, name: str) -> AnyStep | None:
        """A step by its name."""
        return next((step for step in self.runbook.steps if step.name == name), None)

    def called(self, step: AnyStep) -> str:
        """A step as sentences name it: `step 3/6 numbers back to legacy`."""
        number = self.runbook.steps.index(step) + 1
        return f"step {number}/{len(self.runbook.steps)} {step.shown_title}"

    async def step(self, step: AnyStep, progress: Progress, words: str, *, who: str = GOLIVE, via: str = "") -> None:
        """Journal a step's change, then let it be so."""
        await self._journal.append(
            "step",
            who,
            f"{self.called(step)}: {words}",
            object=f"{self.order.run}/{step.name}",
            state=progress.state,
            via=via,
            data=msgspec.to_builtins(progress),
            at=self.clock(),
        )
        self.steps[step.name] = progress

    async def turn(
        self,
        state: RunState,
        words: str,
        *,
        detail: str = "",
        who: str = GOLIVE,
        via: str = "",
        rows: Sequence[CheckRow] = (),
        marks: Mapping[str, Any] | None = None,
    ) -> None:
        """Journal the run's change, then let it be so. marks: further fields of its standing that change with it."""
        now = self.clock()
        ended = now if state in FINAL else None
        new = replace(
            self.standing,
            state=state,
            detail=detail,
            ended_at=ended,
            verify=tuple(rows) or self.standing.verify,
            **(marks or {}),
        )
        await self._journal.append(
            "run",
            who,
            f"{self.order.runbook}: {words}",
            object=self.order.run,
            state=state,
            via=via,
            data=msgspec.to_builtins(new),
            at=now,
        )
        self.standing = new
        self.begun = True

    async def intend(self, step: AnyStep, progress: Progress, request: str) -> None:
        """Write down what is about to be done."""
        now = self.clock()
        begun = Progress(
            state="waiting" if step.asks else "running",
            started_at=now,
            since=now if progress.by or progress.since is None else progress.since,
            attempt=progress.attempt + 1,
            question=request if step.asks else "",
            insisted=progress.insisted,
            undone=progress.undone,
        )
        await self.step(step, begun, f"waits for {step.owner or 'a person'}" if step.asks else f"begins: {request}")

    async def done(self, step: AnyStep, detail: str) -> None:
        """Write down that a step took effect."""
        await self.step(step, self._ended(step, "done", detail, ""), detail)

    async def fail(self, step: AnyStep, detail: str) -> None:
        """Write down that a step is known not to be as expected, and what a person is asked, if anything is."""
        if step.on_fail == "continue":
            words = f"failed: {detail}; the runbook goes on without it"
            await self.step(step, self._ended(step, "skipped", words, ""), words)
            return
        asked = self.ask(step, detail, known=True)
        await self.step(step, self._ended(step, "failed", detail, asked), f"failed: {detail}")

    async def park(self, step: AnyStep, detail: str) -> None:
        """Write down that nobody knows whether a step took effect, and what a person is asked."""
        asked = self.ask(step, detail, known=False)
        await self.step(step, self._ended(step, "parked", detail, asked), f"parked, its outcome is unknown: {detail}")

    def _ended(self, step: AnyStep, state: StepState, detail: str, question: str) -> Progress:
        ended_at = self.clock()
        return replace(self.steps[step.name], state=state, ended_at=ended_at, outcome=detail, question=question)

    async def cut_off(self) -> str:
        """Say of what was under way when people stopped the run that it is not known; what is half done, in words."""
        for step in self.runbook.steps:
            progress = self.steps[step.name]
            if progress.state in BEGUN and (step.asks or step.effect == "read"):
                await self.step(step, replace(progress, state="aborted", question=""), "aborted")
            elif progress.state in BEGUN:
                await self.park(step, "cut off by the abort")
        return half_done([step.name for step in self.runbook.steps], self.steps)

    async def force_paused(self, detail: str, *, in_flight: bool) -> None:
        """Pause whatever happens: steps that nobody drives any more are parked; in memory alone when disk fails."""
        for step in self.runbook.steps:
            progress = self.steps[step.name]
            if progress.state in BEGUN and not in_flight:
                try:
                    await self.park(step, detail)
                except Exception as error:  # noqa: BLE001 - nothing may keep a faulty run from being paused
                    log.error("run %s: not journalled: %s", self.order.run, error)  # noqa: TRY400 - the words are enough
                    self.steps[step.name] = self._ended(step, "parked", detail, detail)
        if self.state == "paused":
            return
        try:
            await self.turn("paused", f"paused: {detail}", detail=detail)
        except Exception as error:  # noqa: BLE001 - the same
            log.error("run %s: not journalled: %s", self.order.run, error)  # noqa: TRY400 - the words are enough
            self.standing = replace(self.standing, state="paused", detail=detail)

    def context(self, step: AnyStep) -> Context:
        """What a step's texts are filled with; nothing can be done in it."""
        return self.runbook.context(self.order.run, self.order.decision, step.name, self.order.parameters, Path())

    def ask(self, step: AnyStep, detail: str, *, known: bool) -> str:
        """The question to a person about a step that is stuck."""
        context = self.context(step)
        undo = step.undo.shown(context) if step.undo is not None else ""
        if self.steps[step.name].undoing:
            return f"{undo}: {detail}: was it taken back? Resolve it as done when it was, as not_done when it is in effect."
        return question(step.request_text(context), detail, undo, known=known)

    def row(self, verify: tuple[CheckRow, ...]) -> RunRow:
        """The run as displays see it."""
        standing, order = self.standing, self.order
        aborted = standing.state == "aborted"
        waits = standing.state == "running" and any(step.state == "waiting" for step in self.steps.values())
        return RunRow(
            id=order.run,
            decision=order.decision,
            runbook=order.runbook,
            title=order.title,
            digest=order.digest,
            state="waiting" if waits else standing.state,
            requester=order.requester,
            reason=order.reason,
            started_at=standing.started_at,
            ended_at=standing.ended_at,
            steps=tuple(step_row(row, self.steps[row.name], aborted=aborted) for row in self._plan),
            verify=standing.verify or verify,
            detail=standing.detail,
            mode=order.mode,
            begins_at=standing.begins_at if all(step.state == "next" for step in self.steps.values()) else None,
            by_hand=standing.by_hand,
        )

    def waiting(self) -> tuple[WaitingRow, ...]:
        """What waits for a person."""
        if self.final:
            return ()
        rows = [
            waiting_row(f"{self.order.run}/{step.name}", self.called(step), step.owner, progress, self.standing)
            for step in self.runbook.steps
            if (progress := self.steps[step.name]).state == "waiting" or progress.state in STUCK
        ]
        if not rows and self.state == "paused":
            rows.append(paused_row(self.order.run, self.order.runbook, self.standing))
        return tuple(rows)
