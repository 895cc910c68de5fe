"""Ruler in the contract suite: what Alertmanager would post, over real HTTP, through the daemon's own routes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from collectors.ruler.collector import Ruler
from monitor.intake.postbox import Postbox
from monitor.serving.web_config import WebConfig
from tests.collectors.contract import Adapter
from tests.collectors.ruler.messages import alert, message
from tests.monitor.serving.desk import opened
from tests.rig.mosquitto import free_port

_TOKEN = "contract" * 5
_GARBAGE = (b"garbage", b"\xff\xfe{", message(version="3"), b"[" * 200_000, message(alert(rule="other")))


class Alertmanager:
    """Posts messages to a daemon's port, whose web server stands and falls with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._boxes: list[Postbox] = []
        self._open = AsyncExitStack()
        secret = folder / "ruler.token"
        secret.write_text(_TOKEN)
        secret.chmod(0o600)
        self._secret = str(secret)

    def configuration(self) -> dict[str, Any]:
        """A token and a rule."""
        return {"token": {"file": self._secret}, "rules": ["loss_target"]}

    def meet(self, source: Ruler) -> None:
        """The daemon has this collector."""
        self._boxes[:] = [source]

    async def speak(self, _number: int) -> None:
        """A breach, measured now."""
        await self._post(message(alert(at=time.time())))

    async def garbage(self) -> int:
        """No JSON, no text, another version, no end, another rule."""
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
        url = f"http://127.0.0.1:{self._port}/api/v1/alertmanager"
        async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
            await answer.read()


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Alertmanager]:
    """A sender, and a port to send to."""
    sender = Alertmanager(folder)
    await sender.come_back()
    try:
        yield sender
    finally:
        await sender.leave()


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A token that is not there."""
    yield {"token": {"file": str(folder / "missing")}, "rules": ["loss_target"]}


ADAPTER = Adapter(counterpart, unreachable)
