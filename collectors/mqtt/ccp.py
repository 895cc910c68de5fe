"""Amazon Connect softphones as a source: what each agent's browser measured, forwarded by the page around the CCP."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from collectors.mqtt.calls import DELAY, EXPECTED, LOSS, LOST, MOS, ONE_WAY, RATING, ROUND_TRIP, SILENT
from collectors.mqtt.handles import Handles
from collectors.mqtt.reading import CACHE_LIMIT, Refused, check_names, pairs
from collectors.mqtt.softphone import MOST_PACKETS, Direction, Report, Said, Second, parse
from collectors.mqtt.topics import Template, template_names
from monitor.intake.inlet import Inlet
from monitor.model import Labels, Sample
from monitor.outbound.mqtt import Batch
from monitor.plan import Section
from monitor.quality.codecs import codec_named
from monitor.quality.emodel import mos, rating
from monitor.units import Duration

WINDOW = 5.0
"""Seconds over which loss is computed: in one second a packet more or less is two percent."""
PACKET_TIME = 0.020
"""Seconds of speech in a packet of a browser."""
OPUS = codec_named("opus")
_GROUPS = 10_000
_SOURCE = ("source", "ccp")

ERRORS = "golive_softphone_errors_total"
ERROR_RATIO = "golive_softphone_error_ratio"


class Ccp(Section, frozen=True, kw_only=True, tag="ccp", tag_field="format"):
    """What a page around the Amazon Connect CCP forwards: softphone metrics, softphone reports, softphone errors."""

    topic: str = ""
    """Template whose placeholders are labels."""
    labels: dict[str, str] = {}
    """Label -> value, the same for every call."""
    per_second: bool = False
    """Take the arrays of a report too: for a page that forwards reports only, when a call is over."""
    one_way_after: Duration = 3.0
    """How long one direction was without a packet at the end of a call for the call to count as one-way."""
    calls: int = 20_000
    """Calls kept at once."""

    def __post_init__(self) -> None:
        check_names([*self.labels, *template_names(self.topic)])
        if self.calls <= 0:
            msg = "calls is greater than nought"
            raise ValueError(msg)

    def reader(self, inlet: Inlet, name: str, every: float) -> CcpReader:
        """A reader that emits into the inlet."""
        del name, every
        return CcpReader(self, inlet)


@dataclass(slots=True)
class _Stream:
    """One direction of one call: where its counting stands."""

    at: float
    since: float
    expected: float = 0.0
    lost: float = 0.0


@dataclass(slots=True)
class _Call:
    streams: dict[Direction, _Stream] = field(default_factory=dict)
    loss: float | None = None
    """Of the newest whole window of what the agent hears."""
    reported: bool = False


@dataclass(slots=True)
class _Group:
    """Counters of the calls with equal labels."""

    packets: dict[Direction, tuple[float, float]] = field(default_factory=dict)
    one_way: int = 0
    silent: int = 0
    errors: dict[str, int] = field(default_factory=dict)


class CcpReader:
    """Knows the calls it heard of, so that a repeated second counts once and a call's first one not at all."""

    def __init__(self, config: Ccp, inlet: Inlet) -> None:
        self._config = config
        self._inlet = inlet
        self._template = Template(config.topic)
        self._topics: dict[str, Labels | None] = {}
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._groups: dict[Labels, _Group] = {}
        self._handles = Handles(inlet)
        self._told: set[str] = set()
        """Topics on which errors come as they happen, so that those in reports are repetitions."""

    def read(self, messages: Batch, received: float) -> None:
        """Emit what the messages hold; refuse what cannot be read."""
        samples: list[Sample] = []
        for topic, payload in messages:
            if topic not in self._topics:
                if len(self._topics) >= CACHE_LIMIT:
                    self._topics.clear()
                named = self._template.read(topic)
                self._topics[topic] = None if named is None else pairs({**self._config.labels, **named})
            labels = self._topics[topic]
            if labels is None:
                self._inlet.refuse("foreign", payload, received)
                continue
            try:
                said = parse(payload)
            except Refused as refusal:
                self._inlet.refuse(refusal.reason, payload, received)
                continue
            self._take(said, topic, labels, samples)
        self._handles.emit(samples, received)

    def _take(self, said: Said, topic: str, labels: Labels, samples: list[Sample]) -> None:
        group = self._group(labels)
        if said.error is not None:
            if len(self._told) < CACHE_LIMIT:
                self._told.add(topic)
            at, kind = said.error
            samples.append(_error(group, labels, kind, at))
        call = self._call(said.contact)
        for second in said.seconds:
            self._second(call, group, second, labels, samples)
        if said.report is not None and not call.reported:
            call.reported = bool(said.contact)
            if self._config.per_second:
                for second in said.report.seconds:
                    self._second(call, group, second, labels, samples)
            self._report(group, said.report, labels, samples, told=topic in self._told)

    def _call(self, contact: str) -> _Call:
        call = self._calls.get(contact)
        if call is None:
            if len(self._calls) >= self._config.calls:
                self._calls.popitem(last=False)
            call = self._calls[contact] = _Call()
        self._calls.move_to_end(contact)
        return call

    def _second(self, call: _Call, group: _Group, second: Second, labels: Labels, samples: list[Sample]) -> None:
        stream = call.streams.get(second.direction)
        if stream is None:
            # The first of a call is a count since some beginning, which may lie in an earlier call.
            call.streams[second.direction] = _Stream(second.at, second.at)
            return
        if second.at <= stream.at:
            return
        stream.at = second.at
        if second.packets <= MOST_PACKETS and second.lost <= MOST_PACKETS:
            heard = second.direction == "heard"
            stream.expected += second.packets + second.lost if heard else max(second.packets, second.lost)
            stream.lost += second.lost
        if second.at - stream.since >= WINDOW:
            self._close(call, group, second, labels, samples)
        if second.round_trip is not None:
            trip = _with(labels, ("direction", "heard"), ("leg", "agent"), _SOURCE)
            samples.append(Sample(ROUND_TRIP, trip, second.round_trip, second.at))
            if second.buffer is not None:
                self._judge(call, second, labels, samples)

    def _close(self, call: _Call, group: _Group, second: Second, labels: Labels, samples: list[Sample]) -> None:
        """A window of one stream is whole: its loss, and the counters of its group."""
        stream = call.streams[second.direction]
        expected, lost = stream.expected, stream.lost
        stream.since, stream.expected, stream.lost = second.at, 0.0, 0.0
        loss = min(1.0, lost / expected) if expected else None
        if second.direction == "heard":
            call.loss = loss
        if loss is None:
            return
        before = group.packets.get(second.direction, (0.0, 0.0))
        group.packets[second.direction] = now = (before[0] + expected, before[1] + lost)
        named = _with(labels, ("direction", second.direction), _SOURCE)
        samples.append(Sample(LOSS, named, loss, second.at))
        samples.append(Sample(EXPECTED, named, now[0], second.at))
        samples.append(Sample(LOST, named, now[1], second.at))

    def _judge(self, call: _Call, second: Second, labels: Labels, samples: list[Sample]) -> None:
        """What the agent hears, by the E-model: from the round trip, the buffer as it was, and the newest loss."""
        if second.direction != "heard" or second.round_trip is None or second.buffer is None:
            return
        delay = second.round_trip / 2 + second.buffer + PACKET_TIME + OPUS.look_ahead
        heard = ("direction", "heard")
        samples.append(Sample(DELAY, _with(labels, heard, _SOURCE), delay, second.at))
        if call.loss is not None:
            r = rating(delay, call.loss, codec=OPUS)
            samples.append(Sample(RATING, _with(labels, heard, ("method", "g107")), r, second.at))
            samples.append(Sample(MOS, _with(labels, heard, ("method", "g107"), _SOURCE), mos(r), second.at))

    def _report(self, group: _Group, report: Report, labels: Labels, samples: list[Sample], *, told: bool) -> None:
        """A call is over: whether somebody was not heard, and what failed."""
        after = max(self._config.one_way_after, 1.0)
        deaf = (report.mute_in >= after, report.mute_out >= after)
        if report.connected > 0 or any(deaf):
            group.silent += all(deaf)
            group.one_way += any(deaf) and not all(deaf)
        samples.append(Sample(ONE_WAY, _with(labels, _SOURCE), float(group.one_way), report.at))
        samples.append(Sample(SILENT, _with(labels, ("cause", "no_packets")), float(group.silent), report.at))
        samples.append(Sample(ERROR_RATIO, labels, float(len(report.errors)), report.at))
        if not told:
            samples.extend(_error(group, labels, kind, report.at) for kind in report.errors)

    def _group(self, labels: Labels) -> _Group:
        group = self._groups.get(labels)
        if group is None:
            if len(self._groups) >= _GROUPS:
                self._groups.clear()
            group = self._groups[labels] = _Group()
        return group


def _error(group: _Group, labels: Labels, kind: str, at: float) -> Sample:
    group.errors[kind] = group.errors.get(kind, 0) + 1
    return Sample(ERRORS, _with(labels, ("error_type", kind)), float(group.errors[kind]), at)


def _with(labels: Labels, *more: tuple[str, str]) -> Labels:
    return tuple(sorted((*labels, *more)))
