"""`golive run` on a real broker: what it hears it shows, what it decided it remembers, what is wrong it says."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from monitor.outbound.broker import Broker
from monitor.outbound.mqtt import publish
from tests.e2e.conftest import TOKENS
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.mosquitto import Mosquitto
from tests.rig.programs import program

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {{name: night one, environment: TEST}}
people:
  - {{name: anna, role: approver, duties: [cutover-manager], token: {{file: anna.token}}}}
  - {{name: ben, role: approver, duties: [telephony-lead], token: {{file: ben.token}}}}
stages: [{{name: legacy}}, {{name: full}}]
collectors:
  - name: edge
    kind: mqtt
    every: 2s
    max_age: 6s
    broker: {{host: 127.0.0.1, port: {port}}}
    subscriptions: [{{topic: native}}]
gates:
  - {{name: loss, title: Packet loss, rules: [loss]}}
  - {{name: smoke, title: Smoke calls, signed_by: telephony-lead}}
rules:
  - name: loss
    title: Packet loss
    metric: golive_media_packet_loss_ratio
    by: [trunk]
    estimator: mean
    window: 3s
    operator: ">="
    warn: 0.5%
    breach: 1%
    clear: 0.5%
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
journal: {{record: {record}}}
"""


def sample(value: float, at: float | None = None, **labels: str) -> bytes:
    """A native message."""
    return msgspec.json.encode(
        {
            "metric": "golive_media_packet_loss_ratio",
            "value": value,
            "at": time.time() if at is None else at,
            "labels": {"platform": "target", "trunk": "sbc-1", **labels},
        }
    )


async def send(broker: Mosquitto, payload: bytes) -> None:
    """Publish one message, acknowledged."""
    await publish(Broker(host="127.0.0.1", port=broker.port), Path(), "native", payload)


