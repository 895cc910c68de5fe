"""From the publish of a breach to the page at its receiver: golive's own notifier, golive through Alertmanager, and the peer pipeline.

All three listen to one broker in one run. The peer is Debian's: mosquitto, prometheus-mqtt-exporter, Prometheus (scrape
and evaluation each second, its fastest usual setting), Alertmanager (group_wait 0), webhook.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from monitor.config_file import read
from monitor.daemon.daemon import Daemon
from monitor.outbound.broker import Broker
from monitor.outbound.mqtt import publish
from tests.rig.alertmanager import alertmanager
from tests.rig.mosquitto import Mosquitto, free_port
from tests.rig.programs import program
from tests.rig.prometheus import prometheus

TOGETHER, ALONE = 4, 16
"""Breaches that all three see, five seconds each; and further ones for golive alone."""
BREACH = 5.0
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
notify:
  - {{name: own, kind: webhook, url: "http://127.0.0.1:{own}/own", allow_loopback: true}}
  - {{name: am, kind: alertmanager, urls: ["{am}"], allow_loopback: true}}
gates: [{{name: loss, rules: [loss]}}]
rules:
  - name: loss
    metric: golive_media_packet_loss_ratio
    by: [trunk]
    estimator: last
    window: 60s
    operator: ">="
    breach: 1%
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
web: {{listen: "127.0.0.1:0"}}
"""
EXPORTER = """
mqtt:
  server: tcp://127.0.0.1:{port}
  topic_path: peer/+
  device_id_regex: "peer/(?P<deviceid>.*)"
  qos: 1
metrics:
  - prom_name: loss
    mqtt_name: value
    type: gauge
"""
PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["{am}"]}}]}}]}}
scrape_configs: [{{job_name: peer, static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]}}]
"""
RULES = "groups: [{name: peer, rules: [{alert: Loss, expr: 'loss >= 0.01'}]}]"


class Sink:
    """Takes pages of all three and notes when each way rang."""

    def __init__(self) -> None:
        self.rang: dict[str, list[float]] = {"own": [], "am": [], "peer": []}
        self.ended: dict[str, list[float]] = {"own": [], "am": [], "peer": []}
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen."""
        app = web.Application()
        app.router.add_post("/own", self._own)
        app.router.add_post("/hook", self._alertmanager)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        try:
            yield
        finally:
            await runner.cleanup()

    async def _own(self, request: web.Request) -> web.Response:
        now, page = time.time(), msgspec.json.decode(await request.read())
        if page["event"] == "alert":
            (self.ended if page["status"] == "resolved" else self.rang)["own"].append(now)
        return web.Response(status=204)

    async def _alertmanager(self, request: web.Request) -> web.Response:
        now, body = time.time(), msgspec.json.decode(await request.read())
        for alert in body["alerts"]:
            way = {"loss": "am", "Loss": "peer"}.get(alert["labels"]["alertname"])
            if way:
                (self.ended if alert["status"] == "resolved" else self.rang)[way].append(now)
        return web.Response()


@asynccontextmanager
async def _daemon(folder: Path, broker: int, sink: int, am: str) -> AsyncIterator[None]:
    def load() -> Daemon:
        (folder / "golive.yaml").write_text(CONFIG.format(port=broker, own=sink, am=am))
        loaded = read(folder / "golive.yaml")
        if loaded.value is None:
            raise SystemExit("\n".join(map(str, loaded.findings)))
        # A whole first window would be a minute of waiting; what is measured does not depend on it.
        rules = tuple(msgspec.structs.replace(rule, window=1.0) for rule in loaded.value.rules)
        value = msgspec.structs.replace(loaded.value, rules=rules)
        return Daemon(dataclasses.replace(loaded, value=value), folder / "state")

    daemon = await asyncio.to_thread(load)
    await daemon.start()
    try:
        yield
    finally:
        await daemon.close()


