"""A publisher that loses nothing: numbered messages at QoS 1, kept until the broker has acknowledged them, sent again after a break.

Raw MQTT 3.1.1 over one socket, so that it is not the bottleneck and not the code under test.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import OrderedDict
from collections.abc import Callable

WINDOW = 200
"""Messages of one speaker that are not acknowledged yet."""
METRIC = "golive_media_one_way_delay_seconds"
"""The metric of numbered samples: their value is their number in milliseconds."""
_PUBACK = 0x40


def numbered(source: str, seq: int) -> bytes:
    """A native sample whose value is its number, measured now."""
    sample = {"metric": METRIC, "value": seq / 1000, "at": time.time(), "source": source, "seq": seq}
    return json.dumps({**sample, "labels": {"site": source, "platform": "target"}}).encode()


class Speaker:
    """One source of messages with running numbers, all on one topic."""

    def __init__(self, port: int, name: str, say: Callable[[str, int], bytes] = numbered, topic: str = "") -> None:
        self.port = port
        self.name = name
        self.topic = topic or f"golive/{name}"
        self.sent = 0
        """Messages that were begun."""
        self.acknowledged: set[int] = set()
        """Numbers of which the broker said that it has them."""
        self.breaks = 0
        """Connections that ended."""
        self._say = say
        self._unheard: OrderedDict[int, bytes] = OrderedDict()

    async def talk(self, count: int, rate: float) -> None:
        """Send `count` more messages, `rate` a second; returns once the broker has acknowledged all that was ever sent."""
        loop = asyncio.get_running_loop()
        begun, done = loop.time(), 0
        writer: asyncio.StreamWriter | None = None
        reading: asyncio.Task[None] | None = None
        try:
            while done < count or self._unheard:
                if writer is None or reading is None or reading.done():
                    if writer is not None:
                        self.breaks += 1
                        writer.close()
                    reader, writer = await self._connect()
                    reading = asyncio.create_task(self._listen(reader))
                    for packet in self._unheard.values():
                        writer.write(bytes([packet[0] | 0x08]) + packet[1:])
                due = min(count, int((loop.time() - begun) * rate))
                while done < due and len(self._unheard) < WINDOW:
                    packet = self._packet(self.sent)
                    self._unheard[self.sent] = packet
                    writer.write(packet)
                    self.sent += 1
                    done += 1
                await asyncio.sleep(0.005)
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            if writer is not None:
                writer.close()

    def _packet(self, seq: int) -> bytes:
        topic = self.topic.encode()
        body = len(topic).to_bytes(2, "big") + topic + (seq % 65535 + 1).to_bytes(2, "big") + self._say(self.name, seq)
        return b"\x32" + _length(len(body)) + body

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name = f"speaker-{self.name}".encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(b"\x10" + _length(len(body)) + body)
                answer = await reader.readexactly(4)
                if answer[3] == 0:
                    return reader, writer
                writer.close()
            await asyncio.sleep(0.05)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(4)
                if head[0] == _PUBACK:
                    self._heard((int.from_bytes(head[2:], "big") - 1) % 65535)

    def _heard(self, place: int) -> None:
        for seq in self._unheard:
            if seq % 65535 == place:
                del self._unheard[seq]
                self.acknowledged.add(seq)
                return


def _length(size: int) -> bytes:
    out = b""
    while True:
        size, byte = divmod(size, 128)
        out += bytes([byte | 128 if size else byte])
        if not size:
            return out
