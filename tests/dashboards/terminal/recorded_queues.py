"""The failing cutover with its queues: one in breach, one past a limit that judges all, one unmoved, one gone silent."""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.serving.recent_rows import RecentPoints, RecentQueue, RecentQueueRow, RecentQueues
from monitor.serving.snapshot import RuleRow, SeriesRow
from tests.dashboards.terminal.recorded import AT, FAILING

WINDOW = 900.0


def series(
    metric: str, value: float, unit: str = "count", *, age: float = 3.0, stale: bool = False, **labels: str
) -> SeriesRow:
    """The newest number of one series."""
    return SeriesRow(
        metric=f"golive_{metric}",
        labels=labels,
        unit=unit,
        value=value,
        at=AT - age,
        age=age,
        quality="stale" if stale else "fresh",
    )


def rule(name: str, metric: str, scope: str, state: str, value: float | None, **more: object) -> RuleRow:
    """One rule in one scope; `more` overrides any column."""
    base = {
        "phase": state if state == "breach" else "ok",
        "flags": (),
        "estimator": "mean",
        "unit": "ratio",
        "operator": ">",
        "warn": 0.05,
        "breach": 0.08,
        "clear": 0.05,
        "samples": 84,
        "since": AT - 252,
        "age": 3.0,
    }
    return msgspec.convert(
        {**base, "rule": name, "metric": f"golive_{metric}", "scope": scope, "state": state, "value": value, **more},
        RuleRow,
    )


def queue(name: str, site: str, platform: str, numbers: tuple[float, ...], *, age: float = 3.0, stale: bool = False):
    """What one platform tells of one queue: waiting, oldest, service level, abandoned, answer, handle."""
    where: dict[str, Any] = {"queue": name, "site": site, "platform": platform}
    waiting, oldest, level, abandoned, answer, handle = numbers

    def told(metric: str, value: float, unit: str = "count", **more: Any) -> SeriesRow:
        return series(f"queue_{metric}", value, unit, age=age, stale=stale, **where, **more)

    return (
        told("contacts_waiting", waiting),
        told("oldest_contact_age_seconds", oldest, "seconds"),
        told("service_level_ratio", level, "ratio", definition="negative", threshold_seconds="20"),
        told("abandonment_ratio", abandoned, "ratio"),
        told("average_answer_seconds", answer, "seconds"),
        told("average_handle_seconds", handle, "seconds"),
    )


def agents(site: str, platform: str, **states: int) -> tuple[SeriesRow, ...]:
    """Agents of a site by state."""
    return tuple(series("agents", count, site=site, platform=platform, state=state) for state, count in states.items())


SERIES = (
    *queue("sales-en", "porto", "legacy", (2, 14, 0.84, 0.059, 12, 370)),
    *queue("sales-en", "porto", "target", (31, 280, 0.62, 0.118, 95, 475)),
    *queue("support-de", "berlin", "legacy", (0, 0, 0.88, 0.04, 9, 302)),
    *queue("support-de", "berlin", "target", (9, 91, 0.74, 0.069, 31, 340)),
    *queue("billing", "dublin", "legacy", (1, 9, 0.90, 0.021, 8, 251)),
    *queue("billing", "dublin", "target", (2, 11, 0.91, 0.02, 8, 242)),
    *queue("claims", "dublin", "legacy", (4, 31, 0.80, 0.033, 15, 500)),
    *queue("漢字の待ち行列", "porto", "target", (3, 20, 0.83, 0.031, 11, 300), age=41, stale=True),
    *agents("porto", "target", available=1, on_contact=23),
    *agents("porto", "legacy", available=4, on_contact=2),
    *agents("berlin", "target", available=3, on_contact=15),
    series("agents_planned", 30, site="porto"),
    series("routing_target_ratio", 0.8, "ratio", queue="sales-en"),
    series("routing_target_ratio", 0.6, "ratio", queue="support-de"),
    series("routing_target_ratio", 0.0, "ratio", queue="claims"),
)
RULES = (
    rule("abandon", "queue_abandonment_ratio", "queue=sales-en", "breach", 0.118),
    rule("service", "queue_service_level_ratio", "queue=sales-en", "warn", 0.71, operator="<", warn=0.75, breach=0.6),
    rule("abandon", "queue_abandonment_ratio", "queue=billing", "ok", 0.02, since=AT - 4000),
    rule("waits", "queue_oldest_contact_age_seconds", "", "ok", 91, unit="seconds", warn=90, breach=300),
)
MOMENT = msgspec.structs.replace(FAILING, series=SERIES, rules=RULES)

RECENT = RecentQueues(
    at=AT - 2,
    asked=WINDOW,
    covered=840.0,
    rows=(
        RecentQueueRow(queue="sales-en", platform="target", offered=92, answered=51, abandoned=10, waiting_change=31),
        RecentQueueRow(queue="sales-en", platform="legacy", offered=21, answered=17, abandoned=2, waiting_change=0),
    ),
)
LINES = RecentQueue(
    at=AT - 2,
    lines=(
        RecentPoints(
            name="in queue", platform="target", step=15.0, points=tuple(float(i * i // 60) for i in range(44))
        ),
        RecentPoints(name="in queue", platform="legacy", step=15.0, points=(2.0, 1.0, None, 2.0) * 11),
        RecentPoints(name="arrivals/min", platform="target", step=15.0, points=(6.0, 7.0, 5.0, 8.0) * 11),
    ),
)
ANSWERS = {
    "/api/v1/recent/queues?seconds=900": msgspec.json.encode(RECENT),
    "/api/v1/recent/queues/sales-en": msgspec.json.encode(LINES),
}
