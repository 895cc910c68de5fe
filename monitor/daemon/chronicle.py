"""Transitions, verdicts and health into journal lines and pages: what people read afterwards, without the noise."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from monitor.daemon.facts import number_or_none, scope_text
from monitor.judging.judged import Transition
from monitor.judging.rules import Rule
from monitor.model import Metric, Standing
from monitor.units import format_duration, format_value, spell_duration

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
        quiet = (change.before, change.after) in _QUIET or change.flapping == "goes on"
        if not quiet:
            alike[change.rule, change.after].append(change)
    told: list[Told] = []
    for (name, after), group in alike.items():
        rule = rules[name]
        if len(group) > APART:
            told.append(Told(f"{rule.title or name}: {len(group)} groups are {after.word}", name, after.word))
            continue
        for change in group:
            scope = scope_text(change.scope)
            unit = change.unit or catalogue[rule.metric].unit
            told.append(Told(_line(change, rule, unit), f"{name}:{scope}" if scope else name, after.word))
    return told


def _line(change: Transition, rule: Rule, unit: str) -> str:
    """What changed, on what evidence, and what was before."""
    subject = f"{rule.title or rule.name} {scope_text(change.scope)}".strip()
    value = format_value(number_or_none(change.value), unit)
    if change.flapping == "begins":
        return f"{subject} {value} is flapping: more than {rule.flap_limit} changes within an hour, further ones are not told"
    before = ""
    if math.isfinite(change.since):
        before = f"; {change.before.word} for {format_duration(max(change.at - change.since, 0.0))}"
    if change.why:
        return f"{subject} is {change.after.word}: {change.why}{before}"
    if change.after in (Standing.UNKNOWN, Standing.INSUFFICIENT):
        return f"{subject} is {change.after.word}"
    over = f" in {spell_duration(change.window)}" if change.window else ""
    newest = f", newest {format_duration(max(change.age, 0.0))} old" if math.isfinite(change.age) else ""
    evidence = f"({change.samples} samples{over}{newest}{before})"
    if change.after is Standing.BREACH:
        limit = rule.breach if math.isnan(change.limit) else change.limit
        return f"{subject} {value} {rule.operator} {format_value(limit, unit)} {evidence}"
    against = f", limit {format_value(change.limit, unit)}" if math.isfinite(change.limit) else ""
    return f"{subject} {value} is {change.after.word}{against} {evidence}"