@asynccontextmanager
async def _peer(folder: Path, broker: int, am: str) -> AsyncIterator[None]:
    exporter = free_port()
    await asyncio.to_thread((folder / "exporter.yaml").write_text, EXPORTER.format(port=broker))
    await asyncio.to_thread((folder / "rules.yml").write_text, RULES)
    command = [program("prometheus-mqtt-exporter"), "-config", str(folder / "exporter.yaml")]
    command += ["-listen-address", "127.0.0.1", "-listen-port", str(exporter)]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    config = PROMETHEUS.format(rules=folder / "rules.yml", am=am.removeprefix("http://"), exporter=exporter)
    try:
        async with prometheus(folder, 0, config):
            yield
    finally:
        process.terminate()
        await process.wait()


async def _until(holds: Callable[[], object], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.002)


async def _measure(folder: Path, broker: int) -> dict[str, list[float | None]]:
    sink = Sink()
    taken: dict[str, list[float | None]] = {"own": [], "am": [], "peer": []}

    async def send(value: float, number: int, *topics: str) -> float:
        begun = time.time()
        # A trunk of its own each time: one that goes to and fro too often is flapping, and does not ring any more.
        given = {
            "metric": "golive_media_packet_loss_ratio",
            "value": value,
            "at": begun,
            "labels": {"trunk": f"t{number}"},
        }
        sample = json.dumps(given).encode()
        await asyncio.gather(
            *(publish(Broker(host="127.0.0.1", port=broker), folder, topic, sample) for topic in topics)
        )
        return begun

    def note(way: str, begun: float, within: float) -> None:
        found = next((at for at in sink.rang[way] if begun <= at <= begun + within), None)
        taken[way].append(None if found is None else found - begun)

    async with (
        sink.open(),
        alertmanager(folder, sink.port) as am,
        _daemon(folder, broker, sink.port, am),
        _peer(folder, broker, am),
    ):
        await send(0.0, 0, "bench", "peer/one")
        await asyncio.sleep(3.0)
        for number in range(TOGETHER):
            begun = await send(0.05, number, "bench", "peer/one")
            await asyncio.sleep(BREACH)
            await send(0.0, number, "bench", "peer/one")
            await asyncio.sleep(2.5 + 0.37 * number)  # so that no phase repeats
            for way in taken:
                note(way, begun, BREACH + 2.0)
        for number in range(TOGETHER, TOGETHER + ALONE):
            await asyncio.sleep(0.083 * (number % 4))
            ended, rung = len(sink.ended["own"]), len(sink.rang["own"])
            begun = await send(0.05, number, "bench")
            await _until(lambda rung=rung: len(sink.rang["own"]) > rung, BREACH)  # type: ignore[misc]
            note("own", begun, BREACH)
            await send(0.0, number, "bench")
            await _until(lambda ended=ended: len(sink.ended["own"]) > ended, BREACH)  # type: ignore[misc]
    return taken


def main(_seconds: float) -> None:
    """Print median, 95th percentile and missed breaches of each way; connection of the publisher included."""
    with tempfile.TemporaryDirectory() as name:
        broker = Mosquitto(Path(name))
        broker.start()
        try:
            taken = asyncio.run(asyncio.wait_for(_measure(Path(name), broker.port), 120))
        finally:
            broker.stop()
    words = {
        "own": "golive, own notifier to webhook (goal: median 250 ms, p95 500 ms, 0 missed)",
        "am": "golive, Alertmanager with group_wait 0, webhook (goal: 500 ms)",
        "peer": "reference: mqtt-exporter, Prometheus 1 s, Alertmanager with group_wait 0, webhook",
    }
    print(f"paging: publish to page, breaches of {BREACH:g} s through mosquitto")
    for way, times in taken.items():
        known = sorted(at for at in times if at is not None)
        missed = len(times) - len(known)
        p95 = known[min(len(known) - 1, round(0.95 * (len(known) - 1)))] if known else float("nan")
        middle = statistics.median(known) if known else float("nan")
        figures = f"median {middle * 1e3:4.0f} ms   p95 {p95 * 1e3:4.0f} ms   missed {missed} of {len(times)}"
        print(f"  {figures}   {words[way]}")
