"""What a rule judges, as PromQL: one selection of series under an estimator, or a ratio of two. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.export import promql
from monitor.export.promql import Inexpressible, Selection
from monitor.judging.rules import Estimator, Part, Rule, Signal
from monitor.model import Kind, Metric

UNITS: dict[Estimator, str] = {"rate": "count", "increase": "count", "ratio": "ratio"}
"""Units of estimators that change that of their metric."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An estimate that can be taken over any window."""

    name: str
    estimator: Estimator
    selection: Selection
    """The series whose samples count; of a ratio the denominator."""
    numerator: Selection | None = None
    absent_is_zero: bool = False
    """A numerator that nobody ever counted is zero."""

    @property
    def metric(self) -> Metric:
        """The metric whose samples count."""
        return self.selection.metric

    @property
    def by(self) -> tuple[str, ...]:
        """Labels whose values make one group each."""
        return self.selection.by

    @property
    def unit(self) -> str:
        """Unit of the estimate."""
        return UNITS.get(self.estimator, self.metric.unit)

    def estimate(self, window: float) -> str:
        """The number over the last `window` seconds, a series a group; of a ratio none where it would divide by 0."""
        if self.numerator is None:
            return promql.estimate(self.selection, self.estimator, window)
        above, below = self._total(self.numerator, window), self._total(self.selection, window)
        if self.absent_is_zero:
            above = f"({above} or 0 * {below})"
        return f"{above} / ({below} > 0)"

    def samples(self, window: float) -> str:
        """What min_count counts: samples, of a ratio its denominator."""
        if self.numerator is None:
            return promql.samples(self.selection, window)
        return self._total(self.selection, window)

    def _total(self, side: Selection, window: float) -> str:
        """One side of a ratio: how much counters rose, or the sum of all samples of gauges."""
        if self.metric.kind is Kind.COUNTER:
            return promql.estimate(side, "increase", window)
        return promql.total(side, window)


def quantity(rule: Rule, signals: Mapping[str, Signal], catalogue: Mapping[str, Metric]) -> Quantity:
    """What a rule judges; Inexpressible when PromQL has no such thing."""
    if rule.estimator == "wilson":
        raise Inexpressible("the bounds of a confidence interval are judged, and PromQL has none")
    signal = signals.get(rule.signal)
    if signal is None:
        return Quantity(rule.metric, rule.estimator, Selection(catalogue[rule.metric], rule.match, rule.by))
    by = rule.by or signal.by

    def selected(part: Part | None) -> Selection:
        part = part or Part(metric=signal.metric, match=signal.match)
        return Selection(catalogue[part.metric], {**part.match, **rule.match}, by)

    if signal.kind == "value":
        return Quantity(signal.name, rule.estimator, selected(None))
    numerator, denominator = selected(signal.numerator), selected(signal.denominator)
    for part in (numerator, denominator):
        if part.metric.kind is Kind.HISTOGRAM:
            raise Inexpressible(f"a ratio of sums needs counters or gauges, and {part.metric.name} is a histogram")
    absent_is_zero = rule.missing.no_data == "ok"
    return Quantity(signal.name, rule.estimator, denominator, numerator, absent_is_zero)
