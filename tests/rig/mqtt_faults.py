"""A proxy in front of a real broker that loses what it is told to lose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PUBACK = 0x40


class Proxy:
    """Where it listens, and how many receipts it took away."""

    def __init__(self) -> None:
        self.port = 0
        self.faults = 0


async def packet(reader: asyncio.StreamReader) -> bytes:
    """One MQTT packet whole, head included."""
    head = await reader.readexactly(1)
    length = shift = 0
    while True:
        digit = await reader.readexactly(1)
        head += digit
        length |= (digit[0] & 0x7F) << shift
        shift += 7
        if digit[0] < 0x80:
            return head + await reader.readexactly(length)


async def _there(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)


async def _back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: Proxy, fate: str) -> None:
    while True:
        data = await packet(reader)
        if data[0] & 0xF0 != PUBACK:
            writer.write(data)
            continue
        proxy.faults += 1
        if fate == "cut":
            writer.transport.abort()
            return


@asynccontextmanager
async def puback_faults(port: int, fate: str) -> AsyncIterator[Proxy]:
    """Forward everything but PUBACK: `drop` swallows it, `cut` breaks the connection in its place."""
    proxy = Proxy()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        pumps = [asyncio.ensure_future(_there(reader, far_writer))]
        pumps.append(asyncio.ensure_future(_back(far_reader, writer, proxy, fate)))
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            writer.close()
            far_writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
