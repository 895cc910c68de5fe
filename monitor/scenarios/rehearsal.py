"""Runs in a scenario: the real runner, but for the steps that would touch the world, which end as the script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec

from monitor.deciding.contracts import Order, Report
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.scenarios.statements import StepDoes
from runbooks.actions.verify import Verify
from runbooks.actions.wait import Wait
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.model import AnyStep, pinned_runbook
from runbooks.record import Record
from runbooks.resumption import take_up
from runbooks.run import Run
from runbooks.steering import Steering
from runbooks.step import Step


class Simulated(Step, frozen=True, kw_only=True):
    """A step that shows itself as the one it stands for and touches nothing."""

    like: AnyStep
    does: Callable[[str], StepDoes]

    @property
    def action(self) -> str:
        """The kind of the step that it stands for."""
        return self.like.action

    def request_text(self, context: Context) -> str:
        """Exactly what would be done."""
        return self.like.request_text(context)

    def expressions(self) -> Iterator[str]:
        """Every expression in it."""
        return self.like.expressions()

    async def perform(self, context: Context) -> Outcome:
        """End as the script says. A step that a person confirms is still held against its probe."""
        does = self.does(self.name)
        if does.after:
            await asyncio.sleep(does.after)
        if does.outcome != "done":
            return Outcome(kind=does.outcome, detail=f"the scenario says that it {_WORDS[does.outcome]}")
        if self.like.asks and self.probe is not None:
            truth, seen = await self.probe.applied(context)
            if truth is False:
                return Outcome(kind="failed", detail=f"said to be done, but {seen}")
        return Outcome(kind="done", detail="simulated")


_WORDS = {"failed": "fails", "unknown": "ends nobody knows how"}


class Rehearsal:
    """The desk's executor in a scenario."""

    def __init__(self, journal: Journal, clock: Callable[[], float], outcomes: Mapping[str, StepDoes]) -> None:
        """outcomes: by step, read when the step begins."""
        self._journal = journal
        self._clock = clock
        self._outcomes = outcomes

    def start(self, order: Order, history: Sequence[Entry], hold: str, report: Report) -> Steering:
        """Start a run, or take it up from its lines in the journal."""
        runbook = pinned_runbook(order.pinned)
        steps = tuple(cast("AnyStep", self._simulated(step)) for step in runbook.steps)
        record = Record(order, msgspec.structs.replace(runbook, steps=steps), history, self._journal, self._clock)
        return Steering(Run(record, Path(), hold, report, take_up))

    def _does(self, step: str) -> StepDoes:
        return self._outcomes.get(step, StepDoes(step=step))

    def _simulated(self, step: Step) -> Step:
        """The step itself where it only looks at facts or lets time pass, unless the script has a word on it."""
        if isinstance(step, Verify | Wait) and step.name not in self._outcomes:
            return step
        common: dict[str, Any] = {name: getattr(step, name) for name in Step.__struct_fields__}
        if step.probe is not None and step.probe.signal is None:
            common["probe"] = None
        return Simulated(**common, like=cast("AnyStep", step), does=self._does)
