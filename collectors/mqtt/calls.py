"""What the calls of one rtpengine mean, message by message: jitter, loss, opinion, one-way audio.

rtpengine publishes counters and last values, for ever and in any state of a call; here they become samples
only when they are news. What a party sends (jitter, loss) is measured at rtpengine: direction `sent`. What it
hears (round trip, opinion) comes from its own receiver reports.

MOS is computed twice. Method `rtpengine` is the source's own, each time a new receiver report came. Method
`g107` is the E-model over the round trip and the other party's jitter and loss up to rtpengine; what is lost
between rtpengine and the listener is not in it, since no field before mr26.1 says that truly.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from collectors.mqtt.loss import Loss, LossMeter
from collectors.mqtt.readings import Reading, Stream
from monitor.model import Labels, Sample
from monitor.quality.codecs import codec_named, packet_time
from monitor.quality.emodel import mos, mouth_to_ear, rating

SILENT_AFTER = 5.0
"""Seconds of a call with two parties and not one packet after which it counts as silent."""
_TRICKLE = 5.0
"""Packets a second below which a party is not heard."""
_LOSS_FRESH = 30.0
"""Seconds for which a loss window says something of the present."""
_GROUPS = 10_000
_PARTIES = 2
_BEAT = 1.0
"""Seconds between two samples of a group's counters."""
_SOURCE = ("source", "rtpengine")

JITTER = "golive_media_jitter_seconds"
LOSS = "golive_media_packet_loss_ratio"
EXPECTED = "golive_media_packets_expected_total"
LOST = "golive_media_packets_lost_total"
ROUND_TRIP = "golive_media_round_trip_seconds"
DELAY = "golive_media_one_way_delay_seconds"
MOS = "golive_media_mos"
RATING = "golive_media_r_factor"
ONE_WAY = "golive_media_one_way_calls_total"
SILENT = "golive_media_silent_calls_total"


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How the numbers of one rtpengine are to be read."""

    jitter_scale: float
    packet_time: float | None
    """Seconds of speech in a packet; None: inferred where the codec's rate is constant."""
    pauses: bool
    """Parties stop sending when they are silent, so that a missing packet is not a lost one."""
    one_way_after: float
    limit: int
    """Calls kept at once; the one heard longest ago makes room."""
    expire_after: float
    """Seconds without a message after which a call is over: no message says so."""


@dataclass(slots=True)
class _Leg:
    """One party's media in one call."""

    labels: Labels
    first: float
    at: float
    wanted: bool
    meter: LossMeter
    stream: Stream | None
    still_since: float
    flowing_since: float | None
    jitter: float | None = None
    loss: Loss | None = None
    loss_at: float = 0.0
    rtcp: tuple[float | None, float | None, float | None] = (None, None, None)


@dataclass(slots=True)
class _Call:
    seen: float
    legs: dict[tuple[str, int], _Leg] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    """Labels that any of its legs told; legs that tell none borrow them."""
    judged: bool = False
    """Counted as one-way or silent; each call once."""

    def forget(self, reading: Reading, after: float) -> None:
        """Drop legs that a new one takes the place of: the called party before it answered, and forks that ended."""
        for key, leg in tuple(self.legs.items()):
            if (reading.tag and key == ("", reading.media)) or leg.at < reading.at - after:
                del self.legs[key]


@dataclass(slots=True)
class _Group:
    """Counters of the calls with equal labels."""

    beat: float = 0.0
    expected: float = 0.0
    lost: float = 0.0
    one_way: int = 0
    silent: int = 0


