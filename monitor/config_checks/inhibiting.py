"""Inhibitions: both ends are rules, the labels that must be equal are there on both sides, and nothing hushes itself."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, quoted
from monitor.judging.rules import Rule
from monitor.judging.scoping import fixed, grouped_by


def inhibition_problems(subject: Subject) -> Iterator[Finding]:
    """Everything by which an inhibition would hush nothing, or too much."""
    config = subject.config
    follows: dict[str, set[str]] = {}
    rules = {rule.name: rule for rule in config.rules}
    for index, one in enumerate(config.inhibit):
        yield from subject.known(("inhibit", index, "source"), one.source, "rules", "rule")
        yield from _labels(subject, ("inhibit", index, "equal"), one.equal, rules.get(one.source))
        if not one.targets:
            hint = "name the rules that are its symptoms, or leave the entry out"
            yield subject.finding(("inhibit", index, "targets"), "it hushes nothing", hint)
        for place, target in enumerate(one.targets):
            path = ("inhibit", index, "targets", place)
            yield from subject.known(path, target, "rules", "rule")
            if one.source in _behind(target, follows) | {target}:
                what = (
                    f"{quoted(one.source)} and {quoted(target)} would hush each other, and nobody would hear of either"
                )
                yield subject.finding(path, what, "leave out the direction that is not the cause")
            else:
                follows.setdefault(one.source, set()).add(target)
            yield from _labels(subject, ("inhibit", index, "equal"), one.equal, rules.get(target))


def _behind(rule: str, follows: dict[str, set[str]]) -> set[str]:
    """Everything that a rule hushes, also by way of others."""
    found: set[str] = set()
    waiting = [rule]
    while waiting:
        for target in follows.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _labels(
    subject: Subject, path: tuple[str | int, ...], equal: tuple[str, ...], rule: Rule | None
) -> Iterator[Finding]:
    if rule is None:
        return
    signals = {signal.name: signal for signal in subject.config.signals}
    has = {*grouped_by(rule, signals), *fixed(rule, signals)}
    for place, label in enumerate(equal):
        if label not in has:
            what = f"rule {quoted(rule.name)} has no groups by {quoted(label)}, so that the two could never be compared"
            yield subject.finding((*path, place), what, f"its labels are {', '.join(sorted(has)) or 'none'}")
