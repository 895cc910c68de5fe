"""Rows of the catalogue, one function a shape, so that a family reads as a table."""

from __future__ import annotations

from monitor.model import Direction, Kind, Metric, Tier

DAY = 86400.0
WEEK = 7 * DAY
YEAR = 366 * DAY
PEOPLE = 1e6
"""More agents, contacts or calls at once than any one centre has: beyond it the number is a mistake."""
LAST_DATE = 253402300799.0
"""9999-12-31T23:59:59Z, the last date a certificate can name (RFC 5280 4.1.2.5)."""


def ratio(name: str, text: str, *labels: str, better: Direction, hurts: Tier, high: float = 1.0) -> Metric:
    """A part of a whole: 0 to 1, unless more than the whole is possible and `high` says so."""
    return Metric(
        name=name, kind=Kind.GAUGE, unit="ratio", help=text, labels=labels, direction=better, tier=hurts, high=high
    )


def signed_ratio(name: str, text: str, *labels: str, better: Direction, hurts: Tier, low: float, high: float) -> Metric:
    """A ratio that can fall below zero."""
    return Metric(
        name=name,
        kind=Kind.GAUGE,
        unit="ratio",
        help=text,
        labels=labels,
        direction=better,
        tier=hurts,
        low=low,
        high=high,
    )


def count(name: str, text: str, *labels: str, better: Direction, hurts: Tier, high: float = PEOPLE) -> Metric:
    """How many there are now."""
    return Metric(
        name=name, kind=Kind.GAUGE, unit="count", help=text, labels=labels, direction=better, tier=hurts, high=high
    )


def signed_count(name: str, text: str, *labels: str, better: Direction, hurts: Tier) -> Metric:
    """How many too many, or below zero too few."""
    return Metric(
        name=name,
        kind=Kind.GAUGE,
        unit="count",
        help=text,
        labels=labels,
        direction=better,
        tier=hurts,
        low=-PEOPLE,
        high=PEOPLE,
    )


def total(name: str, text: str, *labels: str, better: Direction, hurts: Tier) -> Metric:
    """How many there have been since the source began to count."""
    return Metric(name=name, kind=Kind.COUNTER, unit="count", help=text, labels=labels, direction=better, tier=hurts)


def state(name: str, text: str, *labels: str, better: Direction, hurts: Tier) -> Metric:
    """1 when it is so, 0 when it is not."""
    return Metric(
        name=name, kind=Kind.GAUGE, unit="state", help=text, labels=labels, direction=better, tier=hurts, high=1.0
    )


def seconds(
    name: str, text: str, *labels: str, better: Direction, hurts: Tier, high: float, low: float = 0.0
) -> Metric:
    """A span as it is now."""
    return Metric(
        name=name,
        kind=Kind.GAUGE,
        unit="seconds",
        help=text,
        labels=labels,
        direction=better,
        tier=hurts,
        low=low,
        high=high,
    )


def spans(
    name: str, text: str, *labels: str, better: Direction, hurts: Tier, high: float, bounds: tuple[float, ...]
) -> Metric:
    """Many spans, kept as a histogram."""
    return Metric(
        name=name,
        kind=Kind.HISTOGRAM,
        unit="seconds",
        help=text,
        labels=labels,
        direction=better,
        tier=hurts,
        high=high,
        bounds=bounds,
    )


def moment(name: str, text: str, *labels: str, better: Direction, hurts: Tier) -> Metric:
    """An instant in unix seconds."""
    return Metric(
        name=name,
        kind=Kind.GAUGE,
        unit="timestamp",
        help=text,
        labels=labels,
        direction=better,
        tier=hurts,
        high=LAST_DATE,
    )