async def test_what_is_published_is_judged_shown_and_scraped(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """A lossy trunk becomes NO-GO on the board and a number in /metrics that promtool accepts; a bad message is kept escaped."""
    broker.start()
    running = daemon(CONFIG.format(port=broker.port, record="false"))
    await running.start()
    await running.until(lambda seen: seen.sources[0].state == "ok")
    await send(broker, b'{"metric": \x1b[2J')

    async def lossy() -> bool:
        await send(broker, sample(0.03))
        return (await running.snapshot()).verdict.verdict == "NO-GO"

    deadline = time.monotonic() + 20
    while not await lossy():
        assert time.monotonic() < deadline
    seen = await running.snapshot()
    gate = seen.gates[0]
    assert (gate.state, gate.scope, gate.limit) == ("breach", "trunk=sbc-1", 0.01)
    assert gate.target == pytest.approx(0.03)
    assert seen.verdict.reason.startswith("Packet loss trunk=sbc-1 3.0% >= 1.0%")
    assert seen.sources[0].last_refused == 'malformed: {"metric": \\x1b[2J'
    assert any(row.metric == "golive_media_packet_loss_ratio" and row.value == 0.03 for row in seen.series)
    page = await running.text("/metrics")
    assert 'golive_media_packet_loss_ratio{platform="target",trunk="sbc-1"} 0.03' in page
    assert 'golive_rule_limit{kind="breach",rule="loss"} 0.01' in page
    lint = subprocess.run(
        [program("promtool"), "check", "metrics"], input=page.encode(), capture_output=True, check=False
    )
    assert (lint.returncode, lint.stdout, lint.stderr) == (0, b"", b"")
    assert running.stop() == 0


async def test_a_broker_that_is_not_there_is_shown_and_found_again(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """The daemon runs without its broker: the source is retrying, its gate UNKNOWN; when the broker comes it recovers by itself."""
    running = daemon(CONFIG.format(port=broker.port, record="false"))
    await running.start()
    seen = await running.until(lambda seen: seen.verdict.verdict == "UNKNOWN")
    assert seen.sources[0].state == "retrying"
    assert "cannot be reached" in seen.sources[0].error
    assert seen.verdict.reason == "Packet loss: never heard"
    broker.start()
    await running.until(lambda seen: seen.sources[0].state == "ok", within=40)


async def test_a_second_daemon_on_the_same_state_is_refused_and_told_who_holds_it(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Exit code 4 within moments, naming the first one's process; after its death the state is free."""
    running = daemon(CONFIG.format(port=broker.port, record="false"))
    await running.start()
    assert running.process is not None
    second = subprocess.run(
        running.command(), cwd=running.folder, capture_output=True, text=True, check=False, timeout=30
    )
    assert second.returncode == 4
    assert f"process {running.process.pid}" in second.stderr
    running.kill()
    await running.start()


async def test_a_wrong_configuration_starts_nothing_and_lists_every_problem(tmp_path: Path) -> None:
    """Exit code 3; file and line of each mistake, and no state directory made."""
    (tmp_path / "golive.yaml").write_text("schema: 1\ncutover: {nam: x}\nstages: []\nrules: [{name: a, breach: nan}]\n")
    run = subprocess.run([*GOLIVE, "run"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert run.returncode == 3
    for expected in ("golive.yaml:2:10: cutover", "golive.yaml:2:11", "golive.yaml:4:", "nothing was started"):
        assert expected in run.stderr
    assert not (tmp_path / "state").exists()


async def test_after_a_crash_it_stands_where_it_stood(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Killed without warning: stage, signature and windows are there again, and the journal verifies."""
    broker.start()
    running = daemon(CONFIG.format(port=broker.port, record="true"))
    await running.start()
    await running.until(lambda seen: seen.sources[0].state == "ok")
    assert await running.act(TOKENS["ben"], "gates/smoke/sign", signed=True, reason="ten calls") == 200

    async def fine() -> bool:
        await send(broker, sample(0.001))
        return (await running.snapshot()).verdict.verdict == "GO"

    deadline = time.monotonic() + 20
    while not await fine():
        assert time.monotonic() < deadline
    assert await running.act(TOKENS["anna"], "stages/full/advance", reason="all good") == 200
    deadline = time.monotonic() + 20
    while not await fine():
        assert time.monotonic() < deadline
    running.kill()
    await running.start()
    seen = await running.snapshot()
    assert seen.cutover.stage == "full"
    assert {gate.name: gate.signed_by for gate in seen.gates}["smoke"] == "ben"
    assert seen.gates[0].samples > 0
    assert running.stop() == 0
    verified = subprocess.run(
        [*GOLIVE, "audit", "verify"], cwd=running.folder, capture_output=True, text=True, check=False, timeout=30
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


async def test_old_and_future_messages_never_look_fresh(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """A retained message of three hours ago and one from next year leave the source as unheard as it was."""
    broker.start()
    await publish(
        Broker(host="127.0.0.1", port=broker.port), Path(), "native", sample(0.5, at=time.time() - 10800), retain=True
    )
    running = daemon(CONFIG.format(port=broker.port, record="false"))
    await running.start()
    await send(broker, sample(0.5, at=time.time() + 31_536_000))
    seen = await running.until(lambda seen: sum(seen.sources[0].refused_by.values()) >= 2)
    assert seen.sources[0].refused_by == {"late": 1, "future": 1}
    assert seen.verdict.verdict in ("HOLD", "UNKNOWN")
    assert all(row.value is None for row in seen.rules)


TWO = """
  - name: other
    kind: mqtt
    every: 1s
    max_age: 2s
    broker: {{host: 127.0.0.1, port: 1}}
    subscriptions: [{{topic: native}}]
gates:
"""


async def test_a_source_that_never_spoke_is_missed_beside_one_that_does(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Two sources feed one rule and one of them never comes up: the verdict is UNKNOWN and names it, however good the other is."""
    broker.start()
    running = daemon(CONFIG.replace("gates:\n", TWO.lstrip("\n"), 1).format(port=broker.port, record="false"))
    await running.start()
    await running.until(lambda seen: seen.sources[0].state == "ok")

    async def missed() -> bool:
        await send(broker, sample(0.001))
        seen = await running.snapshot()
        return seen.gates[0].state == "ok" and seen.verdict.verdict == "UNKNOWN"

    deadline = time.monotonic() + 30
    while not await missed():
        assert time.monotonic() < deadline
    seen = await running.snapshot()
    assert seen.verdict.reason == "Sources: nothing was ever heard of other"
    assert (seen.gates[-1].name, seen.gates[-1].state) == ("sources", "unknown")
