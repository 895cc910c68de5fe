"""The part of a run that touches the world: performs one step, asks one probe; reports, and never raises."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from monitor.units import format_duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.model import AnyStep

log = logging.getLogger("golive.runbooks")


async def perform(step: AnyStep, context: Context, left: float | None = None, *, before: bool = False) -> Outcome:
    """Do a step. A fault of our own leaves its outcome unknown, as it may have come after the sending.

    left: seconds until its deadline, None when it has none. before: whether an earlier try may have taken effect.
    """
    if left is not None and left <= 0:
        return Outcome(kind="unknown" if before else "failed", detail="its deadline has passed", sent=before)
    limit = asyncio.timeout(left)
    try:
        async with limit:
            return await step.perform(context)
    except Exception as error:
        if limit.expired() and isinstance(error, TimeoutError):
            return _cut_off(step)
        log.exception("step %s", step.name)
        return Outcome(kind="unknown", detail=f"internal error: {type(error).__name__}: {error}")


def _cut_off(step: AnyStep) -> Outcome:
    """What is known of a step that its deadline ended."""
    within = format_duration(step.deadline or 0.0)
    if step.asks:
        return Outcome(kind="failed", detail=f"nobody answered within its deadline of {within}")
    harmless = step.effect == "read"
    return Outcome(kind="failed" if harmless else "unknown", detail=f"cut off at its deadline of {within}")


async def probed(step: AnyStep, context: Context) -> tuple[bool | None, str]:
    """Ask whether a step took effect; None when that cannot be known."""
    if step.probe is None:
        return None, "there is no probe"
    try:
        return await step.probe.applied(context)
    except Exception as error:
        log.exception("probe of step %s", step.name)
        return None, f"the probe failed: {type(error).__name__}: {error}"


class Errand:
    """The one thing that a run has in flight."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    @property
    def out(self) -> bool:
        """Whether something is in flight."""
        return self._task is not None and not self._task.done()

    def send(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Begin it."""
        self._task = asyncio.get_running_loop().create_task(work, name=name)

    async def recall(self) -> None:
        """Cut it off and wait until it has ended."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
