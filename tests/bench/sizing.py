"""The whole daemon with the reports of 1,000, 10,000 and 140,000 agents, one each five seconds, from a real mosquitto.

What docs/sizing.md says is from here. A size that the machine cannot feed shows in `reports heard`, and says so.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.rig.daemon import RunningDaemon
from tests.rig.mosquitto import Mosquitto

SECONDS = 12
SIZES = ((1_000, 20), (10_000, 100), (140_000, 601))
"""Agents, and topics that their reports come on: a queue each, on three trunks; no multiple of three, so that each queue meets each trunk."""
_HZ = os.sysconf("SC_CLK_TCK")
_CONFIG = """
schema: 1
cutover: {{name: sizing, environment: TEST}}
stages: [{{name: legacy}}, {{name: full}}]
collectors:
  - name: edge
    kind: mqtt
    every: 5s
    max_age: 20s
    broker: {{host: 127.0.0.1, port: {port}}}
    subscriptions:
      - topic: cc/+/+/+/call
        qos: 1
        decode:
          format: map
          topic: "cc/{{platform}}/{{site}}/{{queue}}/call"
          at: ts
          source: edge
          seq: seq
          labels: {{trunk: trunk}}
          samples:
            - {{metric: golive_media_jitter_seconds, field: jitter_ms, scale: 0.001}}
            - {{metric: golive_media_packet_loss_ratio, field: loss_pct, scale: 0.01}}
            - {{metric: golive_media_round_trip_seconds, field: rtt_ms, scale: 0.001}}
            - {{metric: golive_media_mos, field: mos, labels: {{method: g107}}}}
gates: [{{name: quality, rules: [jitter, loss, rtt, mos]}}]
rules:
  - {{name: jitter, metric: golive_media_jitter_seconds, by: [site, queue, trunk], estimator: p95, {common}, operator: ">", warn: 40ms, breach: 60ms, clear: 40ms}}
  - {{name: loss, metric: golive_media_packet_loss_ratio, by: [site, queue, trunk], estimator: mean, {common}, operator: ">", warn: 2%, breach: 3%, clear: 2%}}
  - {{name: rtt, metric: golive_media_round_trip_seconds, by: [site, queue, trunk], estimator: p95, {common}, operator: ">", warn: 300ms, breach: 500ms, clear: 300ms}}
  - {{name: mos, metric: golive_media_mos, by: [site, queue, trunk], estimator: p50, {common}, operator: "<", warn: 3.8, breach: 3.5, clear: 3.8}}
"""
_COMMON = "window: 5m, min_count: 1, missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}"


class Seen(NamedTuple):
    """One size."""

    agents: int
    sent: int
    heard: int
    seconds: float
    daemon: float
    """Share of a core."""
    broker: float
    series: int
    tick: float
    piece: float
    memory: float
    """MiB resident."""
    late: float
    """How long after the last report was sent the last one was taken, seconds."""


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _HZ


def _resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def measured(agents: int, topics: int, folder: Path) -> Seen:
    """Feed a daemon for some seconds and look at it."""
    rate = agents / 5
    messages = int(rate * SECONDS)
    broker = Mosquitto(folder)
    broker.start()
    running = RunningDaemon(folder, _CONFIG.format(port=broker.port, common=_COMMON))
    words = [sys.executable, "-m", "tests.bench.publisher", *map(str, (broker.port, messages, 1, topics, rate))]
    pipe = asyncio.subprocess.PIPE
    try:
        await running.start()
        await running.until(lambda seen: seen.sources[0].state == "ok", 30)
        root = Path(__file__).parents[2]
        publisher = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, cwd=root)
        assert publisher.stdin is not None
        assert publisher.stdout is not None
        assert running.process is not None
        await publisher.stdout.readline()
        pid = running.process.pid
        before, brokers, begun = _cpu(pid), _cpu(broker.pid), time.monotonic()
        publisher.stdin.write(b"\n")
        await publisher.stdin.drain()
        seconds = float(await publisher.stdout.readline())
        ended = time.monotonic()
        daemon, of_broker = (_cpu(pid) - before) / (ended - begun), (_cpu(broker.pid) - brokers) / (ended - begun)
        seen = await running.snapshot()
        while seen.sources[0].messages < messages and time.monotonic() < ended + 20:
            await asyncio.sleep(0.1)
            seen = await running.snapshot()
        late = time.monotonic() - ended
        await publisher.wait()
        me = seen.monitor
        return Seen(
            agents,
            messages,
            seen.sources[0].messages,
            seconds,
            daemon,
            of_broker,
            me.series,
            me.tick_seconds,
            me.longest_piece,
            _resident(pid),
            late,
        )
    finally:
        if running.process is not None:
            running.stop()
        broker.stop()


def main(_seconds: float) -> None:
    """Measure every size and print; about a minute."""
    sys.stdout.write(f"sizing    load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    for agents, topics in SIZES:
        with tempfile.TemporaryDirectory() as name:
            try:
                seen = asyncio.run(measured(agents, topics, Path(name)))
            except (TimeoutError, subprocess.SubprocessError) as error:
                sys.stdout.write(f"sizing    {agents} agents: not measured: {error!r}\n")
                continue
        sys.stdout.write(
            f"sizing    {agents} agents, {agents / 5:.0f} reports/s asked, {seen.sent / seen.seconds:.0f}/s sent: "
            f"{seen.heard} of {seen.sent} heard, the last {seen.late:.1f} s later; daemon {seen.daemon:.0%} and broker "
            f"{seen.broker:.0%} of a core; {seen.series} series, tick {seen.tick * 1e3:.1f} ms, longest piece "
            f"{seen.piece * 1e3:.1f} ms, {seen.memory:.0f} MiB\n"
        )
