"""A real Prometheus and a real VictoriaMetrics, on free ports, in folders of their own, ended with the context."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.rig.mosquitto import free_port
from tests.rig.programs import program

SCRAPE = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: golive
    honor_timestamps: false
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


@asynccontextmanager
async def prometheus(
    folder: Path, target: int, config_text: str = "", more: tuple[str, ...] = ()
) -> AsyncIterator[str]:
    """A Prometheus that scrapes a port of this machine every second, or does what its configuration says."""
    config = folder / "prometheus.yml"
    await asyncio.to_thread(config.write_text, config_text or SCRAPE % target)
    port = free_port()
    options = [
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        *more,
    ]
    async with running(folder, "prometheus", options):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def victoria_metrics(folder: Path) -> AsyncIterator[str]:
    """An empty VictoriaMetrics; gives its address."""
    port = free_port()
    options = [f"-storageDataPath={folder / 'vm'}", f"-httpListenAddr=127.0.0.1:{port}", "-search.latencyOffset=0s"]
    async with running(folder, "victoria-metrics", options):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running(folder: Path, name: str, options: list[str]) -> AsyncIterator[None]:
    """A program with its log beside it, ended with the context."""
    log = await asyncio.to_thread((folder / f"{name}.log").open, "wb")
    process = await asyncio.create_subprocess_exec(program(name), *options, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        log.close()


async def query(session: aiohttp.ClientSession, url: str, expression: str, seconds: float = 30.0) -> list[dict]:
    """Ask until there is an answer that is not empty."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"{url}/api/v1/query", params={"query": expression}) as answer:
                if answer.status == 200:
                    result: list[dict] = (await answer.json())["data"]["result"]
                    if result:
                        return result
        await asyncio.sleep(0.1)
    pytest.fail(f"{url} had no answer to {expression} within {seconds:g} s")
