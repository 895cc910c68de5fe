"""Rules that a ruler elsewhere judges: that there is such a rule, that a ruler can judge it, and that only one does."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, quoted
from monitor.export.elsewhere import heard
from monitor.export.promql import Inexpressible
from monitor.export.quantity import quantity
from monitor.intake.postbox import Judging


def ruler_problems(subject: Subject) -> Iterator[Finding]:
    """Everything that would keep what a ruler says from being judged."""
    rules = {rule.name: rule for rule in subject.config.rules}
    signals = {signal.name: signal for signal in subject.config.signals}
    taken: dict[str, str] = {}
    for index, collector in enumerate(subject.config.collectors):
        if not isinstance(collector, Judging):
            continue
        for place, name in enumerate(collector.rules):
            path = ("collectors", index, "rules", place)
            yield from subject.known(path, name, "rules", "rule")
            if name in taken:
                what = f"the rule {quoted(name)} is judged by {taken[name]} already"
                yield subject.finding(path, what, "name each rule at one ruler")
            taken.setdefault(name, collector.name)
            rule = rules.get(name)
            metrics = (
                (rule.metric,)
                if rule and rule.metric
                else signals[rule.signal].metrics
                if rule and rule.signal in signals
                else ()
            )
            if rule is None or not metrics or any(metric not in subject.catalogue for metric in metrics):
                continue
            try:
                signal = signals.get(rule.signal)
                heard(rule, quantity(rule, signals, subject.catalogue), signal, collector.judged_within)
            except Inexpressible as why:
                hint = "leave it to golive: take it out of this list"
                yield subject.finding(path, f"no ruler can judge {quoted(name)}: {why}", hint)
