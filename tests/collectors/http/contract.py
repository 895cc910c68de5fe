"""Http in the contract suite: a small web service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.collectors.contract import Adapter
from tests.collectors.http.crm import Crm, serving
from tests.rig.mosquitto import free_port


class Service:
    """A service that is asked again and again."""

    def __init__(self) -> None:
        self.port = free_port()
        self._open = AsyncExitStack()

    def configuration(self) -> dict[str, Any]:
        """One transaction of one request."""
        request = {"operation": "search", "url": f"http://127.0.0.1:{self.port}/plain", "expect": {"body": "Monday"}}
        return {"transactions": [{"integration": "kb", "requests": [request]}], "timeout": 1}

    async def speak(self, number: int) -> None:
        """It answers by itself."""
        del number
        await asyncio.sleep(0.05)

    async def garbage(self) -> int:
        """A service that answers wrongly is a measurement: nothing is refused."""
        return 0

    async def leave(self) -> None:
        """The service ends."""
        await self._open.aclose()

    async def come_back(self) -> None:
        """The service starts again."""
        self._open = AsyncExitStack()
        await self._open.enter_async_context(serving(Crm(), self.port))


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Service]:
    """A service that runs."""
    del folder
    service = Service()
    await service.come_back()
    try:
        yield service
    finally:
        await service.leave()


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A port that nobody listens on."""
    del folder
    yield Service().configuration()


ADAPTER = Adapter(counterpart, unreachable, asks=True)
