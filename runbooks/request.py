"""An HTTP request with an expectation, as a runbook writes it: filled, shown, sent, held against its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from monitor.outbound.http import Answer, Hook, RequestError
from monitor.outbound.http import request as send
from monitor.plan import Section
from monitor.secrets import MASK, SecretError, SecretRef
from monitor.template import fill, filled, in_url
from monitor.text import clean
from runbooks.context import Context
from runbooks.effect import Outcome

KEY_HEADER = "Idempotency-Key"


class Expect(Section, frozen=True, kw_only=True):
    """What an answer must be to count as success."""

    status: int = 200
    json: dict[str, Any] | None = None
    """A part of the answer's JSON object: every key here must be there with this value."""


class Request(Section, frozen=True, kw_only=True):
    """One HTTP request. Values are put in escaped; only `{endpoint}` at the start of the URL is put in as it is."""

    method: Literal["GET", "PUT", "POST", "DELETE", "PATCH"] = "GET"
    url: str
    headers: dict[str, str | SecretRef] = {}
    json: dict[str, Any] | None = None

    def address(self, context: Context) -> str:
        """The URL as it will be asked for."""
        for name, base in context.endpoints.items():
            head = f"{{{name}}}"
            if self.url.startswith(head):
                return base.rstrip("/") + fill(self.url[len(head) :], context.values, in_url)
        return fill(self.url, context.values, in_url)

    def shown(self, context: Context) -> str:
        """Exactly what will be sent, secrets masked."""
        text = f"{self.method} {self.address(context)}"
        for name, value in self.headers.items():
            text += f" {name}: {fill(value, context.values) if isinstance(value, str) else MASK}"
        if self.json is not None:
            text += f" {msgspec.json.encode(filled(self.json, context.values)).decode()}"
        return text

    async def ask(self, context: Context, *, timeout: float, key: str = "", on_sent: Hook | None = None) -> Answer:  # noqa: ASYNC109 - handed on to the client, which tells apart what was sent
        """Send it; RequestError when there is no whole answer, and before sending when a secret is not there."""
        headers = {"Content-Type": "application/json"} if self.json is not None else {}
        if key:
            headers[KEY_HEADER] = key
        for name, value in self.headers.items():
            headers[name] = fill(value, context.values) if isinstance(value, str) else await _reveal(value, context)
        body = msgspec.json.encode(filled(self.json, context.values)) if self.json is not None else None
        return await send(
            self.method,
            self.address(context),
            allow_hosts=context.allow_hosts,
            headers=headers,
            body=body,
            timeout=timeout,
            on_sent=on_sent,
        )


async def _reveal(reference: SecretRef, context: Context) -> str:
    try:
        return (await asyncio.to_thread(reference.read, context.base)).reveal()
    except SecretError as error:
        raise RequestError(f"not sent: {error}", sent=False) from error


def mismatch(answer: Answer, expect: Expect, values: Mapping[str, str]) -> str:
    """How an answer differs from what was expected; empty when it does not."""
    if answer.status != expect.status:
        return f"answered {answer.status}, expected {expect.status}: {_excerpt(answer)}"
    if expect.json is None:
        return ""
    try:
        found = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return f"answered {answer.status}, but not in JSON: {_excerpt(answer)}"
    where = _differs(found, filled(expect.json, values), "")
    return f"answered {answer.status}, but {where}: {_excerpt(answer)}" if where else ""


def _differs(found: Any, wanted: Any, where: str) -> str:  # noqa: ANN401 - JSON is any of its types
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return f"{where or 'the body'} is not an object"
        for key, value in wanted.items():
            path = f"{where}.{key}" if where else str(key)
            if key not in found:
                return f"{path} is missing"
            if why := _differs(found[key], value, path):
                return why
        return ""
    same = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
    return "" if same else f"{where or 'the body'} is {_brief(found)}, expected {_brief(wanted)}"


def _brief(value: Any) -> str:  # noqa: ANN401 - JSON is any of its types
    return clean(msgspec.json.encode(value).decode(), 60)


def _excerpt(answer: Answer) -> str:
    return clean(answer.body[:400].decode("utf-8", "replace"), 160) or "an empty body"


async def outcome(request: Request, expect: Expect, context: Context, *, timeout: float, key: str) -> Outcome:  # noqa: ASYNC109 - handed on
    """Send a request and say what came of it, with the points at which tests interrupt."""
    began = time.monotonic()
    try:
        answer = await request.ask(context, timeout=timeout, key=key, on_sent=lambda: context.reach("step.after_send"))
    except RequestError as error:
        kind: Literal["failed", "unknown"] = "unknown" if error.sent else "failed"
        return Outcome(kind=kind, detail=clean(str(error)), sent=error.sent)
    await context.reach("step.after_reply")
    if why := mismatch(answer, expect, context.values):
        return Outcome(kind="failed", detail=why)
    return Outcome(kind="done", detail=f"{answer.status} in {time.monotonic() - began:.1f} s")
