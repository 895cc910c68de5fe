"""Computed numbers: their counts exist, their windows fit, and no two of them are written to one series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor.catalogue.inventory import label_names
from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.judging.counts import Spans
from monitor.judging.derived_config import Comparison, Counted, LostCalls
from monitor.judging.queue_figures import OFFERED
from monitor.judging.table import tier_of
from monitor.model import Kind, Metric

_COUNTING = ("rate", "increase")
_DIVIDING = ("ratio", "wilson")


def derived_problems(subject: Subject) -> Iterator[Finding]:
    """Everything that could not be computed as it is written."""
    derived, path = subject.config.derived, ("derived",)
    if derived.every <= 0:
        yield subject.finding((*path, "every"), "nothing would ever be computed", "write one such as 1s")
    if not 0 < derived.coverage <= 1:
        what = f"{derived.coverage:g} is no share of the answered contacts"
        yield subject.finding((*path, "coverage"), what, "write more than 0 and at most 100%, such as 95%")
    yield from _least(subject, path, derived.min_count)
    yield from _span(subject, (*path, "window"), derived.window)
    yield from _span(subject, (*path, "balance", "window"), derived.balance.window)
    yield from _labels(subject, (*path, "by"), derived.by, subject.catalogue.get(OFFERED))
    for index, level in enumerate(derived.service_levels):
        if level.threshold <= 0:
            step = (*path, "service_levels", index, "threshold")
            yield subject.finding(step, "no answer is that quick", "write one such as 20s")
    yield from _once(subject, (*path, "service_levels"), derived.service_levels, "service level")
    labels = [comparison.label for comparison in derived.comparisons]
    yield from _once(subject, (*path, "comparisons"), labels, "comparison")
    for index, comparison in enumerate(derived.comparisons):
        yield from _comparison(subject, (*path, "comparisons", index), comparison)
    if derived.lost_calls is not None:
        yield from _lost(subject, (*path, "lost_calls"), derived.lost_calls)


def _least(subject: Subject, path: Path, min_count: int) -> Iterator[Finding]:
    if min_count < 1:
        yield subject.finding((*path, "min_count"), f"{min_count} contacts cannot be judged", "write at least 1")


def _span(subject: Subject, path: Path, window: float) -> Iterator[Finding]:
    if window <= 0:
        yield subject.finding(path, "a window of no length holds nothing", "write one such as 30m")
        return
    try:
        Spans(window)
    except ValueError:
        what = "the counts of so long a window, and of the moment before it, are not kept in memory"
        yield subject.finding(path, what, "write at most 3h50m")


def _once(subject: Subject, path: Path, entries: Iterable[object], kind: str) -> Iterator[Finding]:
    seen: set[object] = set()
    for index, entry in enumerate(entries):
        if entry in seen:
            hint = "drop it, or give it a name of its own" if kind == "comparison" else "drop it"
            yield subject.finding((*path, index), f"this {kind} stands here already", hint)
        seen.add(entry)


def _labels(subject: Subject, path: Path, by: tuple[str, ...], metric: Metric | None) -> Iterator[Finding]:
    for index, label in enumerate(by):
        if label == "platform":
            hint = "leave it out: platforms are always counted apart"
            yield subject.finding((*path, index), "each platform is computed by itself", hint)
        elif metric is not None and label not in label_names(metric):
            known = label_names(metric)
            yield subject.finding((*path, index), f"{metric.name} has no label {quoted(label)}", meant(label, known))


def _metric(subject: Subject, path: Path, part: Counted | Comparison) -> Iterator[Finding]:
    """The metric and the labels it is asked by."""
    metric = subject.catalogue.get(part.metric)
    if metric is None:
        if part.metric not in subject.names("metrics") and subject.sure("metrics"):
            what = f"there is no metric {quoted(part.metric)} in the catalogue or under metrics"
            yield subject.finding((*path, "metric"), what, meant(part.metric, subject.catalogue))
        return
    known = label_names(metric)
    for label in part.match:
        if label not in known:
            what = f"{metric.name} has no label {quoted(label)}"
            yield subject.finding((*path, "match", label), what, meant(label, known))


def _comparison(subject: Subject, path: Path, part: Comparison) -> Iterator[Finding]:
    yield from _metric(subject, path, part)
    yield from _least(subject, path, part.min_count)
    if "platform" in part.match:
        hint = "leave it out: target and legacy are compared"
        yield subject.finding((*path, "match", "platform"), "a comparison is made between the platforms", hint)
    metric = subject.catalogue.get(part.metric)
    if metric is not None:
        yield from _estimator(subject, path, part, metric)
    if part.window <= 0:
        yield subject.finding((*path, "window"), "a window of no length holds nothing", "write one such as 30m")
        return
    try:
        tier_of(part.window)
    except ValueError as error:
        yield subject.finding((*path, "window"), str(error), "shorten the window")


def _estimator(subject: Subject, path: Path, part: Comparison, metric: Metric) -> Iterator[Finding]:
    step = (*path, "estimator")
    if part.estimator in _DIVIDING:
        what = f"{part.estimator} needs two counters, a comparison has one metric"
        yield subject.finding(step, what, "compare the computed ratio, such as golive_queue_service_level_ratio")
    elif part.estimator in _COUNTING and metric.kind is not Kind.COUNTER:
        what = f"{part.estimator} needs a counter, {metric.name} is a {metric.kind.value}"
        yield subject.finding(step, what, "use last, mean, min, max or a percentile such as p95")
    elif metric.kind is Kind.COUNTER and part.estimator not in _COUNTING:
        what = f"{part.estimator} of {metric.name}, a counter, depends on when it was started"
        yield subject.finding(step, what, "use rate or increase")


def _lost(subject: Subject, path: Path, lost: LostCalls) -> Iterator[Finding]:
    yield from _span(subject, (*path, "window"), lost.window)
    yield from _least(subject, path, lost.min_count)
    parts = (("offered", lost.offered), ("legacy", lost.legacy), ("target", lost.target))
    for index, (side, part) in enumerate(parts):
        yield from _metric(subject, (*path, side), part)
        metric = subject.catalogue.get(part.metric)
        if metric is not None and metric.kind is not Kind.COUNTER:
            what = f"calls are counted, {metric.name} is a {metric.kind.value}"
            yield subject.finding((*path, side, "metric"), what, "name a counter, such as golive_calls_accepted_total")
        for other, same in parts[:index]:
            if same == part:
                what = f"{side} counts the same series as {other}, so nothing could ever be lost"
                yield subject.finding((*path, side), what, "tell them apart with match, such as {platform: carrier}")
    for index, label in enumerate(lost.by):
        known = [label_names(subject.catalogue[part.metric]) for _, part in parts if part.metric in subject.catalogue]
        if any(label not in names for names in known):
            what = f"not all three carry the label {quoted(label)}"
            yield subject.finding((*path, "by", index), what, "count by a label that all three carry, or drop it")
