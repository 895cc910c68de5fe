"""Recorded weeks: the clock they are compared by, the days they leave out, and figures that a quarter hour can hold."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.config_checks.subject import Subject
from monitor.documents.finding import Finding, quoted
from monitor.documents.positions import Path
from monitor.history.calendar import DAY_FORM, day
from monitor.judging.baseline import SLOT
from monitor.judging.hours import zone
from monitor.judging.rules import Rule
from monitor.units import spell_duration

_EXTREMES = ("min", "max")


def week_problems(subject: Subject) -> Iterator[Finding]:
    """Everything that would keep recorded weeks from being found, or from being a measure."""
    cutover = subject.config.cutover
    try:
        zone(cutover.timezone)
    except ValueError as error:
        yield subject.finding(("cutover", "timezone"), str(error), "write an IANA name, such as Europe/Lisbon")
    known: set[str] = set()
    for field in ("holidays", "incident_days"):
        for index, text in enumerate(getattr(cutover, field)):
            step: Path = ("cutover", field, index)
            try:
                day(text)
            except ValueError as error:
                yield subject.finding(step, str(error), f"write {DAY_FORM}")
                continue
            if text in known:
                yield subject.finding(step, f"{quoted(text)} is left out already", "name each day once")
            known.add(text)
    for index, rule in enumerate(subject.config.rules):
        if rule.baseline is not None:
            yield from _baseline(subject, ("rules", index), rule)


def _baseline(subject: Subject, path: Path, rule: Rule) -> Iterator[Finding]:
    baseline = rule.baseline
    if baseline is None:
        return
    if baseline.min_count is not None and baseline.min_count < 1:
        what = f"{baseline.min_count} samples are no baseline"
        yield subject.finding((*path, "baseline", "min_count"), what, "write at least 1")
    if baseline.source == "history" and rule.estimator in _EXTREMES and rule.window != SLOT:
        what = (
            f"the {rule.estimator} of {spell_duration(rule.window)} cannot be compared with that of a quarter hour: "
            "the longer one looks, the farther out it lies"
        )
        yield subject.finding((*path, "window"), what, "write window: 15m, or estimate the mean or a percentile")
    signal = next((s for s in subject.config.signals if s.name == rule.signal), None)
    by = rule.by or (signal.by if signal else ())
    target = (rule.match.get("platform") or (signal.platform if signal else "")) == "target"
    if baseline.source != "fixed" and target and "platform" in by:
        what = "groups by platform have no counterpart on legacy"
        yield subject.finding((*path, "by") if rule.by else path, what, "leave platform out of by")
