"""How fast call reports come in over MQTT: mosquitto to the store in one process, QoS 1, acknowledged after the store."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import aiomqtt
import msgspec
import uvloop

from collectors.mqtt.collector import Mqtt
from monitor.catalogue.inventory import CATALOGUE
from monitor.intake.intake import Door, Intake
from monitor.intake.record import Record
from monitor.judging.store import Store
from tests.rig.mosquitto import Mosquitto, free_port
from tests.rig.programs import program

TOPICS, TICK, SAMPLES = 30, 0.25, 4
_HZ = os.sysconf("SC_CLK_TCK")
CONFIG = {
    "kind": "mqtt",
    "name": "bench",
    "every": 5.0,
    "subscriptions": [
        {
            "topic": "cc/+/+/+/call",
            "decode": {
                "format": "map",
                "topic": "cc/{platform}/{site}/{queue}/call",
                "at": "ts",
                "source": "edge",
                "seq": "seq",
                "labels": {"codec": "codec", "trunk": "trunk"},
                "samples": [
                    {"metric": "golive_media_jitter_seconds", "field": "jitter_ms", "scale": 0.001},
                    {"metric": "golive_media_packet_loss_ratio", "field": "loss_pct", "scale": 0.01},
                    {"metric": "golive_media_round_trip_seconds", "field": "rtt_ms", "scale": 0.001},
                    {"metric": "golive_media_mos", "field": "mos"},
                ],
            },
        }
    ],
}
_EXPORTER = """
mqtt:
  server: tcp://127.0.0.1:{port}
  topic_path: cc/+/+/+/call
  device_id_regex: "cc/[^/]+/[^/]+/(?P<deviceid>[^/]+)/call"
  qos: 1
cache: {{timeout: 1m}}
metrics:
  - {{prom_name: jitter, mqtt_name: jitter_ms, help: Jitter., type: gauge}}
  - {{prom_name: loss, mqtt_name: loss_pct, help: Loss., type: gauge}}
  - {{prom_name: rtt, mqtt_name: rtt_ms, help: Round trip., type: gauge}}
  - {{prom_name: mos, mqtt_name: mos, help: Opinion., type: gauge}}
"""


class Row(NamedTuple):
    """One measurement: reports taken, seconds, shares of a core, worst stall of the loop in seconds."""

    what: str
    reports: int
    seconds: float
    cpu: float
    broker: float
    stall: float | None
    note: str = ""

    def __str__(self) -> str:
        stall = "" if self.stall is None else f", worst stall {self.stall * 1e3:.0f} ms"
        bound = "our core" if self.cpu > 0.9 else "broker, publisher and we share the cores"
        return (
            f"{self.what}: {self.reports / self.seconds:,.0f} reports/s; {self.cpu:.0%} of a core, "
            f"{self.cpu * self.seconds / self.reports * 1e6:.1f} us a report{stall}; broker {self.broker:.0%}; "
            f"bound by {bound}{self.note}"
        )


class _Publisher:
    """The publisher's process, ready to start at a word."""

    def __init__(self, port: int, messages: int, batch: int, rate: float = 0.0) -> None:
        command = [sys.executable, "-m", "tests.bench.publisher", *map(str, (port, messages, batch, TOPICS, rate))]
        folder = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder)
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def end(self) -> None:
        self._process.communicate(timeout=60)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _HZ


async def _watched(
    broker: Mosquitto, publisher: _Publisher, done: Callable[[], bool], tick: Callable[[], None], pid: int
) -> tuple[float, float, float, float]:
    """Seconds until done, the shares of a core of `pid` and the broker, and the worst stall of this loop."""
    worst = 0.0
    ours, brokers, begun = _cpu(pid), _cpu(broker.pid), time.monotonic()
    publisher.go()
    next_tick = begun + TICK
    while not done() and time.monotonic() < begun + 40:
        before = time.monotonic()
        await asyncio.sleep(0.005)
        now = time.monotonic()
        worst = max(worst, now - before - 0.005)
        if now >= next_tick:
            next_tick = now + TICK
            tick()
    seconds = time.monotonic() - begun
    return seconds, (_cpu(pid) - ours) / seconds, (_cpu(broker.pid) - brokers) / seconds, worst


