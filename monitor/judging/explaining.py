"""What a metric is, in words, from the catalogue and the configured rules: definition, unit, limits, why it matters. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from monitor.judging.expressions import ExpressionError, parse
from monitor.judging.rules import Rule, Signal
from monitor.judging.triggers import Trigger
from monitor.judging.wording import rule_sentence
from monitor.model import Direction, Kind, Metric, Tier
from monitor.plan import Gate
from monitor.units import format_value

_UNITS = {
    "seconds": "seconds",
    "ratio": "a share from 0 to 1, shown in per cent",
    "bytes_per_second": "bytes a second",
    "score": "a score",
    "count": "a count",
    "timestamp": "an instant, unix seconds",
    "state": "a state: 1 is yes, 0 is no",
}
_BETTER = {
    Direction.HIGH: "higher is better",
    Direction.LOW: "lower is better",
    Direction.NEUTRAL: "neither side is good by itself",
}
_HURT = {
    Tier.CUSTOMER: "customers are hurt first when it goes wrong",
    Tier.AGENT: "agents are hurt first when it goes wrong, then the customers they speak to",
    Tier.OPERATOR: "those who run the platforms are hurt first when it goes wrong",
}
_KINDS = {
    Kind.GAUGE: "gauge: the newest value counts",
    Kind.COUNTER: "counter: its increase counts",
    Kind.HISTOGRAM: "one value an event: percentiles and means are taken of them",
}
_ENDLESS = 1e12
"""A bound from which on a metric has none that a person would name."""


class Standards:
    """The configured rules, and what stands on each metric and rule."""

    def __init__(
        self,
        catalogue: Mapping[str, Metric],
        rules: Sequence[Rule],
        signals: Iterable[Signal],
        gates: Sequence[Gate],
        triggers: Sequence[Trigger],
    ) -> None:
        self.catalogue = catalogue
        self._signals = {signal.name: signal for signal in signals}
        self._rules = {rule.name: rule for rule in rules}
        self._gates = gates
        self._triggers = triggers

    def sentence(self, rule: str) -> str:
        """What a rule does; empty for one that is not configured."""
        found = self._rules.get(rule)
        return rule_sentence(found, self.catalogue, self._signals) if found is not None else ""

    def title(self, rule: str) -> str:
        """What a rule is called on screens."""
        found = self._rules.get(rule)
        return (found.title or found.name) if found is not None else ""

    def rules_on(self, metric: str) -> tuple[str, ...]:
        """Names of the rules that read a metric, by themselves or through a signal."""
        return tuple(name for name, rule in self._rules.items() if metric in self._metrics(rule))

    def gates_of(self, rules: Iterable[str]) -> tuple[str, ...]:
        """Gates that these rules answer, as screens call them."""
        asked = frozenset(rules)
        return tuple(gate.title or gate.name for gate in self._gates if not asked.isdisjoint(gate.rules))

    def triggers_of(self, rules: Iterable[str]) -> tuple[str, ...]:
        """What these rules may set off: trigger and runbook, in words."""
        asked = frozenset(rules)
        return tuple(
            f"{trigger.name} proposes {trigger.runbook} when {trigger.when}"
            for trigger in self._triggers
            if not asked.isdisjoint(_named(trigger))
        )

    def matters(self, metric: Metric) -> str:
        """Why a person should care."""
        rules = self.rules_on(metric.name)
        words = [_HURT[metric.tier]]
        if not rules:
            return f"{words[0]}; no rule judges it here, so it moves no gate"
        gates = self.gates_of(rules)
        words.append(
            f"a breach is NO-GO for {', '.join(gates)}"
            if gates
            else f"judged by {', '.join(rules)}, which no gate asks"
        )
        books = {trigger.runbook for trigger in self._triggers if not frozenset(rules).isdisjoint(_named(trigger))}
        if books:
            words.append(f"it may call for {', '.join(sorted(books))}")
        return "; ".join(words)

    def _metrics(self, rule: Rule) -> tuple[str, ...]:
        signal = self._signals.get(rule.signal)
        return signal.metrics if signal is not None else (rule.metric,)


def unit_words(metric: Metric) -> str:
    """Its unit for a person."""
    return _UNITS[metric.unit]


def kind_words(metric: Metric) -> str:
    """How its numbers are read."""
    return _KINDS[metric.kind]


def better_words(metric: Metric) -> str:
    """Which side is good."""
    return _BETTER[metric.direction]


def possible_words(metric: Metric) -> str:
    """What its values can be."""
    low = format_value(metric.low, metric.unit)
    if metric.high >= _ENDLESS:
        return f"from {low} on; less is refused"
    return f"from {low} to {format_value(metric.high, metric.unit)}; what lies outside is refused"


def _named(trigger: Trigger) -> frozenset[str]:
    try:
        return parse(trigger.when).rules
    except ExpressionError:
        return frozenset()
