"""From the publish of the first breaching message to the alert's transition, through a real broker and a whole daemon."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path

import msgspec

from monitor.config_file import read
from monitor.daemon.daemon import Daemon
from monitor.outbound.broker import Broker
from monitor.outbound.mqtt import publish
from tests.rig.mosquitto import Mosquitto

ROUNDS = 20
CONFIG = """
schema: 1
cutover: {{name: bench, environment: BENCH}}
stages: [{{name: only}}]
collectors:
  - name: bench
    kind: mqtt
    every: 10s
    broker: {{host: 127.0.0.1, port: {port}}}
    subscriptions: [{{topic: bench}}]
gates: [{{name: loss, rules: [loss]}}]
rules:
  - name: loss
    metric: golive_media_packet_loss_ratio
    estimator: last
    window: 60s
    operator: ">="
    breach: 1%
    flap_limit: 1000
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
web: {{listen: "127.0.0.1:0"}}
"""


async def _wait_for(daemon: Daemon, state: str, after: int) -> tuple[int, float]:
    """Sequence number and time of the first transition into a state."""
    while True:
        for event in daemon.journal.events_after(after, 500):
            if event.kind == "transition" and event.state == state:
                return event.seq, time.time()
        await asyncio.sleep(0.002)


async def _rounds(folder: Path, port: int) -> list[float]:
    (folder / "golive.yaml").write_text(CONFIG.format(port=port))
    loaded = read(folder / "golive.yaml")
    if loaded.value is None:
        raise SystemExit("\n".join(map(str, loaded.findings)))
    # A whole first window would be a minute of waiting; what is measured does not depend on it.
    rules = tuple(msgspec.structs.replace(rule, window=1.0) for rule in loaded.value.rules)
    daemon = Daemon(
        dataclasses.replace(loaded, value=msgspec.structs.replace(loaded.value, rules=rules)), folder / "state"
    )
    await daemon.start()
    broker = Broker(host="127.0.0.1", port=port)
    taken: list[float] = []
    after = 0

    async def send(value: float) -> None:
        sample = {"metric": "golive_media_packet_loss_ratio", "value": value, "at": time.time()}
        await publish(broker, folder, "bench", json.dumps(sample).encode())

    await asyncio.sleep(1.5)
    for number in range(ROUNDS):
        await asyncio.sleep(0.137 * (number % 3))  # so that the tick's phase does not repeat
        begun = time.time()
        await send(0.05)
        after, seen = await _wait_for(daemon, "breach", after)
        taken.append(seen - begun)
        await send(0.0)
        after, _ = await _wait_for(daemon, "ok", after)
    await daemon.close()
    return taken


def main(_seconds: float) -> None:
    """Print median and worst over twenty breaches; the connection of the publisher is part of what is measured."""
    with tempfile.TemporaryDirectory() as name:
        mosquitto = Mosquitto(Path(name))
        mosquitto.start()
        try:
            taken = asyncio.run(asyncio.wait_for(_rounds(Path(name), mosquitto.port), 60))
        finally:
            mosquitto.stop()
    print(f"alert: publish to transition, hold 0, {ROUNDS} breaches through mosquitto")
    print(f"  median {statistics.median(taken) * 1e3:.0f} ms   worst {max(taken) * 1e3:.0f} ms   (goal: median 300 ms)")
