"""Triggers against the clock: one that could fire only when it is too late to roll back is no protection."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding
from monitor.judging.expressions import ExpressionError, parse
from monitor.plan import decide_by
from monitor.units import spell_duration


def clock_problems(subject: Subject) -> Iterator[Finding]:
    """Triggers whose rules hold for longer than there is time to decide; where decide_by is written, plan.py says so."""
    cutover = subject.config.cutover
    window = cutover.window
    if window is None or cutover.decide_by is not None or not subject.sure("cutover", "rollback_budget"):
        return
    budget = cutover.rollback_budget
    until = decide_by(cutover, budget)
    if until is None or not window.start < until < window.end:
        return
    holds = {rule.name: rule.hold for rule in subject.config.rules}
    for index, trigger in enumerate(subject.config.triggers):
        try:
            named = parse(trigger.when).rules
        except ExpressionError:
            continue
        hold = max((holds[name] for name in named if name in holds), default=0.0)
        if window.start + hold > until:
            what = (
                f"its rules hold for {spell_duration(hold)}, but with a rollback of {spell_duration(budget)} one must be "
                f"decided within {spell_duration(until - window.start)} of the window's start"
            )
            yield subject.finding(
                ("triggers", index, "when"), what, "shorten the hold or the rollback, or lengthen the window"
            )
