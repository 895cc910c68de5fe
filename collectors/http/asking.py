"""One request of a transaction: filled, sent, held against what is expected, and what it gave for the next ones."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin

import msgspec

from collectors.http.paths import PathError, at, differs
from collectors.http.requests import Expect, Request
from monitor.outbound.addresses import Forbidden, target_of
from monitor.outbound.exchange import PHASES, Exchange, exchange
from monitor.outbound.names import Names
from monitor.secrets import SecretRef
from monitor.template import fill, filled, in_url
from monitor.text import clean

_HOPS = 5
_FOLLOWED = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_TAKEN_LENGTH = 4096
_READ = 65536
"""Bytes of an answer that patterns are searched in."""


class Result(NamedTuple):
    """What became of a request."""

    operation: str
    outcome: str
    """`ok`, a word of monitor.outbound.exchange.Trouble, or what did not fit: status, header, json, body, take, redirect."""
    words: str
    exchange: Exchange
    taken: dict[str, str]
    sent: bytes = b""
    """The request as people would write it, with its secrets."""

    @property
    def ok(self) -> bool:
        """Whether it was answered as expected."""
        return self.outcome == "ok"


class Secrets(NamedTuple):
    """The secrets of a request, read: header or field -> value."""

    headers: Mapping[str, str]
    form: Mapping[str, str]


def revealed(values: Mapping[str, str | SecretRef], read: Any) -> dict[str, str]:  # noqa: ANN401 - a callable
    """Those of the values that are secrets, read."""
    return {name: read(value) for name, value in values.items() if isinstance(value, SecretRef)}


async def ask(
    request: Request,
    values: Mapping[str, str],
    secrets: Secrets,
    *,
    names: Names,
    tls: ssl.SSLContext | None,
    timeout: float,  # noqa: ASYNC109 - handed on to the exchange
) -> Result:
    """Send a request, follow redirects where they are allowed, and judge the answer."""
    try:
        headers, body = _written(request, values, secrets)
        url = fill(request.url, values, in_url)
    except ValueError as error:
        return Result(request.operation, "take", clean(str(error), 200), Exchange(), {})
    made = await _asked(request, url, headers, body, values, names=names, tls=tls, timeout=timeout)
    return made._replace(sent=_as_text(request.method, url, headers, body))


def _as_text(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"{method} {url}\n{lines}\n".encode() + (body or b"")


async def _asked(
    request: Request,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    values: Mapping[str, str],
    *,
    names: Names,
    tls: ssl.SSLContext | None,
    timeout: float,  # noqa: ASYNC109 - handed on to the exchange
) -> Result:
    whole = Exchange()
    method, deadline = request.method, time.monotonic() + timeout
    for _ in range(_HOPS + 1):
        left = max(deadline - time.monotonic(), 0.001)
        made = await exchange(method, url, names=names, headers=headers, body=body, tls=tls, timeout=left)
        whole = _joined(whole, made)
        if made.trouble is not None or request.redirects == "none" or made.status not in _FOLLOWED:
            break
        there = urljoin(url, {name.lower(): value for name, value in made.headers}.get("location", ""))
        if not _same_place(url, there):
            words = f"redirects to another place: {clean(there, 100)}"
            return Result(request.operation, "redirect", words, whole, {})
        if made.status not in _KEEPS_METHOD:
            method, body = "GET", None
        url = there
    else:
        return Result(request.operation, "redirect", f"redirects more than {_HOPS} times", whole, {})
    if whole.trouble is not None:
        return Result(request.operation, whole.trouble, whole.words, whole, {})
    return _judged(request, whole, values)


def _written(request: Request, values: Mapping[str, str], secrets: Secrets) -> tuple[dict[str, str], bytes | None]:
    """Headers and body with all values put in; ValueError for one that would begin a further header."""
    headers = {name: fill(value, values) for name, value in request.headers.items() if isinstance(value, str)}
    headers |= secrets.headers
    if odd := [name for name, value in headers.items() if not value.isprintable()]:
        raise ValueError(f"header {odd[0]} would hold a control character")
    if request.json is not None:
        return {"Content-Type": "application/json", **headers}, msgspec.json.encode(filled(request.json, values))
    if request.form:
        fields = {name: fill(value, values) for name, value in request.form.items() if isinstance(value, str)}
        body = urlencode({**fields, **secrets.form}).encode()
        return {"Content-Type": "application/x-www-form-urlencoded", **headers}, body
    return headers, None


def _joined(before: Exchange, after: Exchange) -> Exchange:
    """Two exchanges of one request as one: the answer of the later, the time of both."""
    if not before.seconds:
        return after
    phases = {p: before.phases.get(p, 0.0) + after.phases.get(p, 0.0) for p in PHASES}
    return msgspec.structs.replace(
        after,
        seconds=before.seconds + after.seconds,
        phases={phase: seconds for phase, seconds in phases.items() if seconds},
    )


def _same_place(here: str, there: str) -> bool:
    try:
        return target_of(here) == target_of(there)
    except Forbidden:
        return False


def _judged(request: Request, made: Exchange, values: Mapping[str, str]) -> Result:
    """Hold a whole answer against what is expected, and take what later requests need."""
    outcome, words = _mismatch(request.expect, made, values)
    taken: dict[str, str] = {}
    if not outcome and request.take:
        try:
            taken = _taken(request.take, msgspec.json.decode(made.body))
        except (msgspec.MsgspecError, PathError, ValueError, RecursionError) as error:
            outcome, words = "take", clean(f"nothing to take: {error}", 200)
    return Result(request.operation, outcome or "ok", words, made, taken)


def _mismatch(expect: Expect, made: Exchange, values: Mapping[str, str]) -> tuple[str, str]:
    """What does not fit, as an outcome and in words; empty when all fits."""
    for outcome, words in (
        ("status", _status(expect, made)),
        ("header", _header(expect, made)),
        ("json", _json(expect, made, values)),
        ("body", _body(expect, made)),
    ):
        if words:
            return outcome, words
    return "", ""


def _status(expect: Expect, made: Exchange) -> str:
    got = str(made.status)
    fits = any(status == got or (status.endswith("xx") and status[0] == got[0]) for status in expect.status)
    return "" if fits else f"answered {got}, expected {' or '.join(expect.status)}"


def _header(expect: Expect, made: Exchange) -> str:
    for name, pattern in expect.headers.items():
        found = [value for header, value in made.headers if header.lower() == name.lower()]
        if not any(re.search(pattern, value[:1000]) for value in found):
            return f"header {name} is {clean(', '.join(found), 80) or 'missing'}, expected {pattern}"
    return ""


def _json(expect: Expect, made: Exchange, values: Mapping[str, str]) -> str:
    if expect.json is None and not expect.has:
        return ""
    try:
        data = msgspec.json.decode(made.body)
        why = differs(data, filled(expect.json, values)) if expect.json is not None else ""
        for path in expect.has:
            at(data, path)
    except PathError as error:
        return clean(str(error), 200)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "the answer is not in JSON"
    return clean(why, 200)


def _body(expect: Expect, made: Exchange) -> str:
    text = made.body[:_READ].decode("utf-8", errors="replace")
    if expect.body and not re.search(expect.body, text):
        return f"{expect.body!r} is not in the answer"
    return f"{expect.without!r} is in the answer" if expect.without and re.search(expect.without, text) else ""


def _taken(take: Mapping[str, str], data: Any) -> dict[str, str]:  # noqa: ANN401 - JSON is any of its types
    taken: dict[str, str] = {}
    for name, path in take.items():
        value = at(data, path)
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise PathError(f"{path} is neither text nor a whole number")
        text = str(value)
        if not text or len(text) > _TAKEN_LENGTH or not text.isprintable():
            raise PathError(f"{path} is empty, too long, or holds control characters")
        taken[name] = text
    return taken
