"""Call quality: what callers hear, by trunk and direction."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row
from dashboards.grafana.panes import Pane, Query, now, of

_P = 'platform=~"$platform"'
_RATE = "[$__rate_interval]"
_UNSENT = "no source of this cutover sends this metric"


def _quantile(share: str, metric: str, by: str) -> str:
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({of(metric + '_bucket', _P)}{_RATE})))"


HEARD = Row(
    "What callers hear",
    (
        Pane(
            "heat",
            "MOS",
            "How many call reports had which MOS (1 to 4.5), by ITU-T G.107 or the source's own method.",
            (Query(f"sum by (le) (increase({of('golive_media_mos_bucket', _P)}{_RATE}))", "{{le}}"),),
            span=24,
            height=9,
        ),
        Pane(
            "trend",
            "MOS, worst tenth",
            "The MOS that nine of ten reports are above, by trunk.",
            (Query(_quantile("0.10", "golive_media_mos", "platform, trunk"), "{{platform}} {{trunk}}"),),
            span=12,
        ),
        Pane(
            "trend",
            "MOS, median",
            "Half of the reports are above, by trunk.",
            (Query(_quantile("0.50", "golive_media_mos", "platform, trunk"), "{{platform}} {{trunk}}"),),
            span=12,
        ),
        Pane(
            "trend",
            "Packet loss",
            "Mean of the newest loss ratios, by trunk.",
            (
                Query(
                    f"avg by (platform, trunk) ({of('golive_media_packet_loss_ratio', _P)})", "{{platform}} {{trunk}}"
                ),
            ),
            unit="percentunit",
            span=8,
        ),
        Pane(
            "trend",
            "Jitter p95",
            "Nineteen of twenty reports are below, by trunk and direction where the source tells it.",
            (
                Query(
                    _quantile("0.95", "golive_media_jitter_seconds", "platform, trunk, direction"),
                    "{{platform}} {{trunk}} {{direction}}",
                ),
            ),
            unit="s",
            span=8,
        ),
        Pane(
            "trend",
            "Round trip p95",
            "Nineteen of twenty reports are below.",
            (Query(_quantile("0.95", "golive_media_round_trip_seconds", "platform, trunk"), "{{platform}} {{trunk}}"),),
            unit="s",
            span=8,
        ),
    ),
)
SIGNALLED = Row(
    "Calls",
    (
        Pane(
            "trend",
            "One-way audio",
            "Calls a minute in which one side heard nothing.",
            (
                Query(
                    f"60 * sum by (platform, trunk) (rate({of('golive_media_one_way_calls_total', _P)}{_RATE}))",
                    "{{platform}} {{trunk}}",
                ),
            ),
            span=8,
        ),
        Pane(
            "trend",
            "Calls at once",
            "Calls that are up now.",
            (Query(f"sum by (platform) ({of('golive_calls_concurrent', _P)})", "{{platform}}"),),
            span=8,
        ),
        Pane(
            "trend",
            "Reports a minute",
            "Call reports that reached golive: when it falls and calls do not, quality is judged on less.",
            (Query(f"60 * sum by (platform) (rate({of('golive_media_mos_count', _P)}{_RATE}))", "{{platform}}"),),
            span=8,
        ),
        Pane(
            "trend",
            "Answer-seizure ratio",
            "Calls answered of calls tried, by trunk.",
            (Query(of("golive_call_answer_seizure_ratio", _P), "{{platform}} {{trunk}}"),),
            unit="percentunit",
            span=8,
            empty=_UNSENT,
        ),
        Pane(
            "trend",
            "Dropped calls",
            "Calls that ended without anybody hanging up.",
            (Query(of("golive_call_dropped_ratio", _P), "{{platform}} {{trunk}}"),),
            unit="percentunit",
            span=8,
            empty=_UNSENT,
        ),
        Pane(
            "figure",
            "Links",
            "Whether each link answers.",
            (Query(now("golive_link_up"), "{{link}}"),),
            states=((0, "down", "red"), (1, "up", "green")),
            span=8,
        ),
    ),
)
CALLS = Board("golive-calls", "Call quality", "What callers hear, by trunk and direction.", (HEARD, SIGNALLED))
