"""What a Prometheus user expects of a program that is scraped, line by line, on a running daemon."""

from __future__ import annotations

import asyncio
import gzip
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from monitor.serving.exposition.own import DENIALS, RESULTS, VOTES
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.programs import program

pytestmark = [pytest.mark.e2e]

TOKEN = "p" * 40
CONFIG = """schema: 1
cutover: {name: night one, environment: TEST}
people: [{name: anna, role: approver, duties: [lead], token: {file: anna.token}}]
stages: [{name: legacy}, {name: full}]
collectors:
  - {name: wallboard, kind: push, every: 1s, max_age: 20s, token: {file: push.token}, fixed: {platform: target}}
gates: [{name: voice, rules: [mos]}, {name: smoke, signed_by: lead}]
rules:
  - name: mos
    metric: golive_media_mos
    by: [trunk]
    estimator: p50
    window: 5s
    operator: "<"
    warn: 4
    breach: 3.6
    clear: 3.8
    missing: {no_data: hold, null: insufficient, error: unknown, stale: unknown}
notify: [{name: pager, kind: webhook, url: "http://127.0.0.1:9/x", allow_loopback: true}]
"""
SAMPLES = [
    {"metric": "golive_media_mos", "value": 4.1, "labels": {"trunk": "east", "method": "g107"}},
    {"metric": "golive_queue_contacts_waiting", "value": 3, "labels": {"queue": 'sa"les\\'}},
]


@pytest.fixture
async def running(tmp_path: Path, daemon: Callable[[str], RunningDaemon]) -> RunningDaemon:
    """A daemon that heard something."""
    (tmp_path / "push.token").write_text(TOKEN)
    (tmp_path / "push.token").chmod(0o600)
    made = daemon(CONFIG)
    await made.start()
    body = [{**sample, "at": time.time()} for sample in SAMPLES]
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as session,
        session.post(made.url + "/api/v1/samples", json=body) as answer,
    ):
        assert answer.status == 200, await answer.text()
    await made.until(lambda seen: any(row.rule == "mos" and row.scope for row in seen.rules))
    return made


async def got(
    running: RunningDaemon, path: str, **headers: str
) -> tuple[int, str, aiohttp.typedefs.LooseHeaders, bytes]:
    """A GET, its body as it came."""
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(running.url + path, headers={"Accept-Encoding": "identity", **headers}) as answer,
    ):
        return answer.status, answer.headers["Content-Type"], answer.headers, await answer.read()


async def test_the_port_answers_as_such_ports_do(running: RunningDaemon) -> None:
    """Healthy, ready, and a landing page each of whose links leads somewhere."""
    for path, words in (("/-/healthy", b"running"), ("/-/ready", b"ready")):
        status, _, _, body = await got(running, path)
        assert (status, words in body) == (200, True)
    _, kind, _, page = await got(running, "/")
    assert kind.startswith("text/html")
    links = re.findall(r'href="([^"]+)"', page.decode())
    assert "/metrics" in links
    for link in links:
        assert (await got(running, link))[0] == 200, link


