"""An HTTP request with an expectation, as a runbook writes it: filled, shown, signed, sent, held against its answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from yarl import URL

from monitor.outbound.draft import Draft
from monitor.outbound.http import Answer, Hook, RequestError
from monitor.outbound.http import request as send
from monitor.plan import Section
from monitor.redaction import masked
from monitor.secrets import MASK, SecretRef
from monitor.template import fill, filled, in_url, texts
from monitor.text import clean
from runbooks.auth.draft import TOKEN, header_problem, reveal
from runbooks.auth.oauth2 import Oauth2
from runbooks.auth.scheme import AnyAuth
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.endpoint import split
from runbooks.expect import Expect, mismatch
from runbooks.mistake import Mistake
from runbooks.setting import Setting

KEY_HEADER = "Idempotency-Key"
_OURS = frozenset({"content-length", "transfer-encoding", "host", "connection"})
"""Headers that steer the connection; they are the client's."""
_UNAUTHORIZED, _NOT_IMPLEMENTED, _SERVER_ERROR = 401, 501, 500


class Request(Section, frozen=True, kw_only=True):
    """One HTTP request. Values are put in escaped; only `{endpoint}` at the start of the URL is put in as it is."""

    method: Literal["GET", "PUT", "POST", "DELETE", "PATCH"] = "GET"
    url: str
    headers: dict[str, str | SecretRef] = {}
    json: dict[str, Any] | list[Any] | None = None
    form: dict[str, str] | None = None
    """Fields of an HTML form, where the target takes no JSON."""
    text: str | None = None
    """A body as it is, such as XML; say what it is in the header Content-Type."""
    auth: AnyAuth | None = None
    """How the target knows that it is us."""

    def __post_init__(self) -> None:
        if sum(body is not None for body in (self.json, self.form, self.text)) > 1:
            msg = "a request has one body: json, form or text"
            raise ValueError(msg)

    def address(self, context: Context) -> str:
        """The URL as it will be asked for."""
        base, rest = split(self.url, context.endpoints)
        return base + fill(rest, context.values, in_url)

    def body(self, context: Context) -> tuple[bytes | None, str]:
        """The body as it will be sent, and the type that is said of it."""
        if self.json is not None:
            return msgspec.json.encode(filled(self.json, context.values)), "application/json"
        if self.form is not None:
            return urlencode(filled(self.form, context.values)).encode(), "application/x-www-form-urlencoded"
        return (
            (fill(self.text, context.values).encode(), "text/plain; charset=utf-8")
            if self.text is not None
            else (None, "")
        )

    def shown(self, context: Context) -> str:
        """Exactly what will be sent, secrets masked."""
        text = f"{self.method} {self.address(context)}"
        for name, value in self.headers.items():
            text += f" {name}: {fill(value, context.values) if isinstance(value, str) else MASK}"
        body, _ = self.body(context)
        if body is not None:
            text += f" {body.decode()}"
        return text + (f" [{self.auth.shown(context)}]" if self.auth is not None else "")

    def templates(self) -> Iterator[str]:
        """Every text in it that is filled, but for the URL."""
        yield from (value for value in self.headers.values() if isinstance(value, str))
        yield from texts(self.json)
        yield from texts(self.form)
        if self.text is not None:
            yield self.text

    def deeds(self) -> Iterator[str]:
        """What else it may send: a request for a token."""
        if isinstance(self.auth, Oauth2):
            yield f"POST {self.auth.token_url} for a token"

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:
        """What cannot be sent as it is written."""
        for name in self.headers:
            if not TOKEN.fullmatch(name) or name.lower() in _OURS:
                yield Mistake(("headers", name), f"{name!r} is not a header that a runbook may set", "leave it out")
        if self.auth is not None:
            yield from self.auth.mistakes(setting, body=(self.json, self.form, self.text) != (None, None, None))
            if any(name.lower() == "authorization" for name in self.headers):
                yield Mistake(("headers",), "auth sets the header Authorization, and so do headers", "keep one of them")

    async def ask(
        self,
        context: Context,
        *,
        timeout: float,  # noqa: ASYNC109 - handed on to the client, which tells apart what was sent
        key: tuple[str, str] = ("", ""),
        on_sent: Hook | None = None,
        renew: bool = True,
    ) -> Answer:
        """Send it; RequestError when there is no whole answer, and before sending when a secret is not there.

        key: the idempotency key's header and value. renew: whether it may be sent a second time with a new token
        when the target says that it does not know the first one (401).
        """
        clock = asyncio.get_running_loop().time
        until = clock() + timeout
        answer = await self._once(context, timeout, key, on_sent)
        if answer.status == _UNAUTHORIZED and isinstance(self.auth, Oauth2):
            await self.auth.forget(context)
            if renew:
                try:
                    return await self._once(context, max(0.1, until - clock()), key, None)
                except RequestError as error:
                    raise RequestError(f"after a 401, with a new token: {error}", sent=True) from error
        return answer

    async def _once(self, context: Context, timeout: float, key: tuple[str, str], on_sent: Hook | None) -> Answer:  # noqa: ASYNC109 - handed on
        try:
            draft = await self._draft(context, key)
        except ValueError as error:
            raise RequestError(f"not sent: {error}", sent=False) from error
        headers = draft.headers
        if self.auth is not None:
            headers = headers | await self.auth.sign(draft, context, time.time())
        for name, value in headers.items():
            if why := header_problem(name, value):
                raise RequestError(f"not sent: {why}", sent=False)
        return await send(
            draft.method,
            draft.url,
            allow_hosts=context.allow_hosts,
            headers=headers,
            body=draft.body or None,
            timeout=timeout,
            on_sent=on_sent,
        )

    async def _draft(self, context: Context, key: tuple[str, str]) -> Draft:
        body, kind = self.body(context)
        headers = {"Content-Type": kind} if kind else {}
        if key[1]:
            headers[key[0]] = key[1]
        for name, value in self.headers.items():
            if name.lower() == "content-type":
                headers.pop("Content-Type", None)
            headers[name] = fill(value, context.values) if isinstance(value, str) else await reveal(value, context)
        return Draft(self.method, str(URL(self.address(context))), headers, body or b"")


async def outcome(
    request: Request,
    expect: Expect,
    context: Context,
    *,
    timeout: float,  # noqa: ASYNC109 - handed on
    key: tuple[str, str] = ("", ""),
    renew: bool = True,
) -> Outcome:
    """Send a request and say what came of it, with the points at which tests interrupt."""
    began = time.monotonic()
    try:
        answer = await request.ask(
            context, timeout=timeout, key=key, on_sent=lambda: context.reach("step.after_send"), renew=renew
        )
    except RequestError as error:
        kind: Literal["failed", "unknown"] = "unknown" if error.sent else "failed"
        return Outcome(kind=kind, detail=clean(masked(str(error))), sent=error.sent)
    await context.reach("step.after_reply")
    if why := mismatch(answer, expect, context.values):
        return Outcome(kind="unknown" if unsure(answer.status, expect) else "failed", detail=why)
    return Outcome(kind="done", detail=f"{answer.status} in {time.monotonic() - began:.1f} s")


def unsure(status: int, expect: Expect) -> bool:
    """Whether a status leaves open if the request took effect: a server that failed may have failed after applying it.

    501 says that it did nothing (RFC 9110 15.6.2); every other 5xx, a gateway's above all, does not.
    """
    return status >= _SERVER_ERROR and status != _NOT_IMPLEMENTED and not expect.takes(status)
