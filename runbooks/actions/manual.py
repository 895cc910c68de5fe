"""The step that a person does: it asks, and waits as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from monitor.units import Duration, format_duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.step import Step
from runbooks.template import fill


class Manual(Step, frozen=True, kw_only=True, tag="manual", tag_field="action"):
    """What to do, in words. Asking again after a restart changes nothing, so it is safe under every effect class."""

    instructions: str
    expires_after: Duration = 1800.0
    """Without an answer for so long the step counts as failed and the run is paused; nobody's silence is a yes."""

    @property
    def asks(self) -> bool:
        """A person does it."""
        return True

    def request_text(self, context: Context) -> str:
        """The instructions."""
        return fill(self.instructions, context.values)

    def templates(self) -> Iterator[str]:
        """The instructions, beside what every step has."""
        yield from Step.templates(self)
        yield self.instructions

    async def perform(self, context: Context) -> Outcome:
        """Wait for the answer; where there is a probe that says the opposite of `done`, it is not done."""
        await context.reach("step.after_send")
        try:
            answer, words = await asyncio.wait_for(context.answer(), self.expires_after)
        except TimeoutError:
            return Outcome(kind="failed", detail=f"nobody answered within {format_duration(self.expires_after)}")
        await context.reach("step.after_reply")
        if answer == "not_done":
            return Outcome(kind="failed", detail=words)
        if self.probe is not None:
            truth, seen = await self.probe.applied(context)
            if truth is False:
                return Outcome(kind="failed", detail=f"{words}, but {seen}")
            words = f"{words}; {seen}"
        return Outcome(kind="done", detail=words)
