"""Answers of a Prometheus-compatible query API. Pure; the format is described under "HTTP API" of Prometheus."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from monitor.text import clean


class Point(NamedTuple):
    """One element of an instant vector."""

    labels: dict[str, str]
    at: float
    """Instant of evaluation, unix seconds."""
    value: float
    """NaN and the infinities as they came."""


class QueryError(Exception):
    """A question that was not answered: says what came instead."""


class UnreadableError(QueryError):
    """What came is no answer at all."""


class LoginRefusedError(QueryError):
    """The server wants another login: a person must act."""


class _Element(msgspec.Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Data(msgspec.Struct):
    resultType: str = ""  # noqa: N815 - the word on the wire
    result: msgspec.Raw = msgspec.Raw(b"[]")


class _Answer(msgspec.Struct):
    status: str = ""
    data: _Data = msgspec.field(default_factory=_Data)
    error: str = ""
    errorType: str = ""  # noqa: N815 - the word on the wire
    isPartial: bool = False  # noqa: N815 - the word on the wire
    warnings: list[str] = []


_decode = msgspec.json.Decoder(_Answer).decode
_decode_vector = msgspec.json.Decoder(list[_Element]).decode
_decode_scalar = msgspec.json.Decoder(tuple[float, str]).decode


def points(body: bytes) -> list[Point]:
    """The vector of an answer; a scalar is a vector of one without labels.

    Raises:
        QueryError: an error, a partial answer (what is missing would read as fine), a matrix, or no such answer at all.
    """
    try:
        answer = _decode(body)
        if answer.status != "success":
            said = ": ".join(clean(part, 200) for part in (answer.errorType, answer.error) if part)
            raise QueryError(said or "an answer without status success")
        if answer.isPartial or any("partial" in warning.lower() for warning in answer.warnings):
            raise QueryError("a partial answer: some of the server's stores did not answer")
        kind = answer.data.resultType
        if kind == "scalar":
            at, text = _decode_scalar(answer.data.result)
            return [Point({}, at, _number(text))]
        if kind != "vector":
            raise QueryError(f"a {clean(kind, 40) or 'result of no type'}; only an instant vector or a scalar is read")
        return [Point(e.metric, e.value[0], _number(e.value[1])) for e in _decode_vector(answer.data.result)]
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise UnreadableError(f"no answer of a query API: {clean(str(error), 200)}") from error


def _number(text: str) -> float:
    """A sample's value: Prometheus writes it as text, `+Inf`, `-Inf` and `NaN` included."""
    if "_" in text:
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def is_number(value: float) -> bool:
    """Whether something was computed: NaN is what a division by zero gives."""
    return math.isfinite(value)
