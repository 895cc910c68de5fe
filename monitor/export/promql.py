"""Estimates of golive as PromQL: a group's number over a window, and how often it was past a limit. Pure.

Every expression gives one series a group, with the labels of `by` and no other, and is exact or raises
Inexpressible; where Prometheus itself can only estimate (increase, histogram_quantile), monitor.export.unsaid says so.
"""

from __future__ import annotations

from typing import NamedTuple

from monitor.judging.estimators import QUANTILES
from monitor.judging.rules import Estimator
from monitor.judging.table import tier_of
from monitor.model import Kind, Metric
from monitor.units import spell_duration

_OVER_TIME = {"min": "min", "max": "max"}


class Inexpressible(Exception):  # noqa: N818 - an answer, not a fault: what it says goes to the reader as it is
    """PromQL has no expression of the same meaning; the text says why."""


class Selection(NamedTuple):
    """The series that are judged, and the labels whose values make one group each."""

    metric: Metric
    match: dict[str, str]
    by: tuple[str, ...]

    def series(self, suffix: str = "") -> str:
        """The selector of the exported series; `suffix` is that of a histogram's lines."""
        pairs = ",".join(f"{name}={quoted(value)}" for name, value in sorted(self.match.items()))
        return f"{self.metric.name}{suffix}" + (f"{{{pairs}}}" if pairs else "")

    def pooled(self, operation: str, inner: str) -> str:
        """An aggregation to one series a group."""
        return f"{operation} by ({', '.join(self.by)}) ({inner})"


def quoted(text: str) -> str:
    """A string of PromQL, which are those of Go."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in plain) + '"'


def kept_window(window: float) -> float:
    """Seconds that golive keeps for a window: rounded up to its buckets of 1, 10 or 60 s."""
    width, buckets = tier_of(window)
    return width * buckets


def estimate(selection: Selection, estimator: Estimator, window: float) -> str:
    """The estimator over the last `window` seconds; Inexpressible when PromQL has no such thing."""
    span = spell_duration(window)
    metric = selection.metric
    if estimator in {"rate", "increase"}:
        return selection.pooled("sum", f"{estimator}({selection.series()}[{span}])")
    if estimator in QUANTILES:
        return _quantile(selection, QUANTILES[estimator], span)
    if metric.kind is Kind.HISTOGRAM:
        return _of_histogram(selection, estimator, span)
    series = f"{selection.series()}[{span}]"
    if estimator == "mean":
        total = selection.pooled("sum", f"sum_over_time({series})")
        return f"{total} / {selection.pooled('sum', f'count_over_time({series})')}"
    if estimator in _OVER_TIME:
        return selection.pooled(estimator, f"{estimator}_over_time({series})")
    if estimator == "last":
        return _newest(selection, span)
    raise Inexpressible(f"PromQL has no {estimator} with the meaning that golive gives it")


def total(selection: Selection, window: float) -> str:
    """The sum of all samples in the window."""
    return selection.pooled("sum", f"sum_over_time({selection.series()}[{spell_duration(window)}])")


def samples(selection: Selection, window: float) -> str:
    """How many samples a group has in the window."""
    span = spell_duration(window)
    if selection.metric.kind is Kind.HISTOGRAM:
        return selection.pooled("sum", f"increase({selection.series('_count')}[{span}])")
    return selection.pooled("sum", f"count_over_time({selection.series()}[{span}])")


def buckets_past(bad: str, n: int, bucket: float) -> str:
    """How many of the last `n` closed buckets were past a limit; `bad` is 1 or 0 over one bucket.

    A subquery's steps lie on multiples of its resolution, as golive's buckets do. Its range is 1 ms short, so that
    it holds n steps whether or not ranges are closed on the left (they are before Prometheus 3), and it ends 1 ms
    ago, since golive counts a bucket from the first instant after its end.
    """
    return f"sum_over_time(({bad})[{spell_duration(n * bucket - 0.001)}:{spell_duration(bucket)}] offset 1ms)"


def _newest(selection: Selection, span: str) -> str:
    """The value of each group's newest sample; of several at one instant the greatest."""
    series = selection.series()
    newest = selection.pooled("max", f"timestamp({series})")
    on = f"on ({', '.join(selection.by)}) group_left ()"
    return selection.pooled("max", f"last_over_time({series}[{span}]) and (timestamp({series}) == {on} {newest})")


def _quantile(selection: Selection, quantile: float, span: str) -> str:
    if selection.metric.kind is Kind.HISTOGRAM:
        labels = ", ".join(("le", *selection.by))
        return f"histogram_quantile({quantile!r}, sum by ({labels}) (increase({selection.series('_bucket')}[{span}])))"
    series = f"{selection.series()}[{span}]"
    value = selection.pooled("max", f"quantile_over_time({quantile!r}, {series})")
    return f"{value} and {selection.pooled('count', f'count_over_time({series})')} == 1"


def _of_histogram(selection: Selection, estimator: Estimator, span: str) -> str:
    metric = selection.metric
    if estimator != "mean":
        raise Inexpressible(f"only counts by bucket are exported of the histogram {metric.name}")
    if metric.low < 0:
        raise Inexpressible(f"{metric.name} can be negative, and PromQL takes a falling sum for a restart")
    total, count = (
        selection.pooled("sum", f"increase({selection.series(part)}[{span}])") for part in ("_sum", "_count")
    )
    return f"{total} / {count}"
