"""A real Prometheus scrapes the daemon's web server and answers queries on what it read."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.rig.programs import program

SCRAPE = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: golive
    honor_timestamps: false
    static_configs: [{targets: ["127.0.0.1:%d"]}]
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def prometheus(folder: Path, target: int) -> AsyncIterator[str]:
    """A Prometheus that scrapes a port of this machine every second; gives its address."""
    port = _free_port()
    config = folder / "prometheus.yml"
    await asyncio.to_thread(config.write_text, SCRAPE % target)
    log = await asyncio.to_thread((folder / "prometheus.log").open, "wb")
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield f"http://127.0.0.1:{port}"
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
    pytest.fail(f"Prometheus had no answer to {expression} within {seconds:g} s")


@pytest.mark.real
async def test_prometheus_scrapes_and_answers(house, tmp_path):
    """Prometheus reads series with hostile labels, states and the process from one scrape, and calls it up."""
    hostile = 'a "quoted" \\ back\nslash é {}'
    now = time.time()
    house.table.put((("site", "porto"), ("state", "acw")), 7.0, now)
    house.table.put((("site", hostile), ("state", "acw")), 9.0, now)
    async with prometheus(tmp_path, house.listener.port) as url:
        (site,) = await query(house.session, url, 'golive_agents{site="porto"}')
        assert site["value"][1] == "7"
        names = {row["metric"]["site"] for row in await query(house.session, url, "golive_agents")}
        assert names == {"porto", hostile}
        (verdict,) = await query(house.session, url, "golive_verdict == 1")
        assert verdict["metric"]["verdict"] == "no_go"
        over = "golive_rule_value > on (rule) group_left golive_rule_limit{kind='breach'}"
        (row,) = await query(house.session, url, over)
        assert row["metric"]["scope"] == "site=porto"
        (up,) = await query(house.session, url, "up == 1")
        assert up["metric"]["job"] == "golive"
        assert await query(house.session, url, "process_resident_memory_bytes > 1e6")
        async with house.session.get(f"{url}/api/v1/metadata", params={"metric": "golive_agents"}) as answer:
            (metadata,) = (await answer.json())["data"]["golive_agents"]
        assert metadata["type"] == "gauge"
        assert metadata["help"].startswith("Agents signed in")
