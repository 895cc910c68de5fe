"""Catalogue: the systems around the phone, moved data, security and vendors."""

from __future__ import annotations

from monitor.catalogue.shapes import YEAR, count, moment, ratio, seconds, signed_ratio, spans, state, total
from monitor.model import Direction, Kind, Metric, Tier

_REQUEST = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
_SCREEN_POP = (0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 5.0, 10.0, 20.0)

INTEGRATIONS: tuple[Metric, ...] = (
    state(
        "golive_integration_up",
        "Whether a business system answers as it should (1) or not (0).",
        "integration",
        better=Direction.HIGH,
        hurts=Tier.AGENT,
    ),
    spans(
        "golive_integration_request_seconds",
        "Time that an operation of a business system took.",
        "integration",
        "operation",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=3600.0,
        bounds=_REQUEST,
    ),
    seconds(
        "golive_integration_phase_seconds",
        "Time that a phase of the latest request took: dns, connect, tls, first_byte or body.",
        "integration",
        "operation",
        "phase",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=3600.0,
    ),
    total(
        "golive_integration_requests_total",
        "Operations asked of a business system, by outcome.",
        "integration",
        "operation",
        "outcome",
        better=Direction.NEUTRAL,
        hurts=Tier.AGENT,
    ),
    ratio(
        "golive_integration_error_ratio",
        "Share of operations of a business system that failed.",
        "integration",
        better=Direction.LOW,
        hurts=Tier.AGENT,
    ),
    spans(
        "golive_screen_pop_seconds",
        "Time from the offer of a contact to its customer record on the agent's screen.",
        "integration",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=3600.0,
        bounds=_SCREEN_POP,
    ),
    ratio(
        "golive_screen_pop_success_ratio",
        "Share of offered contacts whose customer record was found and opened.",
        "integration",
        better=Direction.HIGH,
        hurts=Tier.AGENT,
    ),
)

ASSURANCE: tuple[Metric, ...] = (
    moment(
        "golive_tls_certificate_expiry_timestamp_seconds",
        "When the first certificate of an endpoint's chain expires, in unix seconds.",
        "endpoint",
        better=Direction.HIGH,
        hurts=Tier.OPERATOR,
    ),
    Metric(
        name="golive_tls_version",
        kind=Kind.GAUGE,
        unit="score",
        help="TLS version that an endpoint agreed on: 1.2, 1.3.",
        labels=("endpoint",),
        direction=Direction.HIGH,
        tier=Tier.OPERATOR,
        high=2.0,
    ),
    total(
        "golive_recording_failures_total",
        "Call recordings that were not made or not stored.",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
    ),
    count(
        "golive_reconciliation_records",
        "Records of an entity that the latest reconciliation counted on one side, legacy or target.",
        "entity",
        "side",
        better=Direction.NEUTRAL,
        hurts=Tier.AGENT,
        high=1e12,
    ),
    # Records that are extra or duplicated on the target can outnumber those of the legacy side.
    ratio(
        "golive_reconciliation_mismatch_ratio",
        "Records that differ between legacy and target as a share of the legacy side, by kind of difference.",
        "entity",
        "kind",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=100.0,
    ),
    ratio(
        "golive_mfa_enrolled_ratio",
        "Share of a role's accounts that have a second factor.",
        "role",
        better=Direction.HIGH,
        hurts=Tier.OPERATOR,
    ),
    seconds(
        "golive_audit_log_lag_seconds",
        "Age of the newest line that reached the audit log's sink.",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
        high=YEAR,
    ),
    count(
        "golive_vendor_incidents_open",
        "Incidents open with a vendor, by severity.",
        "vendor",
        "severity",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
    ),
    # An overrun response time is exactly what this metric is for.
    ratio(
        "golive_vendor_response_sla_used_ratio",
        "Part of the agreed response time that the oldest unanswered incident has used; above 1 it is overrun.",
        "vendor",
        "severity",
        better=Direction.LOW,
        hurts=Tier.OPERATOR,
        high=10000.0,
    ),
    signed_ratio(
        "golive_baseline_deviation_ratio",
        "How far a metric on the target lies from its baseline: (target - baseline) / baseline.",
        "metric",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
        low=-10000.0,
        high=10000.0,
    ),
)
