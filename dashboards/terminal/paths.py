"""Addresses of what only a detail asks the daemon for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlencode

METRICS = "/api/v1/metrics"


def inputs(rule: str, scope: str) -> str:
    """The series that a rule's group is made from."""
    return f"/api/v1/series?{urlencode({'rule': rule, 'scope': scope})}"


def series(metrics: Iterable[str] = (), labels: Mapping[str, str] | None = None, source: str = "") -> str:
    """Series of these metrics that carry these labels and that this collector feeds."""
    query = [("metric", metric) for metric in metrics]
    query += _labels(labels or {})
    query += [("source", source)] if source else []
    return f"/api/v1/series?{urlencode(query)}"


def samples(metric: str, labels: Mapping[str, str]) -> str:
    """The newest samples of one series."""
    return f"/api/v1/series/samples?{urlencode([('metric', metric), *_labels(labels)])}"


def transcripts(collector: str) -> str:
    """A collector's last raw exchanges."""
    return f"/api/v1/transcripts/{quote(collector, safe='')}"


def _labels(labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [("label", f"{name}={value}") for name, value in labels.items()]
