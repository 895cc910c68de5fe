"""The part of a run that touches the world: performs one step, asks one probe; reports, and never raises."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.model import AnyStep

log = logging.getLogger("golive.runbooks")


async def perform(step: AnyStep, context: Context) -> Outcome:
    """Do a step. A fault of our own leaves its outcome unknown, as it may have come after the sending."""
    try:
        return await step.perform(context)
    except Exception as error:
        log.exception("step %s", step.name)
        return Outcome(kind="unknown", detail=f"internal error: {type(error).__name__}: {error}")


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
