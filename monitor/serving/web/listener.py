"""The socket: few connections, short patience, so that a slow or greedy client cannot starve the others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from aiohttp import web

from monitor.serving.web.certificates import named
from monitor.serving.web.front import Front
from monitor.serving.web.services import SERVICES
from monitor.serving.web_config import WebConfig

CONNECTIONS = 32
"""Most connections at once; further ones get 503."""
HEAD_SECONDS = 5.0
"""Time for a new connection to send its first request's head."""
IDLE_SECONDS = 75.0
"""Time that a kept connection may be silent, or slow with a further head."""
DRAIN_SECONDS = 30.0
"""Time for a client to read what it asked for, once it stopped reading."""
LOOK_SECONDS = 2.0
"""Time between looks at changed certificates and passwords."""
_HEAD_BYTES = 16384
_FULL_BODY = b'{"error":{"status":503,"what":"too many connections","hint":"close idle ones, then try again"}}'
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_FULL_BODY), _FULL_BODY)
)


class ListenError(Exception):
    """The address cannot be listened on: which, why, what to do."""


def listen_address(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; `:PORT` and `*:PORT` are all interfaces. ValueError says what is wrong."""
    host, colon, port = listen.rpartition(":")
    host = host.strip("[]")
    if not (colon and port.isascii() and port.isdigit() and int(port) < 65536):  # noqa: PLR2004 - ports are 16 bits
        raise ValueError(f"{listen!r} is not an address to listen on: write HOST:PORT, such as 127.0.0.1:8930")
    return ("" if host == "*" else host), int(port)


async def _bound(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to an address, one for each family it has; one port for all of them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    made: list[socket.socket] = []
    try:
        for family, kind, proto, _, address in dict.fromkeys(found):
            place = socket.socket(family, kind, proto)
            made.append(place)
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                place.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            same = made[0].getsockname()[1] if port == 0 and len(made) > 1 else port
            place.bind((address[0], same, *address[2:]))
            place.setblocking(False)  # noqa: FBT003 - its one argument
    except OSError:
        for place in made:
            place.close()
        raise
    return made


class Listener:
    """Serves an application on its addresses. `on_full` hears of each connection that was turned away.

    front: certificates, read again while it runs; connections that stand keep those they began with.
    """

    def __init__(
        self,
        app: web.Application,
        config: WebConfig,
        on_full: Callable[[], None] | None = None,
        front: Front | None = None,
    ) -> None:
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=8190,
            max_field_size=8190,
            shutdown_timeout=2.0,
        )
        self._app = app
        self._places = [listen_address(address) for address in (config.listen, *config.also)]
        self._front = front or Front()
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._doors: set[_Door] = set()
        self._on_full = on_full
        self._watch: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port of the first address; the real one where port 0 was asked for."""
        if not self._sockets:
            return self._places[0][1]
        port: int = self._sockets[0].getsockname()[1]
        return port

    @property
    def scheme(self) -> str:
        """How the port is spoken to: http, or https once certificates are in force."""
        return "https" if self._front.tls is not None else "http"

    def take(self, config: WebConfig) -> None:
        """Answer by another configuration from now on; the addresses stay."""
        self._app[SERVICES].config = config

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            ListenError: the address is taken or not ours.
        """
        await self._runner.setup()
        host, port = self._places[0]
        try:
            for host, port in self._places:
                self._sockets += await _bound(host, port)
            self._servers = await self._serving()
        except OSError as error:
            for place in self._sockets:
                place.close()
            self._sockets = []
            await self._runner.cleanup()
            raise ListenError(
                f"cannot listen on {host or '*'}:{port}: {error.strerror or error}; nobody could watch or "
                "approve; next: stop what holds it (ss -ltnp), or set web.listen to another port"
            ) from error

        if self._front.path is not None:
            self._watch = asyncio.create_task(self._keep_fresh(), name="web configuration")

    async def _serving(self) -> list[asyncio.Server]:
        """A server on each socket, with the certificates in force now."""
        loop, tls = asyncio.get_running_loop(), self._front.tls
        patience = HEAD_SECONDS if tls is not None else None
        return [
            await loop.create_server(self._door, sock=place.dup(), backlog=128, ssl=tls, ssl_handshake_timeout=patience)
            for place in self._sockets
        ]

    async def _keep_fresh(self) -> None:
        """Look at the files every two seconds; other certificates are for connections from then on."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if await asyncio.to_thread(self._front.refresh):
                before, self._servers = self._servers, await self._serving()
                for server in before:
                    server.close()

    async def stop(self) -> None:
        """Take no further connection, let requests end within two seconds, close all."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        for server in self._servers:
            server.close()
        for place in self._sockets:
            place.close()
        self._servers, self._sockets = [], []
        await self._runner.cleanup()
        for door in tuple(self._doors):
            door.abort()

    def _door(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(self._doors) >= CONNECTIONS:
            if self._on_full is not None:
                self._on_full()
            return _Full()
        return _Door(server(), self._doors, self._front.allowed_sans)


class _Full(asyncio.Protocol):
    """Turns a connection away. What a TCP server hands over is a Transport, though uvloop's does not descend from it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        answered = cast("asyncio.Transport", transport)
        answered.write(_FULL)
        answered.close()


class _Door(asyncio.Protocol):
    """Stands between the socket and aiohttp's protocol and keeps time."""

    def __init__(self, inner: asyncio.Protocol, doors: set[_Door], allowed_sans: tuple[str, ...]) -> None:
        self._inner = inner
        self._doors = doors
        self._allowed_sans = allowed_sans
        self._made = False
        self._transport: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._head: bytes | None = b""
        self._head_bytes = 0
        doors.add(self)
        # A handshake that fails is never told: its place is given back when it must have ended.
        self._wait(HEAD_SECONDS + 1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._wait(HEAD_SECONDS)
        if self._allowed_sans and not named(transport.get_extra_info("peercert"), self._allowed_sans):
            self.abort()
            return
        self._made = True
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._made:
            return
        if self._head is not None:
            self._head_bytes += len(data)
            if b"\r\n\r\n" in self._head + data:
                self._head = None
                self._stop_waiting()
            elif self._head_bytes > 4 * _HEAD_BYTES:
                self.abort()
                return
            else:
                self._head = (self._head + data)[-3:]
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._doors.discard(self)
        self._stop_waiting()
        if self._made:
            self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._wait(DRAIN_SECONDS)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._stop_waiting()
        self._inner.resume_writing()

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()
        else:
            self._doors.discard(self)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._clock = asyncio.get_running_loop().call_later(seconds, self.abort)

    def _stop_waiting(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
