"""What a rule rests its judgement on beside its limits: confidence, baseline, opening hours, control."""

from __future__ import annotations

import math
from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, quoted
from monitor.documents.positions import Path
from monitor.judging.baseline import Baseline
from monitor.judging.estimators import least_count
from monitor.judging.hours import minutes, zone
from monitor.judging.rules import Rule

_LEAST_CONFIDENCE = 0.5
_MOST_WEEKS = 52


def wilson_problems(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    """Bounds that could never clear, and words about bounds where there are none."""
    if rule.estimator != "wilson":
        if rule.clear_by == "point":
            hint = "write estimator: wilson, or leave clear_by out"
            yield subject.finding((*path, "clear_by"), "only wilson has a bound to clear by", hint)
        return
    if not _LEAST_CONFIDENCE < rule.confidence < 1:
        what = f"{rule.confidence:g} is no confidence"
        yield subject.finding((*path, "confidence"), what, "write a number between 0.5 and 1, such as 0.95")
        return
    if rule.clear_by == "point" or rule.baseline is not None or not rule.signal:
        return
    clear = rule.breach if rule.clear is None else rule.clear
    if not 0 < clear < 1:
        what = f"no bound of a share can ever be on the good side of {clear:g}"
        yield subject.finding((*path, "clear"), what, "write a share between 0 and 1, or clear_by: point")
        return
    least = math.ceil(least_count(clear, rule.confidence, worse_high=rule.worse_high) - 1e-9)
    if rule.min_count < least:
        what = f"with {rule.min_count} in the denominator the breach could never clear, however good it gets"
        yield subject.finding((*path, "min_count"), what, f"write at least {least}, or clear_by: point")


def baseline_problems(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    """A baseline that could never be had, or whose limits would call equal platforms bad."""
    baseline, step = rule.baseline, (*path, "baseline")
    if baseline is None:
        return
    if baseline.source == "fixed":
        if baseline.value is None:
            yield subject.finding(step, "a fixed baseline has no value", "write value: the number to compare with")
        elif baseline.value <= 0 and baseline.compare == "ratio":
            hint = "write compare: difference"
            yield subject.finding((*step, "value"), f"a ratio to {baseline.value:g} says nothing", hint)
    elif baseline.value is not None:
        what = f"a baseline from {baseline.source} has no value of its own"
        yield subject.finding((*step, "value"), what, "leave it out, or write from: fixed")
    if baseline.source == "legacy" and _platform(subject, rule) != "target":
        hint = "write match: {platform: target}"
        yield subject.finding(step, "only a rule on the platform target can be compared with legacy", hint)
    if baseline.source == "history":
        yield from _weeks(subject, step, baseline)
    equal = 1.0 if baseline.compare == "ratio" else 0.0
    for limit in ("warn", "breach"):
        value = getattr(rule, limit)
        if value is not None and (value < equal if rule.worse_high else value > equal):
            what = f"{limit} {value:g} calls a platform bad that is as good as its baseline"
            side = "above" if rule.worse_high else "below"
            yield subject.finding((*path, limit), what, f"limits are relative here: write one {side} {equal:g}")


def _platform(subject: Subject, rule: Rule) -> str:
    signal = next((s for s in subject.config.signals if s.name == rule.signal), None)
    return rule.match.get("platform") or (signal.platform if signal else "")


def _weeks(subject: Subject, step: Path, baseline: Baseline) -> Iterator[Finding]:
    if not 1 <= baseline.weeks <= _MOST_WEEKS:
        yield subject.finding((*step, "weeks"), f"{baseline.weeks} weeks cannot be compared", "write 1 to 52")
    elif not 1 <= baseline.need_slots <= baseline.weeks:
        what = f"{baseline.need_slots} of {baseline.weeks} weeks can never be met"
        yield subject.finding((*step, "need_slots"), what, f"write 1 to {baseline.weeks}")


def hours_problems(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    """Opening hours that cannot be read."""
    for index, opening in enumerate(rule.hours):
        step = (*path, "hours", index)
        if not opening.days:
            yield subject.finding((*step, "days"), "names no day", "write days: [mon, tue, ...], or leave it out")
        for field, clock in (("since", opening.since), ("to", opening.to)):
            try:
                minutes(clock)
            except ValueError as error:
                yield subject.finding((*step, field), str(error), "such as 08:00")
        if opening.since == opening.to:
            yield subject.finding((*step, "to"), "ends when it begins", "write from 00:00 to 24:00 for a whole day")
        try:
            zone(opening.timezone)
        except ValueError as error:
            yield subject.finding((*step, "timezone"), str(error), "write an IANA name, such as Europe/Lisbon")


def control_problems(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    """A breach by error without another rule that proves the way to the source."""
    if rule.missing.error == "breach" and not rule.control:
        hint = "write error: unknown; a failing source is paged, and never rolls anything back"
        what = "a breach by error needs a control that proves the way to the source, and this rule has none"
        yield subject.finding((*path, "missing", "error"), what, hint)
    if not rule.control:
        return
    step = (*path, "control")
    if rule.control == rule.name:
        yield subject.finding(step, "a rule cannot prove its own source", "name a rule over the same source")
        return
    yield from subject.known(step, rule.control, "rules", "rule")
    control = next((other for other in subject.config.rules if other.name == rule.control), None)
    if control is None:
        return
    if control.control:
        what = f"{quoted(control.name)} needs a control itself"
        yield subject.finding(step, what, "name one that stands alone")
    if not subject.active(control.active_in) & subject.active(rule.active_in) and subject.config.stages:
        what = f"{quoted(control.name)} is not active in any stage in which this rule is"
        yield subject.finding(step, what, "compare active_in of both")
