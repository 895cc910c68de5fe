"""Whether a trigger may open a decision in a scope now, derived from the decisions it has opened or joined there. Pure."""

from __future__ import annotations

from monitor.deciding.causes import Cause
from monitor.deciding.decision import NEEDS_PERSON, OPEN, Decision
from monitor.judging.triggers import Trigger


def ready_at(last: Decision, cooldown: float, cause: Cause | None = None) -> float | None:
    """When a trigger arms again after its last decision, unix seconds; None: not without a person.

    cause: what it was there; one that had left because it had cleared is over since then, whatever became of the
    rest. A person's word shortens no cooldown: it says that the cause was looked at.
    """
    if cause is not None and cause.left_at is not None:
        return cause.left_at + cooldown
    if last.state in OPEN:
        return None
    if last.state in NEEDS_PERSON and last.rearmed_at is None:
        return None
    return max(last.changed_at + cooldown, last.rearmed_at or 0.0)


def armed(trigger: Trigger, last: Decision | None, runs: int, at: float, cause: Cause | None = None) -> bool:
    """Whether an edge opens a decision at `at`.

    last: the newest decision it opened or joined in the scope. runs: how many of them were executed; from max_runs
    on, only a person asks there, by hand.
    """
    if runs >= trigger.max_runs:
        return False
    if last is None:
        return True
    ready = ready_at(last, trigger.cooldown, cause)
    return ready is not None and at >= ready
