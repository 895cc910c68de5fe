"""The socket: few connections, short patience, so that a slow or greedy client cannot starve the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from aiohttp import web

from monitor.serving.web_config import WebConfig

CONNECTIONS = 32
"""Most connections at once; further ones get 503."""
HEAD_SECONDS = 5.0
"""Time for a new connection to send its first request's head."""
IDLE_SECONDS = 75.0
"""Time that a kept connection may be silent, or slow with a further head."""
DRAIN_SECONDS = 30.0
"""Time for a client to read what it asked for, once it stopped reading."""
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


class Listener:
    """Serves an application on one address. `on_full` hears of each connection that was turned away."""

    def __init__(self, app: web.Application, config: WebConfig, on_full: Callable[[], None] | None = None) -> None:
        self._runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=8190,
            max_field_size=8190,
            shutdown_timeout=2.0,
        )
        self._host, self._port = listen_address(config.listen)
        self._server: asyncio.Server | None = None
        self._doors: set[_Door] = set()
        self._on_full = on_full

    @property
    def port(self) -> int:
        """The port that is listened on; the real one where port 0 was asked for."""
        if self._server is None or not self._server.sockets:
            return self._port
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Begin to serve.

        Raises:
            ListenError: the address is taken or not ours.
        """
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._door, self._host or None, self._port, backlog=128)
        except OSError as error:
            await self._runner.cleanup()
            raise ListenError(
                f"cannot listen on {self._host or '*'}:{self._port}: {error.strerror or error}; nobody could watch or "
                "approve; next: stop what holds it (ss -ltnp), or set web.listen to another port"
            ) from error

    async def stop(self) -> None:
        """Take no further connection, let requests end within two seconds, close all."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()
        for door in tuple(self._doors):
            door.abort()

    def _door(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(self._doors) >= CONNECTIONS:
            if self._on_full is not None:
                self._on_full()
            return _Full()
        return _Door(server(), self._doors)


class _Full(asyncio.Protocol):
    """Turns a connection away. What a TCP server hands over is a Transport, though uvloop's does not descend from it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        answered = cast("asyncio.Transport", transport)
        answered.write(_FULL)
        answered.close()


class _Door(asyncio.Protocol):
    """Stands between the socket and aiohttp's protocol and keeps time."""

    def __init__(self, inner: asyncio.Protocol, doors: set[_Door]) -> None:
        self._inner = inner
        self._doors = doors
        self._transport: asyncio.Transport | None = None
        self._clock: asyncio.TimerHandle | None = None
        self._head: bytes | None = b""
        self._head_bytes = 0
        doors.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._wait(HEAD_SECONDS)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
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

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._clock = asyncio.get_running_loop().call_later(seconds, self.abort)

    def _stop_waiting(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
