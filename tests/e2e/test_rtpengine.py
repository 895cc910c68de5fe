"""A real call through a real rtpengine and a real broker, seen on the board, in the snapshot and in /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.serving.snapshot import Snapshot
from tests.rig.daemon import RunningDaemon
from tests.rig.mosquitto import Mosquitto
from tests.rig.rtpengine import Call, Rtpengine

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {{name: voice, environment: TEST}}
stages: [{{name: full}}]
collectors:
  - name: sbc-porto
    kind: mqtt
    every: 1s
    max_age: 5s
    broker: {{host: 127.0.0.1, port: {port}}}
    subscriptions:
      - topic: rtpengine/+
        decode:
          format: rtpengine
          topic: "rtpengine/{{site}}"
          labels: {{platform: target}}
          label_pattern: "^(?P<trunk>trunk-[a-z]+)\\\\.(?P<queue>[a-z]+)$"
gates:
  - {{name: jitter, title: Jitter p95, rules: [jitter]}}
  - {{name: one-way, title: One-way audio, rules: [one_way]}}
rules:
  - name: jitter
    metric: golive_media_jitter_seconds
    by: [site, trunk]
    estimator: p95
    window: 5s
    operator: ">="
    warn: 20ms
    breach: 30ms
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
  - name: one_way
    metric: golive_media_one_way_calls_total
    by: [site, trunk]
    estimator: increase
    window: 10s
    operator: ">="
    breach: 1
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
"""
SEEN = {
    "golive_media_jitter_seconds": (0.0, 0.010),
    "golive_media_round_trip_seconds": (0.040, 0.200),
    "golive_media_packet_loss_ratio": (0.0, 0.01),
    "golive_media_mos": (4.0, 4.5),
}


def values(seen: Snapshot, metric: str, **labels: str) -> list[float]:
    """Newest values of a metric's series that carry these labels."""
    rows = [row for row in seen.series if row.metric == metric and labels.items() <= row.labels.items()]
    return [row.value for row in rows if row.value is not None]


async def test_a_real_call_is_on_the_board_with_its_site_and_trunk(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """Jitter (not 16 times of it), loss, round trip and MOS by one formula and by rtpengine's own; then one-way audio breaches."""
    broker.start()
    running = daemon(CONFIG.format(port=broker.port))
    await running.start()
    engine = Rtpengine(tmp_path, broker.port, "rtpengine/porto")
    call = await asyncio.to_thread(Call, engine, "call-1@test", "trunk-a.sales", "trunk-a.sales")
    talk = asyncio.create_task(call.talk(reporting=True))
    place = {"platform": "target", "site": "porto", "trunk": "trunk-a"}
    try:
        seen = await running.until(lambda s: all(values(s, metric, **place) for metric in SEEN), within=40)
        for metric, (low, high) in SEEN.items():
            found = values(seen, metric, **place)
            assert all(low <= value <= high for value in found), (metric, found)
        assert {row.labels["method"] for row in seen.series if row.metric == "golive_media_mos"} == {
            "g107",
            "rtpengine",
        }
        page = await running.text("/metrics")
        assert "golive_media_mos_bucket{" in page
        assert 'site="porto"' in page
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)
        mute = await asyncio.to_thread(Call, engine, "call-2@test", "trunk-a.sales", "trunk-a.sales")
        talk = asyncio.create_task(mute.talk(speaking=(True, False)))
        seen = await running.until(lambda s: s.gates[1].state == "breach", within=40)
        assert seen.verdict.verdict == "NO-GO"
        assert seen.gates[1].scope == "site=porto trunk=trunk-a"
        mute.close()
    finally:
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)
        call.close()
        engine.stop()
    assert running.stop() == 0
