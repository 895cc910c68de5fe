"""A client of the daemon's HTTP API: snapshots in, people's acts out. Shared by the terminal and the command line."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from dashboards.terminal.acts import Act, Refused, Unreachable
from dashboards.terminal.view import Person
from monitor.secrets import Secret
from monitor.serving.snapshot import SCHEMA, DecisionRow, Snapshot
from monitor.text import clean

DEFAULT_URL = "http://127.0.0.1:8930"
TIMEOUT = 1.0
"""Seconds for a snapshot; with the pause between polls a dead daemon shows within 2 s."""
ACT_TIMEOUT = 15.0
"""Seconds for an act, which the daemon journals before it answers."""
LARGEST = 32 * 1024 * 1024
"""Most bytes of one answer that are read."""

_SNAPSHOT = msgspec.json.Decoder(Snapshot)


class Schema(msgspec.Struct, frozen=True):
    """The one field that is read before the rest."""

    schema: int = 0


class Problem(msgspec.Struct, frozen=True):
    """What was not done, and what to do next."""

    what: str = ""
    hint: str = ""


class Said(msgspec.Struct, frozen=True):
    """What was done."""

    what: str = ""


class ErrorBody(msgspec.Struct, frozen=True):
    """An error answer of the daemon."""

    error: Problem = Problem()


def checked_url(url: str, *, secret: bool) -> str:
    """The base address, if a token may travel to it: ValueError when it is not http(s) or would go in the clear."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(f"{url!r} is not the address of a daemon: write http://HOST:PORT or https://HOST:PORT")
    if secret and parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(
            f"a token does not travel unencrypted to {parts.hostname}: use https, or a tunnel to 127.0.0.1"
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class DaemonClient:
    """One session with one daemon. Every failure is Unreachable or Refused, in words."""

    def __init__(self, url: str = DEFAULT_URL, token: Secret | None = None) -> None:
        self._base = checked_url(url, secret=token is not None)
        self._token = token
        self._session: aiohttp.ClientSession | None = None
        self.server_time: float | None = None
        """The daemon's own clock when it last answered, unix seconds, to the second."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave no socket behind."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def snapshot(self) -> Snapshot:
        """The newest snapshot. Unreachable when there is none to be had, or one that we cannot read."""
        try:
            body = await self._ask("GET", "/api/v1/snapshot", None, TIMEOUT)
        except Refused as error:
            raise Unreachable(f"it does not show its snapshot: {error.what} {error.hint}".rstrip()) from error
        try:
            return _SNAPSHOT.decode(body)
        except msgspec.MsgspecError as error:
            try:
                schema = msgspec.json.decode(body, type=Schema).schema
            except msgspec.MsgspecError:
                schema = 0
            if schema not in (0, SCHEMA):
                raise Unreachable(
                    f"it speaks schema {schema}, this terminal speaks {SCHEMA}: use the same version"
                ) from error
            raise Unreachable(f"its answer is not a snapshot: {clean(str(error), 120)}") from error

    async def me(self) -> Person | None:
        """Who our token says we are; None without a token."""
        if self._token is None:
            return None
        body = await self._ask("GET", "/api/v1/me", None, TIMEOUT)
        try:
            return msgspec.json.decode(body, type=Person)
        except msgspec.MsgspecError as error:
            raise Unreachable(f"it does not say who we are: {clean(str(error), 120)}") from error

    async def read(self, path: str) -> bytes:
        """The body of a GET. Refused when the daemon says no; Unreachable when there is no answer."""
        return await self._ask("GET", path, None, TIMEOUT)

    async def act(self, act: Act) -> None:
        """Do it. Refused when the daemon says no; Unreachable when its answer did not come."""
        await self._ask("POST", act.path, msgspec.json.encode(act.body), ACT_TIMEOUT)

    async def told(self, act: Act) -> str:
        """Do it; the daemon's words on what was done, empty when it has none."""
        body = await self._ask("POST", act.path, msgspec.json.encode(act.body), ACT_TIMEOUT)
        try:
            return clean(msgspec.json.decode(body, type=Said).what)
        except msgspec.MsgspecError:
            return ""

    async def decide(self, act: Act, key: str) -> DecisionRow | None:
        """Do what opens or joins a decision; the same key sent again is the same request. None: it was not shown."""
        body = await self._ask("POST", act.path, msgspec.json.encode(act.body), ACT_TIMEOUT, key)
        try:
            return msgspec.json.decode(body, type=DecisionRow)
        except msgspec.MsgspecError:
            return None

    async def _ask(self, method: str, path: str, body: bytes | None, seconds: float, key: str = "") -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        try:
            async with asyncio.timeout(seconds):
                request = self._session.request(
                    method, self._base + path, data=body, headers=headers, allow_redirects=False
                )
                async with request as response:
                    self.server_time = server_clock(response.headers.get("Date"))
                    return await self._body(response)
        except TimeoutError as error:
            raise Unreachable(f"no answer within {seconds:g}s from {self._base}") from error
        except (aiohttp.ClientError, OSError, UnicodeError) as error:
            raise Unreachable(f"{self._base}: {clean(str(error) or type(error).__name__, 160)}") from error

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        parts = bytearray()
        async for chunk in response.content.iter_chunked(1 << 16):
            parts += chunk
            if len(parts) > LARGEST:
                raise Unreachable(f"its answer is larger than {LARGEST >> 20} MiB")
        if response.status < 300:  # noqa: PLR2004 - 2xx is an answer
            return bytes(parts)
        problem = said(bytes(parts))
        if 400 <= response.status < 500:  # noqa: PLR2004 - 4xx is a no
            raise Refused(problem.what or f"HTTP {response.status}", problem.hint)
        raise Unreachable(f"HTTP {response.status} {problem.what}".rstrip())


def said(body: bytes) -> Problem:
    """The daemon's words in an error answer, cleaned; empty when it is not one of ours."""
    try:
        problem = msgspec.json.decode(body, type=ErrorBody).error
    except msgspec.MsgspecError:
        return Problem()
    return Problem(what=clean(problem.what), hint=clean(problem.hint))


def server_clock(date: str | None) -> float | None:
    """The Date header as unix seconds; None when there is none that can be read."""
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None
