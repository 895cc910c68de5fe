"""Every query of every panel, asked of a real Prometheus that scrapes a real demo in its worst minute."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from dashboards.grafana.board import NOTES
from dashboards.grafana.shelf import BOARDS
from tests.rig.prometheus import SCRAPE, prometheus

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(240)]

_DEMO = [sys.executable, "-c", "from monitor.cli.main import main; main()", "demo", "--headless", "--json"]
_CHOSEN = {"job": ".*", "cutover": ".*", "instance": ".*", "platform": ".*", "queue": ".*", "__rate_interval": "10s"}
RULES = Path(__file__).parents[2] / "dashboards" / "prometheus"


@asynccontextmanager
async def demo(folder: Path, scenario: str) -> AsyncIterator[tuple[int, asyncio.Task[set[str]]]]:
    """A demo that runs by itself; gives its port, and a task that ends with the states that its decisions had."""
    process = await asyncio.create_subprocess_exec(
        *_DEMO, "--scenario", scenario, "--dir", str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    first = json.loads(await process.stdout.readline())

    async def told() -> set[str]:
        states = set()
        assert process.stdout is not None
        async for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "decision":
                states.add(event["state"])
        return states

    telling = asyncio.create_task(told())
    try:
        yield urlsplit(first["url"]).port or 0, telling
    finally:
        telling.cancel()
        if process.returncode is None:
            process.terminate()
        await process.wait()


def chosen(expression: str) -> str:
    """The expression as Grafana asks it with everything chosen."""
    return re.sub(r"\$(\w+)", lambda match: _CHOSEN[match[1]], expression)


async def answers(session: aiohttp.ClientSession, url: str, expression: str) -> int:
    """How many series Prometheus has for an expression over the last two minutes; fails where it cannot be asked."""
    async with session.get(f"{url}/api/v1/query", params={"query": "time()"}) as answer:
        at = float((await answer.json())["data"]["result"][1])
    span = {"query": chosen(expression), "start": str(at - 120), "end": str(at), "step": "1"}
    async with session.get(f"{url}/api/v1/query_range", params=span) as answer:
        said = await answer.json()
    assert said["status"] == "success", (expression, said)
    return len(said["data"]["result"])


async def test_every_panel_finds_data_in_the_demo_or_says_why_not(tmp_path: Path) -> None:
    """After one rollback every panel has shown something, and what may stay empty says so in the panel itself."""
    config = SCRAPE.replace("scrape_timeout: 1s", "scrape_timeout: 1s, evaluation_interval: 1s")
    config += f"rule_files: ['{RULES}/alerts.yml', '{RULES}/recording.yml']\n"
    async with (
        demo(tmp_path / "demo", "rollback") as (port, story),
        prometheus(tmp_path, port, config % port) as url,
        aiohttp.ClientSession() as session,
    ):
        states = await asyncio.wait_for(story, 150)
        assert {"awaiting", "rolled_back"} <= states
        empty: list[str] = []
        mute: list[str] = []
        for board in BOARDS:
            for pane in board.panes:
                found = sum([await answers(session, url, query.expression) for query in pane.queries])
                if not found:
                    (mute if pane.empty else empty).append(f"{board.uid}: {pane.title}")
        assert empty == []
        # These need what the demo has not: a decide-by, HTTP probes, other signalling. Everything else was seen alive.
        assert set(mute) <= {
            "golive-overview: Time left to decide a rollback",
            "golive-runs: Time left to decide a rollback",
            "golive-calls: Answer-seizure ratio",
            "golive-calls: Dropped calls",
            "golive-integrations: Phases of the latest request",
            "golive-integrations: Certificates",
            "golive-integrations: TLS version",
            "golive-self: Refused samples",
            "golive-self: Families left out of /metrics",
            "golive-runs: Refused requests",
        }
        for note in NOTES:
            assert await answers(session, url, note.expression), note.name
        recorded = [
            await answers(session, url, f'{{__name__=~"{name}:.+"}}') for name in ("platform", "job_instance_collector")
        ]
        assert all(recorded)
        assert await answers(session, url, 'ALERTS{alertname="GoliveVerdictNoGo",alertstate="firing"}')
        assert await answers(session, url, 'ALERTS{alertname="GoliveWatchdog",alertstate="firing"}')
