"""What a run heeds before it sends: how long ago that was decided, and what people may have done meanwhile."""

from __future__ import annotations

from monitor.units import format_duration
from runbooks.conduct import probed
from runbooks.context import Context
from runbooks.deadline import perform_in_time
from runbooks.effect import Outcome
from runbooks.model import AnyStep
from runbooks.progress import BEGUN, Progress, replace
from runbooks.record import Record
from runbooks.vigil import Vigil

LATE_TIMES = 5
"""How often in one run an intent may grow too old to be sent before a person is asked."""


class Caution:
    """One run's."""

    def __init__(self, record: Record) -> None:
        self.vigil = Vigil()
        self.disturbed = record.begun
        """Whether there was a pause or a restart: people may have done steps by hand since the run began."""
        self._record = record
        self._late = 0
        self._gap = 0.0

    def standstill(self) -> str:
        """Why nothing may begin although nothing is wrong: the program stood still. Asking forgets."""
        slept = self.vigil.slept()
        if not slept:
            return ""
        self.vigil.forget()
        return f"the program stood still for {format_duration(slept)}: look before it goes on"

    async def lacks(self, step: AnyStep, progress: Progress) -> bool:
        """Whether it needs a step that was skipped and nobody insisted; then a person is asked."""
        skipped = [need for need in step.needs if self._record.steps[need].state == "skipped"]
        if not skipped or progress.insisted:
            return False
        words = f"it needs {', '.join(skipped)}, which was skipped"
        asked = f"{words}. Retry it to go on all the same, skip it too, or abort."
        await self._record.step(step, replace(progress, state="failed", outcome=words, question=asked), words)
        return True

    async def perform(self, step: AnyStep, context: Context) -> Outcome | None:
        """Do a step, unless it is done already or may not be sent any more: None then, and nothing has left."""
        found = await self._found(step, context)
        self._gap = 0.0 if step.asks else self.vigil.too_late()
        return None if self._gap else found or await perform_in_time(self._record, step, context)

    async def _found(self, step: AnyStep, context: Context) -> Outcome | None:
        """Once people may have been at it, look before sending: what is done is not done again. None: send it.

        Where a person had it tried again, it is sent whatever the probe says.
        """
        insisted = self._record.steps[step.name].insisted
        if not self.disturbed or insisted or not step.tells or step.asks or step.effect == "read":
            return None
        self.vigil.allow(step.asking_takes)
        truth, seen = await probed(step, context)
        if truth:
            return Outcome(kind="done", detail=f"done already, not sent: {seen}", sent=False)
        if truth is None:
            return Outcome(kind="failed", detail=f"not sent, it may have been done meanwhile: {seen}", sent=False)
        return None

    async def not_sent(self, step: AnyStep) -> None:
        """The program stood still between intent and sending: the step begins anew, or fails when that goes on."""
        progress = self._record.steps[step.name]
        self._late += 1
        words = f"not sent: {format_duration(self._gap)} passed after it was to be sent"
        if progress.state in BEGUN and self._late > LATE_TIMES:
            await self._record.fail(step, words)
        elif progress.state in BEGUN:
            again = replace(progress, state="next", attempt=progress.attempt - 1, outcome=words)
            await self._record.step(step, again, f"{words}; it begins again")
