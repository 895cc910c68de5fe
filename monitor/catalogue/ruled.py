"""Catalogue: what a ruler elsewhere measured for a rule of golive, one metric a unit. Only the collector `ruler` sends them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.model import Direction, Kind, Metric, Tier

_WIDE = 1e15
_WORDS: Mapping[str, str] = {
    "seconds": "seconds",
    "ratio": "ratio",
    "bytes_per_second": "bytes_per_second",
    "score": "score",
    "count": "value",
    "timestamp": "timestamp_seconds",
    "state": "state",
}
"""Unit of a rule's estimate -> the end of the metric's name."""


def ruled(known: Iterable[Metric]) -> tuple[Metric, ...]:
    """The metrics; their labels are those of all that are known, since rules group by any of them."""
    labels = sorted({label for metric in known for label in metric.labels} | {"edition", "rule"})
    return tuple(
        Metric(
            name=name_of(unit),
            kind=Kind.GAUGE,
            unit=unit,  # type: ignore[arg-type] # the keys are the literals
            help=f"What a ruler elsewhere measured for a rule, as {ending.replace('_', ' ')}.",
            labels=tuple(labels),
            direction=Direction.NEUTRAL,
            tier=Tier.OPERATOR,
            low=-_WIDE,
            high=_WIDE,
        )
        for unit, ending in _WORDS.items()
    )


def name_of(unit: str) -> str:
    """The metric that carries estimates in a unit."""
    return f"golive_ruled_{_WORDS[unit]}"


UNITS = frozenset(_WORDS)
"""Units in which an estimate can be carried."""
