"""Telephones that report to a running daemon: seen in the snapshot, judged by a rule, scraped from /metrics."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.collectors.sip_quality.sipp import Step, call
from tests.collectors.sip_quality.telephone import session
from tests.rig.daemon import RunningDaemon
from tests.rig.mosquitto import free_port

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {{name: voice, environment: TEST}}
stages: [{{name: full}}]
collectors:
  - name: phones
    kind: sip_quality
    every: 2s
    max_age: 20s
    listen:
      - {{transport: udp, port: {port}}}
      - {{transport: tcp, port: {port}}}
    allow: [127.0.0.0/8]
    labels: {{platform: target}}
    rules:
      - {{local_group: "lon1/*", labels: {{site: london}}}}
      - {{user_agent: "sipp*", labels: {{device: sipp}}}}
journal: {{record: true}}
gates: [{{name: loss, title: Packet loss, rules: [loss]}}]
rules:
  - name: loss
    metric: golive_media_packet_loss_ratio
    match: {{platform: target, direction: heard}}
    by: [site, device]
    estimator: mean
    window: 4s
    operator: ">="
    breach: 1.5%
    missing: {{no_data: hold, null: unknown, error: unknown, stale: unknown}}
"""
SEEN = {
    "golive_media_packet_loss_ratio": 0.02,
    "golive_media_jitter_seconds": 0.024,
    "golive_media_round_trip_seconds": 0.245,
    "golive_media_burst_loss_density_ratio": 0.04,
    "golive_media_jitter_buffer_discard_ratio": 0.004,
    "golive_media_one_way_delay_seconds": 0.1825,
}


async def talk(folder: Path, port: int) -> None:
    """A session report and an alert of a new call, over UDP and over TCP in turn, until cancelled."""
    for number in itertools.count():
        body = session(f"call-{number}@test", time.time()).decode().replace("\r\n", "\n")
        alarmed = body.replace("VQSessionReport: CallTerm", "VQAlertReport: Type=NLR Severity=Critical Dir=local")
        await call(folder, port, [Step(body), Step(alarmed)], ("udp", "tcp")[number % 2])


async def test_reports_of_a_telephone_break_a_gate_and_stand_in_metrics(
    daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """sipp reports over UDP and TCP, is answered once the record holds it, and the daemon judges and exports it."""
    port = free_port()
    running = daemon(CONFIG.format(port=port))
    await running.start()
    talking = asyncio.create_task(talk(tmp_path, port))
    try:
        seen = await running.until(lambda s: talking.done() or s.gates[0].state == "breach", within=40)
        assert not talking.done()
        page = await running.text("/metrics")
    finally:
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
    assert seen.verdict.verdict == "NO-GO"
    assert seen.gates[0].scope == "site=london device=sipp"
    place = {"platform": "target", "site": "london", "device": "sipp", "direction": "heard"}
    values = {row.metric: row.value for row in seen.series if place.items() <= row.labels.items()}
    assert {metric: values[metric] for metric in SEEN} == pytest.approx(SEEN)
    [source] = [row for row in seen.sources if row.name == "phones"]
    assert source.state == "ok"
    for part in (
        r'golive_media_mos_bucket\{device="sipp",direction="heard",.*method="moscq"',
        r'golive_media_r_factor\{device="sipp",direction="heard",method="g107"',
        r'golive_media_quality_alerts_total\{device="sipp",.*severity="critical",site="london",.*type="nlr"\} [1-9]',
        r'golive_ingest_messages_total\{collector="phones",result="accepted"\} [1-9]',
    ):
        assert re.search(part, page), part
    assert "agent1000" not in page
    assert running.stop() == 0
