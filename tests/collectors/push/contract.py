"""Push in the contract suite: something that posts, over real HTTP, through the daemon's own routes."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from collectors.push.collector import Push
from monitor.intake.postbox import Postbox
from monitor.serving.web_config import WebConfig
from tests.collectors.contract import Adapter
from tests.monitor.serving.desk import opened
from tests.rig.mosquitto import free_port

_TOKEN = "contract" * 5
_GARBAGE = (b"garbage", b"\xff\xfe{", b'{"metric": "golive_media_mos", "value": 4}', b"[" * 200_000)


class Sender:
    """Posts native samples to a daemon's port, whose web server stands and falls with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._boxes: list[Postbox] = []
        self._open = AsyncExitStack()
        secret = folder / "push.token"
        secret.write_text(_TOKEN)
        secret.chmod(0o600)
        self._secret = str(secret)

    def configuration(self) -> dict[str, Any]:
        """A token."""
        return {"token": {"file": self._secret}, "labels": {"site": "porto"}}

    def meet(self, source: Push) -> None:
        """The daemon has this collector."""
        self._boxes[:] = [source]

    async def speak(self, number: int) -> None:
        """One sample."""
        sample = {"metric": "golive_media_mos", "value": 4.0, "at": time.time(), "source": "cron", "seq": number}
        await self._post(json.dumps({**sample, "labels": {"method": "edge"}}).encode())

    async def garbage(self) -> int:
        """No JSON, no text, no time, no end."""
        for body in _GARBAGE:
            await self._post(body)
        return len(_GARBAGE)

    async def leave(self) -> None:
        """The daemon's port closes."""
        await self._open.aclose()

    async def come_back(self) -> None:
        """The port opens again."""
        self._open = AsyncExitStack()
        config = WebConfig(listen=f"127.0.0.1:{self._port}")
        await self._open.enter_async_context(opened(self._folder, config, postboxes=self._boxes))

    async def _post(self, body: bytes) -> None:
        headers = {"Authorization": f"Bearer {_TOKEN}"}
        url = f"http://127.0.0.1:{self._port}/api/v1/samples"
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
            await answer.read()


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Sender]:
    """A sender, and a port to send to."""
    sender = Sender(folder)
    await sender.come_back()
    try:
        yield sender
    finally:
        await sender.leave()


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A token that is not there."""
    yield {"token": {"file": str(folder / "missing")}}


ADAPTER = Adapter(counterpart, unreachable)
