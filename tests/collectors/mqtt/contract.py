"""MQTT in the contract suite: a real mosquitto and native samples."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from monitor.outbound.mqtt import Broker, publish
from tests.collectors.contract import Adapter
from tests.rig.mosquitto import Mosquitto, free_port

_TOPIC = "golive/contract"
_GARBAGE = (b"garbage", b"\xff\xfe{", b'{"metric": "golive_media_mos", "value": 4}', b"[" * 200_000)


class Edge:
    """Something that publishes native samples to a broker of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.broker = Mosquitto(folder)

    def configuration(self) -> dict[str, Any]:
        """One broker, one subscription."""
        return {
            "broker": {"host": "127.0.0.1", "port": self.broker.port, "connect_timeout": 2},
            "subscriptions": [{"topic": "golive/#"}],
        }

    async def speak(self, number: int) -> None:
        """One sample."""
        sample = {"metric": "golive_media_mos", "value": 4.0, "at": time.time(), "source": "edge", "seq": number}
        await self._say(json.dumps({**sample, "labels": {"site": "porto", "method": "edge"}}).encode())

    async def garbage(self) -> int:
        """No JSON, no text, no time, no end."""
        for payload in _GARBAGE:
            await self._say(payload)
        return len(_GARBAGE)

    async def leave(self) -> None:
        """The broker ends."""
        await asyncio.to_thread(self.broker.stop)

    async def come_back(self) -> None:
        """The broker starts again on its port."""
        await asyncio.to_thread(self.broker.start)

    async def _say(self, payload: bytes) -> None:
        await publish(Broker(host="127.0.0.1", port=self.broker.port), self._folder, _TOPIC, payload)


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Edge]:
    """A broker that runs."""
    edge = Edge(folder)
    await edge.come_back()
    try:
        yield edge
    finally:
        await edge.leave()


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A port that nobody listens on."""
    del folder
    broker = {"host": "127.0.0.1", "port": free_port(), "connect_timeout": 2}
    yield {"broker": broker, "subscriptions": [{"topic": "golive/#"}]}


ADAPTER = Adapter(counterpart, unreachable)