class Calls:
    """All calls of one rtpengine. `label` gives a reading's labels, given those its call already has."""

    def __init__(self, manner: Manner, label: Callable[[Reading, dict[str, str]], Labels]) -> None:
        self._manner = manner
        self._label = label
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._groups: dict[Labels, _Group] = {}
        self.dropped = 0
        """Calls that made room for others before they were over."""

    def __len__(self) -> int:
        return len(self._calls)

    def expire(self, received: float) -> None:
        """Forget the calls that have not been heard of for long enough."""
        while self._calls:
            name, call = next(iter(self._calls.items()))
            if received - call.seen <= self._manner.expire_after:
                return
            del self._calls[name]

    def take(self, reading: Reading, received: float) -> list[Sample]:
        """The samples in a reading; none for one that was heard before."""
        call = self._calls.get(reading.call)
        if call is None:
            if len(self._calls) >= self._manner.limit:
                self._calls.popitem(last=False)
                self.dropped += 1
            call = self._calls[reading.call] = _Call(received)
        call.seen = received
        self._calls.move_to_end(reading.call)
        labels = self._label(reading, call.groups)
        samples: list[Sample] = []
        leg = call.legs.get((reading.tag, reading.media))
        if leg is None:
            call.forget(reading, self._manner.expire_after)
            leg = call.legs[reading.tag, reading.media] = _new_leg(reading, labels)
            if leg.flowing_since is not None:
                self._said(leg, call, samples)
            elif leg.stream is not None:
                leg.rtcp = leg.stream.rtcp  # a call that hangs since before we listened: old news
        elif reading.at <= leg.at:
            return samples
        else:
            leg.labels = labels
            self._go_on(leg, call, reading, samples)
        self._count(call, leg, samples)
        return samples

    def _go_on(self, leg: _Leg, call: _Call, reading: Reading, samples: list[Sample]) -> None:
        before, now = leg.stream, reading.stream
        came = _came(before, now)
        pace = came / (reading.at - leg.at)
        if pace >= _TRICKLE:
            leg.flowing_since = leg.at if leg.flowing_since is None else leg.flowing_since
        else:
            if leg.flowing_since is not None or came:
                leg.still_since = reading.at if came else leg.at
            leg.flowing_since = None
        wanted = leg.wanted and reading.wanted
        same = before is not None and now is not None and before.ssrc == now.ssrc
        leg.at, leg.stream, leg.wanted = reading.at, now, reading.wanted
        if not wanted or now is None or not same or self._manner.pauses:
            leg.meter.restart(reading.at, now.packets if now else 0)
            if not wanted:
                leg.still_since = reading.at
        else:
            self._lose(leg, now, samples)
        if now is not None and (came or now.rtcp != leg.rtcp):
            self._said(leg, call, samples, came=came > 0)

    def _lose(self, leg: _Leg, stream: Stream, samples: list[Sample]) -> None:
        span = self._manner.packet_time or packet_time(stream.codec, stream.packets, stream.size)
        loss = leg.meter.advance(leg.at, stream.packets, span)
        if loss is None:
            return
        leg.loss, leg.loss_at = loss, leg.at
        sent = _with(leg.labels, ("direction", "sent"), _SOURCE)
        samples.append(Sample(LOSS, sent, loss.ratio, leg.at))
        group = self._group(leg.labels)
        group.expected += loss.expected
        group.lost += loss.lost
        samples.append(Sample(EXPECTED, sent, group.expected, leg.at))
        samples.append(Sample(LOST, sent, group.lost, leg.at))

    def _said(self, leg: _Leg, call: _Call, samples: list[Sample], *, came: bool = True) -> None:
        """What a leg's block holds that is news: jitter when packets came, the rest when a report came."""
        stream = leg.stream
        if stream is None:
            return
        if came and stream.jitter is not None:
            leg.jitter = stream.jitter * self._manner.jitter_scale / 1000.0
            codec = ("codec", stream.codec.lower() or "unknown")
            labels = _with(leg.labels, ("direction", "sent"), codec, _SOURCE)
            samples.append(Sample(JITTER, labels, leg.jitter, leg.at))
        # Without a round trip there is no sign of a new report but the packets themselves.
        reported = stream.rtcp != leg.rtcp or (came and stream.rtcp[1] is None)
        leg.rtcp = stream.rtcp
        if not reported:
            return
        if stream.mos is not None:
            samples.append(Sample(MOS, _with(leg.labels, ("method", "rtpengine"), _SOURCE), stream.mos, leg.at))
        if stream.round_trip is not None:
            seconds = stream.round_trip / 1000.0
            samples.append(Sample(ROUND_TRIP, _with(leg.labels, ("leg", "end_to_end"), _SOURCE), seconds, leg.at))
            self._judge(leg, _peer(call, leg), seconds, samples)

    def _judge(self, leg: _Leg, peer: _Leg | None, round_trip: float, samples: list[Sample]) -> None:
        """The E-model's opinion of what a leg hears of its peer, where all it needs is known."""
        if peer is None or peer.stream is None or peer.jitter is None or peer.loss is None:
            return
        if leg.at - peer.loss_at > _LOSS_FRESH:
            return
        stream = peer.stream
        codec = codec_named(stream.codec)
        span = self._manner.packet_time or packet_time(stream.codec, stream.packets, stream.size) or 0.020
        delay = mouth_to_ear(round_trip, peer.jitter, span, codec)
        r = rating(delay, peer.loss.ratio, codec=codec)
        samples.append(Sample(DELAY, _with(leg.labels, _SOURCE), delay, leg.at))
        samples.append(Sample(RATING, _with(leg.labels, ("method", "g107")), r, leg.at))
        samples.append(Sample(MOS, _with(leg.labels, ("method", "g107"), _SOURCE), mos(r), leg.at))

    def _count(self, call: _Call, leg: _Leg, samples: list[Sample]) -> None:
        """Count a call in which a party is not heard, once, and say the counters of its group."""
        group = self._group(leg.labels)
        news = False
        if not call.judged:
            deaf = _unheard(call, self._manner.one_way_after)
            if deaf is not None:
                call.judged = news = True
                group = self._group(deaf.labels)
                group.one_way += 1
                leg = deaf
            elif _nobody_heard(call):
                call.judged = news = True
                group.silent += 1
        if news or leg.at - group.beat >= _BEAT:
            group.beat = leg.at
            samples.append(Sample(ONE_WAY, _with(leg.labels, _SOURCE), float(group.one_way), leg.at))
            samples.append(Sample(SILENT, _with(leg.labels, ("cause", "no_packets")), float(group.silent), leg.at))

    def _group(self, labels: Labels) -> _Group:
        group = self._groups.get(labels)
        if group is None:
            if len(self._groups) >= _GROUPS:
                self._groups.clear()
            group = self._groups[labels] = _Group()
        return group


