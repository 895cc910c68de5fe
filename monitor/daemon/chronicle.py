"""Transitions, verdicts and health into journal lines and pages: what people read afterwards, without the noise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from monitor.daemon.facts import number_or_none, scope_text
from monitor.judging.judge import Transition
from monitor.judging.rules import Rule
from monitor.model import Metric, Standing
from monitor.units import format_value

APART = 3
"""Groups of one rule that change alike in one tick and still get a line each; more of them share one."""
_QUIET = {(Standing.INSUFFICIENT, Standing.OK), (Standing.OK, Standing.INSUFFICIENT)}


class Told(NamedTuple):
    """A journal line to be."""

    what: str
    object: str
    state: str


def transitions(changes: Iterable[Transition], rules: dict[str, Rule], catalogue: dict[str, Metric]) -> list[Told]:
    """One line for each change of standing that a person would want to read; many alike share a line."""
    alike: dict[tuple[str, Standing], list[Transition]] = defaultdict(list)
    for change in changes:
        if (change.before, change.after) not in _QUIET:
            alike[change.rule, change.after].append(change)
    told: list[Told] = []
    for (name, after), group in alike.items():
        rule = rules[name]
        title = rule.title or name
        if len(group) > APART:
            told.append(Told(f"{title}: {len(group)} groups are {after.word}", name, after.word))
            continue
        unit = catalogue[rule.metric].unit
        for change in group:
            scope = scope_text(change.scope)
            value = format_value(number_or_none(change.value), unit)
            limit = format_value(rule.breach, unit)
            subject = f"{title} {scope}".strip()
            if after in (Standing.UNKNOWN, Standing.INSUFFICIENT):
                what = f"{subject} is {after.word}"
            elif after is Standing.BREACH:
                what = f"{subject} {value} {rule.operator} {limit} ({change.samples} samples)"
            else:
                what = f"{subject} {value} is {after.word}"
            told.append(Told(what, f"{name}:{scope}" if scope else name, after.word))
    return told
