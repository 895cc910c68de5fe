"""Promql in the contract suite: an exporter's page and a query API on one local server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.collectors.contract import Adapter
from tests.collectors.promql.server import Source, serving
from tests.rig.mosquitto import free_port

_QUERY = "max by (queue, agent) (waiting)"


class Exporter:
    """A server whose numbers rise."""

    def __init__(self) -> None:
        self.port = free_port()
        self._source = Source()
        self._open = AsyncExitStack()

    def configuration(self) -> dict[str, Any]:
        """One question and one page."""
        url = f"http://127.0.0.1:{self.port}"
        mapped = {"metric": "golive_queue_contacts_waiting", "labels": {"platform": "legacy"}}
        question = {"query": _QUERY, "take": {"queue": "queue"}, **mapped}
        pick = {"name": "calls", **mapped, "metric": "golive_calls_concurrent"}
        scrape = {"url": f"{url}/metrics", "samples": [pick]}
        return {"url": url, "questions": [question], "scrapes": [scrape], "timeout": 2}

    async def speak(self, number: int) -> None:
        """New numbers, from now on."""
        self._source.page_status = 200
        self._source.vector(_QUERY, ({"queue": "sales", "agent": "anna"}, str(number)))
        self._source.page = f"calls {number}\n".encode()

    async def garbage(self) -> int:
        """No JSON; the page stays whole, as it comes from elsewhere."""
        self._source.answers[_QUERY] = (200, b"\xff{")
        begun = len(self._source.asked)
        deadline = time.monotonic() + 10
        while len(self._source.asked) < begun + 2 and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return 1

    async def leave(self) -> None:
        """The server ends."""
        await self._open.aclose()

    async def come_back(self) -> None:
        """A server on the same port, that knows the same."""
        known, self._source = self._source, Source()
        self._source.answers, self._source.page = known.answers, known.page
        self._open = AsyncExitStack()
        await self._open.enter_async_context(serving(self._source, self.port))


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Exporter]:
    """A server that runs."""
    del folder
    exporter = Exporter()
    await exporter.come_back()
    try:
        yield exporter
    finally:
        await exporter.leave()


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A port that nobody listens on."""
    del folder
    yield Exporter().configuration()


ADAPTER = Adapter(counterpart, unreachable, private=("anna",))
