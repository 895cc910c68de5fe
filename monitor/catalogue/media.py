"""Catalogue: what a caller hears, and the lines and softphones that carry it.

The label `direction` is seen from who reports: `heard` is the stream that it receives, `sent` the one that it sends.
`device` is a make or class of telephones, gateways or softphones; never a single one.
"""

from __future__ import annotations

from monitor.catalogue.shapes import PEOPLE, ratio, seconds, signed_ratio, spans, state, total
from monitor.model import Direction, Kind, Metric, Tier

_MOS = (1.3, 1.6, 1.9, 2.2, 2.5, 2.8, 3.1, 3.4, 3.6, 3.8, 4.0, 4.1, 4.2, 4.3, 4.4, 4.5)
_JITTER = (0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
_ROUND_TRIP = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
_LINE_RATE = 12.5e9
"""100 Gbit/s in bytes per second."""

MEDIA: tuple[Metric, ...] = (
    spans(
        "golive_media_jitter_seconds",
        "Interarrival jitter of received RTP (RFC 3550 6.4.1), in seconds.",
        "direction",
        "codec",
        "source",
        "device",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=10.0,
        bounds=_JITTER,
    ),
    ratio(
        "golive_media_packet_loss_ratio",
        "Share of expected RTP packets that did not arrive.",
        "direction",
        "source",
        "device",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_media_packets_expected_total",
        "RTP packets that should have arrived, by their sequence numbers.",
        "direction",
        "source",
        better=Direction.NEUTRAL,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_media_packets_lost_total",
        "RTP packets that were expected and did not arrive.",
        "direction",
        "source",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    spans(
        "golive_media_round_trip_seconds",
        "Round trip of the media path, from RTCP reports.",
        "leg",
        "direction",
        "source",
        "device",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=60.0,
        bounds=_ROUND_TRIP,
    ),
    seconds(
        "golive_media_one_way_delay_seconds",
        "Delay from mouth to ear: half the round trip, jitter buffer, packetisation and codec.",
        "direction",
        "source",
        "device",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
        high=30.0,
    ),
    Metric(
        name="golive_media_mos",
        kind=Kind.HISTOGRAM,
        unit="score",
        help="Mean opinion score of a call leg, 1 to 5, by the method that computed it.",
        labels=("method", "direction", "source", "device"),
        direction=Direction.HIGH,
        tier=Tier.CUSTOMER,
        low=1.0,
        high=5.0,
        bounds=_MOS,
    ),
    Metric(
        name="golive_media_r_factor",
        kind=Kind.GAUGE,
        unit="score",
        help="Transmission rating of the E-model (ITU-T G.107), 0 to 100.",
        labels=("method", "direction", "device"),
        direction=Direction.HIGH,
        tier=Tier.CUSTOMER,
        high=100.0,
    ),
    ratio(
        "golive_media_burst_loss_density_ratio",
        "Share of packets lost or discarded inside bursts (RFC 3611 4.7.2).",
        "direction",
        "source",
        "device",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_media_jitter_buffer_discard_ratio",
        "Share of packets that arrived too early or too late to be played.",
        "direction",
        "source",
        "device",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_media_quality_alerts_total",
        "Alerts that telephones and gateways raised about the quality of a call, by what they watched (RFC 6035).",
        "type",
        "severity",
        "direction",
        "source",
        "device",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    ratio(
        "golive_media_poor_calls_ratio",
        "Share of calls with a mean opinion score below 3.6.",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_media_one_way_calls_total",
        "Connected calls in which only one side was heard.",
        "source",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    total(
        "golive_media_silent_calls_total",
        "Connected calls in which neither side was heard, by cause.",
        "cause",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
)

LINKS: tuple[Metric, ...] = (
    state(
        "golive_link_up",
        "Whether a line carries traffic (1) or not (0), by its role, primary or backup.",
        "link",
        "role",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
    ),
    state(
        "golive_link_failover_active",
        "Whether traffic runs over the backup line (1) or the primary (0).",
        "link",
        better=Direction.LOW,
        hurts=Tier.CUSTOMER,
    ),
    Metric(
        name="golive_link_voice_bytes_per_second",
        kind=Kind.GAUGE,
        unit="bytes_per_second",
        help="Voice that a line carries, in bytes per second and direction.",
        labels=("link", "direction"),
        high=_LINE_RATE,
    ),
    # Below zero when a line carries more than it was said to hold: overload must be seen, not quarantined.
    signed_ratio(
        "golive_link_headroom_ratio",
        "Share of a line's capacity that is free; below zero when it carries more than it was said to hold.",
        "link",
        better=Direction.HIGH,
        hurts=Tier.CUSTOMER,
        low=-10.0,
        high=1.0,
    ),
)

SOFTPHONES: tuple[Metric, ...] = (
    total(
        "golive_softphone_errors_total",
        "Errors that agents' softphones reported, by type.",
        "error_type",
        better=Direction.LOW,
        hurts=Tier.AGENT,
    ),
    # One call can report several errors.
    ratio(
        "golive_softphone_error_ratio",
        "Softphone errors per call; above 1 when calls fail more than once.",
        better=Direction.LOW,
        hurts=Tier.AGENT,
        high=PEOPLE,
    ),
)
