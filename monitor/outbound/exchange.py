"""One HTTP request with its phases on the clock, for watching a target.

Named hosts only, one resolution, no redirect, bounded in time and size. Each request has a connection of its own, so that every
phase is there each time. What goes wrong is a word of `Trouble`, never an exception: a dead target is a measurement.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import aiohappyeyeballs
import aiohttp
import msgspec

from monitor.outbound.addresses import Forbidden, allowed, cleared, target_of
from monitor.outbound.http import BODY_LIMIT, Pinned
from monitor.outbound.names import Names
from monitor.text import clean

Phase: TypeAlias = Literal["dns", "connect", "tls", "first_byte", "body"]
PHASES: tuple[Phase, ...] = ("dns", "connect", "tls", "first_byte", "body")
Trouble: TypeAlias = Literal[
    "forbidden",
    "dns",
    "dns_timeout",
    "refused",
    "unreachable",
    "connect_timeout",
    "tls_expired",
    "tls_name",
    "tls_untrusted",
    "tls_protocol",
    "tls_timeout",
    "timeout",
    "cut",
    "protocol",
    "too_large",
]
"""What kept an answer from coming, or from coming whole."""
_TIMED_OUT: dict[Phase, Trouble] = {
    "dns": "dns_timeout",
    "connect": "connect_timeout",
    "tls": "tls_timeout",
    "first_byte": "timeout",
    "body": "timeout",
}
_EXPIRED, _NOT_YET = 10, 9
_NAMES = frozenset({62, 63, 64})
"""X509_V_ERR_* of OpenSSL: expired, not yet valid, mismatch of host name, e-mail and address."""
_HEADER_LIMIT = 16384


class Exchange(msgspec.Struct, kw_only=True):
    """What became of a request, as far as it came."""

    trouble: Trouble | None = None
    words: str = ""
    """The trouble in words, cleaned."""
    status: int = 0
    """0 when there was no answer."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    seconds: float = 0.0
    """All of it."""
    phases: dict[Phase, float] = {}
    """Phase -> seconds; the one in which it failed is there with the time it had taken."""
    tls_version: str = ""
    """`TLSv1.3` and so on; empty without TLS."""
    certificate_ends: float | None = None
    """When the server's certificate expires, unix seconds; None without TLS or where nothing was verified."""


class _Clock:
    """Where the time went."""

    def __init__(self) -> None:
        self.begun = self._at = time.perf_counter()
        self.phase: Phase = "dns"
        self.phases: dict[Phase, float] = {}

    def next(self, phase: Phase) -> None:
        """The present phase is over."""
        now = time.perf_counter()
        self.phases[self.phase] = self.phases.get(self.phase, 0.0) + now - self._at
        self.phase, self._at = phase, now

    def stop(self) -> float:
        """It is over; returns the seconds of all of it."""
        self.next(self.phase)
        return self._at - self.begun


async def exchange(
    method: str,
    url: str,
    *,
    names: Names,
    headers: Mapping[str, str],
    body: bytes | None = None,
    tls: ssl.SSLContext | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109 - it covers every phase, and which one it ended in is told
    limit: int = BODY_LIMIT,
) -> Exchange:
    """Ask once. The URL's own host is spoken to and no other; loopback and the like only by their very address."""
    made, clock = Exchange(), _Clock()
    try:
        async with asyncio.timeout(timeout):
            await _ask(made, clock, method, url, names, dict(headers), body, tls, limit)
    except TimeoutError:
        made.trouble, made.words = _TIMED_OUT[clock.phase], f"not over within {timeout:g} s ({clock.phase})"
    except (Forbidden, OSError, aiohttp.ClientError, ValueError) as error:
        # aiohttp wraps what the socket said in an error of its own.
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        made.trouble = _trouble(cause, clock.phase)
        made.words = clean(str(error) or type(error).__name__, 200)
    made.seconds = clock.stop()
    made.phases = clock.phases
    return made


