"""rtpengine's JSON: what each leg of each call reported, whatever the scope, before and after mr11.2.

Pure: bytes in, readings out. The meaning of the numbers, and the traps in them, are `calls` and `loss`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from collectors.mqtt.reading import PAYLOAD_LIMIT, Refused, why

_RATE_LIMIT = 1e6
"""Rates beyond it are unsigned differences that fell below zero: `lost_per_second` reads 1.8e19."""


class Stream(NamedTuple):
    """What rtpengine received from one party."""

    ssrc: int
    """0 where the counters do not start afresh with a new SSRC."""
    codec: str
    packets: int
    size: int
    """Bytes of these packets, RTP headers included."""
    rate: float | None
    """Packets a second since the message before; None in the first message of an SSRC."""
    jitter: float | None
    """As published: milliseconds times 16 in every release seen."""
    mos: float | None
    """What this party hears, by the source's formula."""
    round_trip: float | None
    """Milliseconds from end to end; None for 0.0, which means not known yet."""
    rtcp: tuple[float | None, float | None, float | None]
    """MOS, RTT and RTT_leg as published: they change when a new receiver report came."""


class Reading(NamedTuple):
    """One media of one party of one call, at one time."""

    at: float
    call: str
    tag: str
    """Empty for the called party until it answers."""
    label: str
    media: int
    wanted: bool
    """Meant to flow both ways: not on hold."""
    stream: Stream | None
    """None until the party sent something."""


class Totals(NamedTuple):
    """What the daemon says of itself."""

    at: float
    sessions: float


class _Metrics(msgspec.Struct, gc=False):
    packets: int = 0
    bytes: int = 0
    packets_per_second: float | None = None
    jitter: float | None = None
    MOS: float | None = None
    RTT: float | None = None
    RTT_leg: float | None = None


class _Source(msgspec.Struct, gc=False):
    SSRC: int = 0
    codec: str = ""
    metrics: _Metrics | None = None


class _Side(msgspec.Struct, gc=False):
    SSRC: int | list[_Source] | None = None
    codec: str = ""
    metrics: _Metrics | None = None
    packets: int | None = None
    bytes: int | None = None


class _Media(msgspec.Struct, gc=False):
    media_index: int = 0
    type: str = "audio"
    status: str = ""
    ingress: _Side | None = None


class _Leg(msgspec.Struct, gc=False):
    tag: str | None = None
    label: str | None = None
    medias: list[_Media] = []


class _Call(msgspec.Struct, gc=False):
    call_id: str
    legs: list[_Leg] = []


class _Message(msgspec.Struct, gc=False):
    """Every scope at once: which keys are there tells which it is."""

    timestamp: float
    call_id: str | None = None
    tag: str | None = None
    label: str | None = None
    media_index: int | None = None
    type: str = "audio"
    status: str = ""
    ingress: _Side | None = None
    legs: list[_Leg] | None = None
    calls: list[_Call] | None = None
    currentstatistics: msgspec.Raw = msgspec.Raw(b"")


class _Statistics(msgspec.Struct, gc=False):
    sessionsown: float


_decode = msgspec.json.Decoder(_Message).decode
_decode_statistics = msgspec.json.Decoder(_Statistics, strict=False).decode


def parse(payload: bytes) -> tuple[list[Reading], Totals | None]:
    """Take one message apart.

    Raises:
        Refused: with the inlet's word for why.
    """
    if len(payload) > PAYLOAD_LIMIT:
        raise Refused("too_large")
    try:
        message = _decode(payload)
        totals = _totals(message)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Refused(why(error, "timestamp")) from error
    readings = list(_readings(message))
    if totals is None and message.calls is None and (message.call_id is None or _is_bare(message)):
        raise Refused("wrong_type")
    return readings, totals


def _is_bare(message: _Message) -> bool:
    return message.media_index is None and message.legs is None


def _readings(message: _Message) -> Iterator[Reading]:
    at = message.timestamp
    if message.media_index is not None and message.call_id is not None:
        media = _Media(message.media_index, message.type, message.status, message.ingress)
        yield from _legs(at, message.call_id, [_Leg(message.tag, message.label, [media])])
    elif message.legs is not None and message.call_id is not None:
        yield from _legs(at, message.call_id, message.legs)
    for call in message.calls or ():
        yield from _legs(at, call.call_id, call.legs)


def _legs(at: float, call: str, legs: list[_Leg]) -> Iterator[Reading]:
    for leg in legs:
        for media in leg.medias:
            if media.type == "audio":
                stream = None if media.ingress is None else _stream(media.ingress)
                both_ways = media.status == "sendrecv"
                yield Reading(at, call, leg.tag or "", leg.label or "", media.media_index, both_ways, stream)


def _stream(side: _Side) -> Stream | None:
    """One party's stream; None where the block is there but empty, as it always is from mr11.2 on."""
    if isinstance(side.SSRC, list):
        sources = [source for source in side.SSRC if source.metrics is not None]
        if not sources:
            return None
        newest = sources[-1]
        metrics = newest.metrics or _Metrics()
        packets = side.packets
        size = side.bytes
        if packets is None or size is None:
            packets = sum(source.metrics.packets for source in sources if source.metrics)
            size = sum(source.metrics.bytes for source in sources if source.metrics)
        return _from(metrics, 0, newest.codec, packets, size) if packets else None
    if side.metrics is None:
        return None
    return _from(side.metrics, side.SSRC or 0, side.codec, side.metrics.packets, side.metrics.bytes)


def _from(metrics: _Metrics, ssrc: int, codec: str, packets: int, size: int) -> Stream:
    rate = metrics.packets_per_second
    if rate is not None and not 0 <= rate <= _RATE_LIMIT:
        rate = None
    return Stream(
        ssrc=ssrc,
        codec=codec,
        packets=packets,
        size=size,
        rate=rate,
        jitter=metrics.jitter,
        mos=metrics.MOS,
        round_trip=metrics.RTT or None,
        rtcp=(metrics.MOS, metrics.RTT, metrics.RTT_leg),
    )


def _totals(message: _Message) -> Totals | None:
    if not len(message.currentstatistics):
        return None
    sessions = _decode_statistics(message.currentstatistics).sessionsown
    if not math.isfinite(sessions):
        raise Refused("wrong_type")
    return Totals(message.timestamp, sessions)
