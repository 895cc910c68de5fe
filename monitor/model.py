"""The nouns that every other part speaks in: samples, levels, flags, verdicts, health."""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum
from typing import Literal, NamedTuple, TypeAlias

import msgspec

Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Label pairs sorted by name; names and values already cleaned."""


class Sample(NamedTuple):
    """One number of one series at one time.

    `at` is the source's own time in unix seconds; `value` is in the metric's base unit.
    """

    metric: str
    labels: Labels
    value: float
    at: float


class Kind(StrEnum):
    """What a metric's numbers are, in Prometheus' words."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Direction(StrEnum):
    """Which way is better."""

    HIGH = "high"
    LOW = "low"
    NEUTRAL = "neutral"


class Tier(StrEnum):
    """Who is hurt first when it goes wrong; customers before agents before operators."""

    CUSTOMER = "customer"
    AGENT = "agent"
    OPERATOR = "operator"


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the catalogue: what may be collected, and how it is read."""

    name: str
    """Prometheus name with its unit suffix, e.g. golive_media_jitter_seconds."""
    kind: Kind
    unit: Literal["seconds", "ratio", "bytes_per_second", "score", "count", "timestamp", "state"]
    help: str
    """One sentence for # HELP and for the reader of a screen."""
    labels: tuple[str, ...] = ()
    """Label names beyond the common ones (platform, site, wave, queue, trunk, channel)."""
    direction: Direction = Direction.NEUTRAL
    tier: Tier = Tier.OPERATOR
    low: float = 0.0
    """Least possible value; what lies below is quarantined as out_of_range."""
    high: float = 1e15
    """Greatest possible value; what lies above is quarantined as out_of_range."""
    bounds: tuple[float, ...] = ()
    """Upper bounds of the exported cumulative buckets, for histograms only."""


class Level(IntEnum):
    """What a rule measured, in order of badness."""

    OK = 0
    WARN = 1
    BREACH = 2


class Flag(IntFlag):
    """What must be known beside a level."""

    NONE = 0
    UNKNOWN = 1
    INSUFFICIENT = 2
    STALE = 4
    FLAPPING = 8
    MUTED = 16
    INHIBITED = 32
    ACKED = 64
    BLIND = 128
    RESTING = 256
    """Not judged for now: outside opening hours, or excluded."""


class Standing(IntEnum):
    """A level and its flags in one word, in the order in which they combine: worst wins."""

    OK = 0
    WARN = 1
    INSUFFICIENT = 2
    UNKNOWN = 3
    BREACH = 4

    @property
    def word(self) -> str:
        """The word as screens, JSON and labels spell it."""
        return self.name.lower()


def standing(level: Level, flags: Flag) -> Standing:
    """Combine a level and its flags; a breach stays a breach even when its input has gone quiet."""
    if level is Level.BREACH:
        return Standing.BREACH
    if flags & (Flag.UNKNOWN | Flag.STALE | Flag.BLIND):
        return Standing.UNKNOWN
    if flags & Flag.INSUFFICIENT:
        return Standing.INSUFFICIENT
    return Standing.WARN if level is Level.WARN else Standing.OK


class Quality(StrEnum):
    """How much a series' newest sample can be trusted."""

    FRESH = "fresh"
    STALE = "stale"
    EMPTY = "empty"
    NULL = "null"
    ERROR = "error"


class Verdict(IntEnum):
    """May the cutover go on? In order of badness."""

    GO = 0
    HOLD = 1
    UNKNOWN = 2
    NO_GO = 3

    @property
    def word(self) -> str:
        """The verdict as people write it."""
        return "NO-GO" if self is Verdict.NO_GO else self.name


class Health(StrEnum):
    """State of one collector, kept by the supervisor alone."""

    STARTING = "starting"
    OK = "ok"
    RETRYING = "retrying"
    FAILED = "failed"
    STOPPED = "stopped"


class Truth(IntEnum):
    """Kleene's three values; the numbers are ordered so that `and` is min and `or` is max."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2
