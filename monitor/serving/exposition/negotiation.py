"""Which format and encoding a scraper asked for."""

from __future__ import annotations

from monitor.serving.exposition.lines import Style

_MOST_CHOICES = 20
"""Choices read from a header; a scraper sends about four."""
_VERSIONS = frozenset({"", "0.0.1", "1.0.0"})
"""OpenMetrics versions that the 1.0.0 text satisfies; no version means any."""


def style_of(accept: str) -> Style:
    """The format for an Accept header: OpenMetrics when it is wanted at least as much as plain text."""
    openmetrics = text = 0.0
    for kind, parameters in _choices(accept):
        weight = _weight(parameters)
        if kind == "application/openmetrics-text" and parameters.get("version", "") in _VERSIONS:
            openmetrics = max(openmetrics, weight)
        elif kind in {"text/plain", "text/*", "*/*"}:
            text = max(text, weight)
    return Style.OPENMETRICS if openmetrics and openmetrics >= text else Style.TEXT


def wants_gzip(accept_encoding: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    return any(kind == "gzip" and _weight(parameters) > 0 for kind, parameters in _choices(accept_encoding))


def _choices(header: str) -> list[tuple[str, dict[str, str]]]:
    found = []
    for choice in header.split(",", _MOST_CHOICES)[:_MOST_CHOICES]:
        kind, *rest = choice.split(";")
        pairs = (item.partition("=") for item in rest)
        found.append((kind.strip().lower(), {name.strip().lower(): value.strip() for name, _, value in pairs}))
    return found


def _weight(parameters: dict[str, str]) -> float:
    try:
        weight = float(parameters.get("q", "1"))
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
