"""Any other JSON: fields become samples by a map, labels come from the topic and from fields.

One Struct is made at configuration time that knows just the mapped fields, so that the decoder types and
skips in one pass; what arrives in one turn of the event loop becomes one matrix and is emitted as columns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from collectors.mqtt.reading import CACHE_LIMIT, PAYLOAD_LIMIT, check_names, fitting, pairs, why
from collectors.mqtt.topics import SOURCE, Template, template_names
from monitor.intake.inlet import Inlet
from monitor.outbound.mqtt import Batch
from monitor.plan import Section
from monitor.units import Number

_REQUIRED = object()
_ABSENT = float("nan")
"""Stands for a number that is not in the message, apart from null, which a source says of itself."""
_UNIT = {"seconds": 1.0, "milliseconds": 1e-3, "microseconds": 1e-6, "rfc3339": 1.0}


class MappedSample(Section, frozen=True, kw_only=True):
    """One number of the message, and the metric it is."""

    metric: str
    field: str
    """Where it stands; `media.jitter` is the field jitter inside the object media."""
    scale: Number = 1.0
    """What to multiply it with to come to the metric's base unit: 0.001 for milliseconds, 0.01 for percent."""
    labels: dict[str, str] = {}
    """Labels of this sample alone, the same for every message, such as {direction: sent}."""


class Map(Section, frozen=True, kw_only=True, tag="map", tag_field="format"):
    """How to read a message: one JSON object, or an array of them."""

    topic: str = ""
    """Template whose placeholders are labels; a topic of another shape is refused as foreign."""
    at: str
    """Field with the time of measurement. There is no default: a message without a time cannot be judged."""
    time_unit: Literal["seconds", "milliseconds", "microseconds", "rfc3339"] = "seconds"
    source: str | None = None
    """Field that names who speaks; counted with `seq`. Default: {source} of the topic, then the topic itself."""
    seq: str | None = None
    """Field with a number that the source raises by one with each message, so that gaps are counted exactly."""
    samples: tuple[MappedSample, ...]
    labels: dict[str, str] = {}
    """Label -> field. Given to those metrics that carry such a label."""
    constant: dict[str, str] = {}
    """Label -> value, the same for every message. Given to those metrics that carry such a label."""

    def __post_init__(self) -> None:
        if not self.samples:
            msg = "samples is empty: nothing would be read"
            raise ValueError(msg)
        check_names(name for name in template_names(self.topic) if name != SOURCE)
        check_names([*self.labels, *self.constant, *(name for sample in self.samples for name in sample.labels)])
        paths = {self.at, *self.labels.values(), *(sample.field for sample in self.samples)}
        paths |= {path for path in (self.source, self.seq) if path is not None}
        for path in paths:
            if not all(path.split(".")):
                msg = f"{path!r} is not a field: write names with dots between, such as media.jitter"
                raise ValueError(msg)
            if any(other.startswith(path + ".") for other in paths):
                msg = f"{path!r} is used both as a value and as an object with values in it"
                raise ValueError(msg)

    def reader(self, inlet: Inlet, name: str, every: float) -> MapReader:
        """A reader that emits into the inlet."""
        del name, every
        return MapReader(self, inlet)


class _Topic(NamedTuple):
    """What one topic says, read once."""

    labels: dict[str, str]
    source: str
    rows: dict[Any, int]
    """Row of the handle matrix by the values of the label fields."""


