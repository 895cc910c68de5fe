"""From a number on the terminal down to what was really exchanged, on `golive run` with a real probe and real posts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

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
cutover: {{name: night one, environment: TEST}}
stages: [{{name: legacy}}, {{name: full}}]
people: [{{name: anna, role: approver, token: {{file: anna.token}}}}]
web: {{grafana: "https://grafana.example"}}
collectors:
  - name: wallboard
    kind: push
    every: 1s
    max_age: 30s
    token: {{file: push.token}}
    fixed: {{platform: legacy}}
  - name: systems
    kind: http
    every: 500ms
    max_age: 5s
    labels: {{platform: target}}
    transactions:
      - integration: crm
        requests:
          - {{operation: lookup, url: "{url}/lookup", headers: {{X-Api-Key: {{file: push.token}}}}}}
          - {{operation: record, url: "{url}/record"}}
gates:
  - {{name: waiting, title: Waiting, rules: [waiting]}}
  - {{name: systems, title: Systems, rules: [crm_up]}}
rules:
  - name: waiting
    metric: golive_queue_contacts_waiting
    by: [queue]
    estimator: last
    window: 2s
    operator: ">"
    breach: 100
    missing: {{no_data: unknown, null: unknown, error: unknown, stale: unknown}}
  - name: crm_up
    metric: golive_integration_up
    by: [integration]
    estimator: last
    window: 2s
    operator: "<"
    breach: 1
    missing: {{no_data: unknown, null: unknown, error: unknown, stale: unknown}}
"""


class Systems:
    """A business system that works until a test says otherwise."""

    def __init__(self) -> None:
        self.down = False
        self.app = web.Application()
        self.app.router.add_get("/lookup", self._lookup)
        self.app.router.add_get("/record", self._record)

    async def _lookup(self, _: web.Request) -> web.Response:
        return web.json_response({"found": 1})

    async def _record(self, _: web.Request) -> web.Response:
        return web.Response(status=503, text="no record server") if self.down else web.json_response({"id": 7})


async def until(app: Terminal, pilot, words: str) -> str:
    """The screen once these words are on it."""
    end = time.monotonic() + 20
    while True:
        await pilot.pause(0.1)
        seen = text(app)
        if re.search(words, seen):
            return seen
        assert time.monotonic() < end, f"{words!r} never came:\n{seen}"


async def test_from_a_gate_and_an_integration_to_the_real_exchange(
    tmp_path: Path, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Three enters from a gate stands the very post that brought its number; from a failed probe the answer it was given."""
    (tmp_path / "push.token").write_text(TOKEN)
    (tmp_path / "push.token").chmod(0o600)
    systems = Systems()
    async with TestServer(systems.app) as server:
        running = daemon(CONFIG.format(url=str(server.make_url("")).rstrip("/")))
        await running.start()
        async with aiohttp.ClientSession() as session:
            sample = {
                "metric": "golive_queue_contacts_waiting",
                "value": 137,
                "at": time.time(),
                "labels": {"queue": "sales-en"},
            }
            posted = await session.post(
                f"{running.url}/api/v1/samples",
                data=msgspec.json.encode([sample]),
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
            assert posted.status == 200
        async with DaemonClient(running.url, Secret(TOKENS["anna"])) as client:
            app = Terminal(client)
            async with app.run_test(size=(150, 50)) as pilot:
                await until(app, pilot, "BREACH +Waiting queue=sales-en")
                await pilot.press("enter")
                await until(app, pilot, "queue_contacts_waiting +platform=legacy queue=sales-en .*137 .* wallboard")
                await pilot.press("enter")
                await until(app, pilot, "137 taken +wallboard")
                await pilot.press("enter")
                seen = await until(app, pilot, "this message brought it")
                assert '"value":137' in seen
                assert TOKEN not in seen
                await pilot.press("b")
                await until(app, pilot, "copied: https://grafana.example/d/golive-")
                systems.down = True
                await pilot.press("4")
                seen = await until(app, pilot, r"✕ FAILED +crm target .*\.+x+ ")
                assert "record: status" in await until(app, pilot, "record: status")
                assert "gates Systems" in seen
                await pilot.press("enter")
                await until(app, pilot, "first byte")
                await pilot.press("enter")
                await until(app, pilot, "EXCHANGES|What came")
                await pilot.press("enter")
                seen = await until(app, pilot, "SENT")
                assert "secrets masked" in seen
                assert TOKEN not in seen
                await pilot.press("1", "question_mark", "question_mark")
                seen = await until(app, pilot, "golive_queue_contacts_waiting")
                assert "NO-GO for Waiting" in " ".join(seen.replace("┃", " ").split())
