"""The section `derived`: numbers that golive computes itself, from counts, by one definition on both platforms.

This module is the configuration only.
"""

from __future__ import annotations

from monitor.judging.formulas import Definition
from monitor.judging.rules import Estimator
from monitor.plan import Section
from monitor.units import Duration, Number


class ServiceLevel(Section, frozen=True, kw_only=True):
    """One service level, written as golive_queue_service_level_ratio with both fields as labels."""

    definition: Definition = "negative"
    """How those who gave up waiting are counted: ignore, negative, positive, answered_only or wfm."""
    threshold: Duration = 20.0
    """The wait within which an answer counts as in time."""


class Counted(Section, frozen=True, kw_only=True):
    """Series of a counter whose increases are added up."""

    metric: str
    match: dict[str, str] = {}
    """Labels that a series must carry, e.g. {platform: carrier}."""


class LostCalls(Section, frozen=True, kw_only=True):
    """Calls lost between platforms: what the carrier offered less what the two platforms accepted."""

    offered: Counted = Counted(metric="golive_calls_offered_total", match={"platform": "carrier"})
    """What the carrier says it handed over."""
    legacy: Counted = Counted(metric="golive_calls_accepted_total", match={"platform": "legacy"})
    target: Counted = Counted(metric="golive_calls_accepted_total", match={"platform": "target"})
    by: tuple[str, ...] = ()
    """Labels that all three carry alike and whose values are counted apart; empty: one number for everything."""
    window: Duration = 300.0
    min_count: int = 20
    """Least number of offered calls in the window; below it nothing can be said."""


class Balance(Section, frozen=True, kw_only=True):
    """Whether a queue's counts add up: offered - (answered + abandoned + change of waiting) should be 0."""

    window: Duration = 300.0


class Comparison(Section, frozen=True, kw_only=True):
    """A number of the target held against the same number of the legacy platform, as golive_baseline_deviation_ratio."""

    name: str = ""
    """Value of the label `metric`; default: the metric's name."""
    metric: str
    match: dict[str, str] = {}
    """Labels that a series must carry on both sides, without platform."""
    estimator: Estimator
    window: Duration = 1800.0
    min_count: int = 20
    """Least number of samples on each side; below it there is no deviation."""

    @property
    def label(self) -> str:
        """What the comparison is called in the label `metric`."""
        return self.name or self.metric


class Derived(Section, frozen=True, kw_only=True):
    """What is computed. Without the section: one service level and the balance, as soon as the counts for it are heard."""

    every: Duration = 1.0
    """How often it is computed."""
    window: Duration = 1800.0
    """What service levels and abandonment are taken over, at most 3h50m."""
    by: tuple[str, ...] = ("queue",)
    """Labels whose values are counted apart, beside platform."""
    service_levels: tuple[ServiceLevel, ...] = (ServiceLevel(),)
    short: Duration = 5.0
    """The wait within which giving up is a short abandon: what the sources mean by the label short=true."""
    abandonment: bool = False
    """Whether golive_queue_abandonment_ratio is computed, without short abandons; leave it off where sources report it."""
    min_count: int = 20
    """Least number of contacts that a service level or abandonment is taken over; below it there is none."""
    coverage: Number = 0.95
    """Least share of the answered contacts whose wait is known; below it a service level would be a guess."""
    balance: Balance = Balance()
    lost_calls: LostCalls | None = None
    """Left out, calls lost between platforms are not watched."""
    comparisons: tuple[Comparison, ...] = ()
