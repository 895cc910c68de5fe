"""`golive run` with Amazon Connect: queues asked from a local endpoint, events pushed through the daemon's own port."""

from __future__ import annotations

import gzip
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from tests.collectors.amazon_connect.events import agent, firehose, story
from tests.collectors.amazon_connect.service import ARN, SALES, amazon, row
from tests.rig.daemon import RunningDaemon

pytestmark = [pytest.mark.e2e]

KEY = "k" * 40
SALES_EN = '{channel="voice",platform="target",queue="sales-en"}'
CONFIG = """
schema: 1
cutover: {{name: night one, environment: TEST}}
stages: [{{name: legacy}}, {{name: full}}]
collectors:
  - name: connect
    kind: amazon_connect
    every: 1s
    max_age: 4s
    independence: amazon
    instance: {arn}
    endpoint_url: {url}
    credentials: {{access_key_id: AKIAEXAMPLE, secret_access_key: {{file: connect.secret}}}}
    labels: {{platform: target}}
    queues: {{{sales}: sales-en, other: care}}
    ask: [current]
  - name: connect-events
    kind: amazon_connect
    every: 30s
    independence: amazon
    instance: {arn}
    labels: {{platform: target}}
    queues: {{{sales}: sales-en}}
    ask: []
    events: {{key: {{file: events.key}}}}
gates: [{{name: waiting, rules: [waiting]}}]
rules:
  - name: waiting
    metric: golive_queue_contacts_waiting
    match: {{platform: target}}
    by: [queue]
    estimator: last
    window: 4s
    operator: ">"
    warn: 50
    breach: 100
    clear: 50
    missing: {{no_data: unknown, null: unknown, error: unknown, stale: unknown}}
"""


async def post(url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, object]]:
    """Post as EventBridge or Firehose would."""
    async with aiohttp.ClientSession() as session, session.post(url, data=io.BytesIO(body), headers=headers) as answer:
        made: dict[str, object] = await answer.json()
        return answer.status, made


async def test_queues_are_seen_events_arrive_and_throttling_turns_stale_by_name(
    tmp_path: Path, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Figures of the target's queues stand in /metrics and judge the gate; pushed events are counted; throttled it is UNKNOWN."""
    for name, secret in (("connect.secret", "s" * 40), ("events.key", KEY)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    async with amazon() as here:
        rows = [row(SALES, ("CONTACTS_IN_QUEUE", 7.0), ("OLDEST_CONTACT_AGE", 42.0), ("ESTIMATED_WAIT_TIME", None))]
        here.answers["GetCurrentMetricData"] = lambda _: {"MetricResults": rows, "DataSnapshotTime": time.time()}
        running = daemon(CONFIG.format(arn=ARN, url=here.url, sales=SALES))
        await running.start()
        await running.until(lambda seen: seen.verdict.verdict == "GO", within=30)
        page = await numbers(running)
        assert page[f"golive_queue_contacts_waiting{SALES_EN}"] == 7
        assert page['golive_queue_contacts_waiting{channel="voice",platform="target",queue="care"}'] == 0
        assert page[f"golive_queue_oldest_contact_age_seconds{SALES_EN}"] == 42
        assert not [series for series in page if series.startswith("golive_queue_estimated_wait_seconds")]
        await pushed(running)

        here.ways["GetCurrentMetricData"] = ["throttle 60"] * 20
        seen = await running.until(lambda seen: seen.verdict.verdict == "UNKNOWN", within=30)
        row_of = {source.name: source for source in seen.sources}
        assert row_of["connect"].state == "retrying"
        assert "GetCurrentMetricData is throttled" in running.words()
        assert (await numbers(running)).get(f"golive_queue_contacts_waiting{SALES_EN}", 7) == 7
        assert here.over == 0
    assert running.stop() == 0


async def pushed(running: RunningDaemon) -> None:
    """An API destination posts a call, Firehose two agents; without the key nobody is let in."""
    url = f"{running.url}/api/v1/collectors/connect-events"
    now = time.time()
    events = story("c-1", now - 65)
    assert (await post(url, {"X-Api-Key": "wrong" * 8}, json.dumps(events[0]).encode()))[0] == 401
    for event in [*events, events[2]]:
        status, answer = await post(url, {"X-Api-Key": KEY}, json.dumps(event).encode())
        assert (status, answer["refused"]) == (200, {})
    records = firehose(json.dumps(agent("anna", now)).encode(), json.dumps(agent("ben", now, "OFFLINE")).encode())
    headers = {"X-Amz-Firehose-Access-Key": KEY, "X-Amz-Firehose-Request-Id": "ed4acda5"}
    # Firehose compresses where it is told to.
    status, answer = await post(url, {**headers, "Content-Encoding": "gzip"}, gzip.compress(records))
    assert (status, answer["requestId"]) == (200, "ed4acda5")
    # Its smallest buffer, full: 1 MiB of records, longer still in base64.
    heavy = firehose(*[json.dumps({**agent("anna", now), "Version": "x" * 4000}).encode() for _ in range(260)])
    assert len(heavy) > 1.3 * 1024 * 1024
    assert (await post(url, headers, heavy))[0] == 200
    wanted = {
        f"golive_queue_contacts_offered_total{SALES_EN}": 1,
        f"golive_queue_contacts_answered_total{SALES_EN}": 1,
        f"golive_queue_answer_seconds_count{SALES_EN}": 1,
        'golive_calls_accepted_total{channel="voice",direction="inbound",platform="target"}': 1,
        'golive_agents{platform="target",state="available"}': 1,
        'golive_agents{platform="target",state="offline"}': 1,
    }
    deadline = time.monotonic() + 15
    while not wanted.items() <= (page := await numbers(running)).items():
        assert time.monotonic() < deadline, {series: page.get(series) for series in wanted}
    assert not [series for series in page if "c-1" in series or "anna" in series]


async def numbers(running: RunningDaemon) -> dict[str, float]:
    """Series and value of every line of /metrics."""
    page = await running.text("/metrics")
    lines = [line.split("} ") for line in page.splitlines() if line.startswith("golive_") and "} " in line]
    return {f"{series}}}": float(rest.split()[0]) for series, rest in lines}
