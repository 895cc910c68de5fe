"""Consent on a real daemon: alone and loud, vouched for, killed in between, and never past a point of no return."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from monitor.deciding.ledger import verify
from monitor.outbound.broker import Broker
from monitor.outbound.mqtt import publish
from monitor.serving.snapshot import Snapshot
from tests.e2e.conftest import TOKENS
from tests.rig.daemon import RunningDaemon
from tests.rig.mosquitto import Mosquitto

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {{name: night one, environment: TEST, undo_window: 1s}}
people:
  - {{name: anna, role: approver, duties: [cutover-manager], token: {{file: anna.token}}}}
  - {{name: ben, role: approver, duties: [telephony-lead], token: {{file: ben.token}}}}
stages: [{{name: legacy}}, {{name: full}}]
collectors:
  - name: carrier
    kind: mqtt
    every: 2s
    max_age: 60s
    broker: {{host: 127.0.0.1, port: {port}}}
    subscriptions: [{{topic: native}}]
metrics:
  - {{name: port_state, kind: gauge, unit: ratio, help: How far the port is., high: 2, direction: low}}
signals:
  - {{name: ported, metric: port_state, estimator: last, window: 5m}}
points_of_no_return:
  - {{name: did-port, signal: ported, when: ">= 1"}}
"""
RUNBOOK = """
name: by-hand
title: Tell the floor
preflight: ["not past_point_of_no_return"]
steps:
  - {name: floor, action: manual, effect: once, instructions: tell the floor}
  - {name: bridge, action: manual, effect: once, instructions: tell the bridge}
verify: ["ported < 1"]
verify_hold: 1s
verify_within: 30s
"""


def glass(reason: str = "nobody else answers") -> dict[str, object]:
    return {"runbook": "by-hand", "parameters": {}, "reason": reason, "confirm": "by-hand TEST"}


async def say(broker: Mosquitto, value: float) -> None:
    body = {"metric": "port_state", "value": value, "at": time.time(), "labels": {"platform": "target"}}
    await publish(Broker(host="127.0.0.1", port=broker.port), Path(), "native", msgspec.json.encode(body))


async def test_one_approver_alone_across_a_crash_and_then_past_the_point_of_no_return(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Broken glass waits for another's word, runs, survives kill -9, is on record twice; a passed point freezes it for good."""
    broker.start()
    running = daemon(CONFIG.format(port=broker.port))
    folder = running.folder / "runbooks"
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    await asyncio.to_thread((folder / "by-hand.yaml").write_text, RUNBOOK)
    await running.start()
    await running.until(lambda seen: seen.sources[0].state == "ok")
    assert await running.act(TOKENS["anna"], "runs/break-glass", **{**glass(), "confirm": "by-hand"}) == 409
    assert await running.act(TOKENS["anna"], "runs/break-glass", **glass()) == 200
    seen = await running.until(lambda seen: any(row.kind == "attest" for row in seen.waiting))
    (row,) = seen.decisions
    assert (row.mode, row.state, [point.state for point in row.points]) == ("break_glass", "preflight", ["unknown"])
    for name, status in (("anna", 403), ("ben", 200)):
        for check in row.preflight:
            body = {"item": check.what, "digest": row.digest, "evidence": "rang the carrier"}
            assert await running.act(TOKENS[name], f"decisions/{row.id}/attest", **body) == status
    seen = await running.until(lambda seen: seen.runs)
    await running.until(lambda seen: seen.runs[0].begins_at is not None)

    def asks(name: str) -> Callable[[Snapshot], object]:
        return lambda seen: seen.runs and any(s.name == name and s.state == "waiting" for s in seen.runs[0].steps)

    seen = await running.until(asks("floor"))
    run = seen.runs[0].id
    assert await running.act(TOKENS["anna"], f"runs/{run}/takeover", reason="faster by hand") == 200
    running.kill()
    await running.start()
    seen = await running.until(asks("floor"))
    assert (seen.runs[0].mode, seen.runs[0].by_hand) == ("break_glass", "anna")
    for name in ("floor", "bridge"):
        await running.until(asks(name))
        assert (
            await running.act(TOKENS["anna"], f"runs/{run}/steps/{name}/resolve", outcome="done", reason="told") == 200
        )
    await running.until(lambda seen: seen.runs[0].state == "verifying")
    await say(broker, 0.0)
    await running.until(lambda seen: seen.runs[0].state == "done")
    await say(broker, 1.0)
    await running.until(lambda seen: seen.points[0].state == "passed")
    await say(broker, 0.0)
    running.kill()
    await running.start()
    seen = await running.until(lambda seen: seen.points[0].state == "passed")
    assert await running.act(TOKENS["anna"], "runs/break-glass", **glass("again")) == 200
    await running.until(lambda seen: any(row.state == "frozen" for row in seen.decisions))
    assert await running.act(TOKENS["ben"], "points/did-port/declare", passed=False, reason="a test entry") == 200
    second = (running.folder / "state" / "break_glass.log").read_text()
    assert "BREAKS THE GLASS for by-hand, alone: nobody else answers" in second
    assert "BREAK-GLASS" in running.words()
    assert running.stop() == 0
    assert (await asyncio.to_thread(verify, running.folder / "state" / "journal.db")).ok
