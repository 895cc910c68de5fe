"""What differs between the configuration that runs and the one on disk: what can be taken over, and what only a restart takes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from monitor.config import Config
from monitor.documents.finding import Finding
from monitor.documents.positions import Path, Positions
from monitor.history.figures import figures
from monitor.intake.postbox import Judging
from monitor.judging.engine import WORDS
from monitor.judging.rules import Rule
from monitor.judging.scoping import all_scope_labels

RESTART = "restart golive, which goes on where its journal ends, or take the change back"
MOST_SAID = 20
"""Differences that are spelled out; how many there are beside is said."""
_LASTING = {
    "schema": "it says how the whole file is read",
    "cutover": "signatures, clocks and messages name it, and a run that is under way was signed under it",
    "people": "who may sign what is part of what was signed",
    "sites": "it is part of the plan that the cutover was armed with",
    "waves": "it is part of the plan that the cutover was armed with",
    "stages": "the cutover stands in one of them",
    "points_of_no_return": "whether one is passed is known of those that run only",
    "collectors": "what they heard, and which of their messages were counted, would begin anew",
    "metrics": "the series in memory are kept by them",
    "derived": "the figures in memory are computed by it",
    "signals": "rules, triggers and runbooks read them, and their windows would begin anew",
    "triggers": "what arms a rollback does not change under people's hands",
    "journal": "what is decided is written by it",
    "past": "what the screens showed is kept by it",
    "runbooks": "a decision that waits or runs rests on that folder",
}
"""Sections that stay as they are while golive runs, and why."""
_WEB = ("allow_hosts", "series_limit", "max_requests")
"""What the open port can take over."""
_GATE = ("title",)


class Differences(NamedTuple):
    """What a reload would do."""

    taken: tuple[str, ...]
    """In words, one clause each."""
    refused: tuple[Finding, ...]
    """What cannot be taken over, each with its place; with one of them nothing is taken."""
    judging: bool
    """Whether a rule is new, gone, or says something else: only words did not change what is judged."""


def differences(now: Config, then: Config, positions: Positions, busy: str = "") -> Differences:
    """Compare what runs with what lies on disk.

    positions: of the file on disk. busy: the decision that is open, in words; while there is one rules stay.
    """
    refused = [*_lasting(now, then, positions), *_gates(now, then, positions), *_web(now, then, positions)]
    judging = _judged(now.rules) != _judged(then.rules)
    if judging:
        refused += _rules(now, then, positions, busy)
    return Differences(tuple(_said(now, then)), tuple(refused), judging)


def _lasting(now: Config, then: Config, positions: Positions) -> Iterator[Finding]:
    for section, why in _LASTING.items():
        one, other = getattr(now, section), getattr(then, section)
        if one != other:
            path, what = _where(section, one, other)
            yield positions.finding(path, f"{what} cannot change while golive runs: {why}", RESTART)


def _where(section: str, one: object, other: object) -> tuple[Path, str]:
    """The first part of a section that differs, and how people call it."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        for index, entry in enumerate(other):
            if index >= len(one) or one[index] != entry:
                return (section, index), getattr(entry, "name", "this entry")
        return (section,), "the list, of which an entry is gone,"
    for name in getattr(other, "__struct_fields__", ()):
        if getattr(one, name, None) != getattr(other, name):
            return (section, name), "this"
    return (section,), section


def _gates(now: Config, then: Config, positions: Positions) -> Iterator[Finding]:
    """Gates stay, but for their words."""
    known = [_without(gate, _GATE) for gate in now.gates]
    for index, gate in enumerate(then.gates):
        if index >= len(known) or known[index] != _without(gate, _GATE):
            what = f"gate {gate.name} cannot change while golive runs, but for its title: the verdict rests on it"
            yield positions.finding(("gates", index), what, RESTART)
            return
    if len(known) > len(then.gates):
        what = "a gate is gone, which cannot be while golive runs: the verdict rests on it"
        yield positions.finding(("gates",), what, RESTART)


