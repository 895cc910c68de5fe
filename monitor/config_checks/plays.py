"""Triggers against the runbooks they call for: what a runbook asks about, who it needs and where it ends."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from monitor.config_checks.plan import duty_problems
from monitor.config_checks.possible import can_be_true, resting, stages_of
from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.judging.expressions import Expression, ExpressionError, parse
from monitor.judging.scoping import labels_named
from monitor.judging.triggers import Trigger
from monitor.plan import PAST
from monitor.units import spell_duration
from runbooks.actions.notify import Notify
from runbooks.book import Book
from runbooks.model import Runbook


def play_problems(subject: Subject, book: Book) -> Iterator[Finding]:
    """Everything that would show only in the middle of a rollback, told at the trigger that calls for it."""
    for index, trigger in enumerate(subject.config.triggers):
        runbook = book.get(trigger.runbook)
        if runbook is None:
            continue
        path: Path = ("triggers", index)
        if wrong := _parameters(runbook, trigger):
            yield subject.finding((*path, "parameters"), wrong, f"see `golive runbook show {runbook.name}`")
        yield from _mute(subject, (*path, "runbook"), trigger, runbook)
        step = (*path, "runbook")
        rules, signals = book.names_used(trigger.runbook)
        yield from _asked(subject, step, rules - {PAST}, signals)
        yield from _needed(subject, step, runbook)
        yield from _time(subject, step, runbook)
        yield from _told(subject, step, runbook)


def _parameters(runbook: Runbook, trigger: Trigger) -> str:
    """What of the parameters does not fit; a value that comes from the scope is only known when it is needed."""
    later = {name for name, text in trigger.parameters.items() if labels_named({name: text})}
    if unknown := sorted(later - set(runbook.parameters)):
        return f"runbook {runbook.name} has no parameter {', '.join(unknown)}"
    known = {name: parameter for name, parameter in runbook.parameters.items() if name not in later}
    fixed = {name: text for name, text in trigger.parameters.items() if name not in later}
    try:
        msgspec.structs.replace(runbook, parameters=known).filled(fixed)
    except ValueError as error:
        return str(error)
    return ""


def _mute(subject: Subject, path: Path, trigger: Trigger, runbook: Runbook) -> Iterator[Finding]:
    """A condition of the runbook that could never hold in a stage in which the trigger calls for it."""
    expression = _parsed(trigger.when)
    texts = (*runbook.preflight, *runbook.verify, *(text for step in runbook.steps for text in step.expressions()))
    for stage in stages_of(subject, trigger, expression) if expression is not None else ():
        for text in texts:
            asked = _parsed(text)
            if asked is not None and not can_be_true(subject, asked, stage):
                asleep = [name for name in resting(subject, asked, stage) if name in subject.names("rules")]
                if asleep:
                    what = f"in the stage {quoted(stage)} the runbook's {text!r} can never hold: {', '.join(asleep)} rests there"
                    yield subject.finding(path, what, "activate the rule there; a rule that rests makes nothing true")


def _parsed(text: str) -> Expression | None:
    try:
        return parse(text)
    except ExpressionError:
        return None


def _asked(subject: Subject, path: Path, rules: frozenset[str], signals: frozenset[str]) -> Iterator[Finding]:
    """A name that does not exist stays unknown for ever: preflight would never pass, nothing would verify."""
    for section, kind, names in (("rules", "rule", rules), ("signals", "signal", signals)):
        known = subject.names(section)
        for name in sorted(names - known):
            if subject.sure(section):
                hint = near if (near := meant(name, known)).startswith("did") else f"add it under {section}"
                yield subject.finding(path, f"the runbook asks for the {kind} {quoted(name)}, which is not there", hint)


def _needed(subject: Subject, path: Path, runbook: Runbook) -> Iterator[Finding]:
    for owner in sorted({step.owner for step in runbook.steps if step.owner}):
        for finding in duty_problems(subject, path, owner):
            yield subject.finding(path, f"a step of the runbook needs somebody: {finding.what}", finding.hint)
    if runbook.back_to is not None and runbook.back_to not in subject.names("stages") and subject.sure("stages"):
        what = f"the runbook ends in the stage {quoted(runbook.back_to)}, which is not there"
        yield subject.finding(path, what, meant(runbook.back_to, subject.names("stages")))


def _time(subject: Subject, path: Path, runbook: Runbook) -> Iterator[Finding]:
    budget = subject.config.cutover.rollback_budget
    if runbook.takes > budget and subject.sure("cutover", "rollback_budget"):
        what = f"its steps take {spell_duration(runbook.takes)}, the rollback budget is {spell_duration(budget)}"
        yield subject.finding(path, what, "raise cutover.rollback_budget, so that decide_by is computed from the truth")
    elif runbook.back_to is not None and runbook.lasts > budget and subject.sure("cutover", "rollback_budget"):
        what = f"from its first step to verified it takes {spell_duration(runbook.lasts)}, the rollback budget is "
        yield subject.finding(path, what + spell_duration(budget), "raise cutover.rollback_budget")


def _told(subject: Subject, path: Path, runbook: Runbook) -> Iterator[Finding]:
    """A step that tells people over a channel that is not there would stop the rollback to say so."""
    known = subject.names("notify")
    for step in runbook.steps:
        if not isinstance(step, Notify) or not subject.sure("notify"):
            continue
        if not known:
            yield subject.finding(
                path, f"step {step.name} tells people, and there is no channel", "add one under notify"
            )
        for name in sorted(set(step.channels) - known) if known else ():
            what = f"step {step.name} tells the channel {quoted(name)}, which is not there"
            yield subject.finding(path, what, meant(name, known))
