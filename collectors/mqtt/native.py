"""golive's own JSON: one sample an object, one object or an array of them a message."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from collectors.mqtt.reading import CACHE_LIMIT, PAYLOAD_LIMIT, Refused, check_names, known, pairs, why
from collectors.mqtt.topics import SOURCE, Template, template_names
from monitor.intake.inlet import Inlet
from monitor.outbound.mqtt import Batch
from monitor.plan import Section


class Native(Section, frozen=True, kw_only=True, tag="native", tag_field="format"):
    """`{"metric", "value", "at", "labels", "source", "seq"}`; `at` in unix seconds is required."""

    topic: str = ""
    """Template whose placeholders bind a topic to its labels and its `{source}`: a message that says otherwise
    is refused as foreign, so that a broker's ACL on topics also guards the samples."""
    labels: dict[str, str] = {}
    """Label -> value, given to samples that do not say it themselves."""

    def __post_init__(self) -> None:
        check_names([*self.labels, *(name for name in template_names(self.topic) if name != SOURCE)])

    def reader(
        self,
        inlet: Inlet,
        name: str,
        every: float,
        *,
        fixed: Mapping[str, str] = MappingProxyType({}),
        limit: int = PAYLOAD_LIMIT,
    ) -> NativeReader:
        """A reader that emits into the inlet. fixed: labels that hold whatever the topic. limit: bytes a message."""
        del name, every
        return NativeReader(self, inlet, fixed, limit)


class _Sample(msgspec.Struct, gc=False):
    metric: str
    value: float
    at: float
    labels: msgspec.Raw = msgspec.Raw(b"{}")
    source: str = ""
    seq: int | None = None


_decode = msgspec.json.Decoder(_Sample | list[_Sample]).decode
_decode_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_one = msgspec.json.Decoder(_Sample).decode
_decode_labels = msgspec.json.Decoder(dict[str, str]).decode
_LABELS_LIMIT = 4096


class NativeReader:
    """Finds handles by the labels' own JSON text, so that labels are decoded once a series, not once a sample."""

    def __init__(self, config: Native, inlet: Inlet, fixed: Mapping[str, str], limit: int) -> None:
        self._config = config
        self._inlet = inlet
        self._fixed = fixed
        self._limit = limit
        self._template = Template(config.topic)
        self._topics: dict[str, dict[str, str] | None] = {}
        self._handles: dict[tuple[str, str, bytes], int] = {}

    def read(self, messages: Batch, received: float) -> None:
        """Emit what the messages hold as one set of columns; refuse what cannot be read."""
        refuse, topics = self._inlet.refuse, self._topics
        handles: list[int] = []
        values: list[float] = []
        times: list[float] = []
        for topic, payload in messages:
            if topic not in topics:
                if len(topics) >= CACHE_LIMIT:
                    topics.clear()
                named = self._template.read(topic)
                topics[topic] = None if named is None else {**self._fixed, **named}
            bound = topics[topic]
            if bound is None:
                refuse("foreign", payload, received)
                continue
            if len(payload) > self._limit:
                refuse("too_large", payload, received)
                continue
            try:
                decoded: Any = _decode(payload)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                decoded = self._salvage(payload, error, received)
            for sample in decoded if type(decoded) is list else (decoded,):
                handle = self._handle(topic, bound, sample, received)
                if handle >= 0:
                    handles.append(handle)
                    values.append(sample.value)
                    times.append(sample.at)
        if handles:
            self._inlet.emit(handles, values, times, received)

    def _handle(self, topic: str, bound: dict[str, str], sample: _Sample, received: float) -> int:
        """The handle of a sample's series, or -1 for what is refused, foreign or was heard before."""
        key = (topic if bound else "", sample.metric, bytes(sample.labels))
        handle = self._handles.get(key, -1)
        try:
            if handle < 0:
                handle = self._bind(key, bound)
            if bound and sample.source != bound.get(SOURCE, sample.source):
                self._inlet.refuse("foreign", msgspec.json.encode(sample), received)
                return -1
        except (Refused, msgspec.MsgspecError, ValueError, RecursionError) as error:
            self._inlet.refuse(why(error, "at"), msgspec.json.encode(sample), received)
            return -1
        if sample.seq is None or not sample.source:
            return handle
        return handle if self._inlet.sequence(sample.source, sample.seq, sample.at, received) else -1

    def _bind(self, key: tuple[str, str, bytes], bound: dict[str, str]) -> int:
        _, metric, raw = key
        if len(raw) > _LABELS_LIMIT:
            raise Refused("too_large")
        said = _decode_labels(raw)
        if any(said.get(name, value) != value for name, value in bound.items()):
            raise Refused("foreign")
        labels = {**self._config.labels, **bound, **said}
        labels.pop(SOURCE if SOURCE in bound and SOURCE not in said else "", None)
        try:
            check_names(labels)
        except ValueError as error:
            raise Refused("wrong_type") from error
        if not known(metric, labels):
            raise Refused("wrong_type")
        handle = self._inlet.series(metric, pairs(labels))
        if handle >= 0:
            if len(self._handles) >= CACHE_LIMIT:
                self._handles.clear()
            self._handles[key] = handle
        return handle

    def _salvage(self, payload: bytes, error: Exception, received: float) -> list[_Sample]:
        """The sound elements of an array in which some are not; what is not is refused one by one."""
        try:
            parts = _decode_parts(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError) as worse:
            cause = error if isinstance(worse, msgspec.ValidationError) else worse
            self._inlet.refuse(why(cause, "at"), payload, received)
            return []
        sound = []
        for part in parts:
            try:
                sound.append(_decode_one(part))
            except (msgspec.MsgspecError, ValueError, RecursionError) as failure:
                self._inlet.refuse(why(failure, "at"), bytes(part), received)
        return sound
