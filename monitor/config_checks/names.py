"""Names: each stands once in its section and can be written in labels, addresses and expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, quoted
from monitor.judging.expressions import ExpressionError, parse
from monitor.plan import PAST

NAMED = (
    "people", "sites", "waves", "stages", "gates", "points_of_no_return",
    "collectors", "metrics", "signals", "rules", "triggers", "notify",
)  # fmt: skip
"""Sections whose entries carry a name."""
_IN_EXPRESSIONS = ("rules", "signals")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


def name_problems(subject: Subject) -> Iterator[Finding]:
    """Names that stand twice, and names that cannot be used where they will be."""
    for section in NAMED:
        seen: dict[str, int] = {}
        for index, entry in enumerate(getattr(subject.config, section)):
            path = (section, index, "name")
            if entry.name in seen:
                place = subject.positions.at((section, seen[entry.name], "name"))
                first = f"{place.file}:{place.line}"
                what = f"the name {quoted(entry.name)} stands here again, first at {first}"
                yield subject.finding(path, what, f"give each entry of {section} a name of its own")
            seen.setdefault(entry.name, index)
            yield from _writable(subject, path, entry.name, in_expressions=section in _IN_EXPRESSIONS)


def _writable(subject: Subject, path: tuple[str | int, ...], name: str, *, in_expressions: bool) -> Iterator[Finding]:
    if not _NAME.fullmatch(name):
        hint = "use letters, digits, '_', '-' and '.', at most 64, starting with a letter or a digit"
        yield subject.finding(path, f"{quoted(name)} cannot be a name", hint)
        return
    if not in_expressions:
        return
    if name == PAST:
        hint = "choose another name: a pre-flight asks by this one whether a point of no return is passed"
        yield subject.finding(path, f"{quoted(name)} is golive's own word", hint)
        return
    try:
        usable = parse(name).rules == {name}
    except ExpressionError:
        usable = False
    if not usable:
        hint = "use letters, digits and '_', starting with a letter, and none of its own words (and, or, not, at, least, of)"
        yield subject.finding(path, f"{quoted(name)} cannot be used in an expression", hint)
