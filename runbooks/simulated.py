"""A step that shows itself as the one it stands for and touches nothing: how it ends is another's word."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias, cast

from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.model import AnyStep
from runbooks.request import Request
from runbooks.step import Step

Ends: TypeAlias = Callable[[AnyStep, Context], Awaitable[Outcome]]
"""Says how a step ends, and takes as long as the step shall take."""


class Simulated(Step, frozen=True, kw_only=True):
    """The stand-in; a person is never asked for it, and its probe is asked only where it looks at signals."""

    like: AnyStep
    ends: Ends

    @property
    def action(self) -> str:
        """The kind of the step that it stands for."""
        return self.like.action

    def request_text(self, context: Context) -> str:
        """Exactly what would be done."""
        return self.like.request_text(context)

    def requests(self) -> Iterator[Request]:
        """Every request that would be sent."""
        return self.like.requests()

    def expressions(self) -> Iterator[str]:
        """Every expression in it."""
        return self.like.expressions()

    async def perform(self, context: Context) -> Outcome:
        """End as it is said. A step that a person confirms is still held against its probe."""
        outcome = await self.ends(self.like, context)
        if outcome.kind == "done" and self.like.asks and self.probe is not None:
            truth, seen = await self.probe.applied(context)
            if truth is False:
                return Outcome(kind="failed", detail=f"said to be done, but {seen}")
        return outcome


def simulated(step: AnyStep, ends: Ends, **changes: Any) -> AnyStep:  # noqa: ANN401 - fields of a step
    """The stand-in of a step. changes: fields that are otherwise than the step's own."""
    common: dict[str, Any] = {name: getattr(step, name) for name in Step.__struct_fields__}
    if step.probe is not None and step.probe.signal is None:
        common["probe"] = None
    return cast("AnyStep", Simulated(**{**common, **changes}, like=step, ends=ends))
