"""Triggers: expressions over rules that call for a runbook. This part is the configuration; see expressions.py."""

from __future__ import annotations

from typing import Literal

from monitor.plan import Section
from monitor.units import Duration


class Approval(Section, frozen=True, kw_only=True):
    """Who must agree before a runbook runs, and what happens when nobody does."""

    duties: tuple[str, ...]
    """Duties that may vote (people carry them in `people`)."""
    quorum: int = 2
    not_requester: bool = True
    deadline: Duration = 600.0
    on_deadline: Literal["escalate", "deny"] = "escalate"


class Trigger(Section, frozen=True, kw_only=True):
    """An edge that proposes, or in auto mode starts, a runbook."""

    name: str
    when: str
    """Names of rules (true while in BREACH), and, or, not, at least N of (...)."""
    runbook: str
    scope: str = "all"
    mode: Literal["observe", "advise", "approve", "auto"] | None = None
    """None takes cutover.default_mode."""
    absolute: bool = False
    """One sample of one source is enough, and a person is always asked."""
    unknown_is: Literal["ask", "false"] = "false"
    """What an unknown expression does: nothing, or ask a person. It never executes."""
    active_in: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    cooldown: Duration = 1500.0
    max_runs: int = 1
    abort_if_clear: bool = True
    """Whether the decision is withdrawn when its cause clears while it is asked; else people are asked again."""
    approval: Approval
