"""What an Amazon Connect softphone says of itself: a second of a stream, a call's report, an error. Pure.

Written from what amazon-connect-streams sends (SendSoftphoneCallMetrics, softphone_report, SoftphoneError), and from
flat messages as a page of one's own makes them. `audio_input` is the agent's microphone, so what the agent sends;
`audio_output` is what the agent hears.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, TypeAlias

import msgspec

from collectors.mqtt.reading import PAYLOAD_LIMIT, Refused, why

MILLISECONDS_FROM = 1e11
"""A time as a number beyond this is in milliseconds, as JavaScript has them: in seconds it were the year 5138."""
MOST_PACKETS = 1000.0
"""Packets of one second beyond which it is no difference but a count since some beginning."""
ERROR_TYPES = frozenset(
    {
        "unsupported_browser",
        "microphone_not_shared",
        "signalling_handshake_failure",
        "signalling_connection_failure",
        "ice_collection_timeout",
        "user_busy_error",
        "webrtc_error",
        "realtime_communication_error",
        "vdi_strategy_not_supported",
        "vdi_redir_not_supported",
        "other",
    }
)

Direction: TypeAlias = Literal["sent", "heard"]
_DIRECTIONS: dict[str, Direction] = {"audio_input": "sent", "audio_output": "heard"}
_FAILURES = {
    "ice_collection_failure": "ice_collection_timeout",
    "signalling_connection_failure": "signalling_connection_failure",
    "handshaking_failure": "signalling_handshake_failure",
    "gum_other_failure": "microphone_not_shared",
    "gum_timeout_failure": "microphone_not_shared",
    "user_busy_failure": "user_busy_error",
    "create_offer_failure": "webrtc_error",
    "set_local_description_failure": "webrtc_error",
    "set_remote_description_failure": "webrtc_error",
    "invalid_remote_sdp_failure": "webrtc_error",
    "no_remote_ice_candidate_failure": "webrtc_error",
    "ice_connections_failed": "realtime_communication_error",
    "peer_connection_failed": "realtime_communication_error",
}
"""Fields of a report that say why a call failed, and the error that agents are shown for it."""


class Second(NamedTuple):
    """One stream in one second."""

    at: float
    direction: Direction
    packets: float
    lost: float
    buffer: float | None
    """Seconds that speech waited in the jitter buffer: a delay, not the jitter of RFC 3550."""
    round_trip: float | None
    """Seconds; only what is heard has one, and 0 means that it is not known yet."""


class Report(NamedTuple):
    """How a call went, said when it is over."""

    at: float
    errors: tuple[str, ...]
    """Types of what failed, each once."""
    mute_in: float
    """Seconds without a packet from the agent's microphone up to the end of the call."""
    mute_out: float
    """Seconds without a packet for the agent's ear up to the end of the call."""
    connected: float
    """Seconds for which there was a stream to count."""
    seconds: tuple[Second, ...]
    """The whole call second by second."""


class Said(NamedTuple):
    """What one message holds."""

    contact: str
    seconds: tuple[Second, ...] = ()
    report: Report | None = None
    error: tuple[float, str] | None = None
    """When, and of which type."""


_Count: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e12)] | None
_Time: TypeAlias = float | str | None
_Times: TypeAlias = list[_Count]


class _Stat(msgspec.Struct, gc=False, rename="camel"):
    timestamp: _Time = None
    softphone_stream_type: str = ""
    packet_count: _Count = None
    packets_count: _Count = None
    packets_lost: _Count = None
    jitter_buffer_millis: _Count = None
    round_trip_time_millis: _Count = None


class _Columns(msgspec.Struct, gc=False, rename="camel"):
    packets_count: _Times = []
    packets_lost: _Times = []
    jitter_buffer_millis: _Times = []
    round_trip_time_millis: _Times = []


class _Streams(msgspec.Struct, gc=False):
    AUDIO_INPUT: _Columns | None = None
    AUDIO_OUTPUT: _Columns | None = None


_Failure: TypeAlias = bool | float | None


class _Report(msgspec.Struct, gc=False, rename="camel"):
    call_end_time: _Time = None
    softphone_stream_per_second_statistics: _Streams | None = None
    consecutive_no_audio_input_packets: _Count = None
    consecutive_no_audio_output_packets: _Count = None
    audio_input_connected_duration_seconds: _Count = None
    ice_collection_failure: _Failure = None
    signalling_connection_failure: _Failure = None
    handshaking_failure: _Failure = None
    gum_other_failure: _Failure = None
    gum_timeout_failure: _Failure = None
    user_busy_failure: _Failure = None
    create_offer_failure: _Failure = None
    set_local_description_failure: _Failure = None
    set_remote_description_failure: _Failure = None
    invalid_remote_sdp_failure: _Failure = msgspec.field(name="invalidRemoteSDPFailure", default=None)
    no_remote_ice_candidate_failure: _Failure = None
    ice_connections_failed: _Failure = None
    peer_connection_failed: _Failure = None


