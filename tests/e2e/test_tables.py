"""Screens 2 and 3 on `golive run` with real posts: what was posted stands there, old against new, and over time."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from dashboards.terminal.app import Terminal
from dashboards.terminal.client import DaemonClient
from monitor.secrets import Secret
from tests.dashboards.terminal.stage import text
from tests.e2e.conftest import TOKENS
from tests.rig.daemon import RunningDaemon

pytestmark = [pytest.mark.e2e, pytest.mark.real]

TOKEN = "p" * 40
CONFIG = """
schema: 1
cutover: {name: night one, environment: TEST}
stages: [{name: full}]
people: [{name: anna, role: approver, token: {file: anna.token}}]
collectors:
  - {name: posts, kind: push, every: 1s, max_age: 30s, token: {file: push.token}}
gates:
  - {name: waiting, title: Waiting, rules: [waiting]}
rules:
  - name: waiting
    metric: golive_queue_contacts_waiting
    match: {platform: target}
    by: [queue]
    estimator: last
    window: 2s
    operator: ">"
    breach: 30
    missing: {no_data: unknown, null: unknown, error: unknown, stale: unknown}
"""


async def post(url: str, session: aiohttp.ClientSession, samples: list[dict[str, Any]]) -> None:
    """Send samples as of now."""
    now = time.time()
    body = msgspec.json.encode([{**sample, "at": now} for sample in samples])
    answer = await session.post(f"{url}/api/v1/samples", data=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200, await answer.text()


def queue(platform: str, offered: int, answered: int, waiting: int) -> list[dict[str, Any]]:
    """What a platform tells of one queue."""
    where = {"queue": "sales/en 漢字", "platform": platform}
    told = {
        "golive_queue_contacts_offered_total": offered,
        "golive_queue_contacts_answered_total": answered,
        "golive_queue_contacts_abandoned_total": 0,
        "golive_queue_contacts_waiting": waiting,
    }
    return [{"metric": metric, "value": value, "labels": where} for metric, value in told.items()]


def score(value: float, trunk: str) -> dict[str, Any]:
    """One report."""
    labels = {"platform": "target", "trunk": trunk, "method": "g107"}
    return {"metric": "golive_media_mos", "value": value, "labels": labels}


async def heard(running: RunningDaemon) -> None:
    """Wait until the daemon follows both platforms of the queue."""
    async with asyncio.timeout(20):
        while (await running.text("/api/v1/recent/queues")).count('"offered":0.0') < 2:
            await asyncio.sleep(0.1)


async def until(app: Terminal, pilot: Any, words: str) -> str:
    """The screen once these words are on it."""
    end = time.monotonic() + 30
    while True:
        await pilot.pause(0.1)
        seen = text(app)
        if re.search(words, seen):
            return seen
        assert time.monotonic() < end, f"{words!r} never came:\n{seen}"


async def test_queues_and_calls_as_they_were_posted(tmp_path: Path, daemon: Callable[[str], RunningDaemon]) -> None:
    """The queue is in breach and worse than on the old platform, its counts add up, its trunk's bad reports are on the map."""
    (tmp_path / "push.token").write_text(TOKEN)
    (tmp_path / "push.token").chmod(0o600)
    running = daemon(CONFIG)
    await running.start()
    async with aiohttp.ClientSession() as session:
        await post(
            running.url, session, [*queue("legacy", 100, 98, 2), *queue("target", 10, 8, 2), score(4.3, "sbc-1")]
        )
        await heard(running)
        await post(
            running.url,
            session,
            [
                *queue("legacy", 104, 102, 2),
                *queue("target", 60, 20, 40),
                *(score(2.0 + i / 20, "sbc-2") for i in range(10)),
            ],
        )
    async with DaemonClient(running.url, Secret(TOKENS["anna"])) as client:
        app = Terminal(client)
        async with app.run_test(size=(150, 50)) as pilot:
            await until(app, pilot, "BREACH +Waiting")
            await pilot.press("3")
            seen = await until(
                app, pilot, r"new in \S+: offered 50 = answered 12 \+ abandoned 0 \+ growth of queue 38 +✓"
            )
            assert re.search(r"BREACH +sales/en 漢字 +2 +40▲", seen)
            assert re.search(r"old in \S+: offered 4 = answered 4 \+ abandoned 0 \+ growth of queue 0 +✓", seen)
            assert "window 15m, of which" in seen
            await pilot.press("2")
            seen = await until(app, pilot, r"WORST OF 10 REPORTS BELOW 3\.6")
            assert re.search(r"sbc-2 +- +[12]\.\d\d", seen)
            assert re.search(r"sbc-1 +- +4\.\d\d", seen)
            assert "100% now" in seen
