"""Triggers against the runbooks they call for: what a runbook asks about, who it needs and where it ends."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.plan import duty_problems
from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.plan import PAST
from monitor.units import spell_duration
from runbooks.book import Book
from runbooks.model import Runbook


def play_problems(subject: Subject, book: Book) -> Iterator[Finding]:
    """Everything that would show only in the middle of a rollback, told at the trigger that calls for it."""
    for index, trigger in enumerate(subject.config.triggers):
        runbook = book.get(trigger.runbook)
        if runbook is None:
            continue
        path: Path = ("triggers", index)
        try:
            runbook.filled(trigger.parameters)
        except ValueError as error:
            yield subject.finding((*path, "parameters"), str(error), f"see `golive runbook show {runbook.name}`")
        step = (*path, "runbook")
        rules, signals = book.names_used(trigger.runbook)
        yield from _asked(subject, step, rules - {PAST}, signals)
        yield from _needed(subject, step, runbook)
        yield from _time(subject, step, runbook)


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
