"""The step that goes on only when conditions have held for a while."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.units import Duration, format_duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.facts_watch import hold
from runbooks.step import Step


class Verify(Step, frozen=True, kw_only=True, tag="verify", tag_field="action"):
    """Expressions that must all be true for `hold` on end, within `within`. Unknown is not true."""

    that: tuple[str, ...]
    """Such as `legacy_offered_share >= 0.95`."""
    hold: Duration = 0.0
    within: Duration = 600.0

    def request_text(self, context: Context) -> str:  # noqa: ARG002 - every step is asked the same way
        """The conditions and their times."""
        times = f"for {format_duration(self.hold)}, within {format_duration(self.within)}"
        return f"wait until {' and '.join(self.that)} {times}"

    def expressions(self) -> Iterator[str]:
        """The conditions, beside what every step has."""
        yield from Step.expressions(self)
        yield from self.that

    async def perform(self, context: Context) -> Outcome:
        """Look at each tick."""
        await context.reach("step.after_send")
        seen = await hold(context.facts, self.that, self.hold, self.within)
        await context.reach("step.after_reply")
        if seen.held:
            return Outcome(kind="done", detail=f"held after {format_duration(seen.after)}")
        return Outcome(kind="failed", detail=f"not held within {format_duration(self.within)}: {seen.lacking}")
