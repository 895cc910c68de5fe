"""The demo's pager: an HTTP server that takes the pages the daemon sends through its webhook channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

Page = dict[str, Any]


class Receiver:
    """Listens on a free port of 127.0.0.1 and hands each page on."""

    def __init__(self, hear: Callable[[Page], None]) -> None:
        self._hear = hear
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listen; returns the port."""
        app = web.Application(client_max_size=262144)
        app.router.add_post("/notify", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Close the listener."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        try:
            page = msgspec.json.decode(await request.read(), type=dict[str, Any])
        except msgspec.MsgspecError:
            return web.Response(status=400)
        self._hear(page)
        return web.Response(status=204)
