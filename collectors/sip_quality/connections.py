"""Lines over TCP and TLS: connections bounded in number, each read in pieces and answered in order."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time

from collectors.sip_quality.reply import Peer
from collectors.sip_quality.station import BODY_LIMIT, Station
from collectors.sip_quality.stream import Framer
from collectors.sip_quality.turns import Turns
from monitor.intake.inlet import Inlet

_CHUNK = 8192
"""Bytes read at once: a handful of reports, so that a piece of work stays short."""
_HANDSHAKE = 10.0
_PATIENCE = 10.0
"""Seconds for a device to take its response."""
_PONG = b"\r\n"
_LINGER = 1.0
_MOMENT = 0.001
"""Seconds until the next connection is looked at after one was turned away."""


class Connections:
    """Those of one listening socket."""

    def __init__(
        self, station: Station, turns: Turns, inlet: Inlet, *, context: ssl.SSLContext | None, most: int, idle: float
    ) -> None:
        """most: connections at once. idle: seconds of silence after which one is closed."""
        self._station = station
        self._turns = turns
        self._inlet = inlet
        self._context = context
        self._most = most
        self._idle = idle
        self._open: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None
        self._stop = asyncio.Event()

    async def serve(self, line: socket.socket) -> None:
        """Serve until cancelled, or until samples cannot be kept; leaves no connection behind."""
        stop = asyncio.create_task(self._stop.wait())
        try:
            while self._failed is None:
                accept = asyncio.create_task(self._accept(line))
                try:
                    await asyncio.wait((accept, stop), return_when=asyncio.FIRST_COMPLETED)
                    if accept.done():
                        accept.result()
                finally:
                    accept.cancel()
                    await asyncio.gather(accept, return_exceptions=True)
            raise self._failed
        finally:
            left = (stop, *self._open)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _accept(self, line: socket.socket) -> None:
        """Take the next connection, or turn it away."""
        loop = asyncio.get_running_loop()
        try:
            connection, address = await loop.sock_accept(line)
        except OSError as error:  # no descriptors left, or it was gone at once
            self._station.refuse("connection_cap", str(error).encode(), time.time())
            await asyncio.sleep(0.1)
            return
        peer = Peer(address[0], address[1])
        reason = ""
        if not self._station.sources.knows(peer.host):
            reason = "foreign"
        elif len(self._open) >= self._most:
            reason = "connection_cap"
        if reason:
            connection.close()
            self._inlet.heard(1, time.time())
            self._station.refuse(reason, f"connection of {peer.host}".encode(), time.time())
            await asyncio.sleep(_MOMENT)
            return
        task = asyncio.create_task(self._keep(connection, peer), name=f"SIP connection of {peer.host}")
        self._open.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._open.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed = error
            self._stop.set()

    async def _keep(self, connection: socket.socket, peer: Peer) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_CHUNK, loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=_HANDSHAKE if self._context else None,
            )
        except (OSError, TimeoutError, ssl.SSLError) as error:
            connection.close()
            words = f"TLS with {peer.host}: {getattr(error, 'reason', None) or str(error) or 'no handshake in time'}"
            self._station.refuse("handshake", words.encode(), time.time())
            return
        except BaseException:
            connection.close()
            raise
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            if await self._talk(reader, writer, peer):
                await _linger(reader, writer)
        finally:
            transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer) -> bool:
        """Read and answer until the other end closes, falls silent, or (True) says what cannot be framed."""
        framer = Framer(BODY_LIMIT)
        while framer.fault is None:
            try:
                async with asyncio.timeout(self._idle):
                    data = await reader.read(_CHUNK)
            except (OSError, TimeoutError):
                return False
            if not data:
                return False
            count, responses = await self._turns.take(lambda chunk=data: self._read(framer, chunk, peer))  # type: ignore[misc] # bound at once
            await self._inlet.commit()
            try:
                async with asyncio.timeout(_PATIENCE):
                    writer.write(responses)
                    await writer.drain()
            except (OSError, TimeoutError):
                return False
            held = self._station.sources.wait(peer.host, count, time.monotonic())
            if held:
                await asyncio.sleep(held)
        return True

    def _read(self, framer: Framer, data: bytes, peer: Peer) -> tuple[int, bytes]:
        """How many messages and pings there were, and the responses to them."""
        received = time.time()
        messages = framer.feed(data)
        responses = [self._station.message(message, peer, received) for message in messages]
        responses += [_PONG] * framer.pings
        count, framer.pings = len(messages) + framer.pings, 0
        if framer.fault is not None:
            self._inlet.heard(1, received)
            responses.append(self._station.fault(framer.fault, peer, received))
        self._station.flush(received)
        return count, b"".join(responses)


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let the last response arrive: to close upon bytes that were not read would take it back (RFC 9112 9.6 says how)."""
    try:
        async with asyncio.timeout(_LINGER):
            if writer.can_write_eof():
                writer.write_eof()
            while await reader.read(_CHUNK):
                pass
    except (OSError, TimeoutError):
        return
