"""What a configuration will do, in sentences: for whoever signs it and did not write it. Pure."""

from __future__ import annotations

from monitor.judging.rules import Estimator, Rule
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


def rule_sentence(rule: Rule, metric: Metric) -> str:
    """Say what one rule does: what it measures, where it gets bad and good again, and what nothing means."""
    estimator = _ESTIMATORS.get(rule.estimator, f"the {rule.estimator.removeprefix('p')}th percentile")
    match = f" ({', '.join(f'{label}={value}' for label, value in rule.match.items())})" if rule.match else ""
    by = f" for each {' and '.join(rule.by)}" if rule.by else ""
    unit = "count" if rule.estimator in ("rate", "increase") else metric.unit
    return (
        f"{rule.name}: {estimator} of {metric.name}{match}{by} over {spell_duration(rule.window)} "
        f"breaches {_SIDES[rule.operator]} {format_value(rule.breach, unit)}{_damping(rule)}"
        f"{_warning(rule, unit)}, and is good again {_end(rule, unit)}. {_missing(rule)}"
    )


def _damping(rule: Rule) -> str:
    least, of = rule.m_of_n
    parts = []
    if of > 1:
        parts.append(f"in {least} of {of} buckets of {spell_duration(rule.bucket or rule.window)}")
    parts.append(f"held for {spell_duration(rule.hold)}" if rule.hold else "at once")
    if rule.min_count > 1:
        parts.append(f"from {rule.min_count} samples on")
    return " " + ", ".join(parts)


def _warning(rule: Rule, unit: str) -> str:
    return "" if rule.warn is None else f"; warns {_SIDES[rule.operator]} {format_value(rule.warn, unit)}"


def _end(rule: Rule, unit: str) -> str:
    limit = rule.breach if rule.clear is None else rule.clear
    held = f" for {spell_duration(rule.clear_hold)}" if rule.clear_hold else ""
    return f"{_BACK[rule.operator]} {format_value(limit, unit)}{held}"


def _missing(rule: Rule) -> str:
    nothing = rule.missing
    return (
        f"When the source found nothing {_NOTHING[nothing.no_data]}, when it cannot compute {_NOTHING[nothing.null]}, "
        f"when it cannot be asked {_NOTHING[nothing.error]}, when its samples are old {_NOTHING[nothing.stale]}."
    )
