"""A TCP proxy that goes wrong on purpose, by a list of rules, the same way for the same seed.

`async with FaultProxy(port, [Delay(0.3, jitter=0.1), Cut(way="down", after=100)], seed=7) as proxy:` and connect to
`proxy.port`. Rules work on the bytes of one way of one connection: `up` to the server, `down` to the client. What did
happen is counted in `proxy.happened`, since a test whose fault did not happen proves nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Self

CHUNK = 16 * 1024
BUFFER = 64 * 1024
"""Bytes that wait at most in one way: a proxy that swallowed all would hide that somebody does not read."""
Way = Literal["up", "down", "both"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Which bytes: of which way, from which one on, of which connection (counted from 0; None: of each)."""

    way: Way = "both"
    after: int = 0
    connection: int | None = None


@dataclass(frozen=True)
class Delay(Rule):
    """Each piece comes `seconds` later, give or take `jitter`; the order stays, as TCP keeps it."""

    seconds: float = 0.1
    jitter: float = field(default=0.0, kw_only=True)


@dataclass(frozen=True, kw_only=True)
class Drip(Rule):
    """`size` bytes at a time with a pause of `every` seconds."""

    size: int = 1
    every: float = 0.01


@dataclass(frozen=True, kw_only=True)
class HalfOpen(Rule):
    """From here on nothing comes any more, and nobody is told."""


@dataclass(frozen=True, kw_only=True)
class Cut(Rule):
    """Both ends are reset here: a reply whose tail never comes."""


@dataclass(frozen=True, kw_only=True)
class Corrupt(Rule):
    """One byte is turned over here, once a connection."""


@dataclass(frozen=True, kw_only=True)
class DropPacket(Rule):
    """MQTT packets of one type are left out, the first `times` of them in all: PUBACK is 4. 0 only counts them."""

    kind: int = 4
    times: int = 1


class FaultProxy:
    """Between a client and a server on this machine."""

    def __init__(self, target: int, rules: Sequence[Rule] = (), seed: int = 0) -> None:
        self.target = target
        self.rules = list(rules)
        self.port = 0
        self.happened: Counter[str] = Counter()
        """What was done, by name of the rule; `connections` too."""
        self.packets: Counter[int] = Counter()
        """MQTT packets that passed or were left out, by type, where a rule looks for that type."""
        self.seed = seed
        self._whole = asyncio.Event()
        self._whole.set()
        self._dropped: Counter[int] = Counter()
        self._server: asyncio.Server
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def part(self) -> None:
        """The network between them is gone: nothing passes, and nobody is told. New connections get no answer."""
        self._whole.clear()
        self.happened["partitions"] += 1

    def heal(self) -> None:
        """It is back; what was on its way goes on, as TCP would send it again."""
        self._whole.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number = self.happened["connections"]
        self.happened["connections"] += 1
        there: asyncio.StreamWriter | None = None
        try:
            await self._whole.wait()
            back, there = await asyncio.open_connection("127.0.0.1", self.target)
            ways = (self._way("up", number, reader, there), self._way("down", number, back, writer))
            done, pending = await asyncio.wait(
                [asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED
            )
            for one in pending:
                one.cancel()
            await asyncio.gather(*done, *pending, return_exceptions=True)
        except OSError:
            self.happened["target gone"] += 1
        except asyncio.CancelledError:
            pass  # the proxy is over: asyncio's server would call it an error
        finally:
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()
            self._tasks.discard(task)

    async def _way(self, way: Way, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on one way until its end."""
        pipe = _Pipe(self, way, number, writer)
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(CHUNK):
                await self._whole.wait()
                if not await pipe.take(piece):
                    return

    def drops(self, rule: DropPacket) -> bool:
        """Whether one more packet is left out."""
        place = self.rules.index(rule)
        if self._dropped[place] >= rule.times:
            return False
        self._dropped[place] += 1
        self.happened["DropPacket"] += 1
        return True


class _Pipe:
    """One way of one connection."""

    def __init__(self, proxy: FaultProxy, way: Way, number: int, writer: asyncio.StreamWriter) -> None:
        self.proxy, self.writer = proxy, writer
        self.rules = [rule for rule in proxy.rules if rule.way in (way, "both") and rule.connection in (None, number)]
        self.random = random.Random(f"{proxy.seed}/{way}/{number}")
        self.passed = 0
        self.corrupted = False
        self._rest = b""
        writer.transport.set_write_buffer_limits(BUFFER)

    async def take(self, piece: bytes) -> bool:
        """Pass a piece on by the rules; False when this way is over."""
        for rule in self.rules:
            piece = self._whole_packets(rule, piece) if isinstance(rule, DropPacket) else piece
        reached = [rule for rule in self.rules if self.passed + len(piece) > rule.after]
        for rule in reached:
            if isinstance(rule, Corrupt) and not self.corrupted:
                place = max(rule.after - self.passed, 0)
                piece = piece[:place] + bytes([piece[place] ^ 0xFF]) + piece[place + 1 :]
                self.corrupted = True
                self.proxy.happened["Corrupt"] += 1
            elif isinstance(rule, Delay):
                self.proxy.happened["Delay"] += 1
                await asyncio.sleep(max(rule.seconds + self.random.uniform(-rule.jitter, rule.jitter), 0.0))
            elif isinstance(rule, Cut | HalfOpen):
                self.writer.write(piece[: max(rule.after - self.passed, 0)])
                self.proxy.happened[type(rule).__name__] += 1
                await self.writer.drain()
                if isinstance(rule, HalfOpen):
                    await asyncio.Event().wait()
                return False
        await self._write(piece, next((rule for rule in reached if isinstance(rule, Drip)), None))
        return True

    async def _write(self, piece: bytes, drip: Drip | None) -> None:
        step = len(piece) if drip is None else drip.size
        for start in range(0, len(piece), max(step, 1)):
            self.writer.write(piece[start : start + step])
            await self.writer.drain()
            if drip is not None:
                self.proxy.happened["Drip"] += 1
                await asyncio.sleep(drip.every)
        self.passed += len(piece)

    def _whole_packets(self, rule: DropPacket, piece: bytes) -> bytes:
        """The MQTT packets that are whole by now, without those that the rule leaves out."""
        data, kept = self._rest + piece, b""
        while (size := _packet_size(data)) and size <= len(data):
            packet, data = data[:size], data[size:]
            if packet[0] >> 4 != rule.kind:
                kept += packet
                continue
            self.proxy.packets[rule.kind] += 1
            if not self.proxy.drops(rule):
                kept += packet
        self._rest = data
        return kept


def _packet_size(data: bytes) -> int:
    """Bytes of the MQTT packet that data begins with, its head included; 0 while that cannot be told (MQTT 2.1.4)."""
    size = 0
    for place in range(1, min(len(data), 5)):
        size |= (data[place] & 0x7F) << 7 * (place - 1)
        if data[place] < 0x80:
            return size + place + 1
    return 0
