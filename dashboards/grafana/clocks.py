"""Clocks that more than one dashboard shows."""

from __future__ import annotations

from dashboards.grafana.panes import Pane, Query, now


def judged() -> Pane:
    """Whether the verdict is of now."""
    return Pane(
        "figure",
        "Last judged",
        "Age of the newest judgement; more than a few seconds means that the verdict is old.",
        (Query(f"time() - {now('golive_heartbeat_timestamp_seconds')}", "{{instance}}"),),
        unit="s",
        limit=15,
        runbook="GoliveMonitorStuck",
        span=4,
    )


def left(span: int) -> Pane:
    """Whether there is time to decide a rollback."""
    return Pane(
        "figure",
        "Time left to decide a rollback",
        "After it a rollback would not end in its window.",
        (Query(now("golive_rollback_window_remaining_seconds"), "{{instance}}"),),
        unit="dtdurations",
        runbook="GoliveDecideBySoon",
        span=span,
        empty="no decide-by: neither cutover.window nor cutover.decide_by is configured",
    )
