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
_WAITING = 5000
"""Answers that may wait for their samples to be kept."""
_BATCH = 100
"""Answers that are sent at once."""


class Datagrams:
    """One socket. Reading goes on while what was read is being kept; an answer waits until it is."""

    def __init__(self, line: socket.socket, station: Station, turns: Turns, inlet: Inlet) -> None:
        self._line = line
        self._station = station
        self._turns = turns
        self._inlet = inlet
        self._waiting: list[tuple[bytes, Peer]] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    async def read(self) -> None:
        """Read until cancelled; the kernel keeps what comes while the answers are behind."""
        loop = asyncio.get_running_loop()
        while True:
            await self._room.wait()
            await _readable(loop, self._line)
            responses = await self._turns.take(lambda: _read(self._line, self._station))
            if responses:
                self._waiting += responses
                self._news.set()
                if len(self._waiting) >= _WAITING:
                    self._room.clear()

    async def answer(self) -> None:
        """Answer until cancelled. What commit raises ends it: no device is told that its report is kept."""
        while True:
            await self._news.wait()
            self._news.clear()
            responses, self._waiting = self._waiting, []
            self._room.set()
            await self._inlet.commit()
            unsent = 0
            for start in range(0, len(responses), _BATCH):
                unsent += sum(not _sent(self._line, *response) for response in responses[start : start + _BATCH])
                await asyncio.sleep(0)
            if unsent:
                self._station.refuse("unsent", b"no room for a response", time.time(), unsent)


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
