"""Triggers: what they ask about exists at the same time, and enough people may answer."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.plan import duty_problems
from monitor.config_checks.scopes import scope_problems, stage_problems, witness_problems
from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.judging.expressions import Expression, ExpressionError, parse
from monitor.judging.triggers import Trigger
from monitor.units import spell_duration

_WITNESSES = 2
"""Independent sources that auto mode needs at least."""


def trigger_problems(subject: Subject) -> Iterator[Finding]:
    """Every trigger that could not fire as it was meant, or that nobody could answer."""
    for index, trigger in enumerate(subject.config.triggers):
        path: Path = ("triggers", index)
        yield from subject.active_in(path, trigger.active_in)
        yield from _expression(subject, path, trigger)
        if subject.runbooks is not None and trigger.runbook not in subject.runbooks:
            hint = meant(trigger.runbook, subject.runbooks)
            yield subject.finding((*path, "runbook"), f"there is no runbook {quoted(trigger.runbook)}", hint)
        yield from _mode(subject, path, trigger)
        yield from _approval(subject, path, trigger)
        if trigger.max_runs < 1:
            yield subject.finding((*path, "max_runs"), "the trigger could never run", "write at least 1")


def _expression(subject: Subject, path: Path, trigger: Trigger) -> Iterator[Finding]:
    step = (*path, "when")
    try:
        expression = parse(trigger.when)
    except ExpressionError as error:
        hint = "write names of rules with and, or, not, at least N of (...), or a signal with a number"
        yield subject.finding(step, f"cannot be read at its column {error.column}: {error.message}", hint)
        return
    for name in sorted(expression.rules):
        if name in subject.names("signals"):
            hint = f"compare it with a number, such as {name} >= 1"
            yield subject.finding(step, f"{quoted(name)} is a signal, not a rule", hint)
        else:
            yield from subject.known(step, name, "rules", "rule")
    for name in sorted(expression.signals):
        if name in subject.names("rules"):
            yield subject.finding(
                step, f"{quoted(name)} is a rule, not a signal", "a rule stands alone, without a number"
            )
        else:
            yield from subject.known(step, name, "signals", "signal")
    for check in (_together, _cooldown, scope_problems, stage_problems, witness_problems):
        yield from check(subject, path, trigger, expression)


def _together(subject: Subject, path: Path, trigger: Trigger, expression: Expression) -> Iterator[Finding]:
    stages = subject.active(trigger.active_in)
    for rule in subject.config.rules:
        if rule.name in expression.rules:
            stages &= subject.active(rule.active_in)
    if not stages and subject.config.stages and subject.sure("stages"):
        what = "there is no stage in which the trigger and all its rules are active"
        yield subject.finding((*path, "when"), what, "compare active_in of the trigger and of its rules")


def _cooldown(subject: Subject, path: Path, trigger: Trigger, expression: Expression) -> Iterator[Finding]:
    windows = [rule.window for rule in subject.config.rules if rule.name in expression.rules]
    windows += [signal.window for signal in subject.config.signals if signal.name in expression.signals]
    delay = max((collector.delay for collector in subject.config.collectors), default=0.0)
    longest = max(windows, default=0.0) + delay
    if trigger.cooldown < longest:
        what = f"a cooldown of {spell_duration(trigger.cooldown)} ends before the longest window has forgotten what was"
        yield subject.finding((*path, "cooldown"), what, f"write at least {spell_duration(longest)}")


def _mode(subject: Subject, path: Path, trigger: Trigger) -> Iterator[Finding]:
    mode = trigger.mode or subject.config.cutover.default_mode
    if mode != "auto":
        return
    step = (*path, "mode")
    if trigger.absolute:
        yield subject.finding(step, "an absolute trigger always asks a person, auto never does", "write mode: approve")
    witnesses = {collector.independence or collector.name for collector in subject.config.collectors}
    if len(witnesses) < _WITNESSES and not subject.positions.dropped_at(("collectors",)):
        what = f"auto needs {_WITNESSES} independent sources, there is {len(witnesses) or 'none'}"
        yield subject.finding(step, what, "add a collector with another independence, or write mode: approve")


def _approval(subject: Subject, path: Path, trigger: Trigger) -> Iterator[Finding]:
    approval, step = trigger.approval, (*path, "approval")
    if not approval.duties:
        yield subject.finding((*step, "duties"), "names no duty, so nobody could approve", "name at least one")
    for index, duty in enumerate(approval.duties):
        yield from duty_problems(subject, (*step, "duties", index), duty)
    if approval.deadline <= 0:
        yield subject.finding((*step, "deadline"), "nobody could answer in time", "write one such as 10m")
    if approval.quorum < 1:
        yield subject.finding((*step, "quorum"), f"a quorum of {approval.quorum} asks nobody", "write at least 1")
        return
    able = {
        person.name
        for person in subject.config.people
        if person.role == "approver" and set(person.duties) & set(approval.duties)
    }
    if approval.duties and len(able) < approval.quorum and not subject.positions.dropped_at(("people",)):
        what = f"asks {approval.quorum} different people, {len(able) or 'none'} with one of these duties may approve"
        yield subject.finding((*step, "quorum"), what, "give more people the role approver and one of the duties")