def _web(now: Config, then: Config, positions: Positions) -> Iterator[Finding]:
    for name in now.web.__struct_fields__:
        if name not in _WEB and getattr(now.web, name) != getattr(then.web, name):
            what = "this cannot change while golive runs: the port is open, and people are on it"
            yield positions.finding(("web", name), what, RESTART)


def _rules(now: Config, then: Config, positions: Positions, busy: str) -> Iterator[Finding]:
    before = {rule.name: rule for rule in now.rules}
    places = {rule.name: index for index, rule in enumerate(then.rules)}
    changed = sorted(_changed(before, {rule.name: rule for rule in then.rules}))

    def at(name: str) -> Path:
        return ("rules", places[name]) if name in places else ("rules",)

    if busy and changed:
        what = f"rule {changed[0]} cannot change while {busy}: its evidence, pre-flight and verification rest on rules"
        yield positions.finding(at(changed[0]), what, "decide on it, or let the run end, then reload again")
    elsewhere = {name for one in now.collectors if isinstance(one, Judging) for name in one.rules}
    for name in changed:
        if name in elsewhere:
            what = f"rule {name} is judged by a ruler, which would go on with the old one"
            yield positions.finding(at(name), what, "export the rules anew, load them there, then restart golive")
    if figures(now.rules, now.signals) != figures(then.rules, then.signals):
        what = (
            "a rule with a baseline of recorded weeks cannot change while golive runs: its weeks are read at the start"
        )
        yield positions.finding(("rules",), what, RESTART)
    old = all_scope_labels(now.triggers, now.rules, now.signals)
    for trigger, labels in all_scope_labels(then.triggers, then.rules, then.signals).items():
        if labels != old.get(trigger, labels):
            what = f"the groups of the rules of trigger {trigger} cannot change while golive runs: they are its scopes"
            yield positions.finding(("rules",), what, RESTART)


def _changed(before: Mapping[str, Rule], after: Mapping[str, Rule]) -> set[str]:
    """Names of rules that are new, gone, or say something else in more than words."""
    return {
        name
        for name in before.keys() | after.keys()
        if name not in before or name not in after or _without(before[name], WORDS) != _without(after[name], WORDS)
    }


def _judged(rules: Sequence[Rule]) -> list[Rule]:
    return sorted((_without(rule, WORDS) for rule in rules), key=lambda rule: rule.name)


def _without(part: Any, words: tuple[str, ...]) -> Any:  # noqa: ANN401 - any part of a configuration
    """A part as if it said nothing to people."""
    return msgspec.structs.replace(part, **dict.fromkeys(words, ""))


def _said(now: Config, then: Config) -> list[str]:
    """Every difference in words, never with an address or a secret in it."""
    said = [
        *_of_list("rule", now.rules, then.rules, values=True),
        *_of_list("gate", now.gates, then.gates, values=True),
        *_of_list("channel", now.notify, then.notify, values=False),
        *_of_part("paging", now.paging, then.paging, values=True),
        *_of_part("web", now.web, then.web, values=True),
    ]
    if now.inhibit != then.inhibit:
        said.append("inhibit: another list")
    left = len(said) - MOST_SAID
    return said if left <= 0 else [*said[:MOST_SAID], f"and {left} more"]


def _of_list(word: str, before: Sequence[Any], after: Sequence[Any], *, values: bool) -> Iterator[str]:
    known, now = {part.name: part for part in before}, {part.name: part for part in after}
    for name, part in now.items():
        if name not in known:
            yield f"{word} {name} is new"
        elif type(part) is not type(known[name]):
            yield f"{word} {name} is of another kind"
        else:
            yield from _of_part(f"{word} {name}", known[name], part, values=values)
    yield from (f"{word} {name} is gone" for name in known if name not in now)


def _of_part(word: str, before: Any, after: Any, *, values: bool) -> Iterator[str]:  # noqa: ANN401 - any part
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in after.__struct_fields__)
    changed = [(name, one, other) for name, one, other in pairs if one != other]
    if changed:
        yield f"{word}: " + ", ".join(
            f"{name} {_value(one)} → {_value(other)}" if values and _plain(one) and _plain(other) else f"another {name}"
            for name, one, other in changed
        )


def _plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value in (None, "") else str(value)
