"""Whether a trigger may open a decision now, derived from the decisions it has opened or joined. Pure."""

from __future__ import annotations

from monitor.deciding.decision import NEEDS_PERSON, OPEN, Decision
from monitor.judging.triggers import Trigger


def ready_at(last: Decision, cooldown: float) -> float | None:
    """When a trigger arms again after its last decision, unix seconds; None: not without a person.

    A person's word shortens no cooldown: it says that the cause was looked at.
    """
    if last.state in OPEN:
        return None
    if last.state in NEEDS_PERSON and last.rearmed_at is None:
        return None
    return max(last.changed_at + cooldown, last.rearmed_at or 0.0)


def armed(trigger: Trigger, last: Decision | None, runs: int, at: float) -> bool:
    """Whether an edge opens a decision at `at`.

    last: the newest decision it opened or joined. runs: how many of them were executed; from max_runs on, only a
    person asks, by hand.
    """
    if runs >= trigger.max_runs:
        return False
    if last is None:
        return True
    ready = ready_at(last, trigger.cooldown)
    return ready is not None and at >= ready
