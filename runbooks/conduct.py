"""The part of a run that touches the world: performs one step, asks one probe; reports, and never raises."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Coroutine
from typing import Any

import msgspec

from monitor.redaction import masked
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
            outcome = await step.perform(context)
    except Exception as error:  # noqa: BLE001 - whatever it is, the run must hear of it
        if limit.expired() and isinstance(error, TimeoutError):
            return _cut_off(step)
        _tell("step", step.name)
        return Outcome(kind="unknown", detail=f"internal error: {masked(f'{type(error).__name__}: {error}')}")
    return msgspec.structs.replace(outcome, detail=masked(outcome.detail))


def _cut_off(step: AnyStep) -> Outcome:
    """What is known of a step that its deadline ended."""
    within = format_duration(step.deadline or 0.0)
    if step.asks:
        return Outcome(kind="failed", detail=f"nobody answered within its deadline of {within}")
    harmless = step.effect == "read"
    return Outcome(kind="failed" if harmless else "unknown", detail=f"cut off at its deadline of {within}")


async def probed(step: AnyStep, context: Context) -> tuple[bool | None, str]:
    """Ask whether a step took effect; None when that cannot be known."""
    try:
        truth, seen = await step.applied(context)
    except Exception as error:  # noqa: BLE001 - the same
        _tell("probe of step", step.name)
        return None, f"the probe failed: {masked(f'{type(error).__name__}: {error}')}"
    return truth, masked(seen)


def _tell(what: str, name: str) -> None:
    """Log a fault of our own with where it happened; a library's words may hold what was sent."""
    log.error("%s %s: %s", what, name, masked(traceback.format_exc()))


class Errand:
    """One thing in flight."""

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


class Flights:
    """What a run has in flight: a step, and beside a person's open question the taking back of another."""

    def __init__(self) -> None:
        self.step = Errand()
        self.undo = Errand()

    @property
    def out(self) -> bool:
        """Whether anything is in flight."""
        return self.step.out or self.undo.out

    async def recall(self) -> None:
        """Cut off what is in flight."""
        await self.step.recall()
        await self.undo.recall()
