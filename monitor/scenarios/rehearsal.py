"""Runs in a scenario: the real runner, but for the steps that would touch the world, which end as the script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

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
from runbooks.simulated import simulated
from runbooks.steering import Steering

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
        steps = tuple(self._simulated(step) for step in runbook.steps)
        record = Record(order, msgspec.structs.replace(runbook, steps=steps), history, self._journal, self._clock)
        return Steering(Run(record, Path(), hold, report, take_up))

    async def _ends(self, step: AnyStep, _context: Context) -> Outcome:
        """As the script says when the step begins."""
        does = self._outcomes.get(step.name, StepDoes(step=step.name))
        if does.after:
            await asyncio.sleep(does.after)
        if does.outcome != "done":
            return Outcome(kind=does.outcome, detail=f"the scenario says that it {_WORDS[does.outcome]}")
        return Outcome(kind="done", detail="simulated")

    def _simulated(self, step: AnyStep) -> AnyStep:
        """The step itself where it only looks at facts or lets time pass, unless the script has a word on it."""
        if isinstance(step, Verify | Wait) and step.name not in self._outcomes:
            return step
        return simulated(step, self._ends)
