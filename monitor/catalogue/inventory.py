"""The metric inventory: every metric that golive knows, and the door through which users add their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from monitor.catalogue.agents import AGENTS
from monitor.catalogue.calls import CALLS
from monitor.catalogue.engine import ENGINE
from monitor.catalogue.faults import RESERVED, SUFFIXES, faults
from monitor.catalogue.integrations import ASSURANCE, INTEGRATIONS
from monitor.catalogue.media import LINKS, MEDIA, SOFTPHONES
from monitor.catalogue.queues import QUEUES
from monitor.catalogue.ruled import ruled
from monitor.model import Metric

COMMON_LABELS: tuple[str, ...] = ("channel", "platform", "queue", "site", "trunk", "wave")
"""Labels that any metric may carry, beside its own."""

_FAMILIES = (MEDIA, LINKS, SOFTPHONES, CALLS, QUEUES, AGENTS, INTEGRATIONS, ASSURANCE, ENGINE)
_RULED = ruled(metric for family in _FAMILIES for metric in family)

CATALOGUE: Mapping[str, Metric] = {metric.name: metric for family in (*_FAMILIES, _RULED) for metric in family}

OWN: frozenset[str] = frozenset(metric.name for metric in ENGINE)
"""Metrics that golive exports about itself; a collector may not emit them."""


class CatalogueError(ValueError):
    """User-defined metrics that cannot be taken: `problems` says each one, by name."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"metric {name!r}: {what}" for name, what in problems))
        self.problems = problems


def label_names(metric: Metric) -> frozenset[str]:
    """All labels that a series of the metric may carry."""
    return frozenset((*COMMON_LABELS, *metric.labels))


def merge(user_metrics: Iterable[Metric]) -> dict[str, Metric]:
    """The catalogue with a user's own metrics in it.

    Raises:
        CatalogueError: a name that is taken, or a metric that Prometheus could not read.
    """
    merged = dict(CATALOGUE)
    problems: list[tuple[str, str]] = []
    for metric in user_metrics:
        found = faults(metric)
        if metric.name in merged:
            found.append("the name is already in the catalogue; next: choose another, or drop this entry")
        elif metric.name in RESERVED:
            found.append("golive exports this name itself; next: choose another")
        elif shadowed := _shadows(metric.name, RESERVED.union(merged)):
            found.append(f"its exported lines would be taken for those of {shadowed}; next: choose another name")
        problems += [(metric.name, what) for what in found]
        merged.setdefault(metric.name, metric)
    if problems:
        raise CatalogueError(problems)
    return merged


def _shadows(name: str, taken: AbstractSet[str]) -> str:
    """The metric whose exported lines share a name with this one's, or nothing."""
    stem = name
    for suffix in SUFFIXES:
        stem = stem.removesuffix(suffix)
    return next((other for other in (stem, *(stem + suffix for suffix in SUFFIXES)) if other in taken), "")
