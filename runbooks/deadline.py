"""How long a step may still take: counted on the wall clock from its first try, so that a crash does not lengthen it."""

from __future__ import annotations

from runbooks.conduct import perform
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.model import AnyStep
from runbooks.record import Record


def left(record: Record, step: AnyStep) -> float | None:
    """Seconds until a step's deadline; None when it has none or was not begun."""
    since = record.steps[step.name].since
    return None if step.deadline is None or since is None else since + step.deadline - record.clock()


def late(record: Record, step: AnyStep) -> bool:
    """Whether a step's deadline has passed."""
    remaining = left(record, step)
    return remaining is not None and remaining <= 0


async def perform_in_time(record: Record, step: AnyStep, context: Context) -> Outcome:
    """Do a step that was just begun, until its deadline at the latest."""
    return await perform(step, context, left(record, step), before=record.steps[step.name].attempt > 1)
