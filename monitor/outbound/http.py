"""One HTTP request under the outbound policy: named hosts only, one resolution, no redirect, bounded."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.outbound.addresses import Forbidden, target_of
from monitor.outbound.resolving import reached

BODY_LIMIT = 1024 * 1024
"""Most bytes of an answer's body that are read."""
_HEADER_LIMIT = 16384

Hook = Callable[[], Awaitable[None]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, whatever its status."""

    status: int
    body: bytes
    """At most `limit` bytes, as they came (no decompression was asked for)."""
    retry_after: str = ""
    """The Retry-After header, as it came."""
    headers: tuple[tuple[str, str], ...] = ()
    """All headers, as they came."""

    @property
    def content_type(self) -> str:
        """The Content-Type header, as it came."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), "")


class RequestError(Exception):
    """No whole answer. `sent` tells whether the request may have reached its target: then its outcome is unknown."""

    def __init__(self, what: str, *, sent: bool) -> None:
        super().__init__(what)
        self.sent = sent


async def request(
    method: str,
    url: str,
    *,
    allow_hosts: Collection[str],
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 30.0,  # noqa: ASYNC109 - the limit covers resolving, sending and reading, and is told apart by `sent`
    on_sent: Hook | None = None,
    tls: ssl.SSLContext | None = None,
    limit: int = BODY_LIMIT,
) -> Answer:
    """Send one request and read its whole answer.

    allow_hosts: `host` or `host:port` entries; nothing else is spoken to. timeout: seconds for all of it.
    on_sent: awaited once the request has left for the wire. tls: whom to trust and what to show; default: the
    system's certificates. limit: most bytes of the answer's body.
    Raises RequestError; with `sent=False` nothing has left this machine, so that trying again is safe.
    """
    state = _State(on_sent, tls, limit)
    try:
        async with asyncio.timeout(timeout):
            return await _exchange(method, url, allow_hosts, headers or {}, body, state)
    except Forbidden as error:
        raise RequestError(f"not sent: {error}", sent=False) from error
    except TimeoutError as error:
        what = "no answer" if state.connected else "no connection"
        raise RequestError(f"{what} within {timeout:g} s", sent=state.connected) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise RequestError(_words(error), sent=state.connected) from error


class _State:
    def __init__(self, on_sent: Hook | None, tls: ssl.SSLContext | None, limit: int) -> None:
        self.on_sent = on_sent
        self.tls = tls
        self.limit = limit
        self.connected = False


async def _exchange(
    method: str, url: str, allow_hosts: Collection[str], headers: Mapping[str, str], body: bytes | None, state: _State
) -> Answer:
    addresses = await reached(target_of(url), allow_hosts)
    connector = aiohttp.TCPConnector(resolver=Pinned(addresses), use_dns_cache=False, force_close=True)
    async with (
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trace_configs=[_trace(state)],
            response_class=_announcing(state),
            max_line_size=_HEADER_LIMIT,
            max_field_size=_HEADER_LIMIT,
        ) as session,
        session.request(
            method,
            url,
            data=body,
            headers={"Accept-Encoding": "identity", "User-Agent": "golive", **headers},
            allow_redirects=False,
            ssl=state.tls if state.tls is not None else True,
        ) as response,
    ):
        return Answer(
            status=response.status,
            body=await _read(response, state.limit),
            retry_after=response.headers.get("Retry-After", ""),
            headers=tuple(response.headers.items()),
        )


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    taken = bytearray()
    async for chunk in response.content.iter_any():
        taken += chunk
        if len(taken) > limit:
            raise aiohttp.ClientPayloadError(f"the answer is longer than {limit} bytes")
    return bytes(taken)


class Pinned(AbstractResolver):
    """Answers with the addresses that were checked, whatever the name would say by now."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses, of the family that is asked for."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
            if family in (socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET)
        ]

    async def close(self) -> None:
        """Hold nothing."""


class _CutError(aiohttp.ClientError):
    """The connection was cut after the request may have arrived."""


def _trace(state: _State) -> aiohttp.TraceConfig:
    """Notice the connection, and refuse a second one.

    aiohttp sends PUT, GET and DELETE a second time by itself when the first connection is cut. Whether a request
    may be repeated is its sender's to decide, never the transport's.
    """

    async def connecting(*_: object) -> None:
        if state.connected:
            raise _CutError

    async def connected(*_: object) -> None:
        state.connected = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_start.append(connecting)
    trace.on_connection_create_end.append(connected)
    return trace


def _announcing(state: _State) -> type[aiohttp.ClientResponse]:
    class Announcing(aiohttp.ClientResponse):
        """Says when the request is on the wire: aiohttp waits for the answer from here on."""

        async def start(self, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
            if state.on_sent is not None:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                await state.on_sent()
            return await super().start(connection)

    return Announcing


def _words(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    if isinstance(error, _CutError | aiohttp.ServerDisconnectedError):
        return "the connection was cut before an answer came"
    return f"{type(error).__name__}: {error}"
