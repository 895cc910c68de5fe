"""A real Alertmanager, a real vmalert, and an exporter with one number that a test turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.rig.mosquitto import free_port
from tests.rig.prometheus import running


class Exporter:
    """One metric of golive at /metrics; None says nothing."""

    def __init__(self) -> None:
        self.values: dict[str, float | None] = {}
        self.port = 0

    async def _page(self, _: web.Request) -> web.Response:
        lines = [
            f'golive_media_packet_loss_ratio{{platform="target",trunk="{trunk}"}} {value}\n'
            for trunk, value in self.values.items()
            if value is not None
        ]
        head = "# HELP golive_media_packet_loss_ratio Loss.\n# TYPE golive_media_packet_loss_ratio gauge\n"
        return web.Response(text=head + "".join(lines))


@asynccontextmanager
async def exporter() -> AsyncIterator[Exporter]:
    """Something to scrape."""
    made = Exporter()
    app = web.Application()
    app.router.add_get("/metrics", made._page)
    runner = web.AppRunner(app)
    await runner.setup()
    made.port = free_port()
    await web.TCPSite(runner, "127.0.0.1", made.port).start()
    try:
        yield made
    finally:
        await runner.cleanup()


class Alertmanager:
    """An Alertmanager that can be stopped and started again on its data."""

    def __init__(self, folder: Path, config: str) -> None:
        self._folder = folder
        self._config = folder / "alertmanager.yml"
        self._config.write_text(config)
        self.port = free_port()
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Begin."""
        options = [
            f"--config.file={self._config}",
            f"--storage.path={self._folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]
        self._stack = AsyncExitStack()
        await self._stack.enter_async_context(running(self._folder, "prometheus-alertmanager", options))

    async def stop(self) -> None:
        """End."""
        await self._stack.aclose()


@asynccontextmanager
async def alertmanager(folder: Path, config: str) -> AsyncIterator[Alertmanager]:
    """An Alertmanager by this configuration."""
    made = await asyncio.to_thread(Alertmanager, folder, config)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


@asynccontextmanager
async def vmalert(folder: Path, rules: Path, source: str, notifier: str) -> AsyncIterator[None]:
    """A vmalert that judges rules every second by what a source holds."""
    options = [
        f"-rule={rules}",
        f"-datasource.url={source}",
        f"-remoteWrite.url={source}",
        f"-notifier.url={notifier}",
        f"-httpListenAddr=127.0.0.1:{free_port()}",
        "-evaluationInterval=1s",
        "-datasource.queryStep=1s",
        "-rule.resendDelay=1s",
    ]
    async with running(folder, "vmalert", options):
        yield
