"""Queues on both platforms side by side, from the newest values of their series."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from monitor.serving.snapshot import RuleRow, SeriesRow, Snapshot

PLATFORMS = ("legacy", "target")
MEASURES = (
    ("golive_queue_contacts_waiting", "Waiting", ">", sum),
    ("golive_queue_oldest_contact_age_seconds", "Oldest", ">", max),
    ("golive_queue_service_level_ratio", "Service level", "<", min),
    ("golive_queue_abandonment_ratio", "Abandoned", ">", max),
)
"""Metric, title, the side that is bad, and what several places of one queue come to: contacts add up, of shares and ages
the worst counts, since an average of shares is nobody's share."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of one queue on one platform."""

    value: float | None = None
    unit: str = ""
    fresh: bool = False
    """Whether every place it comes from was heard lately."""


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """One queue: per measure its figure on the legacy and on the target platform."""

    name: str
    figures: tuple[tuple[Figure, Figure], ...]
    state: str
    """State of the worst rule that judges this queue; empty when none does."""
    since: float = 0.0


_RANK = {"ok": 1, "insufficient": 2, "warn": 3, "unknown": 4, "breach": 5}


def queues(snapshot: Snapshot) -> list[Queue]:
    """Every queue of which there is a figure, worst first, then by name."""
    found: dict[tuple[str, str, str], list[SeriesRow]] = {}
    names: set[str] = set()
    wanted = {metric for metric, *_ in MEASURES}
    for row in snapshot.series:
        queue, platform = row.labels.get("queue"), row.labels.get("platform")
        if row.metric in wanted and queue and platform in PLATFORMS:
            names.add(queue)
            found.setdefault((queue, row.metric, platform), []).append(row)
    rules: dict[str, list[RuleRow]] = {}
    for rule in snapshot.rules:
        for pair in rule.scope.replace(";", ",").split(","):
            label, _, value = pair.strip().partition("=")
            if label == "queue" and value in names:
                rules.setdefault(value, []).append(rule)
    return sorted(
        (_queue(name, found, rules.get(name, ())) for name in names), key=lambda q: (-_RANK.get(q.state, 0), q.name)
    )


def _queue(name: str, found: dict[tuple[str, str, str], list[SeriesRow]], rules: Iterable[RuleRow]) -> Queue:
    figures = []
    for metric, _, _, gather in MEASURES:
        pair = []
        for platform in PLATFORMS:
            rows = found.get((name, metric, platform), [])
            known = [row.value for row in rows if row.value is not None]
            fresh = bool(known) and all(row.quality == "fresh" and row.value is not None for row in rows)
            pair.append(Figure(value=gather(known) if known else None, unit=rows[0].unit if rows else "", fresh=fresh))
        figures.append((pair[0], pair[1]))
    worst = max(rules, key=lambda rule: _RANK.get(rule.state, _RANK["unknown"]), default=None)
    state, at = (worst.state, worst.since) if worst is not None else ("", 0.0)
    return Queue(name=name, figures=tuple(figures), state=state, since=at)
