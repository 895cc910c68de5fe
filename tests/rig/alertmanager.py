"""A real Alertmanager on a free port, in a folder of its own, ended with the context."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.rig.mosquitto import free_port
from tests.rig.programs import program

CONFIG = """
route:
  receiver: hook
  group_by: GROUP_BY
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: hook
    webhook_configs: [{url: "http://127.0.0.1:%d/hook", send_resolved: true}]
"""


@asynccontextmanager
async def alertmanager(folder: Path, receiver: int, port: int = 0, group_by: str = "['...']") -> AsyncIterator[str]:
    """An Alertmanager that calls a receiver of this machine at once; gives its address once it is ready."""
    port = port or free_port()
    own = folder / f"alertmanager-{port}"
    await asyncio.to_thread(own.mkdir, parents=True, exist_ok=True)
    config = own / "alertmanager.yml"
    await asyncio.to_thread(config.write_text, CONFIG.replace("GROUP_BY", group_by) % receiver)
    log = await asyncio.to_thread((own / "log").open, "ab")
    process = await asyncio.create_subprocess_exec(
        program("prometheus-alertmanager"),
        f"--config.file={config}",
        f"--storage.path={own}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await _ready(url)
        yield url
    finally:
        process.terminate()
        await process.wait()
        log.close()


async def _ready(url: str) -> None:
    deadline = time.monotonic() + 20
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < deadline:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)
    pytest.fail("Alertmanager was not ready within 20 s")


async def alerts(url: str) -> list[dict[str, Any]]:
    """What an Alertmanager holds as active."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v2/alerts") as answer:
        found: list[dict[str, Any]] = await answer.json()
        return found
