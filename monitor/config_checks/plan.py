"""The plan of the cutover: clocks, stages, gates, waves, and who may sign."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.judging.expressions import ExpressionError, parse
from monitor.plan import Gate
from monitor.units import spell_duration

SCHEMA = 1
"""The one version of golive.yaml that there is."""
_FULL_SHARE = 100
_SCOPE = re.compile(r"[\w.-]+[:=][^\s,]+")


def plan_problems(subject: Subject) -> Iterator[Finding]:
    """Everything in the plan that contradicts itself or names what is not there."""
    if subject.config.schema != SCHEMA:
        yield subject.finding(("schema",), f"schema {subject.config.schema} is not known", f"write schema: {SCHEMA}")
    if not subject.config.stages and subject.sure("stages"):
        yield subject.finding(("stages",), "there is no stage", "a cutover has at least one, such as - {name: legacy}")
    yield from _clocks(subject)
    yield from _stages(subject)
    for index, gate in enumerate(subject.config.gates):
        yield from _gate(subject, ("gates", index), gate)
    yield from _waves(subject)
    yield from _points_of_no_return(subject)


def _clocks(subject: Subject) -> Iterator[Finding]:
    cutover = subject.config.cutover
    budget = cutover.rollback_budget if subject.sure("cutover", "rollback_budget") else 0.0
    window, decide_by = cutover.window, cutover.decide_by
    if window is not None and window.end <= window.start:
        yield subject.finding(("cutover", "window", "end"), "the window ends before it starts", "check both times")
        return
    if window is not None and budget > window.end - window.start:
        what = f"a rollback of {spell_duration(budget)} does not fit into the window"
        yield subject.finding(("cutover", "rollback_budget"), what, "lengthen the window or shorten the rollback")
        return
    if window is None or decide_by is None:
        return
    if not window.start < decide_by <= window.end:
        yield subject.finding(("cutover", "decide_by"), "lies outside the window", "it must be inside cutover.window")
        return
    if decide_by + budget > window.end:
        late = spell_duration(decide_by + budget - window.end)
        what = f"a rollback decided then would end {late} after the window"
        yield subject.finding(("cutover", "decide_by"), what, "decide earlier, or lengthen the window")
    rules = {rule.name: rule for rule in subject.config.rules}
    hold = max((rules[name].hold for name in _triggering(subject) if name in rules), default=0.0)
    if window.start + hold + budget > decide_by:
        what = f"a hold of {spell_duration(hold)} and a rollback of {spell_duration(budget)} do not fit before it"
        yield subject.finding(("cutover", "decide_by"), what, "decide later, start earlier, or shorten the rollback")


def _triggering(subject: Subject) -> Iterator[str]:
    for trigger in subject.config.triggers:
        try:
            yield from parse(trigger.when).rules
        except ExpressionError:
            continue


def _stages(subject: Subject) -> Iterator[Finding]:
    gates = {gate.name: gate for gate in subject.config.gates}
    approvers = sum(person.role == "approver" for person in subject.config.people)
    for index, stage in enumerate(subject.config.stages):
        path: Path = ("stages", index)
        if stage.share is not None and not 0 <= stage.share <= _FULL_SHARE:
            yield subject.finding((*path, "share"), f"{stage.share:g} is not a share", "it is percent, from 0 to 100")
        for place, name in enumerate(stage.gate.needs):
            step = (*path, "gate", "needs", place)
            yield from subject.known(step, name, "gates", "gate")
            gate = gates.get(name)
            if gate is not None and stage.name not in subject.active(gate.active_in):
                what = f"the gate {quoted(name)} is not active in the stage {quoted(stage.name)}"
                yield subject.finding(step, what, "add the stage to the gate's active_in, or drop the gate here")
        yield from _quorum(subject, (*path, "gate", "quorum"), stage.gate.quorum, approvers)


def _quorum(subject: Subject, path: Path, quorum: int, approvers: int) -> Iterator[Finding]:
    if quorum < 1:
        yield subject.finding(path, f"a quorum of {quorum} asks nobody", "write at least 1")
    elif quorum > approvers > 0 and subject.sure("people"):
        yield subject.finding(path, f"asks {quorum} people, {approvers} may approve", "add an approver to people")


def _gate(subject: Subject, path: Path, gate: Gate) -> Iterator[Finding]:
    yield from subject.active_in(path, gate.active_in)
    for index, name in enumerate(gate.rules):
        yield from subject.known((*path, "rules", index), name, "rules", "rule")
    if gate.rules and gate.signed_by:
        hint = "make two gates of it: one with rules, one with signed_by"
        yield subject.finding((*path, "signed_by"), "the gate is judged by rules and signed by a duty", hint)
    elif gate.signed_by:
        yield from duty_problems(subject, (*path, "signed_by"), gate.signed_by)
    elif not gate.rules:
        hint = "give it rules: [...] or signed_by: a duty"
        yield subject.finding(path, f"nothing answers the gate {quoted(gate.name)}", hint)
    else:
        yield from _judged(subject, path, gate)


def _judged(subject: Subject, path: Path, gate: Gate) -> Iterator[Finding]:
    """A required gate whose rules are never active while it is would say nothing for ever."""
    rules = [rule for rule in subject.config.rules if rule.name in gate.rules]
    if not gate.required or len(rules) < len(set(gate.rules)):
        return
    stages = subject.active(gate.active_in)
    if not any(subject.active(rule.active_in) & stages for rule in rules):
        what = f"none of its rules is active in a stage in which the gate {quoted(gate.name)} is"
        yield subject.finding((*path, "rules"), what, "compare active_in of the gate and of its rules")


def duty_problems(subject: Subject, path: Path, duty: str) -> Iterator[Finding]:
    """A finding when nobody carries the duty."""
    held = {held for person in subject.config.people for held in person.duties}
    if duty in held or subject.positions.dropped_at(("people",)):
        return
    hint = meant(duty, held) if held else "give it to somebody: people[...].duties"
    yield subject.finding(path, f"nobody has the duty {quoted(duty)}", hint)


def _waves(subject: Subject) -> Iterator[Finding]:
    for index, wave in enumerate(subject.config.waves):
        for place, site in enumerate(wave.sites):
            yield from subject.known(("waves", index, "sites", place), site, "sites", "site")
    for section in ("sites", "waves"):
        for index, entry in enumerate(getattr(subject.config, section)):
            if entry.agents < 0:
                yield subject.finding((section, index, "agents"), f"{entry.agents} agents", "write 0 or more")


def _points_of_no_return(subject: Subject) -> Iterator[Finding]:
    for index, point in enumerate(subject.config.points_of_no_return):
        path: Path = ("points_of_no_return", index)
        yield from subject.known((*path, "signal"), point.signal, "signals", "signal")
        try:
            parse(f"{point.signal} {point.when}")
        except ExpressionError as error:
            hint = 'write an operator and a number, such as when: ">= 1"'
            yield subject.finding((*path, "when"), f"cannot be read: {error.message}", hint)
        for place, entry in enumerate(point.scope):
            if not _SCOPE.fullmatch(entry):
                hint = 'write name:value or name:pattern*, such as "dnis:0800-*"; leave scope out for everything'
                yield subject.finding((*path, "scope", place), f"{quoted(entry)} is no scope", hint)
