"""Where an expression can be true at all: a rule that rests in a stage makes nothing true there, and neither does its negation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from monitor.config_checks.subject import Subject
from monitor.judging.expressions import Expression
from monitor.judging.triggers import Trigger
from monitor.model import Truth

_Sides: TypeAlias = tuple[bool, bool]
"""Whether it can be true, and whether it can be false."""


class _Possible:
    """The algebra of what can be, given the rules that are judged."""

    def __init__(self, judged: frozenset[str]) -> None:
        self._judged = judged

    def rule(self, name: str) -> _Sides:
        return name in self._judged, name in self._judged

    def signal(self, _truth: Truth) -> _Sides:
        return True, True

    def negated(self, part: _Sides) -> _Sides:
        return part[1], part[0]

    def at_least(self, least: int, parts: Sequence[_Sides]) -> _Sides:
        return sum(yes for yes, _ in parts) >= least, sum(no for _, no in parts) > len(parts) - least


def can_be_true(subject: Subject, expression: Expression, stage: str) -> bool:
    """Whether an expression can be true in a stage, whatever is measured. A name that is no rule is not counted against it."""
    resting = {rule.name for rule in subject.config.rules if stage not in subject.active(rule.active_in)}
    return expression.fold(_Possible(expression.rules - resting), lambda _name: None)[0]


def resting(subject: Subject, expression: Expression, stage: str) -> list[str]:
    """The rules of an expression that are not judged in a stage, sorted."""
    rules = [rule for rule in subject.config.rules if rule.name in expression.rules]
    return sorted(rule.name for rule in rules if stage not in subject.active(rule.active_in))


def stages_of(subject: Subject, trigger: Trigger, expression: Expression) -> list[str]:
    """The stages in which a trigger may call for its runbook, in the order of the cutover."""
    judged = subject.active(trigger.active_in)
    return [stage for stage in subject.stages if stage in judged and can_be_true(subject, expression, stage)]
