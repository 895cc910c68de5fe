"""Between the daemon and its broker: a partition, a slow line, a slow disk, a cut at the worst moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec
import pytest

from monitor.intake.record import Record
from monitor.outbound.broker import Broker
from monitor.outbound.deliveries import RECEIVE_MAXIMUM
from monitor.outbound.mqtt import Session
from tests.chaos.lossless import CONFIG as NUMBERED
from tests.chaos.lossless import on_disk
from tests.rig.daemon import RunningDaemon
from tests.rig.lossy import lossy_loopback
from tests.rig.mosquitto import Mosquitto
from tests.rig.proxy import Corrupt, Cut, Delay, Drip, DropPacket, FaultProxy, Rule
from tests.rig.speaker import METRIC, Speaker

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {{name: night one, environment: TEST}}
stages: [{{name: full}}]
collectors:
  - name: edge
    kind: mqtt
    every: 1s
    max_age: 3s
    broker: {{host: 127.0.0.1, port: {port}, keepalive: 2s, connect_timeout: 2s}}
    subscriptions: [{{topic: native}}]
gates: [{{name: loss, title: Packet loss, rules: [loss]}}]
rules:
  - name: loss
    title: Packet loss
    metric: golive_media_packet_loss_ratio
    estimator: mean
    window: 3s
    operator: ">="
    breach: 1%
    clear: 0.5%
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
journal: {{record: true}}
"""


def sample(value: float, at: float) -> bytes:
    """A native message."""
    labels = {"platform": "target", "trunk": "sbc-1"}
    return msgspec.json.encode({"metric": "golive_media_packet_loss_ratio", "value": value, "at": at, "labels": labels})


class Talker:
    """Sends a good value five times a second over a connection of its own, past the proxy."""

    def __init__(self, broker: Mosquitto) -> None:
        self.session = Session(Broker(host="127.0.0.1", port=broker.port, clean=True), Path())
        self.task: asyncio.Task[None]
        self.silent = False
        """Whether it holds its tongue, its session standing."""

    async def __aenter__(self) -> Self:
        await self.session.connect()
        self.task = asyncio.create_task(self._talk())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.session.disconnect()

    async def _talk(self) -> None:
        while True:
            if not self.silent:
                await self.session.send("native", sample(0.001, time.time()), qos=0, retain=False)
            await asyncio.sleep(0.2)


