"""Call quality from Asterisk's RTCP events. Pure.

RTCPReceived is what a party says of what it hears, RTCPSent what Asterisk says of what that party sends. Report blocks as in RFC 3550 6.4.1: fraction lost in 1/256, jitter in units of the RTP clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from collectors.ami.framing import Message
from collectors.ami.numbers import number, whole
from monitor.quality.emodel import mos, mouth_to_ear, rating

JITTER = "golive_media_jitter_seconds"
LOSS = "golive_media_packet_loss_ratio"
ROUND_TRIP = "golive_media_round_trip_seconds"
MOS = "golive_media_mos"
RATING = "golive_media_r_factor"

Direction: TypeAlias = Literal["heard", "sent"]
_DIRECTIONS: dict[str, Direction] = {"rtcpreceived": "heard", "rtcpsent": "sent"}
_BLOCKS = 8
_MES_SCALE = 20.0
"""MES is a mean opinion score times 20 (res_rtp_asterisk.c)."""
_ENDPOINT = re.compile(r"[A-Za-z0-9]+/(?P<endpoint>.+)-[0-9a-f]{6,8}")
"""A channel's name: technology, endpoint, running number."""


class Figure(NamedTuple):
    """One number of one direction of a call; its method where it is somebody's opinion."""

    metric: str
    direction: Direction
    value: float
    method: str = ""


def is_rtcp(message: Message) -> bool:
    """Whether a message is an RTCP event."""
    return message.get("event", "").lower() in _DIRECTIONS


def trunk(message: Message, trunks: Sequence[str]) -> str:
    """The trunk that an event's channel belongs to; empty for an agent's telephone, which is a person's."""
    found = _ENDPOINT.fullmatch(message.get("channel", ""))
    return found["endpoint"] if found and found["endpoint"] in trunks else ""


def figures(message: Message, clock_rate: float) -> Iterator[Figure]:
    """The numbers of an RTCP event. clock_rate: ticks a second of the RTP clock, which the event does not say."""
    direction = _DIRECTIONS[message.get("event", "").lower()]
    round_trip = number(message, "rtt") or None
    if round_trip is not None:
        yield Figure(ROUND_TRIP, direction, round_trip)
    score = number(message, "mes")
    if score:
        yield Figure(MOS, direction, score / _MES_SCALE, "asterisk")
    for block in range(min(whole(message, "reportcount") or 0, _BLOCKS)):
        jitter, lost = number(message, f"report{block}iajitter"), number(message, f"report{block}fractionlost")
        if lost is not None and lost <= 256:  # noqa: PLR2004 - RFC 3550: 1/256
            yield Figure(LOSS, direction, lost / 256)
        if jitter is not None:
            yield Figure(JITTER, direction, jitter / clock_rate)
        if jitter is not None and lost is not None and round_trip is not None:
            r = rating(mouth_to_ear(round_trip, jitter / clock_rate), min(lost / 256, 1.0))
            yield Figure(RATING, direction, r, "g107")
            yield Figure(MOS, direction, mos(r), "g107")