async def _ask(
    made: Exchange,
    clock: _Clock,
    method: str,
    url: str,
    names: Names,
    headers: dict[str, str],
    body: bytes | None,
    tls: ssl.SSLContext | None,
    limit: int,
) -> None:
    target = target_of(url)
    entry = allowed(target, [target.shown])
    addresses = cleared(target, entry, await names.addresses(target.host, target.port))
    clock.next("connect")
    connector = _Connector(clock, made, resolver=Pinned(addresses), use_dns_cache=False, force_close=True)
    async with (
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            max_line_size=_HEADER_LIMIT,
            max_field_size=_HEADER_LIMIT,
        ) as session,
        session.request(
            method,
            url,
            data=body,
            headers={"Accept-Encoding": "identity", "User-Agent": "golive", **headers},
            allow_redirects=False,
            ssl=tls if tls is not None else True,
        ) as response,
    ):
        clock.next("body")
        made.status = response.status
        made.headers = tuple(response.headers.items())
        taken = bytearray()
        async for chunk in response.content.iter_any():
            taken += chunk
            if len(taken) > limit:
                raise _TooLargeError(f"the answer is longer than {limit} bytes")
        made.body = bytes(taken)


class _TooLargeError(ValueError):
    """More than anybody wants to read."""


class _TwiceError(aiohttp.ClientError):
    """aiohttp would send the request a second time by itself."""


class _Connector(aiohttp.TCPConnector):
    """Tells the time of the TCP connection from that of the TLS handshake, which aiohttp makes in one go.

    The overridden method is aiohttp's own seam between the two; it connects once, and says what TLS agreed on.
    """

    def __init__(self, clock: _Clock, made: Exchange, **more: Any) -> None:  # noqa: ANN401 - aiohttp's own
        super().__init__(**more)
        self._clock = clock
        self._made = made
        self._connected = False

    async def _wrap_create_connection(
        self,
        *args: Any,  # noqa: ANN401 - aiohttp's own
        addr_infos: list[Any],
        **more: Any,  # noqa: ANN401 - aiohttp's own
    ) -> tuple[asyncio.Transport, Any]:
        if self._connected:
            raise _TwiceError("the connection was cut before an answer came")
        self._connected = True
        sock = await aiohappyeyeballs.start_connection(addr_infos=addr_infos, loop=self._loop)
        made = {name: more[name] for name in ("ssl", "server_hostname") if more.get(name)}
        if made:
            self._clock.next("tls")
        transport, protocol = await self._loop.create_connection(*args, **made, sock=sock)
        seen = transport.get_extra_info("ssl_object")
        if seen is not None:
            self._made.tls_version = seen.version() or ""
            ends = (seen.getpeercert() or {}).get("notAfter")
            self._made.certificate_ends = ssl.cert_time_to_seconds(ends) if ends else None
        self._clock.next("first_byte")
        return transport, protocol


def _trouble(error: Exception, phase: Phase) -> Trouble:
    """The word for what went wrong: what it was where that is plain, else where it happened."""
    if isinstance(error, ssl.SSLCertVerificationError):
        expired = error.verify_code in (_EXPIRED, _NOT_YET)
        return "tls_expired" if expired else "tls_name" if error.verify_code in _NAMES else "tls_untrusted"
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED and phase == "connect":
        return "refused"
    if phase in ("first_byte", "body") and isinstance(error, _CUT) and not isinstance(error, ssl.SSLError):
        return "cut"
    plain = next((word for kinds, word in _PLAIN if isinstance(error, kinds)), None)
    return plain or _HAPPENED.get(phase, "protocol")


_PLAIN: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Trouble], ...] = (
    (Forbidden, "forbidden"),
    (_TooLargeError, "too_large"),
    (ssl.SSLError, "tls_protocol"),
    (socket.gaierror, "dns"),
)
_CUT = (_TwiceError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError)
_HAPPENED: dict[Phase, Trouble] = {"dns": "dns", "connect": "unreachable", "tls": "tls_protocol"}
