"""A target that counts: what was applied, under which key, in which order; and that misbehaves on request."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Target:
    """The other side of a runbook's requests. `base` is its URL once it is served."""

    def __init__(self) -> None:
        self.base = ""
        self.host = ""
        self.requests: list[str] = []
        """Step names in the order in which effects arrived."""
        self.keys: dict[str, set[str]] = {}
        self.headers: list[dict[str, str]] = []
        self.applied: Counter[str] = Counter()
        """Effects by step, those repeated under a known key not counted again."""
        self.ways: dict[str, str] = {}
        """How a step is answered: ok, error, refuse, cut, hang, redirect, bomb."""
        self.release = asyncio.Event()

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.put("/apply/{step}", self._apply),
                web.get("/apply/{step}", self._apply),
                web.get("/state/{step}", self._state),
            ]
        )
        return app

    async def _apply(self, request: web.Request) -> web.StreamResponse:
        step = request.match_info["step"]
        body = await request.read()
        key = request.headers.get("Idempotency-Key", "")
        self.headers.append(dict(request.headers))
        self.requests.append(step)
        keys = self.keys.setdefault(step, set())
        if not key or key not in keys:
            self.applied[step] += 1
        keys.add(key)
        way = self.ways.get(step, "ok")
        if way == "cut":
            assert request.transport is not None
            request.transport.abort()
        if way == "hang":
            await self.release.wait()
        if way == "redirect":
            raise web.HTTPFound("/state/elsewhere")
        if way == "bomb":
            return web.Response(body=b"x" * (2 * 1024 * 1024))
        if way == "refuse":
            return web.json_response({"error": "no such route"}, status=404)
        if way == "evil":
            return web.Response(body=b"\x1b]0;owned\x07 [@click=app.approve]Sales[/] \xe2\x80\xae")
        if way == "error":
            return web.json_response({"to": "target", "error": "not moved", "sent": body.decode()})
        return web.json_response({"to": "legacy"})

    async def _state(self, request: web.Request) -> web.Response:
        step = request.match_info["step"]
        if self.ways.get(f"probe {step}") == "refuse":
            return web.json_response({"error": "who knows"}, status=500)
        return web.json_response({"to": "legacy" if self.applied[step] else "target"})


@asynccontextmanager
async def served() -> AsyncIterator[Target]:
    """A target on a free port of this machine."""
    target = Target()
    runner = web.AppRunner(target.application(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    target.host = f"127.0.0.1:{port}"
    target.base = f"http://{target.host}"
    try:
        yield target
    finally:
        target.release.set()
        await runner.cleanup()