async def _golive(
    what: str, broker: Mosquitto, messages: int, batch: int, *, rate: float = 0.0, record: Path | None = None
) -> Row:
    kept = Record(record, 600.0) if record is not None else None
    if kept is not None:
        await asyncio.to_thread(kept.start)
    intake = Intake(Store(CATALOGUE), record=kept)
    door: Door = intake.door("bench", 15.0)
    address = {"host": "127.0.0.1", "port": broker.port, "clean": True}
    source = msgspec.convert({**CONFIG, "broker": address}, Mqtt)
    task = asyncio.create_task(source.run(door))
    while not door.is_connected:
        await asyncio.sleep(0.02)
    publisher = await asyncio.to_thread(_Publisher, broker.port, messages, batch, rate)
    seconds, cpu, brokers, worst = await _watched(
        broker, publisher, lambda: door.messages >= messages, intake.flush, os.getpid()
    )
    intake.flush()
    await asyncio.to_thread(publisher.end)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    note = "" if door.samples == messages * batch * SAMPLES else f"; ONLY {door.samples} samples, {door.refused}"
    if kept is not None and record is not None:
        await asyncio.to_thread(kept.close)
        size = await asyncio.to_thread(os.path.getsize, record)
        note += f"; {size / (messages * batch * SAMPLES):.1f} bytes a sample on disk"
    return Row(what, door.messages * batch, seconds, cpu, brokers, worst, note)


async def _aiomqtt(broker: Mosquitto, messages: int) -> Row:
    heard = 0

    async def listen() -> None:
        nonlocal heard
        decode = msgspec.json.Decoder().decode
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.subscribe("cc/#", qos=1)
            ready.set()
            async for message in client.messages:
                decode(message.payload)
                heard += 1

    ready = asyncio.Event()
    task = asyncio.create_task(listen())
    await ready.wait()
    publisher = await asyncio.to_thread(_Publisher, broker.port, messages, 1)
    seconds, cpu, brokers, worst = await _watched(
        broker, publisher, lambda: heard >= messages, lambda: None, os.getpid()
    )
    await asyncio.to_thread(publisher.end)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    note = "; acknowledges before the program has the message, keeps nothing"
    return Row("reference: aiomqtt, decode only", heard, seconds, cpu, brokers, worst, note)


def _received(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    return int(sum(float(value) for value in re.findall(r"^\w*received_messages\{[^}]*\} (\S+)$", page, re.MULTILINE)))


async def _exporter(broker: Mosquitto, folder: Path, messages: int) -> Row:
    path, port = folder / "exporter.yaml", free_port()
    path.write_text(_EXPORTER.format(port=broker.port), encoding="utf-8")
    command = [program("prometheus-mqtt-exporter"), "-config", str(path), "-listen-address", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "-listen-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        publisher = await asyncio.to_thread(_Publisher, broker.port, messages, 1)
        await asyncio.to_thread(_until_it_answers, port)
        seen = 0

        def look() -> None:
            nonlocal seen
            seen = _received(port)

        seconds, cpu, brokers, _ = await _watched(broker, publisher, lambda: seen >= messages, look, process.pid)
        await asyncio.to_thread(publisher.end)
    finally:
        process.terminate()
        process.wait()
    note = f"; to {TICK} s, and keeps the last value only"
    return Row("reference: prometheus-mqtt-exporter (Go)", seen, seconds, cpu, brokers, None, note)


def _until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            _received(port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            time.sleep(0.3)  # it has no word for being subscribed
            return


async def run(seconds: float) -> list[Row]:
    """All rows, in about ten times `seconds`."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Mosquitto(folder)
        broker.start()
        try:
            single, arrays = round(20_000 * seconds), round(600 * seconds)
            rows.append(await _golive("single reports", broker, single, 1))
            rows.append(await _golive("arrays of 100", broker, arrays, 100))
            recorded = await _golive("single, recorded", broker, single // 2, 1, record=folder / "single.sqlite")
            rows.append(recorded)
            recorded = await _golive("arrays, recorded", broker, arrays // 2, 100, record=folder / "arrays.sqlite")
            rows.append(recorded)
            paced = round(800 * seconds)
            rows.append(await _golive("paced at 5,000/s (target 20 %)", broker, paced, 1, rate=5000.0))
            rows.append(await _exporter(broker, folder, single // 2))
            rows.append(await _aiomqtt(broker, single // 8))
        finally:
            broker.stop()
    return rows


def main(seconds: float) -> None:
    """Measure and print; about ten times `seconds` in all."""
    sys.stdout.writelines(f"ingest    {row}\n" for row in uvloop.run(run(seconds)))


if __name__ == "__main__":
    main(5.0)
