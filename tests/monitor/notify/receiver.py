"""A webhook receiver on this machine that answers as told and keeps what it got."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
from aiohttp import web

from monitor.notify.channels import Webhook
from monitor.notify.message import Message
from monitor.notify.notifier import Notifier

NOW = 1_795_294_546.0


class Got(NamedTuple):
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Message:
        return msgspec.json.decode(self.body, type=Message)


class Receiver:
    """Answers with `answers` in turn (status, headers), then with 204."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.hang = False
        self.released = asyncio.Event()
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def start(self) -> None:
        """Listen, on the same port as before where there was one."""
        app = web.Application()
        app.router.add_post("/hook", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append(Got(dict(request.headers), await request.read()))
        if self.hang:
            await self.released.wait()
        status, headers = self.answers.pop(0) if self.answers else (204, {})
        return web.Response(status=status, headers=headers)


class Results:
    """What the notifier reported."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bool, str]] = []

    def __call__(self, channel: str, ok: bool, detail: str) -> None:
        self.all.append((channel, ok, detail))

    @property
    def good(self) -> list[str]:
        return [detail for _, ok, detail in self.all if ok]

    @property
    def bad(self) -> list[str]:
        return [detail for _, ok, detail in self.all if not ok]


def message(number: int = 1) -> Message:
    """A page."""
    return Message(
        id=f"m-{number}",
        dedupe_key="sales/verdict",
        at=NOW,
        environment="PROD",
        cutover="sales",
        severity="critical",
        summary=f"CRIT PROD page {number}",
        event="verdict",
        object="verdict",
        state="NO-GO",
        details={"text": "words"},
    )


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver that is up."""
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        await receiver.stop()


@asynccontextmanager
async def notifying(*channels: Webhook, base: Path = Path()) -> AsyncIterator[tuple[Notifier, Results]]:
    """A notifier at work, with its shortest waits."""
    results = Results()
    notifier = Notifier(channels, base, results, clock=lambda: NOW, jitter=lambda: 0.0)
    await notifier.start()
    try:
        yield notifier, results
    finally:
        await notifier.close()


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so; TimeoutError when it does not become so in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
