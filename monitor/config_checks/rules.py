"""Rules and signals: what they judge exists, and their limits, windows and estimators fit together."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.evidence import (
    baseline_problems,
    control_problems,
    hours_problems,
    wilson_problems,
)
from monitor.config_checks.signals import (
    estimator_problems,
    label_problems,
    metric_problems,
    signal_problems,
    window_problems,
)
from monitor.config_checks.subject import Subject
from monitor.config_checks.weeks import week_problems
from monitor.documents.finding import Finding, quoted
from monitor.documents.positions import Path
from monitor.judging.rules import OF_RATIOS, Rule, agrees_with
from monitor.judging.table import tier_of
from monitor.model import Metric
from monitor.units import spell_duration

_COUNTING = ("rate", "increase")


def rule_problems(subject: Subject) -> Iterator[Finding]:
    """Every rule and signal that cannot be judged or contradicts itself."""
    yield from week_problems(subject)
    for index, rule in enumerate(subject.config.rules):
        path: Path = ("rules", index)
        yield from subject.active_in(path, rule.active_in)
        yield from _judged(subject, path, rule)
        yield from _buckets(subject, path, rule)
        yield from _quiet(subject, path, rule)
        yield from wilson_problems(subject, path, rule)
        yield from baseline_problems(subject, path, rule)
        yield from hours_problems(subject, path, rule)
        yield from control_problems(subject, path, rule)
    for index, signal in enumerate(subject.config.signals):
        yield from signal_problems(subject, ("signals", index), signal)
        yield from window_problems(subject, ("signals", index), signal.window)


def _judged(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    """What the rule judges: a metric, or a signal, and never both."""
    if bool(rule.metric) == bool(rule.signal):
        step, what = ((*path, "signal"), "both a metric and a signal") if rule.metric else (path, "nothing")
        yield subject.finding(step, f"the rule judges {what}", "write either metric: or signal:")
        return
    if rule.signal:
        yield from _of_signal(subject, path, rule)
        return
    metric = yield from metric_problems(subject, (*path, "metric"), rule.metric)
    if metric is None:
        yield from limit_problems(subject, path, rule)
        return
    yield from estimator_problems(subject, (*path, "estimator"), rule.estimator, metric)
    yield from label_problems(subject, path, metric, rule.match, rule.by)
    yield from _against(subject, path, rule, metric)
    if agrees_with(rule, metric) or rule.baseline is not None:
        yield from limit_problems(subject, path, rule)


def _of_signal(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    yield from subject.known((*path, "signal"), rule.signal, "signals", "signal")
    signal = next((s for s in subject.config.signals if s.name == rule.signal), None)
    yield from limit_problems(subject, path, rule)
    if signal is None:
        return
    if signal.kind == "ratio":
        if rule.estimator not in OF_RATIOS:
            what = f"{rule.estimator} cannot read {quoted(signal.name)}, a ratio"
            yield subject.finding((*path, "estimator"), what, "write ratio or wilson")
    else:
        metric = subject.catalogue.get(signal.metric)
        if metric is not None:
            yield from estimator_problems(subject, (*path, "estimator"), rule.estimator, metric)
    for name in signal.metrics:
        metric = subject.catalogue.get(name)
        if metric is not None:
            yield from label_problems(subject, path, metric, rule.match, rule.by)
    if signal.good_is is not None and rule.worse_high == (signal.good_is == "high"):
        side = "high" if rule.worse_high else "low"
        hint = f"of {signal.name}, {signal.good_is} is the good side; turn the operator"
        yield subject.finding((*path, "operator"), f"{rule.operator} calls {side} values bad", hint)


def _against(subject: Subject, path: Path, rule: Rule, metric: Metric) -> Iterator[Finding]:
    """The rule's sides and limits against those of its metric."""
    if not agrees_with(rule, metric):
        side = "high" if rule.worse_high else "low"
        hint = f"of {metric.name}, {metric.direction.value} is the good side; turn the operator"
        yield subject.finding((*path, "operator"), f"{rule.operator} calls {side} values bad", hint)
    if rule.baseline is not None or rule.estimator in _COUNTING:
        return
    for limit in ("warn", "breach", "clear"):
        value = getattr(rule, limit)
        if value is not None and not metric.low <= value <= metric.high:
            what = f"{value:g} is a limit that {metric.name} can never pass"
            yield subject.finding((*path, limit), what, f"its values lie between {metric.low:g} and {metric.high:g}")


def limit_problems(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    """Limits that stand on the wrong side of each other."""
    for limit in ("clear", "warn"):
        value = getattr(rule, limit)
        if value is None or (value < rule.breach if rule.worse_high else value > rule.breach):
            continue
        side = "below" if rule.worse_high else "above"
        what = f"{limit} {value:g} is not on the good side of breach {rule.breach:g}"
        yield subject.finding(
            (*path, limit), what, f"with the operator {rule.operator} it must be {side} {rule.breach:g}"
        )


def _buckets(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    yield from window_problems(subject, path, rule.window)
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
    elif of > 1:
        yield from _pieces(subject, (*path, "window" if rule.bucket is None else "bucket"), bucket, of)
    if (of > 1 or rule.bucket is not None) and 0 < rule.hold < bucket:
        what = f"a hold of {spell_duration(rule.hold)} is shorter than one bucket of {spell_duration(bucket)}"
        yield subject.finding((*path, "hold"), what, "write 0s, or at least one bucket")


def _pieces(subject: Subject, path: Path, bucket: float, of: int) -> Iterator[Finding]:
    """Buckets are kept in pieces of 1, 10 or 60 s, as the longest span asks; only whole pieces make them disjoint."""
    try:
        width, _ = tier_of(bucket * (of + 1))
    except ValueError as error:
        what = f"{of} buckets of {spell_duration(bucket)} and the one that is filling: {error}"
        yield subject.finding(path, what, "shorten the bucket, or count fewer")
        return
    if abs(bucket / width - round(bucket / width)) > 1e-9:  # noqa: PLR2004 - rounding of a division
        what = (
            f"{of} buckets of {spell_duration(bucket)} are kept in pieces of {spell_duration(width)} and would overlap"
        )
        yield subject.finding(path, what, f"write a multiple of {spell_duration(width)}")


def _quiet(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    if rule.min_count < 1:
        yield subject.finding((*path, "min_count"), f"{rule.min_count} samples cannot be judged", "write at least 1")
    if rule.blind_after <= 0:
        yield subject.finding((*path, "blind_after"), "the rule would be blind at once", "write one such as 5m")
    if rule.min_per_bucket < 1:
        yield subject.finding((*path, "min_per_bucket"), "no samples at all cannot be judged", "write at least 1")
    elif rule.min_per_bucket > 1 and rule.m_of_n[1] == 1:
        hint = "write min_count, or m_of_n with more than one bucket"
        yield subject.finding((*path, "min_per_bucket"), "the rule counts no buckets", hint)
    if rule.flap_limit < 1:
        yield subject.finding((*path, "flap_limit"), "every breach would be flapping", "write at least 1, such as 6")