def _new_leg(reading: Reading, labels: Labels) -> _Leg:
    stream = reading.stream
    packets = stream.packets if stream else 0
    flows = packets > 0 and (stream is None or stream.rate is None or stream.rate >= _TRICKLE)
    return _Leg(
        labels=labels,
        first=reading.at,
        at=reading.at,
        wanted=reading.wanted,
        meter=LossMeter(reading.at, packets),
        stream=stream,
        still_since=reading.at,
        flowing_since=reading.at if flows else None,
    )


def _came(before: Stream | None, now: Stream | None) -> int:
    """Packets that came between two messages; a new SSRC counts from nought."""
    if now is None:
        return 0
    if before is None or before.ssrc != now.ssrc or now.packets < before.packets:
        return now.packets
    return now.packets - before.packets


def _with(labels: Labels, *more: tuple[str, str]) -> Labels:
    return tuple(sorted((*labels, *more)))


def _peer(call: _Call, leg: _Leg) -> _Leg | None:
    """The other party, where there is exactly one."""
    others = [other for other in call.legs.values() if other is not leg]
    return others[0] if len(others) == 1 else None


def _unheard(call: _Call, after: float) -> _Leg | None:
    """The party of which nothing came for `after` seconds while the other's voice flowed, or None."""
    legs = list(call.legs.values())
    if len(legs) != _PARTIES or not (legs[0].wanted and legs[1].wanted):
        return None
    until = min(legs[0].at, legs[1].at)
    for deaf, heard in (legs, legs[::-1]):
        if deaf.flowing_since is None and heard.flowing_since is not None:
            since = max(deaf.still_since, heard.flowing_since)
            return deaf if until - since >= after else None
    return None


def _nobody_heard(call: _Call) -> bool:
    """Two parties that should talk, and not one packet of either since they met."""
    legs = list(call.legs.values())
    if len(legs) != _PARTIES or not (legs[0].wanted and legs[1].wanted):
        return False
    if any(leg.stream is not None and leg.stream.packets for leg in legs):
        return False
    return min(leg.at for leg in legs) - max(leg.first for leg in legs) >= SILENT_AFTER
