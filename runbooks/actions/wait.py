"""The step that lets time pass, such as for a route to spread."""

from __future__ import annotations

import asyncio

from monitor.units import Duration, format_duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.step import Step


class Wait(Step, frozen=True, kw_only=True, tag="wait", tag_field="action"):
    """A span on the monotonic clock. After a restart it waits its whole span again."""

    span: Duration

    def request_text(self, context: Context) -> str:  # noqa: ARG002 - every step is asked the same way
        """How long it waits."""
        return f"wait {format_duration(self.span)}"

    async def perform(self, context: Context) -> Outcome:
        """Let the time pass."""
        await context.reach("step.after_send")
        await asyncio.sleep(self.span)
        await context.reach("step.after_reply")
        return Outcome(kind="done", detail=f"waited {format_duration(self.span)}")
