"""Doing again what was done already: a run of its own, and never without saying why. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.deciding.decision import OPEN, Decision
from monitor.serving.acts import Refusal


def refuse_unexplained(asked: Decision, others: Iterable[Decision]) -> None:
    """Refuse a request without a reason for an act that has been executed already.

    The request has a decision, and so a run, of its own: what was done under the old run's keys is not touched.
    """
    done = [known for known in others if known.run and known.state not in OPEN and same_act(known, asked)]
    if done and not asked.reason.strip():
        last = max(done, key=lambda known: known.changed_at)
        what = f"{asked.runbook} was executed already, as {last.run}, and is {last.state.value.replace('_', ' ')}"
        raise Refusal(422, what, "say with a reason why it is to be executed again")


def same_act(one: Decision, other: Decision) -> bool:
    """Whether two decisions would do the same: the same runbook for the same targets."""
    return (one.runbook, one.targets) == (other.runbook, other.targets)