async def test_the_page_is_clean_in_both_formats(running: RunningDaemon) -> None:
    """promtool finds nothing; text and OpenMetrics hold the same families and samples, gzip is the same page, nothing has a
    time stamp of its own; names, units and kinds are as the conventions say."""
    _, kind, _, page = await got(running, "/metrics")
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    check = await asyncio.to_thread(
        subprocess.run, [program("promtool"), "check", "metrics"], input=page, capture_output=True, check=False
    )
    assert check.stderr.decode() == ""
    assert check.returncode == 0
    _, _, headers, packed = await got(running, "/metrics", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"  # type: ignore[index]
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    _, kind, _, open_page = await got(running, "/metrics", **accept)
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert open_page.endswith(b"# EOF\n")
    families = {family.name: family for family in plain(page.decode())}
    for other in (plain(gzip.decompress(packed).decode()), openmetrics(open_page.decode())):
        assert {name for family in other if (name := family.name).startswith("golive_")} == {
            name for name in families if name.startswith("golive_")
        }
    assert {name.partition("_")[0] for name in families} == {"golive", "process", "python"}
    for name, family in families.items():
        assert family.documentation, name
        assert all(sample.timestamp is None for sample in family.samples), name
        values = [sample.value for sample in family.samples if sample.name == name]
        if name.endswith("_info"):
            assert set(values) <= {1.0}, name
        if name.endswith("_ratio"):
            assert all(0 <= value <= 1 for value in values), name
        if name.endswith("_timestamp_seconds"):
            assert all(value == 0 or 1.7e9 < value < 2.5e9 for value in values), name


async def test_states_are_whole_and_counters_begin_at_nought(running: RunningDaemon) -> None:
    """Each state set has exactly one 1; what has not happened yet is there as 0, so that its first time is an increase; the
    rest of the checklist's metrics are on the page."""
    page = (await running.text("/metrics")).splitlines()
    sets: dict[tuple[str, str], list[float]] = defaultdict(list)
    for line in page:
        found = re.fullmatch(
            r"(golive_(?:verdict|cutover_phase|gate_state|rule_state|collector_state|collector_circuit))\{(.*)\} (\S+)",
            line,
        )
        if found:
            name, labels, value = found.groups()
            rest = re.sub(r'(^|,)(state|verdict|phase)="[a-z_]*"', "", labels).strip(",")
            sets[name, rest].append(float(value))
    assert {name for name, _ in sets} == {
        "golive_verdict",
        "golive_cutover_phase",
        "golive_gate_state",
        "golive_rule_state",
        "golive_collector_state",
        "golive_collector_circuit",
    }
    assert all(sorted(values) == [0.0] * (len(values) - 1) + [1.0] for values in sets.values())
    text = "\n".join(page)
    expected = [f'golive_notifications_total{{channel="pager",result="{result}"}}' for result in RESULTS]
    expected += [f'golive_approvals_total{{result="{vote}"}} 0.0' for vote in VOTES]
    expected += [f'golive_http_denied_total{{reason="{reason}"}} 0.0' for reason in DENIALS]
    expected += ["golive_config_last_reload_successful 1.0", "golive_config_last_reload_success_timestamp_seconds "]
    for name in (
        "golive_rule_value{", "golive_rule_limit{", "golive_rule_samples{", "golive_ingest_messages_total{",
        "golive_ingest_gap_messages_total{", "golive_series{", "golive_steps_parked ", "golive_journal_entries_total ",
        "golive_journal_head_timestamp_seconds ", "golive_event_loop_lag_seconds ", "golive_store_free_bytes ",
        "golive_build_info{", "golive_heartbeat_timestamp_seconds ", "golive_media_mos_bucket{", "process_resident_memory_bytes ",
        "python_info{",
    ):  # fmt: skip
        expected.append(name)
    missing = [name for name in expected if f"\n{name}" not in text]
    assert missing == []
    bounds = [float(b) for b in re.findall(r'golive_media_mos_bucket\{.*le="([0-9.]+)"\}', text)]
    assert (min(bounds), max(bounds)) == (1.3, 4.5)
    assert max(b - a for a, b in zip(sorted(bounds), sorted(bounds)[1:], strict=False)) <= 0.51


@pytest.mark.parametrize(
    "flag",
    [
        "--config.file",
        "--web.listen-address",
        "--web.config.file",
        "--web.telemetry-path",
        "--web.max-requests",
        "--web.enable-lifecycle",
        "--log.level",
        "--log.format",
        "--version",
    ],
)
def test_the_flags_have_the_names_of_such_programs(flag: str) -> None:
    """Whoever runs exporters knows them already; help names each."""
    words = subprocess.run([*GOLIVE, "run", "--help"], capture_output=True, text=True, check=True, timeout=50).stdout
    if flag == "--version":
        words = subprocess.run([*GOLIVE, "--help"], capture_output=True, text=True, check=True, timeout=50).stdout
    assert flag in words
