"""Rows of what only a detail asks for: which series feed a number, their newest samples, and what a metric means."""

from __future__ import annotations

from monitor.serving.row import Row


class InputRow(Row, frozen=True, kw_only=True):
    """A series, and whose it is."""

    metric: str
    labels: dict[str, str]
    unit: str
    value: float | None
    at: float | None
    """Time of the newest sample by its source's clock, unix seconds; None: never heard."""
    age: float | None
    quality: str
    """fresh, stale, empty, null or error."""
    stale_after: float | None
    sources: tuple[str, ...]
    """Collectors that feed it; none for what golive computes itself."""


class InputsPage(Row, frozen=True, kw_only=True):
    """The series that a rule's group is made from, or that carry the labels asked for."""

    series: tuple[InputRow, ...]
    left_out: int = 0
    """Series beyond the bound of this answer."""
    title: str = ""
    """The rule's title; empty where no rule was asked for."""
    sentence: str = ""
    """What the rule does, in words."""
    gates: tuple[str, ...] = ()
    """Gates that it answers."""
    triggers: tuple[str, ...] = ()
    """What it may set off, in words: trigger and runbook."""


class SampleRow(Row, frozen=True, kw_only=True):
    """One number as a collector handed it over."""

    at: float
    """By the source's clock, unix seconds."""
    received: float
    """By ours."""
    value: float | None
    """None: it was not a finite number."""
    source: str
    refused: str = ""
    """Why the store did not take it: late, future, out_of_range or not_finite; empty when it did."""


class BucketRow(Row, frozen=True, kw_only=True):
    """The samples of a span (begins, begins + width], as rules read them. None: not kept, as no rule asks for it."""

    begins: float
    samples: int
    mean: float | None = None
    least: float | None = None
    greatest: float | None = None
    last: float | None = None


class SamplesPage(Row, frozen=True, kw_only=True):
    """The newest samples of one series, newest first."""

    series: InputRow
    samples: tuple[SampleRow, ...]
    reach: float | None = None
    """Older samples of this series may have been let go than received at this instant; None: all since the start are kept."""
    width: float = 0.0
    """Of each bucket, seconds."""
    buckets: tuple[BucketRow, ...] = ()
    recorded: bool = False
    """Whether every sample is on disk as well."""


class MetricRow(Row, frozen=True, kw_only=True):
    """What a metric is and why it matters."""

    name: str
    unit: str
    kind: str
    """gauge, counter or histogram."""
    help: str
    """One sentence."""
    better: str
    """Which side is good, in words."""
    matters: str
    """Who is hurt when it goes wrong, and what stands on it, in words."""
    possible: str
    """What values can be; others are refused."""
    labels: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Collectors that feed it now."""
    series: int = 0
    limits: tuple[str, ...] = ()
    """Each rule on it in a sentence."""


class MetricsPage(Row, frozen=True, kw_only=True):
    """Every metric of the catalogue."""

    metrics: tuple[MetricRow, ...]
