"""rtpengine as a source: its configuration, and the reader that turns its messages into samples."""

from __future__ import annotations

import re

from collectors.mqtt.calls import Calls, Manner
from collectors.mqtt.handles import Handles
from collectors.mqtt.reading import Refused, check_names, pairs
from collectors.mqtt.readings import Reading, parse
from collectors.mqtt.topics import Template, template_names
from monitor.intake.inlet import Inlet
from monitor.model import Labels, Sample
from monitor.outbound.mqtt import Batch
from monitor.plan import Section
from monitor.units import Duration, Number

CONCURRENT = "golive_calls_concurrent"
UNKNOWN = "unknown"
"""Value of a label that a pattern could tell but did not, so that a metric's label set stays the same."""
_INTERVALS = 3
_TOPICS = 10_000


class Rtpengine(Section, frozen=True, kw_only=True, tag="rtpengine", tag_field="format"):
    """What rtpengine publishes with mqtt-publish-scope global, call or media, from release 10.5 on."""

    topic: str = ""
    """Template whose placeholders are labels."""
    labels: dict[str, str] = {}
    """Label -> value, the same for every call."""
    label_pattern: str | None = None
    """Regular expression searched in a leg's `label`; its named groups are labels: `(?P<site>\\w+)-(?P<trunk>\\w+)`."""
    call_pattern: str | None = None
    """The same, searched in the call id."""
    jitter_scale: Number = 0.0625
    """rtpengine publishes jitter 16 times too large in every release seen; 1 once that is mended."""
    packet_time: Duration | None = None
    """Speech in a packet. Default: told from the packets' size for G.711 and G.722; other codecs need it for loss."""
    silence_suppression: bool = False
    """Parties send nothing while they are silent: loss cannot be told then, and is not."""
    one_way_after: Duration = 3.0
    """How long one party may be unheard while the other speaks before the call counts as one-way."""
    calls: int = 20_000
    """Calls kept at once."""

    def __post_init__(self) -> None:
        names = [*self.labels, *template_names(self.topic)]
        for pattern in (self.label_pattern, self.call_pattern):
            if pattern is not None:
                names += _compiled(pattern).groupindex
        check_names(names)
        if self.packet_time == 0 or self.calls <= 0 or self.jitter_scale <= 0:
            msg = "packet_time, calls and jitter_scale are greater than nought"
            raise ValueError(msg)

    def reader(self, inlet: Inlet, name: str, every: float) -> RtpengineReader:
        """A reader that emits into the inlet; `every` is the interval at which rtpengine publishes."""
        return RtpengineReader(self, inlet, name, every)


class RtpengineReader:
    """One state of calls a topic, since each rtpengine publishes on a topic of its own."""

    def __init__(self, config: Rtpengine, inlet: Inlet, name: str, every: float) -> None:
        self._inlet = inlet
        self._name = name
        self._template = Template(config.topic)
        self._config = config
        self._label_pattern = _compiled(config.label_pattern) if config.label_pattern else None
        self._call_pattern = _compiled(config.call_pattern) if config.call_pattern else None
        self._told = sorted({*_groups(self._label_pattern), *_groups(self._call_pattern)})
        self._manner = Manner(
            jitter_scale=config.jitter_scale,
            packet_time=config.packet_time,
            pauses=config.silence_suppression,
            one_way_after=config.one_way_after,
            limit=config.calls,
            expire_after=max(_INTERVALS * every, 3.0),
        )
        self._calls: dict[str, tuple[Calls, Labels] | None] = {}
        self._handles = Handles(inlet)

    def read(self, messages: Batch, received: float) -> None:
        """Emit what is news in the messages; refuse what cannot be read."""
        samples: list[Sample] = []
        place = None
        for topic, payload in messages:
            if topic not in self._calls:
                self._learn(topic)
            place = self._calls[topic]
            if place is None:
                self._inlet.refuse("foreign", payload, received)
                continue
            calls, labels = place
            try:
                readings, totals = parse(payload)
            except Refused as refusal:
                self._inlet.refuse(refusal.reason, payload, received)
                continue
            for reading in readings:
                samples += calls.take(reading, received)
            if totals is not None:
                samples.append(Sample(CONCURRENT, labels, totals.sessions, totals.at))
        if place is not None:
            self._make_room(place[0], received)
        self._handles.emit(samples, received)

    def _make_room(self, calls: Calls, received: float) -> None:
        calls.expire(received)
        if calls.dropped:
            self._inlet.connected(f"{calls.dropped} calls dropped: more than {self._config.calls} at once")

    def _learn(self, topic: str) -> None:
        if len(self._calls) >= _TOPICS:
            self._calls.clear()
        said = self._template.read(topic)
        if said is None:
            self._calls[topic] = None
            return
        fixed = {**self._config.labels, **said}

        def label(reading: Reading, groups: dict[str, str]) -> Labels:
            if not self._told:
                return fixed_pairs
            own = self._read_patterns(reading)
            for name, value in own.items():
                groups.setdefault(name, value)
            return pairs({**dict.fromkeys(self._told, UNKNOWN), **fixed, **groups, **own})

        fixed_pairs = pairs(fixed)
        self._calls[topic] = (Calls(self._manner, label), fixed_pairs)

    def _read_patterns(self, reading: Reading) -> dict[str, str]:
        own: dict[str, str] = {}
        for pattern, text in ((self._call_pattern, reading.call), (self._label_pattern, reading.label)):
            match = pattern.search(text[:512]) if pattern is not None else None
            if match is not None:
                own.update((name, value) for name, value in match.groupdict().items() if value)
        return own


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        msg = f"{pattern!r} is not a regular expression: {error}"
        raise ValueError(msg) from error


def _groups(pattern: re.Pattern[str] | None) -> list[str]:
    return list(pattern.groupindex) if pattern is not None else []
