"""Going forward again after something went back: by a person's word, and only with a way back that is seen to be there. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from monitor.deciding.contracts import Plan
from monitor.deciding.decision import NEEDS_PERSON, Decision
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import all_of, checks
from monitor.model import Truth


def unarmed(decisions: Iterable[Decision], capped: Callable[[Decision], bool]) -> str:
    """Why nothing may go forward before a person has armed something again; empty when nothing waits for that.

    capped: whether only people may ask from now on, so that there is nothing to arm.
    """
    for decision in decisions:
        if decision.state in NEEDS_PERSON and decision.rearmed_at is None and not capped(decision):
            return f"decision {decision.id} ({decision.runbook}) is {decision.state}, and nobody has armed it again"
    return ""


def no_way_back(
    decisions: Iterable[Decision], plan: Callable[[str], Plan | None], facts: Facts | None, advanced_at: float
) -> str:
    """Why the way back is not known to be there: the pre-flight of what was run since, judged afresh; empty when it is.

    advanced_at: when the cutover last went forward, unix seconds: a pre-flight holds for one step forward.
    """
    ended = (d for d in decisions if d.state in NEEDS_PERSON and (d.rearmed_at or d.changed_at) >= advanced_at)
    for runbook in dict.fromkeys(decision.runbook for decision in ended):
        found = plan(runbook)
        if found is None or facts is None:
            return f"the pre-flight of {runbook} cannot be judged"
        rows = checks(found.preflight, facts)
        if all_of(rows) is not Truth.TRUE:
            lacking = ", ".join(f"{row.what} is {row.state}" for row in rows if row.state != "true")
            return f"there is no way back again, the pre-flight of {runbook} does not hold: {lacking}"
    return ""
