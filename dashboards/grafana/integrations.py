"""Integrations: what agents need beside the call."""

from __future__ import annotations

from dashboards.grafana.board import Board, Row
from dashboards.grafana.panes import Pane, Query, now, of

_P = 'platform=~"$platform"'
_RATE = "[$__rate_interval]"
_UP = ((0, "down", "red"), (1, "up", "green"))
_NO_HTTP = "no collector of kind http runs in this cutover"


def _slow(metric: str, by: str) -> str:
    return f"histogram_quantile(0.95, sum by (le, {by}) (rate({of(metric + '_bucket', _P)}{_RATE})))"


ROW = Row(
    "Integrations",
    (
        Pane(
            "timeline",
            "Up",
            "Whether each integration answered as it should.",
            (
                Query(
                    f"min by (integration, platform) ({of('golive_integration_up', _P)})",
                    "{{integration}} {{platform}}",
                ),
            ),
            states=_UP,
            span=24,
            height=8,
        ),
        Pane(
            "trend",
            "Up, mean of five minutes",
            "Share of the looks of five minutes that found it up.",
            (
                Query(
                    f"avg by (integration, platform) (avg_over_time({of('golive_integration_up', _P)}[5m]))",
                    "{{integration}} {{platform}}",
                ),
            ),
            unit="percentunit",
            span=8,
        ),
        Pane(
            "trend",
            "Up, mean of an hour",
            "Share of the looks of an hour that found it up.",
            (
                Query(
                    f"avg by (integration, platform) (avg_over_time({of('golive_integration_up', _P)}[1h]))",
                    "{{integration}} {{platform}}",
                ),
            ),
            unit="percentunit",
            span=8,
        ),
        Pane(
            "trend",
            "Errors",
            "Share of requests that failed.",
            (
                Query(
                    f"max by (integration, platform) ({of('golive_integration_error_ratio', _P)})",
                    "{{integration}} {{platform}}",
                ),
            ),
            unit="percentunit",
            span=8,
        ),
        Pane(
            "trend",
            "Duration p95",
            "Nineteen of twenty requests were faster, by operation.",
            (
                Query(
                    _slow("golive_integration_request_seconds", "integration, operation"),
                    "{{integration}} {{operation}}",
                ),
            ),
            unit="s",
            span=8,
        ),
        Pane(
            "trend",
            "Screen pop p95",
            "How long an agent waits for the caller's record.",
            (Query(_slow("golive_screen_pop_seconds", "integration, platform"), "{{integration}} {{platform}}"),),
            unit="s",
            span=8,
        ),
        Pane(
            "trend",
            "Phases of the latest request",
            "DNS, connect, TLS, first byte, body: where the time goes.",
            (
                Query(
                    f"max by (integration, phase) ({of('golive_integration_phase_seconds')})",
                    "{{integration}} {{phase}}",
                ),
            ),
            unit="s",
            span=8,
            empty=_NO_HTTP,
        ),
        Pane(
            "figure",
            "Certificates",
            "Time until the first certificate of each endpoint ends.",
            (Query(f"{now('golive_tls_certificate_expiry_timestamp_seconds')} - time()", "{{endpoint}}"),),
            unit="dtdurations",
            runbook="GoliveCertificateExpiring",
            span=12,
            empty=_NO_HTTP,
        ),
        Pane(
            "figure",
            "TLS version",
            "The version that each endpoint agreed on.",
            (Query(now("golive_tls_version"), "{{endpoint}}"),),
            span=12,
            empty=_NO_HTTP,
        ),
    ),
)
INTEGRATIONS = Board("golive-integrations", "Integrations", "What agents need beside the call.", (ROW,))