class MapReader:
    """Reads by one map. Handles of the samples of equal labels form a row of a matrix, found by one look-up."""

    def __init__(self, config: Map, inlet: Inlet) -> None:
        self._config = config
        self._inlet = inlet
        self._template = Template(config.topic)
        self._topics: dict[str, _Topic | None] = {}
        self._width = len(config.samples)
        self._scales = np.array([sample.scale for sample in config.samples])
        self._handles: npt.NDArray[np.int64] = np.empty((64, self._width), np.int64)
        self._used = 0
        kinds = [
            (config.at, _time_type(config.time_unit), _REQUIRED),
            *((path, float | None, _ABSENT) for path in dict.fromkeys(sample.field for sample in config.samples)),
            *((path, str | int | None, None) for path in dict.fromkeys(config.labels.values())),
        ]
        kinds += [(path, str, _REQUIRED) for path in (config.source,) if path]
        kinds += [(path, int, _REQUIRED) for path in (config.seq,) if path]
        self._record = _struct(kinds)
        self._decode = msgspec.json.Decoder(self._record | list[self._record]).decode  # type: ignore[name-defined] # made at run time
        self._decode_parts = msgspec.json.Decoder(list[msgspec.Raw]).decode
        self._decode_one = msgspec.json.Decoder(self._record).decode
        self._numbers = attrgetter(_attribute(config.at), *(_attribute(sample.field) for sample in config.samples))
        self._label_values = attrgetter(*map(_attribute, config.labels.values())) if config.labels else None
        self._spoken = (
            attrgetter(_attribute(config.source), _attribute(config.seq), _attribute(config.at))
            if config.source and config.seq
            else None
        )
        self._seq = attrgetter(_attribute(config.seq), _attribute(config.at)) if config.seq else None
        self._as_date = config.time_unit == "rfc3339"
        unit = _UNIT[config.time_unit]
        self._seconds: Callable[[Any], float] = (lambda at: at.timestamp()) if self._as_date else (lambda at: at * unit)

    def read(self, messages: Batch, received: float) -> None:
        """Emit what the messages hold as one set of columns; refuse what cannot be read."""
        refuse = self._inlet.refuse
        topics, decode, add = self._topics, self._decode, self._add
        numbers: list[tuple[Any, ...]] = []
        rows: list[int] = []
        for topic, payload in messages:
            if topic not in topics:
                self._learn(topic)
            place = topics[topic]
            if place is None:
                refuse("foreign", payload, received)
            elif len(payload) > PAYLOAD_LIMIT:
                refuse("too_large", payload, received)
            else:
                try:
                    decoded = decode(payload)
                except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                    decoded = self._salvage(payload, error, received)
                add(place, decoded if type(decoded) is list else (decoded,), received, numbers, rows)
        if rows:
            self._emit(numbers, rows, received)
        if self._used >= CACHE_LIMIT or len(self._topics) >= CACHE_LIMIT:
            self._topics.clear()
            self._used = 0

    def _add(
        self,
        place: _Topic,
        records: Sequence[Any],
        received: float,
        numbers: list[tuple[Any, ...]],
        rows: list[int],
    ) -> None:
        if self._spoken is not None:
            sequence, seconds = self._inlet.sequence, self._seconds
            spoken = map(self._spoken, records)
            new = [sequence(source, seq, seconds(at), received) for source, seq, at in spoken]
            records = list(compress(records, new))
        elif self._seq is not None:
            sequence, seconds = self._inlet.sequence, self._seconds
            new = [sequence(place.source, seq, seconds(at), received) for seq, at in map(self._seq, records)]
            records = list(compress(records, new))
        keys = [None] * len(records) if self._label_values is None else list(map(self._label_values, records))
        found = list(map(place.rows.get, keys))
        rows += [self._bind(place, key) if row is None else row for key, row in zip(keys, found, strict=True)]
        numbers += map(self._numbers, records)

    def _emit(self, numbers: list[tuple[Any, ...]], rows: list[int], received: float) -> None:
        if self._as_date:
            numbers = [(row[0].timestamp(), *row[1:]) for row in numbers]
        matrix = np.array(numbers, np.float64)
        handles = self._handles[np.array(rows)].ravel()
        with np.errstate(over="ignore"):  # what becomes infinite is quarantined as such
            values = (matrix[:, 1:] * self._scales).ravel()
        times = np.repeat(matrix[:, 0] * _UNIT[self._config.time_unit], self._width)
        present = ~np.isnan(values)
        if not present.all():
            for place in np.flatnonzero(~present):
                record, column = divmod(int(place), self._width)
                if numbers[record][column + 1] is None:
                    self._inlet.blank(int(handles[place]), "null", float(times[place]), received)
            handles, values, times = handles[present], values[present], times[present]
        self._inlet.emit(handles, values, times, received)

    def _salvage(self, payload: bytes, error: Exception, received: float) -> list[Any]:
        """The sound elements of an array in which some are not; what is not is refused one by one."""
        time_field = self._config.at.rpartition(".")[2]
        try:
            parts = self._decode_parts(payload)
        except (msgspec.MsgspecError, ValueError, RecursionError) as worse:
            cause = error if isinstance(worse, msgspec.ValidationError) else worse
            self._inlet.refuse(why(cause, time_field), payload, received)
            return []
        sound = []
        for part in parts:
            try:
                sound.append(self._decode_one(part))
            except (msgspec.MsgspecError, ValueError, RecursionError) as failure:
                self._inlet.refuse(why(failure, time_field), bytes(part), received)
        return sound

    def _learn(self, topic: str) -> None:
        labels = self._template.read(topic)
        if labels is None:
            self._topics[topic] = None
            return
        source = labels.pop(SOURCE, topic)
        self._topics[topic] = _Topic({**self._config.constant, **labels}, source, {})

    def _bind(self, place: _Topic, key: Any) -> int:  # noqa: ANN401 - as the label fields are
        """The row of the handle matrix for one set of labels, new when a series of it was refused before."""
        values = () if key is None and not self._config.labels else key if isinstance(key, tuple) else (key,)
        labels = place.labels | {
            name: "" if value is None else str(value) for name, value in zip(self._config.labels, values, strict=True)
        }
        if self._used == len(self._handles):
            self._handles = np.concatenate([self._handles, np.empty_like(self._handles)])
        row = self._used
        self._handles[row] = [
            self._inlet.series(sample.metric, pairs(fitting(sample.metric, labels) | sample.labels))
            for sample in self._config.samples
        ]
        if self._handles[row].min() >= 0:
            place.rows[key] = row
        self._used += 1
        return row


def _attribute(path: str) -> str:
    """The attribute path of a JSON path: any JSON key becomes a Python name."""
    return ".".join("f" + part.encode().hex() for part in path.split("."))


def _time_type(unit: str) -> Any:  # noqa: ANN401 - a type for msgspec
    return Annotated[dt.datetime, msgspec.Meta(tz=True)] if unit == "rfc3339" else float


def _struct(fields: Iterable[tuple[str, Any, Any]]) -> Any:  # noqa: ANN401 - a type made at run time
    """A Struct that knows just these paths; (path, type, default or _REQUIRED)."""
    here: list[Any] = []
    renamed: dict[str, str] = {}
    inner: dict[str, list[tuple[str, Any, Any]]] = {}
    for path, kind, default in fields:
        head, _, rest = path.partition(".")
        if rest:
            inner.setdefault(head, []).append((rest, kind, default))
            continue
        name = _attribute(head)
        renamed[name] = head
        here.append((name, kind) if default is _REQUIRED else (name, kind, default))
    for head, parts in inner.items():
        name = _attribute(head)
        renamed[name] = head
        child = _struct(parts)
        if any(default is _REQUIRED for _, _, default in parts):
            here.append((name, child))
        else:
            here.append((name, child, msgspec.field(default_factory=child)))
    return msgspec.defstruct("Record", here, rename=renamed, kw_only=True, gc=False)
