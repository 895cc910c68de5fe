"""What a rule means in golive and its export does not say: named line by line, so that nobody takes one for the other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from monitor.export.limits import limits
from monitor.export.quantity import Quantity
from monitor.judging.estimators import QUANTILES
from monitor.judging.rules import Rule, Signal
from monitor.model import Kind
from monitor.units import format_value, spell_duration

Meaning: TypeAlias = tuple[str, str]

LOOK_BACK = 300.0
"""Seconds after which a plain selector of Prometheus no longer sees a sample, unless its flags say otherwise."""


class Unsaid(NamedTuple):
    """One meaning that the export does not carry."""

    rule: str
    what: str
    why: str
    whole: bool = False
    """The rule is left out of the export."""

    def __str__(self) -> str:
        return f"{self.rule}: {'left out: ' if self.whole else ''}{self.what}: {self.why}"


def of_rule(rule: Rule, judged: Quantity, signal: Signal | None, interval: float) -> Iterator[Unsaid]:
    """What the export of a rule that can be expressed does not say; `interval` is the seconds between evaluations."""
    meanings = (
        *_labels(judged),
        *_nothing(rule),
        *_times(rule, signal),
        *_ends(rule),
        *_estimator(rule, judged),
        *_pace(rule, interval),
    )
    for what, why in meanings:
        yield Unsaid(rule.name, what, why)


def _labels(judged: Quantity) -> Iterator[Meaning]:
    for name in ("scope", "severity"):
        if name in judged.by:
            yield f"by {name}", "alerts have a label of their own of this name; the group's is told in theirs, scope"


def _nothing(rule: Rule) -> Iterator[Meaning]:
    policy = rule.missing
    yield (
        f"missing {{no_data: {policy.no_data}, null: {policy.null}, error: {policy.error}, stale: {policy.stale}}}",
        "Prometheus has neither UNKNOWN nor STALE nor BLIND; where samples end, the alert ends, and golive keeps its level",
    )
    if rule.min_count > 1:
        yield (
            f"min_count {rule.min_count}",
            "below it the alert does not fire, but neither says INSUFFICIENT nor keeps its level as golive does",
        )
    if rule.control:
        yield (
            f"control {rule.control}",
            "a source that cannot be asked does not show as breach: Prometheus hears nothing of it",
        )


def _times(rule: Rule, signal: Signal | None) -> Iterator[Meaning]:
    warmup = f"warmup {spell_duration(rule.warmup)}" if rule.warmup else "warm-up"
    yield warmup, "Prometheus knows no arming, so samples from before a change of stage are judged after it"
    if rule.active_in:
        yield f"active_in {', '.join(rule.active_in)}", "Prometheus knows no stages and judges in every one"
    if rule.hours:
        yield "hours", "PromQL knows no local time, so it is judged at every hour"
    if signal is not None and signal.exclude_when is not None:
        yield f"exclude_when {signal.exclude_when.metric}", "groups that rest are judged too"


def _ends(rule: Rule) -> Iterator[Meaning]:
    if rule.hold:
        yield f"hold {spell_duration(rule.hold)}", "a gap starts `for` anew, and golive pauses its clock"
    if rule.clear is not None and rule.clear != rule.breach:
        yield (
            f"clear {rule.clear:g}",
            "an alert has no memory: it ends where the value leaves the breach limit, and golive's breach goes on to this one",
        )
    if rule.clear_hold:
        yield (
            f"clear_hold {spell_duration(rule.clear_hold)}",
            "keep_firing_for counts a gap as time that was good, and golive pauses its clock",
        )
    least, of = rule.m_of_n
    if of > 1:
        yield (
            f"m_of_n [{least}, {of}]",
            (
                f"the alert ends with fewer than {least} bad buckets of {of}, golive's breach with {least} good ones: "
                "a gap or a value between the limits is neither"
            ),
        )


def _estimator(rule: Rule, judged: Quantity) -> Iterator[Meaning]:
    histogram = judged.metric.kind is Kind.HISTOGRAM
    if rule.estimator in {"rate", "increase"} or (rule.estimator == "ratio" and judged.metric.kind is Kind.COUNTER):
        yield (
            rule.estimator,
            (
                "Prometheus extrapolates to the window's ends, and golive starts from the last value before it: "
                "they differ by up to one step of each counter"
            ),
        )
    elif histogram and rule.estimator == "mean":
        yield (
            "mean",
            (
                "Prometheus extrapolates _sum and _count and sees nothing of a series' first scrape: "
                "they differ by up to the samples of one scrape"
            ),
        )
    elif histogram and rule.estimator in QUANTILES:
        yield from _limits_inside(rule, judged)
    elif rule.estimator in QUANTILES:
        yield (
            f"{rule.estimator} of several series",
            "quantile_over_time cannot pool them, so a group of more than one series gives no result",
        )
    elif rule.estimator == "last" and rule.window > LOOK_BACK:
        yield f"last over {spell_duration(rule.window)}", "Prometheus looks back 5m for a newest sample and no further"


def _limits_inside(rule: Rule, judged: Quantity) -> Iterator[Meaning]:
    """Limits that are not bounds of exported buckets, where Prometheus can only interpolate."""
    bounds, unit = judged.metric.bounds, judged.unit
    for name, limit in zip(("breach", "warn"), limits(rule), strict=True):
        if limit is None or limit.value in bounds:
            continue
        place = bisect_left(bounds, limit.value)
        low = bounds[place - 1] if place else judged.metric.low
        high = bounds[place] if place < len(bounds) else judged.metric.high
        yield (
            f"{rule.estimator} at {name} {format_value(limit.value, unit)}",
            (
                f"the limit lies inside the exported bucket from {format_value(low, unit)} to {format_value(high, unit)}, "
                "where Prometheus interpolates and golive counts"
            ),
        )


def _pace(rule: Rule, interval: float) -> Iterator[Meaning]:
    shortest = min(span for span in (rule.window, rule.bucket, rule.hold) if span)
    if shortest < 2 * interval:
        yield (
            f"a span of {spell_duration(shortest)}",
            f"evaluated every {spell_duration(interval)} it is seen less than twice; export with a shorter --interval",
        )
