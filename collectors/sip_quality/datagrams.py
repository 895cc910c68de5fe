"""The line over UDP: reads in pieces, answers once the samples are kept."""

from __future__ import annotations

import asyncio
import socket
import time

from collectors.sip_quality.reply import Peer
from collectors.sip_quality.station import Station
from collectors.sip_quality.turns import PIECE, Turns
from monitor.intake.inlet import Inlet

_LARGEST = 65535
_LOOK = 8
"""Datagrams between two looks at the clock."""


async def serve_datagrams(line: socket.socket, station: Station, turns: Turns, inlet: Inlet) -> None:
    """Serve until cancelled. What commit raises ends it: no device is told that its report is kept."""
    loop = asyncio.get_running_loop()
    while True:
        await _readable(loop, line)
        responses = await turns.take(lambda: _read(line, station))
        if not responses:
            continue
        await inlet.commit()
        unsent = sum(not _sent(line, response, peer) for response, peer in responses)
        if unsent:
            station.refuse("unsent", b"no room for a response", time.time(), unsent)


async def _readable(loop: asyncio.AbstractEventLoop, line: socket.socket) -> None:
    """Return once there is something to read; nobody watches the socket meanwhile."""
    ready = loop.create_future()
    loop.add_reader(line, _wake, ready)
    try:
        await ready
    finally:
        loop.remove_reader(line)


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _read(line: socket.socket, station: Station) -> list[tuple[bytes, Peer]]:
    """What is there, for at most a piece of time."""
    responses = []
    received, now = time.time(), time.monotonic()
    end = time.perf_counter() + PIECE
    try:
        while time.perf_counter() < end:
            for _ in range(_LOOK):
                raw, address = line.recvfrom(_LARGEST)
                response = station.datagram(raw, Peer(address[0], address[1]), now, received)
                if response is not None:
                    responses.append(response)
    except BlockingIOError:
        pass
    finally:
        station.flush(received)
    return responses


def _sent(line: socket.socket, response: bytes, peer: Peer) -> bool:
    try:
        line.sendto(response, peer)
    except OSError:
        return False
    return True
