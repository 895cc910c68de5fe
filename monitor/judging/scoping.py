"""Which labels make a trigger's scopes: what its rules share by their groups, or what it states itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from monitor.judging.expressions import ExpressionError, parse
from monitor.judging.rules import Rule, Signal
from monitor.judging.triggers import Trigger
from monitor.model import Labels

_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def grouped_by(rule: Rule, signals: Mapping[str, Signal]) -> tuple[str, ...]:
    """The labels of a rule's groups: its own, else those of the signal that it judges."""
    signal = signals.get(rule.signal)
    return rule.by or (signal.by if signal is not None else ())


def fixed(rule: Rule, signals: Mapping[str, Signal]) -> dict[str, str]:
    """Labels that all series of a rule carry with one value, by its match and its signal's."""
    signal = signals.get(rule.signal)
    if signal is None:
        return dict(rule.match)
    base = signal.denominator.match if signal.denominator is not None else signal.match
    return {**base, **rule.match}


def scope_labels(trigger: Trigger, rules: Iterable[Rule], signals: Iterable[Signal]) -> tuple[str, ...]:
    """The labels whose values make one scope each; empty: one scope for everything.

    Stated by `by`; none with `scope: all`; else the labels that all its rules with groups have in common. A rule
    without groups is about everything, and so about every scope.
    """
    if trigger.by or trigger.scope == "all":
        return trigger.by
    try:
        named = parse(trigger.when).rules
    except ExpressionError:
        return ()
    known = {signal.name: signal for signal in signals}
    groups = [by for rule in rules if rule.name in named and (by := grouped_by(rule, known))]
    return shared(groups)


def shared(groups: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Labels that stand in all of these, in the order of the first."""
    return tuple(label for label in groups[0] if all(label in by for by in groups)) if groups else ()


def all_scope_labels(
    triggers: Iterable[Trigger], rules: Sequence[Rule], signals: Sequence[Signal]
) -> dict[str, tuple[str, ...]]:
    """The labels of every trigger's scopes, by its name."""
    return {trigger.name: scope_labels(trigger, rules, signals) for trigger in triggers}


def labels_named(parameters: Mapping[str, str]) -> frozenset[str]:
    """Labels of the scope that a trigger's parameters are filled from."""
    return frozenset(name for text in parameters.values() for name in _PLACE.findall(text))


def filled(parameters: Mapping[str, str], scope: Labels) -> dict[str, str]:
    """A trigger's parameters in one scope; ValueError for a label that the scope has not got."""
    have = dict(scope)

    def value(match: re.Match[str]) -> str:
        if not have.get(match[1]):
            raise ValueError(f"the scope has no {match[1]} to fill {match[0]} with")
        return have[match[1]]

    return {name: _PLACE.sub(value, text) for name, text in parameters.items()}


def scope_words(scope: Labels) -> str:
    """A trigger's scope as people read it: `queue=sales-en site=porto`, or `all`."""
    return " ".join(f"{name}={value or '(none)'}" for name, value in scope) or "all"
