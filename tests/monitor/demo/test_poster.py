"""The legacy platform's posts: in order, each until it is taken, none for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from monitor.demo.poster import WAITING, Poster
from tests.rig.mosquitto import free_port
from tests.rig.waiting import until


class Port:
    """golive's port as far as a poster sees it; answers with the next status, else 200."""

    def __init__(self) -> None:
        self.port = free_port()
        self.bodies: list[bytes] = []
        self.tokens: set[str] = set()
        self.statuses: list[int] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/api/v1/samples", self._take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.tokens.add(request.headers.get("Authorization", ""))
        self.bodies.append(await request.read())
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@asynccontextmanager
async def posting(port: Port, token: Path) -> AsyncIterator[Poster]:
    poster = Poster(port.port, token)
    task = asyncio.create_task(poster.run())
    try:
        yield poster
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_posts_wait_for_golive_and_its_token_and_keep_their_order(tmp_path: Path) -> None:
    """What is posted before golive runs arrives once it does, oldest first, with the token that was written meanwhile."""
    port, token = Port(), tmp_path / "token"
    async with posting(port, token) as poster:
        for n in range(3):
            poster.post(b"%d" % n)
        async with port.open():
            await asyncio.sleep(0.3)
            assert port.bodies == []
            token.write_text("the-token\n")
            await until(lambda: poster.posted == 3, 15)
    assert port.bodies == [b"0", b"1", b"2"]
    assert port.tokens == {"Bearer the-token"}


async def test_a_post_that_is_not_taken_comes_again_and_one_that_is_wrong_does_not(tmp_path: Path) -> None:
    """503 and 429 are tried again until taken; 422 is given up, and the next one has its turn."""
    port, token = Port(), tmp_path / "token"
    token.write_text("t")
    port.statuses = [503, 429, 200, 422]
    async with port.open(), posting(port, token) as poster:
        for body in (b"a", b"b", b"c"):
            poster.post(body)
        await until(lambda: b"c" in port.bodies, 15)
    assert port.bodies == [b"a", b"a", b"a", b"b", b"c"]


async def test_what_waits_is_bounded(tmp_path: Path) -> None:
    """A golive that never comes costs a minute of posts, not memory without end."""
    poster = Poster(free_port(), tmp_path / "missing")
    for n in range(10 * WAITING):
        poster.post(b"%d" % n)
    assert len(poster._waiting) == WAITING


async def test_an_export_begins_when_golive_is_there(tmp_path: Path) -> None:
    """Whether golive was ever reached is known at once, even while it takes nothing yet: no news of long ago is posted first."""
    port = Port()
    async with posting(port, tmp_path / "missing") as poster:
        await asyncio.sleep(0.3)
        assert not poster.reached
        async with port.open():
            await until(lambda: poster.reached, 15)
    assert port.bodies == []
