"""Rules and signals: what they judge exists, and their limits, windows and estimators fit together."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.catalogue.inventory import label_names
from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, meant, quoted
from monitor.documents.positions import Path
from monitor.judging.rules import Rule, Signal, agrees_with
from monitor.judging.table import tier_of
from monitor.model import Kind, Metric
from monitor.units import spell_duration

_COUNTING = ("rate", "increase")


def rule_problems(subject: Subject) -> Iterator[Finding]:
    """Every rule and signal that cannot be judged or contradicts itself."""
    for index, rule in enumerate(subject.config.rules):
        path: Path = ("rules", index)
        yield from subject.active_in(path, rule.active_in)
        yield from _metric(subject, path, rule)
        metric = subject.catalogue.get(rule.metric)
        if metric is None or agrees_with(rule, metric):
            yield from _limits(subject, path, rule)
        yield from _buckets(subject, path, rule)
        yield from _quiet(subject, path, rule)
    for index, signal in enumerate(subject.config.signals):
        yield from _metric(subject, ("signals", index), signal)
        yield from _window(subject, ("signals", index), signal.window)


def _metric(subject: Subject, path: Path, judge: Rule | Signal) -> Iterator[Finding]:
    metric = subject.catalogue.get(judge.metric)
    if metric is None:
        if judge.metric not in subject.names("metrics") and subject.sure("metrics"):
            what = f"there is no metric {quoted(judge.metric)} in the catalogue or under metrics"
            yield subject.finding((*path, "metric"), what, meant(judge.metric, subject.catalogue))
        return
    yield from _estimator(subject, path, judge, metric)
    labels = label_names(metric)
    wanted: list[tuple[Path, str]] = [((*path, "match", label), label) for label in judge.match]
    if isinstance(judge, Rule):
        wanted += [((*path, "by", index), label) for index, label in enumerate(judge.by)]
        yield from _against(subject, path, judge, metric)
    for step, label in wanted:
        if label not in labels:
            yield subject.finding(step, f"{metric.name} has no label {quoted(label)}", meant(label, labels))


def _against(subject: Subject, path: Path, rule: Rule, metric: Metric) -> Iterator[Finding]:
    """The rule's sides and limits against those of its metric."""
    if not agrees_with(rule, metric):
        side = "high" if rule.worse_high else "low"
        hint = f"of {metric.name}, {metric.direction.value} is the good side; turn the operator"
        yield subject.finding((*path, "operator"), f"{rule.operator} calls {side} values bad", hint)
    for limit in ("warn", "breach", "clear"):
        value = getattr(rule, limit)
        if value is not None and rule.estimator not in _COUNTING and not metric.low <= value <= metric.high:
            what = f"{value:g} is a limit that {metric.name} can never pass"
            yield subject.finding((*path, limit), what, f"its values lie between {metric.low:g} and {metric.high:g}")


def _estimator(subject: Subject, path: Path, judge: Rule | Signal, metric: Metric) -> Iterator[Finding]:
    estimator, step = judge.estimator, (*path, "estimator")
    if estimator in _COUNTING and metric.kind is not Kind.COUNTER:
        what = f"{estimator} needs a counter, {metric.name} is a {metric.kind.value}"
        yield subject.finding(step, what, "use last, mean, min, max or a percentile such as p95")
    elif estimator.startswith("p") and metric.kind is Kind.COUNTER:
        what = f"a percentile of {metric.name}, a counter, says nothing"
        yield subject.finding(step, what, "use rate or increase")


def _limits(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    for limit in ("clear", "warn"):
        value = getattr(rule, limit)
        if value is None or (value < rule.breach if rule.worse_high else value > rule.breach):
            continue
        side = "below" if rule.worse_high else "above"
        what = f"{limit} {value:g} is not on the good side of breach {rule.breach:g}"
        yield subject.finding(
            (*path, limit), what, f"with the operator {rule.operator} it must be {side} {rule.breach:g}"
        )


def _window(subject: Subject, path: Path, window: float) -> Iterator[Finding]:
    if window <= 0:
        yield subject.finding((*path, "window"), "a window of no length holds nothing", "write one such as 5m")
        return
    try:
        tier_of(window)
    except ValueError as error:
        yield subject.finding((*path, "window"), str(error), "shorten the window")


def _buckets(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    yield from _window(subject, path, rule.window)
    least, of = rule.m_of_n
    if not 1 <= least <= of:
        what = f"{least} of {of} buckets can never be met" if least > of else f"{least} of {of} buckets says nothing"
        yield subject.finding((*path, "m_of_n"), what, "write [m, n] with 1 <= m <= n, such as [3, 5]")
        return
    bucket = rule.window if rule.bucket is None else rule.bucket
    if rule.window <= 0:
        return
    if bucket <= 0:
        yield subject.finding((*path, "bucket"), "a bucket of no length holds nothing", "write one such as 60s")
        return
    if of * bucket > rule.window + 1e-9:
        what = f"{of} buckets of {spell_duration(bucket)} are longer than the window of {spell_duration(rule.window)}"
        step = "m_of_n" if rule.bucket is None else "bucket"
        hint = "lengthen the window or shorten the bucket; without bucket the whole window is one"
        yield subject.finding((*path, step), what, hint)
    if (of > 1 or rule.bucket is not None) and 0 < rule.hold < bucket:
        what = f"a hold of {spell_duration(rule.hold)} is shorter than one bucket of {spell_duration(bucket)}"
        yield subject.finding((*path, "hold"), what, "write 0s, or at least one bucket")


def _quiet(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    if rule.min_count < 1:
        yield subject.finding((*path, "min_count"), f"{rule.min_count} samples cannot be judged", "write at least 1")
    if rule.blind_after <= 0:
        yield subject.finding((*path, "blind_after"), "the rule would be blind at once", "write one such as 5m")
    if rule.missing.error == "breach":
        hint = "write error: unknown; a failing source is paged, and never rolls anything back"
        what = "a breach by error needs a control that proves the way to the source, and this rule has none"
        yield subject.finding((*path, "missing", "error"), what, hint)
