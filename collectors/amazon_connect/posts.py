"""What EventBridge and Firehose post, taken apart into events, and what each expects to be answered. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from monitor.text import clean

MOST_EVENTS = 50_000
"""Events of one post beyond which the rest is refused, as one malformed part: real ones are some hundred bytes long."""
_TOO_MANY = b"more events than one post may hold"
_BLANK = " \t\r\n\x1e,"
"""What may stand between two objects of one record."""


def _refuse(name: str) -> float:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


class Post(NamedTuple):
    """A post taken apart."""

    events: list[dict[str, Any]]
    malformed: list[bytes]
    """Parts that could not be read."""
    request: str | None
    """Firehose's number of the request; None when it came from elsewhere."""


def opened(body: bytes, headers: Mapping[str, str]) -> Post:
    """Take a post apart; never raises for what it says."""
    told = headers.get("X-Amz-Firehose-Request-Id")
    try:
        whole = _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        whole = None
    if told is None and not (isinstance(whole, dict) and "requestId" in whole and "records" in whole):
        events, rest = _objects(body) if whole is None else _flat(whole)
        return Post(events, rest, None)
    request = str(clean(told or str(whole["requestId"] if isinstance(whole, dict) else ""), 128))
    records = whole.get("records") if isinstance(whole, dict) else None
    if not isinstance(records, list):
        return Post([], [body[:256]], request)
    events, malformed = [], []
    for record in records:
        found, rest = _record(record)
        events += found
        malformed += rest
        if len(events) > MOST_EVENTS:
            return Post(events[:MOST_EVENTS], [*malformed, _TOO_MANY], request)
    return Post(events, malformed, request)


def _record(record: object) -> tuple[list[dict[str, Any]], list[bytes]]:
    data = record.get("data") if isinstance(record, dict) else None
    if not isinstance(data, str):
        return [], [repr(record)[:256].encode(errors="replace")]
    try:
        return _objects(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        return [], [data[:256].encode(errors="replace")]


def _objects(raw: bytes) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The JSON objects of a record: one, or several one after the other with or without line breaks."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return [], [raw[:256]]
    events: list[dict[str, Any]] = []
    malformed: list[bytes] = []
    at = 0
    while len(events) <= MOST_EVENTS:
        while at < len(text) and text[at] in _BLANK:
            at += 1
        if at >= len(text):
            break
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return events, [*malformed, text[at : at + 256].encode(errors="replace")]
        found, rest = _flat(value)
        events += found
        malformed += rest
    if len(events) > MOST_EVENTS:
        return events[:MOST_EVENTS], [*malformed, _TOO_MANY]
    return events, malformed if events or malformed else [raw[:256]]


def _flat(value: object) -> tuple[list[dict[str, Any]], list[bytes]]:
    if isinstance(value, dict):
        return [value], []
    if isinstance(value, list):
        events = [item for item in value if isinstance(item, dict)]
        strange = [repr(item)[:256].encode(errors="replace") for item in value if not isinstance(item, dict)]
        if len(events) > MOST_EVENTS:
            return events[:MOST_EVENTS], [*strange, _TOO_MANY]
        return events, strange if events or strange else [b"[]"]
    return [], [repr(value)[:256].encode(errors="replace")]


def receipt(request: str | None, now: float, taken: Mapping[str, Any], trouble: str = "") -> dict[str, Any]:
    """The body of an answer: to Firehose as its specification of HTTP endpoints says, to others what was taken.

    now: unix seconds.
    """
    if request is None:
        return {**taken, "hint": trouble}
    made: dict[str, Any] = {"requestId": request, "timestamp": int(now * 1000)}
    return {**made, "errorMessage": trouble} if trouble else made


def strings(value: object, *path: str) -> str:
    """A text at a place of nested objects, whatever case its names are in; empty when there is none."""
    for key in path:
        value = _any_case(value, key)
    return value if isinstance(value, str) else ""


def _any_case(value: object, key: str) -> object:
    if not isinstance(value, Mapping):
        return None
    if key in value:
        return value[key]
    return next((item for name, item in value.items() if isinstance(name, str) and name.lower() == key.lower()), None)
