"""What an answer must be to count as success, and in which words it does not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from monitor.outbound.http import Answer
from monitor.plan import Section
from monitor.redaction import masked
from monitor.template import fill, filled, texts
from monitor.text import clean
from runbooks import json_path

_CLASS = re.compile(r"[1-5]xx")
_LOWEST, _HIGHEST = 100, 599
_RAW, _SHOWN, _VALUE = 8192, 160, 60


class Expect(Section, frozen=True, kw_only=True):
    """What an answer must be to count as success."""

    status: int | str | tuple[int | str, ...] = 200
    """A status, a class such as `2xx`, or a list of them."""
    headers: dict[str, str] = {}
    """Headers that must be there with this value; `*` takes any value."""
    json: dict[str, Any] | None = None
    """A part of the answer's JSON object: every key here must be there with this value."""
    paths: dict[str, Any] = {}
    """Values at paths inside the answer's JSON, such as `data.items[0].state: moved`."""
    without: tuple[str, ...] = ()
    """Paths at which there must be nothing: what stands there, such as `errors`, would tell of a failure."""

    def __post_init__(self) -> None:
        for status in self.statuses:
            fits = _CLASS.fullmatch(status) if isinstance(status, str) else _LOWEST <= status <= _HIGHEST
            if not fits:
                msg = f"status {status} is not 100 to 599, nor a class such as 2xx"
                raise ValueError(msg)
        for path in (*self.paths, *self.without):
            json_path.parse(path)

    @property
    def statuses(self) -> tuple[int | str, ...]:
        """The statuses that count as success, as they are written."""
        return self.status if isinstance(self.status, tuple) else (self.status,)

    def takes(self, status: int) -> bool:
        """Whether a status counts as success."""
        return any(status == one or f"{status // 100}xx" == one for one in self.statuses)

    def templates(self) -> Iterator[str]:
        """Every text in it that is filled."""
        yield from self.headers.values()
        yield from texts(self.json)
        yield from texts(self.paths)


def mismatch(answer: Answer, expect: Expect, values: Mapping[str, str]) -> str:
    """How an answer differs from what was expected; empty when it does not."""
    if not expect.takes(answer.status):
        wanted = " or ".join(map(str, expect.statuses))
        later = f" (Retry-After: {clean(answer.retry_after, _VALUE)})" if answer.retry_after else ""
        return f"answered {answer.status}{later}, expected {wanted}: {excerpt(answer.body)}"
    where = _headers(answer, expect, values)
    if not where and (expect.json is not None or expect.paths or expect.without):
        try:
            found = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, RecursionError):
            return f"answered {answer.status}, but not in JSON: {excerpt(answer.body)}"
        where = json_mismatch(found, expect, values)
    return f"answered {answer.status}, but {where}: {excerpt(answer.body)}" if where else ""


def json_mismatch(found: Any, expect: Expect, values: Mapping[str, str]) -> str:  # noqa: ANN401 - JSON is any of its types
    """How JSON differs from what was expected; empty when it does not."""
    if expect.json is not None and (why := differs(found, filled(expect.json, values), "")):
        return why
    for text, wanted in expect.paths.items():
        path = json_path.parse(text)
        try:
            value = json_path.look(found, path)
        except json_path.Absent as absent:
            return f"{absent} is missing"
        if why := differs(value, filled(wanted, values), json_path.shown(path)):
            return why
    for text in expect.without:
        path = json_path.parse(text)
        try:
            value = json_path.look(found, path)
        except json_path.Absent:
            continue
        if value not in (None, False, "", [], {}):
            return f"{json_path.shown(path)} is {brief(value)}, and there should be nothing"
    return ""


def _headers(answer: Answer, expect: Expect, values: Mapping[str, str]) -> str:
    for name, text in expect.headers.items():
        given = [value.strip() for key, value in answer.headers if key.lower() == name.lower()]
        wanted = fill(text, values)
        if not given:
            return f"the header {name} is missing"
        if wanted != "*" and wanted not in given:
            return f"the header {name} is {clean(masked(given[0]), _VALUE)}, expected {wanted}"
    return ""


def differs(found: Any, wanted: Any, where: str) -> str:  # noqa: ANN401 - JSON is any of its types
    """Where a value is not the wanted one; objects may hold more than is wanted."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return f"{where or 'the body'} is not an object"
        for key, value in wanted.items():
            path = f"{where}.{key}" if where else str(key)
            if key not in found:
                return f"{path} is missing"
            if why := differs(found[key], value, path):
                return why
        return ""
    same = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
    return "" if same else f"{where or 'the body'} is {brief(found)}, expected {brief(wanted)}"


def brief(value: Any) -> str:  # noqa: ANN401 - JSON is any of its types
    """A JSON value in a few characters, known secrets masked."""
    return clean(masked(msgspec.json.encode(value).decode()), _VALUE)


def excerpt(body: bytes, most: int = _SHOWN) -> str:
    """The beginning of what the other side said, known secrets masked before it is cut."""
    return clean(masked(body[:_RAW].decode("utf-8", "replace")), most) or "an empty body"
