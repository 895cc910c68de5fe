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
    void_if: Literal["evidence_changed"] = "evidence_changed"
    """What takes signatures back. There is one answer, and it cannot be switched off: evidence that has changed."""


class Trigger(Section, frozen=True, kw_only=True):
    """An edge that proposes, or in auto mode starts, a runbook: one decision for each of its scopes."""

    name: str
    when: str
    """Names of rules (true while in BREACH), and, or, not, at least N of (...)."""
    runbook: str
    scope: Literal["all"] | None = None
    """`all`: judged over everything at once, true when each rule is bad anywhere. Default: scope by scope."""
    by: tuple[str, ...] = ()
    """Labels whose values make one scope each; default: those that all its rules with groups have in common."""
    group_within: Duration = 30.0
    """Further scopes join a request that is this young, whoever has signed it; then only one that nobody has signed."""
    mode: Literal["observe", "advise", "approve", "auto"] | None = None
    """None takes cutover.default_mode."""
    absolute: bool = False
    """One sample of one source is enough, and a person is always asked."""
    distinct_sources: int | None = None
    """Rules in breach, no two of which share a source, that it takes to act without asking; default 2, never less."""
    unknown_is: Literal["ask", "false"] = "false"
    """What an unknown expression does: nothing, or ask a person. It never executes."""
    active_in: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    """The runbook's parameters; `{queue}` stands for the value of the scope's label of that name."""
    cooldown: Duration = 1500.0
    max_runs: int = 1
    """Runs in one scope after which only people ask there."""
    abort_if_clear: bool = True
    """Whether the decision is withdrawn when its cause clears while it is asked; else people are asked again."""
    approval: Approval
