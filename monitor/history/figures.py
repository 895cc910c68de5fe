"""Which figure a slot of recorded weeks holds for a rule, and how it is compared with the rule's own window. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from monitor.judging.baseline import SLOT
from monitor.judging.rules import Part, Rule, Signal
from monitor.model import Labels

LEGACY = {"platform": "legacy"}


class Figure(NamedTuple):
    """What is recorded for a rule, and what its baseline asks of it."""

    rule: Rule
    signal: Signal | None
    text: str
    """What a slot holds, in words. A slot that holds something else, since the rule was another one then, is not used."""
    least: int
    """Least number of samples of a slot."""
    scale: float
    """What a slot's number is multiplied with: an increase over a quarter hour, for a rule that looks at less or more."""

    @property
    def name(self) -> str:
        """The rule's name."""
        return self.rule.name

    @property
    def weeks(self) -> int:
        """How many weeks back its baseline looks."""
        return self.rule.baseline.weeks if self.rule.baseline is not None else 0

    @property
    def need(self) -> int:
        """How many of them must have a slot."""
        return max(self.rule.baseline.need_slots, 1) if self.rule.baseline is not None else 1

    @property
    def by(self) -> tuple[str, ...]:
        """Labels that make its groups."""
        return self.rule.by or (self.signal.by if self.signal else ())


def figures(rules: Iterable[Rule], signals: Iterable[Signal]) -> tuple[Figure, ...]:
    """One for each rule whose baseline is recorded weeks."""
    by_name = {signal.name: signal for signal in signals}
    return tuple(
        _figure(rule, by_name.get(rule.signal))
        for rule in rules
        if rule.baseline is not None and rule.baseline.source == "history"
    )


def _figure(rule: Rule, signal: Signal | None) -> Figure:
    baseline = rule.baseline
    least = rule.min_count if baseline is None or baseline.min_count is None else baseline.min_count
    scale = rule.window / SLOT if rule.estimator == "increase" else 1.0
    return Figure(rule, signal, _text(rule, signal), least, scale)


def other_side(platform: str) -> Mapping[str, str]:
    """The labels that lead from a rule's own series to those that are recorded for it.

    A rule on the target is held against what legacy did. Any other is held against its own past: what the carrier
    offered, or what both platforms did together.
    """
    return LEGACY if platform == "target" else {}


def _text(rule: Rule, signal: Signal | None) -> str:
    estimator = "ratio" if rule.estimator == "wilson" else rule.estimator
    platform = rule.match.get("platform") or (signal.platform if signal else "")
    side = other_side(platform)
    if signal is not None and signal.kind == "ratio" and signal.numerator and signal.denominator:
        parts = (signal.numerator, signal.denominator)
        return f"{estimator} of " + " / ".join(_series(part.metric, part.match, rule.match, side) for part in parts)
    part = Part(metric=signal.metric, match=signal.match) if signal else Part(metric=rule.metric)
    return f"{estimator} of {_series(part.metric, part.match, rule.match, side)}"


def _series(metric: str, *matches: Mapping[str, str]) -> str:
    match: dict[str, str] = {}
    for more in matches:
        match.update(more)
    inside = ",".join(f'{name}="{value}"' for name, value in sorted(match.items()))
    return f"{metric}{{{inside}}}" if inside else metric


def canonical(scope: Labels) -> Labels:
    """A group's labels in the order in which they are kept, whatever the order of the rule's `by`."""
    return tuple(sorted(scope)) if len(scope) > 1 else scope
