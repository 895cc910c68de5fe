"""The monitor itself: can what it says be trusted."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row
from dashboards.grafana.clocks import judged
from dashboards.grafana.panes import YES, Pane, Query, coded, now, of

_HEALTH = ("starting", "ok", "retrying", "failed", "stopped")
_HEALTHS = (
    (0, "starting", "blue"),
    (1, "ok", "green"),
    (2, "retrying", "orange"),
    (3, "failed", "red"),
    (4, "stopped", "purple"),
)
_SOUND = "nothing of the kind has happened since golive started"

HEALTH = Row(
    "Health",
    (
        Pane(
            "figure",
            "Answers",
            "Whether Prometheus can scrape golive.",
            (Query(now("up"), "{{instance}}"),),
            states=YES,
            runbook="GoliveMonitorAbsent",
            span=4,
        ),
        Pane(
            "figure",
            "Degraded",
            "Whether golive is not whole; its board says why.",
            (Query(now("golive_degraded"), "{{instance}}"),),
            states=((0, "whole", "green"), (1, "DEGRADED", "red")),
            runbook="GoliveDegraded",
            span=4,
        ),
        judged(),
        Pane(
            "figure",
            "Newest public line of the journal",
            "Its age. Long silence is normal while nothing changes.",
            (Query(f"time() - {now('golive_journal_head_timestamp_seconds')}", "{{instance}}"),),
            unit="s",
            runbook="GoliveJournalSilent",
            span=4,
        ),
        Pane(
            "table",
            "Version",
            "Which golive runs, on which Python.",
            (Query(now("golive_build_info"), "{{version}}"),),
            span=8,
        ),
    ),
)
SOURCES = Row(
    "Sources",
    (
        Pane(
            "timeline",
            "Collectors",
            "State of each collector.",
            (Query(coded("golive_collector_state", "state", _HEALTH), "{{collector}}"),),
            states=_HEALTHS,
            runbook="GoliveSourceStale",
            span=24,
            height=9,
        ),
        Pane(
            "trend",
            "Messages a second",
            "What each collector heard, by what became of it.",
            (
                Query(
                    f"sum by (collector, result) (rate({of('golive_ingest_messages_total')}[$__rate_interval]))",
                    "{{collector}} {{result}}",
                ),
            ),
            unit="cps",
            span=8,
        ),
        Pane(
            "trend",
            "Age of the newest sample",
            "How long ago each source last spoke.",
            (Query(f"time() - {of('golive_collector_last_success_timestamp_seconds')}", "{{collector}}"),),
            unit="s",
            runbook="GoliveSourceStale",
            span=8,
        ),
        Pane(
            "trend",
            "Lost messages",
            "By gaps in their running numbers, within five minutes.",
            (Query(f"increase({of('golive_ingest_gap_messages_total')}[5m])", "{{collector}}"),),
            runbook="GoliveIngestGaps",
            span=8,
        ),
        Pane(
            "trend",
            "Refused samples",
            "By reason, within five minutes.",
            (
                Query(
                    f"sum by (collector, reason) (increase({of('golive_dropped_samples_total')}[5m]))",
                    "{{collector}} {{reason}}",
                ),
            ),
            runbook="GoliveSamplesRefused",
            span=12,
            empty=_SOUND,
        ),
        Pane(
            "bars",
            "Series in memory",
            "By metric; a label with a value a call shows here first.",
            (Query(f"topk(20, {of('golive_series')})", "{{metric}}"),),
            runbook="GoliveScrapeSlow",
            span=12,
        ),
    ),
)
WORK = Row(
    "Work",
    (
        Pane(
            "trend",
            "Loop lag",
            "How late the latest tick began.",
            (Query(of("golive_event_loop_lag_seconds"), "{{instance}}"),),
            unit="s",
            runbook="GoliveLoopSlow",
            span=6,
        ),
        Pane(
            "trend",
            "Tick",
            "How long the latest tick took, and the longest stretch for which it kept the loop.",
            (
                Query(of("golive_tick_seconds"), "tick {{instance}}"),
                Query(of("golive_tick_longest_piece_seconds"), "longest piece {{instance}}"),
            ),
            unit="s",
            span=6,
        ),
        Pane(
            "trend",
            "Processor",
            "Share of one core.",
            (Query(f"rate({of('process_cpu_seconds_total')}[$__rate_interval])", "{{instance}}"),),
            unit="percentunit",
            span=6,
        ),
        Pane(
            "trend",
            "Memory",
            "Resident memory.",
            (Query(of("process_resident_memory_bytes"), "{{instance}}"),),
            unit="bytes",
            span=6,
        ),
        Pane(
            "trend",
            "Free space for the journal",
            "Where --state-dir lies.",
            (Query(of("golive_store_free_bytes"), "{{instance}}"),),
            unit="bytes",
            runbook="GoliveDiskFilling",
            span=24,
            height=5,
        ),
        Pane(
            "trend",
            "Scrape",
            "How long Prometheus waited for /metrics.",
            (Query(of("scrape_duration_seconds"), "{{instance}}"),),
            unit="s",
            limit=5,
            runbook="GoliveScrapeSlow",
            span=8,
        ),
        Pane(
            "trend",
            "Lines of the journal",
            "Lines a second.",
            (Query(f"rate({of('golive_journal_entries_total')}[$__rate_interval])", "{{instance}}"),),
            unit="cps",
            span=8,
        ),
        Pane(
            "trend",
            "Families left out of /metrics",
            "Each is a fault of golive's own.",
            (Query(of("golive_exposition_failures_total"), "{{family}}"),),
            runbook="GoliveExpositionFailing",
            span=8,
            empty=_SOUND,
        ),
    ),
)
ITSELF = Board("golive-self", "The monitor itself", "Can what golive says be trusted.", (HEALTH, SOURCES, WORK))
