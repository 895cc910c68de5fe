"""Signals, and what rules and signals have in common: metrics, labels, estimators and windows that exist and fit."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence

from monitor.catalogue.inventory import label_names
from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.judging.rules import OF_RATIOS, Estimator, Part, Signal
from monitor.judging.table import tier_of
from monitor.model import Kind, Metric

_COUNTING = ("rate", "increase")


def signal_problems(subject: Subject, path: Path, signal: Signal) -> Iterator[Finding]:
    """A signal whose parts are missing, do not fit together, or are of the other kind."""
    if signal.kind == "ratio":
        yield from _ratio(subject, path, signal)
    else:
        yield from _value(subject, path, signal)
    condition = signal.exclude_when
    if condition is not None:
        step = (*path, "exclude_when")
        metric = yield from metric_problems(subject, (*step, "metric"), condition.metric)
        if metric is not None:
            yield from label_problems(subject, step, metric, condition.match, ())


def _value(subject: Subject, path: Path, signal: Signal) -> Iterator[Finding]:
    for side in ("numerator", "denominator"):
        if getattr(signal, side) is not None:
            yield subject.finding((*path, side), f"a signal of kind value has no {side}", "write kind: ratio")
    if not signal.metric:
        yield subject.finding(
            path, f"the signal {quoted(signal.name)} reads no metric", "write metric:, or kind: ratio"
        )
        return
    metric = yield from metric_problems(subject, (*path, "metric"), signal.metric)
    if metric is not None:
        yield from estimator_problems(subject, (*path, "estimator"), signal.reads, metric)
        yield from label_problems(subject, path, metric, signal.match, signal.by)


def _ratio(subject: Subject, path: Path, signal: Signal) -> Iterator[Finding]:
    if signal.metric:
        hint = "write numerator and denominator, each with its metric"
        yield subject.finding((*path, "metric"), "a signal of kind ratio has no metric of its own", hint)
    if signal.match:
        yield subject.finding((*path, "match"), "each side of a ratio has a match of its own", "move it there")
    if signal.reads != "ratio":
        what = f"{signal.reads} cannot read a ratio"
        yield subject.finding((*path, "estimator"), what, "write ratio, or leave it out")
    kinds: dict[str, Kind] = {}
    for side in ("numerator", "denominator"):
        part: Part | None = getattr(signal, side)
        if part is None:
            what = f"the ratio {quoted(signal.name)} has no {side}"
            yield subject.finding(path, what, f"write {side}: {{metric: ...}}")
            continue
        metric = yield from metric_problems(subject, (*path, side, "metric"), part.metric)
        if metric is not None:
            kinds[side] = metric.kind
            yield from label_problems(subject, (*path, side), metric, part.match, ())
            yield from label_problems(subject, path, metric, {}, signal.by)
    if Kind.HISTOGRAM in kinds.values():
        side = next(side for side, kind in kinds.items() if kind is Kind.HISTOGRAM)
        yield subject.finding((*path, side, "metric"), "a histogram cannot be divided", "use counters or gauges")
    elif len(set(kinds.values())) > 1:
        what = f"a {kinds['numerator'].value} over a {kinds['denominator'].value} says nothing"
        yield subject.finding((*path, "numerator", "metric"), what, "use two counters, or two gauges")


def metric_problems(subject: Subject, step: Path, name: str) -> Generator[Finding, None, Metric | None]:
    """A finding when there is no such metric; returns the metric."""
    metric = subject.catalogue.get(name)
    if metric is None and name not in subject.names("metrics") and subject.sure("metrics"):
        what = f"there is no metric {quoted(name)} in the catalogue or under metrics"
        yield subject.finding(step, what, meant(name, subject.catalogue))
    return metric


def label_problems(
    subject: Subject, path: Path, metric: Metric, match: Mapping[str, str], by: Sequence[str]
) -> Iterator[Finding]:
    """Labels that the metric does not have."""
    labels = label_names(metric)
    wanted: list[tuple[Path, str]] = [((*path, "match", label), label) for label in match]
    wanted += [((*path, "by", index), label) for index, label in enumerate(by)]
    for step, label in wanted:
        if label not in labels:
            yield subject.finding(step, f"{metric.name} has no label {quoted(label)}", meant(label, labels))


def estimator_problems(subject: Subject, step: Path, estimator: Estimator, metric: Metric) -> Iterator[Finding]:
    """An estimator that cannot read this kind of metric."""
    if estimator in OF_RATIOS:
        hint = "judge a signal of kind ratio, with a numerator and a denominator"
        yield subject.finding(step, f"{estimator} needs a ratio, {metric.name} is a {metric.kind.value}", hint)
    elif estimator in _COUNTING and metric.kind is not Kind.COUNTER:
        what = f"{estimator} needs a counter, {metric.name} is a {metric.kind.value}"
        yield subject.finding(step, what, "use last, mean, min, max or a percentile such as p95")
    elif estimator.startswith("p") and metric.kind is Kind.COUNTER:
        what = f"a percentile of {metric.name}, a counter, says nothing"
        yield subject.finding(step, what, "use rate or increase")


def window_problems(subject: Subject, path: Path, window: float) -> Iterator[Finding]:
    """A window that holds nothing, or more than is kept."""
    if window <= 0:
        yield subject.finding((*path, "window"), "a window of no length holds nothing", "write one such as 5m")
        return
    try:
        tier_of(window)
    except ValueError as error:
        yield subject.finding((*path, "window"), str(error), "shorten the window")
