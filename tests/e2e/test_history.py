"""`golive history` beside a daemon that runs, on a real broker: two processes, one file of recorded weeks."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from monitor.outbound.broker import Broker
from monitor.outbound.mqtt import publish
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.mosquitto import Mosquitto

pytestmark = [pytest.mark.e2e, pytest.mark.real]

METRIC = "golive_queue_oldest_contact_age_seconds"
CONFIG = """
schema: 1
cutover: {{name: night, environment: TEST, timezone: America/New_York}}
people: [{{name: anna, role: approver, token: {{file: anna.token}}}}, {{name: ben, role: approver, token: {{file: ben.token}}}}]
stages: [{{name: full}}]
collectors:
  - {{name: edge, kind: mqtt, every: 2s, max_age: 6s, broker: {{host: 127.0.0.1, port: {port}}}, subscriptions: [{{topic: native}}]}}
gates: [{{name: wait, rules: [wait]}}]
rules:
  - name: wait
    metric: golive_queue_oldest_contact_age_seconds
    match: {{platform: target}}
    by: [queue]
    estimator: mean
    window: 3s
    operator: ">="
    breach: 1.5
    baseline: {{from: history, need_slots: 3}}
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
"""


async def history(folder: Path, *words: str) -> str:
    """`golive history` as an operator types it; its standard output."""

    def run() -> subprocess.CompletedProcess[str]:
        command = [*GOLIVE, "history", *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=40)

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


async def test_weeks_that_are_imported_beside_a_running_daemon_count_within_seconds(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """UNKNOWN while no week is known; after the import NO-GO against the median, without a restart; and after one as well."""
    broker.start()
    running = daemon(CONFIG.format(port=broker.port))
    await running.start()

    async def speak() -> None:
        while True:
            labels = {"platform": "target", "queue": "sales"}
            body = {"metric": METRIC, "value": 33.0, "at": time.time(), "labels": labels}
            await publish(Broker(host="127.0.0.1", port=broker.port), Path(), "native", msgspec.json.encode(body))
            await asyncio.sleep(1)

    speaking = asyncio.create_task(speak())
    try:
        seen = await running.until(lambda seen: "recorded weeks have this quarter hour" in seen.verdict.reason)
        assert (seen.verdict.verdict, seen.rules[0].state) == ("UNKNOWN", "unknown")
        assert "0 of 3 recorded weeks" in seen.verdict.reason
        quarter = time.time() // 900 * 900
        lines = ["start,queue,value,samples"]
        for week in (1, 2, 3):
            for beside in (-4, 0, 1, 4):  # the clock may have been set in between; the next quarter hour may begin
                at = datetime.fromtimestamp(quarter - week * 604_800 + beside * 900, UTC)
                lines.append(f"{at.isoformat()},sales,20,40")
        report = running.folder / "pbx.csv"
        await asyncio.to_thread(report.write_text, "\n".join(lines) + "\n")
        assert "12 new or changed" in await history(running.folder, "import", "pbx.csv", "--rule", "wait")
        seen = await running.until(lambda seen: seen.verdict.verdict == "NO-GO", within=15)
        assert seen.rules[0].value == pytest.approx(33.0 / 20.0)
        told = json.loads(await history(running.folder, "show", "--json"))
        assert (told["timezone"], told["rules"][0]["scopes"][0]["slots"]) == ("America/New_York", 12)
        assert running.stop() == 0
        await running.start()
        await running.until(lambda seen: seen.verdict.verdict == "NO-GO", within=15)
        assert running.stop() == 0
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
