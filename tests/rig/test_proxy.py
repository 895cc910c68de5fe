"""The fault proxy itself: each fault does what it says, says that it did, and does the same again for the same seed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.rig.proxy import Corrupt, Cut, Delay, Drip, DropPacket, FaultProxy, HalfOpen, Rule

DATA = bytes(range(250)) * 40


@asynccontextmanager
async def echo(*rules: Rule, seed: int = 1) -> AsyncIterator[FaultProxy]:
    """A proxy before a server that says everything back."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(4096):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, FaultProxy(server.sockets[0].getsockname()[1], rules, seed) as proxy:
        yield proxy


async def heard(proxy: FaultProxy, data: bytes = DATA, within: float = 5.0) -> bytes:
    """What comes back of the data until the end, until all of it is there, or until the time is over."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(data)
    back = b""
    try:
        async with asyncio.timeout(within):
            while len(back) < len(data) and (piece := await reader.read(4096)):
                back += piece
    except (TimeoutError, ConnectionError):
        pass
    writer.transport.abort()
    return back


async def test_without_rules_nothing_changes() -> None:
    """What goes in comes out, connection after connection."""
    async with echo() as proxy:
        assert [await heard(proxy) == DATA for _ in range(3)] == [True] * 3
        assert dict(proxy.happened) == {"connections": 3}


async def test_delay_and_drip_take_time_and_change_nothing() -> None:
    """Every byte comes, in order, later."""
    async with echo(Delay(0.2, way="down", jitter=0.05), Drip(way="up", size=100, every=0.001)) as proxy:
        begun = time.monotonic()
        assert await heard(proxy, DATA[:1000]) == DATA[:1000]
        assert time.monotonic() - begun > 0.15
        assert proxy.happened["Delay"] >= 1
        assert proxy.happened["Drip"] == 10


@pytest.mark.parametrize(
    ("rule", "name"), [(Cut(way="down", after=777), "Cut"), (HalfOpen(way="down", after=777), "HalfOpen")]
)
async def test_a_reply_ends_at_the_byte_that_was_said(rule: Rule, name: str) -> None:
    """Cut ends the connection there; half-open leaves it standing and silent."""
    async with echo(rule) as proxy:
        begun = time.monotonic()
        assert await heard(proxy, within=1.0) == DATA[:777]
        assert (time.monotonic() - begun > 0.9) is (name == "HalfOpen")
        assert proxy.happened[name] == 1


async def test_one_byte_is_turned_over() -> None:
    """The one that was said, in the connection that was said, and no other."""
    async with echo(Corrupt(way="up", after=100, connection=1)) as proxy:
        assert await heard(proxy) == DATA
        spoilt = await heard(proxy)
        assert [place for place in range(len(DATA)) if spoilt[place] != DATA[place]] == [100]


async def test_packets_of_a_kind_are_left_out() -> None:
    """Two PUBACKs of three are dropped, wherever the pieces begin and end; everything else passes."""
    puback, other = b"\x40\x02\x00\x01", b"\x30\x85\x01" + b"x" * 133
    async with echo(DropPacket(way="up", kind=4, times=2)) as proxy:
        assert await heard(proxy, puback + other + puback + other + puback, within=0.5) == other + other + puback
        assert (proxy.packets[4], proxy.happened["DropPacket"]) == (3, 2)


async def test_a_partition_lets_nothing_through_until_it_heals() -> None:
    """What was sent meanwhile arrives afterwards, as over TCP."""
    async with echo() as proxy:
        proxy.part()
        waiting = asyncio.create_task(heard(proxy))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        proxy.heal()
        assert await waiting == DATA
