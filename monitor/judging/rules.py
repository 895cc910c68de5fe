"""A rule: a threshold over a window, judged per group of labels. This module is the configuration only."""

from __future__ import annotations

from typing import Literal, TypeAlias

from monitor.judging.baseline import Baseline
from monitor.judging.hours import Opening
from monitor.model import Direction, Metric
from monitor.plan import Section
from monitor.units import Duration, Number

Estimator: TypeAlias = Literal[
    "last",
    "mean",
    "min",
    "max",
    "p10",
    "p25",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "rate",
    "increase",
    "ratio",
    "wilson",
]
"""How the samples of a window become one number. rate is per second; increase and rate need a counter.

ratio and wilson need a signal of kind ratio: both divide sums; wilson judges the bounds of the share's confidence
interval instead of the share itself.
"""

Operator: TypeAlias = Literal[">", ">=", "<", "<="]
OF_RATIOS: frozenset[str] = frozenset({"ratio", "wilson"})
"""Estimators of a signal of kind ratio."""


class Missing(Section, frozen=True, kw_only=True):
    """What each kind of nothing does; there are no defaults for nothing, each rule says all four."""

    no_data: Literal["hold", "ok", "insufficient", "unknown"]
    """The source answered and found nothing. hold keeps the level and shows the gap; ok says that nothing is good,
    as it is for a counter of errors. Whatever it says, nothing never clears and never arms."""
    null: Literal["hold", "insufficient", "unknown"]
    """The source answered that it cannot compute the number."""
    error: Literal["unknown", "breach"]
    """The source could not be asked. breach is for displays and pages only, and needs a `control`."""
    stale: Literal["unknown"]
    """The newest sample is older than its source's max_age."""


class Part(Section, frozen=True, kw_only=True):
    """One side of a ratio."""

    metric: str
    match: dict[str, str] = {}


class Exclusion(Section, frozen=True, kw_only=True):
    """When a group rests, e.g. while its queue is closed: the newest value of a metric with the same labels."""

    metric: str
    match: dict[str, str] = {}
    operator: Operator = ">="
    value: Number = 1.0


class Signal(Section, frozen=True, kw_only=True):
    """A named quantity without a threshold: for expressions (`moved >= 0.95`), for sparklines, and for rules to judge."""

    name: str
    title: str = ""
    kind: Literal["value", "ratio"] = "value"
    """value reads one metric; ratio divides one by another: increases of counters, sums of gauges."""
    metric: str = ""
    """A metric of the catalogue; for kind value."""
    match: dict[str, str] = {}
    numerator: Part | None = None
    denominator: Part | None = None
    by: tuple[str, ...] = ()
    """Labels that make groups when a rule that says nothing else judges it."""
    good_is: Literal["high", "low"] | None = None
    """Which side is good; a rule that calls that side bad is refused."""
    exclude_when: Exclusion | None = None
    """A group for which this holds rests: it is not judged."""
    estimator: Estimator | None = None
    """How expressions and sparklines read it; default: `last`, for a ratio `ratio`."""
    window: Duration = 300.0
    """The window that expressions and sparklines read it over."""

    @property
    def reads(self) -> Estimator:
        """The estimator in use where no rule states another."""
        return self.estimator or ("ratio" if self.kind == "ratio" else "last")

    @property
    def platform(self) -> str:
        """The platform that it reads; empty where it reads any."""
        match = self.denominator.match if self.denominator else self.match
        return match.get("platform", "")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric it is made from; of a ratio the denominator first, since its labels make the groups."""
        parts = (self.denominator, self.numerator)
        return (self.metric,) if self.kind == "value" else tuple(part.metric for part in parts if part)


class Rule(Section, frozen=True, kw_only=True):
    """One threshold. A level made by `missing` never arms and never clears anything."""

    name: str
    title: str = ""
    metric: str = ""
    """A metric of the catalogue; or else `signal`."""
    signal: str = ""
    """A signal; or else `metric`."""
    match: dict[str, str] = {}
    """Labels that a series must carry to be judged, e.g. {platform: target}."""
    by: tuple[str, ...] = ()
    """Labels whose values make one group each; empty: all matching series are one group."""
    estimator: Estimator
    confidence: float = 0.95
    """Of wilson: one-sided, so that 0.95 means wrong once in twenty on the side that matters."""
    window: Duration
    bucket: Duration | None = None
    """Width of the disjoint buckets that m_of_n counts; default: the whole window."""
    operator: Operator
    warn: Number | None = None
    breach: Number
    clear: Number | None = None
    """Where a breach ends; default: the other side of breach."""
    clear_by: Literal["bound", "point"] = "bound"
    """Of wilson: what must be on the clear side, the far bound or the share itself."""
    baseline: Baseline | None = None
    """What the limits are relative to; without it they are absolute."""
    m_of_n: tuple[int, int] = (1, 1)
    hold: Duration = 0.0
    """How long it must stay bad before it is a BREACH."""
    clear_hold: Duration = 0.0
    """How long it must stay good before the BREACH ends."""
    min_count: int = 1
    """Least number of samples in the window, of a ratio its denominator; below it the rule is INSUFFICIENT."""
    min_per_bucket: int = 1
    """The same for each bucket of m_of_n: one with less counts as a gap."""
    warmup: Duration = 0.0
    """How long after a stage change what is heard does not count at all; the first window begins after it."""
    hours: tuple[Opening, ...] = ()
    """When it is judged; outside of them it rests. Empty: always."""
    control: str = ""
    """A rule that proves the way to the source; while it is good, an error may show as breach."""
    flap_limit: int = 6
    """Changes into or out of BREACH within an hour beyond which the rule is FLAPPING."""
    active_in: tuple[str, ...] = ()
    """Stages in which it is judged; empty: all."""
    blind_after: Duration = 300.0
    """A rule UNKNOWN for longer than this is BLIND."""
    missing: Missing

    @property
    def worse_high(self) -> bool:
        """Whether greater numbers are worse."""
        return self.operator in (">", ">=")

    @property
    def limits(self) -> tuple[float, ...]:
        """All limits that it states."""
        return tuple(x for x in (self.warn, self.breach, self.clear) if x is not None)


def agrees_with(rule: Rule, metric: Metric) -> bool:
    """Whether the rule calls the same side bad as the catalogue does."""
    if metric.direction is Direction.NEUTRAL:
        return True
    return rule.worse_high == (metric.direction is Direction.LOW)
