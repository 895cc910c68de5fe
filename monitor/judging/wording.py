"""What a configuration will do, in sentences: for whoever signs it and did not write it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.judging.rules import OF_RATIOS, Estimator, Part, Rule, Signal
from monitor.model import Metric
from monitor.units import format_value, spell_duration

_ESTIMATORS: dict[Estimator, str] = {
    "last": "the newest value",
    "mean": "the mean",
    "min": "the lowest value",
    "max": "the highest value",
    "p50": "the median",
    "rate": "the rate per second",
    "increase": "the increase",
}
_SIDES = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}
_BACK = {">": "at or below", ">=": "below", "<": "at or above", "<=": "above"}
_NOTHING = {
    "hold": "it keeps its level",
    "ok": "it is OK",
    "insufficient": "it is INSUFFICIENT",
    "unknown": "it is UNKNOWN",
    "breach": "it shows BREACH",
}


def rule_sentence(rule: Rule, catalogue: Mapping[str, Metric], signals: Mapping[str, Signal]) -> str:
    """Say what one rule does: what it measures, where it gets bad and good again, and what nothing means."""
    signal = signals.get(rule.signal)
    unit = _unit(rule, catalogue, signal)
    by = f" for each {' and '.join(_by(rule, signal))}" if _by(rule, signal) else ""
    return (
        f"{rule.name}: {_measure(rule, signal)}{by} over {spell_duration(rule.window)} "
        f"breaches {_SIDES[rule.operator]} {_limit(rule, rule.breach, unit)}{_damping(rule, signal)}"
        f"{_warning(rule, unit)}, and is good again {_end(rule, unit)}. {_missing(rule)}{_further(rule, signal)}"
    )


def _by(rule: Rule, signal: Signal | None) -> tuple[str, ...]:
    return rule.by or (signal.by if signal else ())


def _unit(rule: Rule, catalogue: Mapping[str, Metric], signal: Signal | None) -> str:
    if rule.estimator in OF_RATIOS or (rule.baseline is not None and rule.baseline.compare == "ratio"):
        return "ratio"
    return (
        "count" if rule.estimator in ("rate", "increase") else catalogue[signal.metric if signal else rule.metric].unit
    )


def _measure(rule: Rule, signal: Signal | None) -> str:
    if signal is not None and signal.kind == "ratio" and signal.numerator and signal.denominator:
        share = f"{_series(signal.numerator, rule)} as a share of {_series(signal.denominator, rule)}"
        return f"the {rule.confidence:g} confidence bounds of {share}" if rule.estimator == "wilson" else share
    estimator = _ESTIMATORS.get(rule.estimator, f"the {rule.estimator.removeprefix('p')}th percentile")
    return f"{estimator} of {_series(signal or rule, rule)}"


def _series(part: Part | Signal | Rule, rule: Rule) -> str:
    match = {**part.match, **rule.match}
    return part.metric + (f" ({', '.join(f'{label}={value}' for label, value in match.items())})" if match else "")


def _limit(rule: Rule, limit: float, unit: str) -> str:
    baseline = rule.baseline
    if baseline is None:
        return format_value(limit, unit)
    against = {
        "legacy": "legacy" + (" as it was at arming" if baseline.freeze else ""),
        "fixed": f"{baseline.value:g}" if baseline.value is not None else "a baseline",
        "history": f"this quarter hour of the last {baseline.weeks} weeks",
    }[baseline.source]
    if baseline.compare == "ratio":
        return f"{format_value(limit, unit)} of {against}"
    return f"{'+' if limit >= 0 else ''}{format_value(limit, unit)} against {against}"


def _damping(rule: Rule, signal: Signal | None) -> str:
    least, of = rule.m_of_n
    parts = []
    if of > 1:
        some = f" with at least {rule.min_per_bucket} each" if rule.min_per_bucket > 1 else ""
        parts.append(f"in {least} of {of} buckets of {spell_duration(rule.bucket or rule.window)}{some}")
    parts.append(f"held for {spell_duration(rule.hold)}" if rule.hold else "at once")
    if rule.min_count > 1:
        counted = "in the denominator" if signal is not None and signal.kind == "ratio" else "samples"
        parts.append(f"from {rule.min_count} {counted} on")
    return " " + ", ".join(parts)


def _further(rule: Rule, signal: Signal | None) -> str:
    """What else it does that one would not guess."""
    words = []
    if rule.baseline is not None:
        words.append("without a sound baseline it is UNKNOWN")
        if rule.baseline.floor is not None:
            words.append(f"it never breaches on the good side of {rule.baseline.floor:g}")
    if rule.warmup:
        words.append(f"the first {spell_duration(rule.warmup)} of a stage do not count")
    if rule.hours:
        spans = [f"{' '.join(o.days)} {o.since} to {o.to} in {o.timezone}" for o in rule.hours]
        words.append(f"it rests outside {' and '.join(spans)}")
    if signal is not None and signal.exclude_when is not None:
        condition = signal.exclude_when
        words.append(f"a group rests while {condition.metric} {condition.operator} {condition.value:g}")
    if rule.control:
        words.append(f"an error counts as shown only while {rule.control} is good")
    return _sentence(words)


def _sentence(words: Sequence[str]) -> str:
    text = "; ".join(words)
    return f" {text[0].upper()}{text[1:]}." if text else ""


def _warning(rule: Rule, unit: str) -> str:
    return "" if rule.warn is None else f"; warns {_SIDES[rule.operator]} {_limit(rule, rule.warn, unit)}"


def _end(rule: Rule, unit: str) -> str:
    limit = rule.breach if rule.clear is None else rule.clear
    held = f" for {spell_duration(rule.clear_hold)}" if rule.clear_hold else ""
    return f"{_BACK[rule.operator]} {_limit(rule, limit, unit)}{_by_point(rule)}{held}"


def _by_point(rule: Rule) -> str:
    return " by the share itself" if rule.estimator == "wilson" and rule.clear_by == "point" else ""


def _missing(rule: Rule) -> str:
    nothing = rule.missing
    return (
        f"When the source found nothing {_NOTHING[nothing.no_data]}, when it cannot compute {_NOTHING[nothing.null]}, "
        f"when it cannot be asked {_NOTHING[nothing.error]}, when its samples are old {_NOTHING[nothing.stale]}."
    )