class _Message(_Stat, gc=False, rename="camel"):
    """Every kind at once: which keys are there tells which it is."""

    ts: _Time = None
    contact_id: str | None = None
    flat_contact: str | None = msgspec.field(name="contact_id", default=None)
    stream: str | None = None
    softphone_stream_statistics: list[_Stat] | None = None
    report: _Report | None = None
    error_type: str | None = None


class _Event(msgspec.Struct, gc=False, rename="camel"):
    """An event of the library's bus: its data is the message."""

    data: _Message | None = None


_decode = msgspec.json.Decoder(_Message).decode
_decode_event = msgspec.json.Decoder(_Event).decode


def parse(payload: bytes) -> Said:
    """Take one message apart.

    Raises:
        Refused: with the inlet's word for why.
    """
    if len(payload) > PAYLOAD_LIMIT:
        raise Refused("too_large")
    try:
        message = _decode(payload)
        if _is_empty(message):
            message = _decode_event(payload).data or message
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused(why(error, "timestamp")) from error
    contact = message.contact_id or message.flat_contact or ""
    if message.error_type is not None:
        kind = message.error_type if message.error_type in ERROR_TYPES else "other"
        return Said(contact, error=(_required(message.ts, message.timestamp), kind))
    if message.report is not None:
        return Said(contact, report=_report(message.report))
    if not contact:
        raise Refused("wrong_type")
    if message.softphone_stream_statistics is not None:
        return Said(contact, tuple(_seconds(message.softphone_stream_statistics)))
    if message.stream is not None:
        message.softphone_stream_type = message.stream
        message.timestamp = _required(message.ts, message.timestamp)
        return Said(contact, tuple(_seconds([message])))
    raise Refused("wrong_type")


def _is_empty(message: _Message) -> bool:
    """Whether none of the kinds is there."""
    kinds = (message.error_type, message.report, message.softphone_stream_statistics, message.stream)
    return all(kind is None for kind in kinds)


def _seconds(stats: list[_Stat]) -> Iterator[Second]:
    for stat in stats:
        direction = _DIRECTIONS.get(stat.softphone_stream_type)
        packets = stat.packet_count if stat.packet_count is not None else stat.packets_count
        if direction is None or packets is None:
            raise Refused("wrong_type")
        yield _second(
            _required(stat.timestamp),
            direction,
            (packets, stat.packets_lost, stat.jitter_buffer_millis, stat.round_trip_time_millis),
        )


def _second(at: float, direction: Direction, numbers: tuple[float, float | None, float | None, float | None]) -> Second:
    packets, lost, buffer, round_trip = numbers
    heard = direction == "heard"
    return Second(
        at,
        direction,
        packets,
        lost or 0.0,
        buffer / 1000.0 if heard and buffer is not None else None,
        round_trip / 1000.0 if heard and round_trip else None,
    )


def _report(report: _Report) -> Report:
    at = _required(report.call_end_time)
    failed = dict.fromkeys(kind for field, kind in _FAILURES.items() if getattr(report, field))
    return Report(
        at,
        tuple(failed),
        report.consecutive_no_audio_input_packets or 0.0,
        report.consecutive_no_audio_output_packets or 0.0,
        report.audio_input_connected_duration_seconds or 0.0,
        tuple(_history(report.softphone_stream_per_second_statistics, at)),
    )


def _history(streams: _Streams | None, end: float) -> Iterator[Second]:
    """The arrays of a report as seconds that end with the call: they bear no times of their own."""
    sides: tuple[tuple[Direction, _Columns | None], ...] = ()
    if streams is not None:
        sides = (("sent", streams.AUDIO_INPUT), ("heard", streams.AUDIO_OUTPUT))
    for direction, columns in sides:
        if columns is None:
            continue
        count = len(columns.packets_count)
        for place, packets in enumerate(columns.packets_count):
            if packets is not None:
                rest = (columns.packets_lost, columns.jitter_buffer_millis, columns.round_trip_time_millis)
                lost, buffer, trip = (column[place] if place < len(column) else None for column in rest)
                yield _second(end - (count - 1 - place), direction, (packets, lost, buffer, trip))


def _required(*times: _Time) -> float:
    """The first time that is there, as unix seconds.

    Raises:
        Refused: there is none, or it is no time.
    """
    for said in times:
        if isinstance(said, str):
            try:
                moment = dt.datetime.fromisoformat(said)
            except ValueError as error:
                raise Refused("wrong_type") from error
            if moment.tzinfo is None:
                raise Refused("wrong_type")
            return moment.timestamp()
        if said is not None:
            return said / 1000.0 if said > MILLISECONDS_FROM else said
    raise Refused("no_time")