async def test_a_backlog_after_a_partition_is_late_and_neither_alerts_nor_acts(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """N7. UNKNOWN inside; when it heals, what an outage of a minute ago left in the queue is kept on disk, counted as late, and alerts nobody."""
    broker.start()
    async with FaultProxy(broker.port) as proxy, Talker(broker):
        running = daemon(CONFIG.format(port=proxy.port))
        await running.start()
        await running.until(lambda seen: seen.verdict.verdict == "GO")
        proxy.part()
        line = Session(Broker(host="127.0.0.1", port=broker.port, clean=True), Path())
        await line.connect()
        begun = time.time() - 70.0
        for number in range(200):
            await line.send("native", sample(0.5, begun + number / 100), qos=1, retain=False)
        await line.disconnect()
        blind = await running.until(lambda seen: seen.verdict.verdict == "UNKNOWN")
        assert "Packet loss" in blind.verdict.reason
        proxy.heal()
        seen = await running.until(
            lambda seen: seen.verdict.verdict == "GO" and seen.sources[0].refused_by.get("late"), within=40
        )
        assert seen.sources[0].refused_by == {"late": 200}
        assert seen.sources[0].gaps == 0
        assert (seen.alerts, seen.decisions) == ((), ())
        events = await running.events()
        assert [event.what for event in events if event.state == "breach"] == []
        assert running.stop() == 0
    assert proxy.happened["partitions"] == 1
    kept = await asyncio.to_thread(values_on_disk, running.folder / "state" / "record.db")
    assert kept.count(0.5) == 200


def values_on_disk(path: Path) -> list[float]:
    """All values of a record."""
    return [value for recorded in Record(path, 0.0).read(0.0, 1e12) for value in recorded.columns.values.tolist()]


async def stands(running: RunningDaemon, seconds: float) -> None:
    """See that the source is ok and the verdict GO all this time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = await running.snapshot()
        assert (seen.sources[0].state, seen.verdict.verdict) == ("ok", "GO"), seen.verdict
        await asyncio.sleep(0.2)


SLOW: dict[str, list[Rule]] = {"delay": [Delay(0.3, jitter=0.1)], "64 kbit/s": [Drip(size=160, every=0.02)]}


@pytest.mark.parametrize("line", SLOW)
async def test_a_slow_line_is_no_outage(line: str, broker: Mosquitto, daemon: Callable[[str], RunningDaemon]) -> None:
    """N6. 300 ms and 100 of jitter each way, or 64 kbit/s: the source stays ok and the verdict stands for ten seconds."""
    broker.start()
    async with FaultProxy(broker.port, SLOW[line], seed=6) as proxy, Talker(broker):
        running = daemon(CONFIG.format(port=proxy.port))
        await running.start()
        await running.until(lambda seen: seen.verdict.verdict == "GO")
        await stands(running, 10.0)
        assert proxy.happened["Delay"] + proxy.happened["Drip"] > 40
        assert proxy.happened["connections"] == 1


async def test_a_line_that_loses_packets_is_no_outage(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """N6. Five of a hundred TCP packets lost each way, to broker and daemon alike: no source is called down for twenty seconds."""
    with lossy_loopback(5) as loss:
        broker.start()
        async with Talker(broker):
            running = daemon(CONFIG.format(port=broker.port).replace("keepalive: 2s, connect_timeout: 2s", ""))
            await running.start()
            await running.until(lambda seen: seen.verdict.verdict == "GO")
            await stands(running, 20.0)
            assert running.stop() == 0
        broker.stop()
        assert loss.packets() > 20


async def test_a_burst_on_a_slow_disk_is_held_back_at_the_broker(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """I4. 20,000 messages at once, each commit slowed by half a second: none acknowledged ahead of its commit, none lost, memory bounded."""
    broker.start()
    async with FaultProxy(broker.port, [DropPacket(way="up", kind=4, times=0)]) as proxy:
        running = daemon(NUMBERED.format(port=proxy.port, metric=METRIC))
        await running.start(GOLIVE_FAILPOINTS="store.before_commit=sleep:500")
        await running.until(lambda seen: seen.sources[0].state == "ok")
        assert running.process is not None
        before = resident(running.process.pid)
        speakers = [Speaker(broker.port, f"edge{number}") for number in range(4)]
        talking = asyncio.gather(*(speaker.talk(5000, 50_000) for speaker in speakers))
        record = running.folder / "state" / "record.db"
        ahead, behind, most = [], 0, 0
        deadline = time.monotonic() + 60
        kept = 0
        while kept < 20_000 and time.monotonic() < deadline:
            acknowledged = proxy.packets[4]
            kept = (await asyncio.to_thread(on_disk, record)).total()
            ahead.append(acknowledged - kept)
            behind = max(behind, sum(len(speaker.acknowledged) for speaker in speakers) - kept)
            most = max(most, resident(running.process.pid) - before)
            await asyncio.sleep(0.05)
        await talking
        found = await asyncio.to_thread(on_disk, record)
        assert max(ahead) <= 0, "a message was acknowledged before it was on disk"
        assert behind > RECEIVE_MAXIMUM, "the disk was not the bottleneck: nothing is proved"
        assert most < 64 * 1024 * 1024
        assert (len(found), found.total()) == (20_000, 20_000)


def resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096


async def kept_once(running: RunningDaemon, count: int, within: float = 45.0) -> None:
    """Wait until so many numbers are on disk, and see that each is there once."""
    record = running.folder / "state" / "record.db"
    deadline = time.monotonic() + within
    found = await asyncio.to_thread(on_disk, record)
    while len(found) < count and time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        found = await asyncio.to_thread(on_disk, record)
    assert (len(found), found.total()) == (count, count)


async def test_lost_receipts_and_cut_connections_lose_and_double_nothing(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """I5. Receipts that never reach the broker, connections that are cut either way: each message is on disk once."""
    broker.start()
    rules = [
        DropPacket(way="up", kind=4, times=40),
        Cut(way="down", after=100_000, connection=0),
        Cut(way="up", after=600, connection=1),
        Cut(way="down", after=50_000, connection=2),
    ]
    async with FaultProxy(broker.port, rules, seed=3) as proxy:
        running = daemon(NUMBERED.format(port=proxy.port, metric=METRIC))
        await running.start()
        await running.until(lambda seen: seen.sources[0].state == "ok")
        await Speaker(broker.port, "porto").talk(3000, 1000)
        await kept_once(running, 3000)
        seen = await running.snapshot()
        assert (proxy.happened["Cut"], proxy.happened["DropPacket"]) == (3, 40)
        assert seen.sources[0].gaps == 0


async def test_killed_between_disk_and_receipt_a_message_counts_once(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """I3. Killed at the very point where samples are on disk and not yet acknowledged, three times: they come again and count once."""
    broker.start()
    running = daemon(NUMBERED.format(port=broker.port, metric=METRIC))
    speaker = Speaker(broker.port, "porto")
    await running.start()
    await running.until(lambda seen: seen.sources[0].state == "ok")
    assert running.process is not None
    await speaker.talk(100, 1000)
    await kept_once(running, 100)
    for round_ in range(3):
        running.kill()
        await running.start(GOLIVE_FAILPOINTS="mqtt.before_ack=kill")
        await asyncio.gather(speaker.talk(100, 1000), asyncio.to_thread(running.process.wait, 20))
        again = await asyncio.to_thread(on_disk, running.folder / "state" / "record.db")
        assert len(again) > 100 + 100 * round_, "it was killed before anything new was on disk"
        await running.start()
        await running.until(lambda seen: seen.sources[0].state == "ok")
        await kept_once(running, 200 + 100 * round_)
    seen = await running.until(lambda seen: seen.sources[0].duplicates)
    assert seen.sources[0].gaps == 0
    assert sum(rule.samples for rule in seen.rules) == 400


async def test_a_garbled_byte_costs_its_message_and_no_more(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """A byte turned over on the way, whatever it hits: within a few keepalives messages are taken again."""
    broker.start()
    configuration = NUMBERED.format(port="{port}", metric=METRIC).replace(
        "connect_timeout", "keepalive: 1s, connect_timeout"
    )
    for place in (40, 200, 233):
        async with FaultProxy(broker.port, [Corrupt(way="down", after=place, connection=0)]) as proxy:
            running = daemon(configuration.replace("{port}", str(proxy.port)))
            await running.start()
            await running.until(lambda seen: seen.sources[0].state in ("ok", "retrying"))
            speaker = Speaker(broker.port, f"at{place}")
            await speaker.talk(50, 100)
            await speaker.talk(50, 100)
            await running.until(lambda seen: seen.sources[0].samples >= 90, within=30)
            assert proxy.happened["Corrupt"] == 1
            assert running.stop() == 0


async def test_a_publisher_that_falls_silent_while_its_session_lives_is_missed_once(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """I9. No last will says so: STALE after `max_age`, UNKNOWN after twice that, one line when it is missed and one when it is back."""
    broker.start()
    async with Talker(broker) as talker:
        running = daemon(CONFIG.format(port=broker.port))
        await running.start()
        await running.until(lambda seen: seen.verdict.verdict == "GO")
        talker.silent = True
        stale = await running.until(lambda seen: seen.sources[0].quality == "stale")
        assert stale.sources[0].state == "ok"
        assert stale.sources[0].age is not None
        assert 3.0 <= stale.sources[0].age < 6.0
        unknown = await running.until(lambda seen: seen.rules[0].state == "unknown")
        assert unknown.verdict.verdict == "UNKNOWN"
        assert unknown.sources[0].age is not None
        assert unknown.sources[0].age >= 3.0
        talker.silent = False
        await running.until(lambda seen: seen.verdict.verdict == "GO")
        told = [event.what for event in await running.events() if event.kind == "verdict"]
        assert sum("UNKNOWN: Packet loss" in line for line in told) == 1
        assert sum("→ GO" in line for line in told) == 2
