"""Catalogue: calls being set up, connected, dropped and refused, and test calls."""

from __future__ import annotations

from monitor.catalogue.shapes import count, ratio, seconds, signed_count, signed_ratio, spans, total
from monitor.model import Direction, Metric, Tier

_POST_DIAL = (0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 6.0, 8.0, 11.0, 20.0)
"""1-2-5, with the normal-load targets of ITU-T E.721 (6, 8 and 11 s)."""

CALLS: tuple[Metric, ...] = (
    total(
        "golive_calls_total",
        "Calls that ended, by direction and outcome.",
        "direction",
        "outcome",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
    ),
    # Offered and accepted are counted when it happens, not when the call ends, and each by who saw it happen.
    total(
        "golive_calls_offered_total",
        "Calls that a carrier or a platform handed over.",
        "direction",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_calls_accepted_total",
        "Calls that a platform took.",
        "direction",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
    ),
    signed_count(
        "golive_calls_lost_between_platforms",
        "Calls that the carrier offered and neither platform accepted; below zero more were accepted than offered.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    signed_ratio(
        "golive_calls_lost_between_platforms_ratio",
        "Calls that neither platform accepted as a share of those the carrier offered.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        low=-10000.0,
        high=1.0,
    ),
    ratio(
        "golive_call_answer_seizure_ratio",
        "Share of call attempts that were answered (ASR).",
        "direction",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_call_network_effectiveness_ratio",
        "Share of call attempts that the network delivered, whether or not a person answered (NER).",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
    spans(
        "golive_call_post_dial_delay_seconds",
        "Time from dialling to the first ringing or answer.",
        "direction",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=600.0,
        bounds=_POST_DIAL,
    ),
    ratio(
        "golive_call_dropped_ratio",
        "Share of connected calls that ended without either side hanging up, by cause.",
        "cause",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    count(
        "golive_calls_concurrent",
        "Calls in progress.",
        better=Direction.NEUTRAL,
        hurts=Tier.OPERATOR,
    ),
    # A quota can be lowered beneath the load that is already there.
    ratio(
        "golive_calls_concurrent_quota_ratio",
        "Calls in progress as a share of the platform's quota.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=10.0,
    ),
    total(
        "golive_calls_rejected_total",
        "Calls that the platform refused, by reason.",
        "reason",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_flow_errors_total",
        "Errors in call flows, by flow and severity.",
        "flow",
        "severity",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_test_call_success_ratio",
        "Share of test calls of a scenario that went as scripted.",
        "scenario",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
    seconds(
        "golive_test_call_setup_seconds",
        "Time that the latest test call of a scenario took to be answered.",
        "scenario",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=600.0,
    ),
)
