"""Scopes of triggers: that all rules mean the same place, and that a runbook's parameters can be filled from it."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.possible import can_be_true, resting, stages_of
from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.judging.expressions import Expression
from monitor.judging.scoping import fixed, grouped_by, labels_named, scope_labels, shared
from monitor.judging.triggers import Trigger

_WITNESSES = 2
"""Rules on sources of their own that auto mode needs at least."""


def scope_problems(subject: Subject, path: Path, trigger: Trigger, expression: Expression) -> Iterator[Finding]:
    """A trigger whose rules are about different places, or whose parameters ask for a label that its scopes lack."""
    signals = {signal.name: signal for signal in subject.config.signals}
    rules = [rule for rule in subject.config.rules if rule.name in expression.rules]
    groups = {rule.name: by for rule in rules if (by := grouped_by(rule, signals))}
    if trigger.by and trigger.scope:
        what = "by makes scopes, and scope: all makes one of everything"
        yield subject.finding((*path, "scope"), what, "leave one of them out")
    elif trigger.by:
        fixed_labels = {rule.name: fixed(rule, signals).keys() for rule in rules}
        if rules and not any(
            set(trigger.by) <= {*groups.get(rule.name, ()), *fixed_labels[rule.name]} for rule in rules
        ):
            what = f"no rule of the trigger has groups by {' and '.join(trigger.by)}, so there would be no scope"
            yield subject.finding((*path, "by"), what, "group one of its rules by all of these labels")
        for name, by in groups.items():
            if not {*by, *fixed_labels[name]} & set(trigger.by):
                what = f"the rule {quoted(name)} has groups by {', '.join(by)}, which says nothing about the scope"
                yield subject.finding((*path, "by"), what, "group it by a label of the scope, or not at all")
    elif not trigger.scope and groups and not shared(list(groups.values())):
        told = ", ".join(f"{name} by {', '.join(by)}" for name, by in groups.items())
        what = f"its rules share no label ({told}): they could be bad in different places and nobody would know"
        hint = "group them by a label in common, or write scope: all if bad anywhere is meant"
        yield subject.finding((*path, "when"), what, hint)
    labels = scope_labels(trigger, subject.config.rules, subject.config.signals)
    for name, text in trigger.parameters.items():
        for label in sorted(labels_named({name: text}) - set(labels)):
            hint = meant(label, labels) if labels else "write by: [a label], and group a rule by it"
            what = f"the trigger's scopes have no label {quoted(label)}"
            yield subject.finding((*path, "parameters", name), what, hint)


def stage_problems(subject: Subject, path: Path, trigger: Trigger, expression: Expression) -> Iterator[Finding]:
    """A trigger that says that it is active in a stage in which its rules rest, so that it could never be true there."""
    if not trigger.active_in or not subject.sure("rules") or not stages_of(subject, trigger, expression):
        return
    for index, stage in enumerate(trigger.active_in):
        asleep = resting(subject, expression, stage)
        if stage in subject.stages and asleep and not can_be_true(subject, expression, stage):
            what = f"in the stage {quoted(stage)} it can never be true: {', '.join(asleep)} rests there"
            hint = "compare active_in of the trigger and of its rules; a rule that rests makes nothing true"
            yield subject.finding((*path, "active_in", index), what, hint)


def witness_problems(subject: Subject, path: Path, trigger: Trigger, expression: Expression) -> Iterator[Finding]:
    """Auto mode that could never find so many rules on sources of their own as it needs."""
    wanted, step = trigger.distinct_sources, (*path, "distinct_sources")
    mode = trigger.mode or subject.config.cutover.default_mode
    if wanted is not None and wanted < (_WITNESSES if mode == "auto" else 1):
        yield subject.finding(step, f"{wanted} is no independence", f"write at least {_WITNESSES}")
        return
    least = max(wanted or 1, _WITNESSES if mode == "auto" else 1)
    rules = [rule for rule in subject.config.rules if rule.name in expression.rules]
    if len(rules) < len(expression.rules) or least == 1:
        return
    series = {(rule.metric, rule.signal, tuple(sorted(rule.match.items()))) for rule in rules}
    if len(series) < least:
        where = (*path, "mode") if mode == "auto" and wanted is None else step
        what = (
            f"{least} rules on sources of their own are needed, and its expression reads {len(series)} kind of series"
        )
        yield subject.finding(where, what, "name a rule over something that another collector measures")
