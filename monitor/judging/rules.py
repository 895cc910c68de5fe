"""A rule: a threshold over a window, judged per group of labels. This module is the configuration only."""

from __future__ import annotations

from typing import Literal, TypeAlias

from monitor.model import Direction, Metric
from monitor.plan import Section
from monitor.units import Duration, Number

Estimator: TypeAlias = Literal[
    "last", "mean", "min", "max", "p10", "p50", "p75", "p90", "p95", "p99", "rate", "increase"
]
"""How the samples of a window become one number. rate is per second; increase and rate need a counter."""

Operator: TypeAlias = Literal[">", ">=", "<", "<="]


class Missing(Section, frozen=True, kw_only=True):
    """What each kind of nothing does; there are no defaults for nothing, each rule says all four."""

    no_data: Literal["hold", "ok", "insufficient", "unknown"]
    """The source answered and found nothing. hold keeps the level and shows the gap."""
    null: Literal["hold", "insufficient", "unknown"]
    """The source answered that it cannot compute the number."""
    error: Literal["unknown", "breach"]
    """The source could not be asked."""
    stale: Literal["unknown"]
    """The newest sample is older than its source's max_age."""


class Signal(Section, frozen=True, kw_only=True):
    """A named quantity without a threshold: for expressions (`moved >= 0.95`) and for sparklines."""

    name: str
    title: str = ""
    metric: str
    match: dict[str, str] = {}
    estimator: Estimator
    window: Duration


class Rule(Section, frozen=True, kw_only=True):
    """One threshold. A level made by `missing` never arms and never clears anything."""

    name: str
    title: str = ""
    metric: str
    """A metric of the catalogue."""
    match: dict[str, str] = {}
    """Labels that a series must carry to be judged, e.g. {platform: target}."""
    by: tuple[str, ...] = ()
    """Labels whose values make one group each; empty: all matching series are one group."""
    estimator: Estimator
    window: Duration
    bucket: Duration | None = None
    """Width of the disjoint buckets that m_of_n counts; default: the whole window."""
    operator: Operator
    warn: Number | None = None
    breach: Number
    clear: Number | None = None
    """Where a breach ends; default: the other side of breach."""
    m_of_n: tuple[int, int] = (1, 1)
    hold: Duration = 0.0
    """How long it must stay bad before it is a BREACH."""
    clear_hold: Duration = 0.0
    """How long it must stay good before the BREACH ends."""
    min_count: int = 1
    """Least number of samples in the window; below it the rule is INSUFFICIENT."""
    active_in: tuple[str, ...] = ()
    """Stages in which it is judged; empty: all."""
    blind_after: Duration = 300.0
    """A rule UNKNOWN for longer than this is BLIND."""
    missing: Missing

    @property
    def worse_high(self) -> bool:
        """Whether greater numbers are worse."""
        return self.operator in (">", ">=")


def agrees_with(rule: Rule, metric: Metric) -> bool:
    """Whether the rule calls the same side bad as the catalogue does."""
    if metric.direction is Direction.NEUTRAL:
        return True
    return rule.worse_high == (metric.direction is Direction.LOW)
