"""The daemon when everything around it is down, and what people can look into while it runs."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from monitor.intake.transcripts import Kept
from monitor.outbound.broker import Broker
from monitor.outbound.mqtt import publish
from monitor.serving.snapshot import Snapshot
from tests.collectors.http.crm import KEY, Crm
from tests.e2e.conftest import TOKENS
from tests.rig.canaries import leaks
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.mosquitto import Mosquitto, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.real]

HEAD = """
schema: 1
cutover: {{name: night one, environment: TEST}}
people:
  - {{name: anna, role: approver, duties: [cutover-manager], token: {{file: anna.token}}}}
stages: [{{name: legacy}}, {{name: full}}]
gates:
  - {{name: loss, title: Packet loss, rules: [loss]}}
  - {{name: crm, title: CRM, rules: [crm], required: false}}
rules:
  - {{name: loss, title: Packet loss, metric: golive_media_packet_loss_ratio, estimator: mean, window: 3s, operator: ">=",
     warn: 0.5%, breach: 1%, clear: 0.5%, missing: {{no_data: unknown, null: unknown, error: unknown, stale: unknown}}}}
  - {{name: crm, title: CRM, metric: golive_integration_up, estimator: last, window: 3s, operator: "<",
     warn: 1, breach: 0.5, clear: 0.9, missing: {{no_data: unknown, null: unknown, error: unknown, stale: unknown}}}}
"""
COLLECTORS = """
collectors:
  - {{name: edge, kind: mqtt, every: 1s, max_age: 5s, broker: {{host: 127.0.0.1, port: {mqtt}}}, subscriptions: [{{topic: native}}]}}
  - {{name: prom, kind: promql, every: 1s, max_age: 5s, url: "http://prometheus.invalid:9090",
     questions: [{{query: up, metric: golive_queue_contacts_waiting}}]}}
  - {{name: pbx, kind: ami, every: 1s, max_age: 5s, host: 127.0.0.1, port: {ami}, username: golive, secret: {{file: anna.token}}}}
  - {{name: systems, kind: http, every: 1s, max_age: 5s, timeout: 1s,
     transactions: [{{integration: crm, requests: [{{operation: lookup, url: "http://127.0.0.1:{http}/up"}}]}}]}}
notify:
  - {{name: pager, kind: webhook, url: "http://127.0.0.1:{pager}/page", allow_loopback: true, timeout: 1s}}
"""


@asynccontextmanager
async def serving(app: web.Application, port: int) -> AsyncIterator[None]:
    """An application on a port of 127.0.0.1."""
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


def loss(value: float) -> bytes:
    """A native sample of now."""
    labels = {"platform": "target", "trunk": "sbc-1"}
    return msgspec.json.encode(
        {"metric": "golive_media_packet_loss_ratio", "value": value, "at": time.time(), "labels": labels}
    )


async def started(golive: RunningDaemon) -> tuple[float, str, Snapshot]:
    """Seconds until page, health and snapshot were all there, the page and the snapshot."""
    begun = time.monotonic()
    await golive.start()
    page, healthy = await golive.text("/metrics"), await golive.text("/-/healthy")
    seen = await golive.snapshot()
    assert healthy == "golive is running\n"
    return time.monotonic() - begun, page, seen


async def test_with_everything_down_it_starts_shows_unknown_and_recovers_by_itself(
    tmp_path: Path, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Broker, DNS, PBX, targets and receiver are all away (P10): page, health and screen within 3 s, every source shown
    as it is, no GO at first and UNKNOWN once a window has passed; as each comes back it is heard, the page goes out,
    and nobody restarted anything."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Mosquitto(folder)
    ports = {"mqtt": broker.port, "ami": free_port(), "http": free_port(), "pager": free_port()}
    golive = daemon(HEAD.format())
    control, _, _ = await started(golive)
    assert golive.stop() == 0
    golive = daemon((HEAD + COLLECTORS).format(**ports))
    taken, page, seen = await started(golive)
    assert taken < max(3.0, 1.5 * control), f"{taken:.1f} s, without any source {control:.1f} s"
    assert "golive_collector_up" in page
    assert seen.verdict.verdict in ("HOLD", "UNKNOWN")  # HOLD while a rule has not had one whole window
    seen = await golive.until(lambda board: board.verdict.verdict == "UNKNOWN", 20)
    # A target that does not answer is a measurement: its gate is in breach. Nobody knows anything of the others.
    assert {gate.name: gate.state for gate in seen.gates} == {"loss": "unknown", "crm": "breach"}
    seen = await golive.until(lambda board: {s.name: s.state for s in board.sources}["prom"] != "starting", 30)
    states = {source.name: source for source in seen.sources}
    assert {states[name].state for name in ("edge", "pbx")} == {"retrying"}
    assert "cannot be reached" in states["edge"].error
    assert states["edge"].next_try is not None

    pages: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        pages.append(await request.json())
        return web.Response()

    async def up(_: web.Request) -> web.Response:
        return web.Response()

    app, pager = web.Application(), web.Application()
    app.router.add_get("/up", up)
    pager.router.add_post("/page", take)
    await asyncio.to_thread(broker.start)
    try:
        async with serving(app, ports["http"]), serving(pager, ports["pager"]):
            await golive.until(lambda board: {s.name: s.state for s in board.sources}["edge"] == "ok", 40)
            for _ in range(60):
                await publish(Broker(host="127.0.0.1", port=broker.port), Path(), "native", loss(0.001))
                board = await golive.snapshot()
                if {gate.name: gate.state for gate in board.gates if gate.name != "sources"} == {
                    "loss": "ok",
                    "crm": "ok",
                }:
                    break
                await asyncio.sleep(0.2)
            else:
                pytest.fail(f"its gates never became ok: {board.gates}")
            async with asyncio.timeout(20):
                while not pages:
                    await asyncio.sleep(0.1)
    finally:
        broker.stop()
    assert any("UNKNOWN" in json.dumps(message) for message in pages)
    assert golive.stop() == 0


CRM = """
collectors:
  - name: crm
    kind: http
    every: 1s
    transactions:
      - integration: crm
        values: {{phone: "+4930123456"}}
        requests:
          - operation: login
            method: POST
            url: http://127.0.0.1:{http}/oauth/token
            form: {{client_id: golive, client_secret: {{file: crm.secret}}}}
            take: {{token: access_token}}
          - operation: lookup
            url: http://127.0.0.1:{http}/contacts?phone={{phone}}
            headers: {{Authorization: "Bearer {{token}}"}}
            expect: {{json: {{count: 1}}}}
"""


async def read(daemon: RunningDaemon, name: str, token: str = "") -> tuple[int, bytes]:
    """GET a collector's transcripts."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"{daemon.url}/api/v1/transcripts/{name}"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.read()


async def test_named_people_read_raw_exchanges_without_a_secret_in_them(
    tmp_path: Path, daemon: Callable[[str], RunningDaemon]
) -> None:
    """What the CRM was asked and what it said is there, its failures stay; no password, no token and no number is (S14)."""
    port, crm = free_port(), Crm()
    (tmp_path / "crm.secret").write_text("s3cret")
    (tmp_path / "crm.secret").chmod(0o600)
    golive = daemon((HEAD + CRM).format(http=port))
    async with serving(crm.app, port):
        await golive.start()
        await golive.until(lambda board: board.sources[0].transcripts > 1)
        crm.mode = "down"
        await golive.until(lambda board: "503" in board.sources[0].error)
        crm.mode = "ok"
        await golive.until(lambda board: "503" not in board.sources[0].error)
        assert (await read(golive, "crm"))[0] == 401
        assert (await read(golive, "nobody", TOKENS["anna"]))[0] == 404
        status, body = await read(golive, "crm", TOKENS["anna"])
        said = await asyncio.to_thread(
            subprocess.run,
            [*GOLIVE, "collector", "transcript", "crm", "--url", golive.url, "--token-file", "anna.token"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert status == 200
    kept = msgspec.json.decode(body, type=Kept)
    assert any("/contacts?phone=" in one.sent and '"count"' in one.got for one in kept.recent)
    assert any("503" in one.fault for one in kept.failures)
    assert said.returncode == 0, said.stderr
    assert "/contacts?phone=" in said.stdout
    every = (body.decode(), said.stdout, said.stderr, golive.words(), await golive.text("/metrics"))
    for text in (*every, await golive.text("/api/v1/snapshot")):
        for secret in ("s3cret", KEY, TOKENS["anna"]):
            assert leaks(text, secret) == []
    for text in every[:2]:
        assert "4930123456" not in text
    assert golive.stop() == 0


async def test_the_doctor_and_a_trial_beside_a_running_daemon_take_nothing_from_it(
    tmp_path: Path, broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """Both find the broker well while the daemon runs; its session is never taken over, no message is lost, no state is written."""
    configuration = HEAD + COLLECTORS.partition("  - {{name: prom")[0] + "web: {{listen: 127.0.0.1:{web}}}\n"
    await asyncio.to_thread(broker.start)
    golive = daemon(configuration.format(mqtt=broker.port, web=free_port()))
    await golive.start()
    await golive.until(lambda board: board.sources[0].state == "ok")
    sent = 0

    async def talk(until: asyncio.Future[Any]) -> None:
        nonlocal sent
        while not until.done():
            sent += 1
            sample = {"metric": "golive_media_packet_loss_ratio", "value": 0.001, "at": time.time(), "labels": {}}
            payload = msgspec.json.encode({**sample, "source": "cron", "seq": sent})
            await publish(Broker(host="127.0.0.1", port=broker.port), Path(), "native", payload)
            await asyncio.sleep(0.05)

    async def command(*words: str) -> subprocess.CompletedProcess[str]:
        run = asyncio.ensure_future(
            asyncio.to_thread(
                subprocess.run, [*GOLIVE, *words], cwd=tmp_path, capture_output=True, text=True, timeout=55
            )
        )
        await talk(run)
        return await run

    before = sorted((tmp_path / "state").iterdir())
    trial = await command("collector", "test", "edge", "--for", "3s", "--json")
    examined = await command("doctor", "edge", "state", "--json")
    lines = [json.loads(line) for line in trial.stdout.splitlines()]
    assert trial.returncode == 0, trial.stdout + trial.stderr
    assert (lines[-1]["kind"], lines[-1]["state"]) == ("summary", "ok")
    assert sum(line["kind"] == "sample" for line in lines) > 5
    found = json.loads(examined.stdout)
    assert examined.returncode == 0, examined.stdout
    assert found["ok"]
    assert {(check["subject"], check["what"]) for check in found["checks"]} >= {
        ("edge", "durability"),
        ("state", "lock"),
    }
    board = await golive.until(lambda board: board.sources[0].messages >= sent)
    source = board.sources[0]
    assert (source.state, source.gaps, source.duplicates, source.restarts) == ("ok", 0, 0, 0)
    assert source.messages == sent
    assert sorted((tmp_path / "state").iterdir()) == before
    assert golive.stop() == 0


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, in a folder."""
    return subprocess.run([*GOLIVE, *words], cwd=folder, capture_output=True, text=True, timeout=55, check=False)


def test_a_trial_of_what_is_not_there_says_why(tmp_path: Path) -> None:
    """A dead broker: exit 1 and its words; an unknown name: exit 2 with the names; a wrong configuration: exit 3."""
    (tmp_path / "anna.token").write_text("a" * 40)
    (tmp_path / "anna.token").chmod(0o600)
    whole = HEAD + COLLECTORS
    ports = {"mqtt": free_port(), "ami": free_port(), "http": free_port(), "pager": free_port()}
    (tmp_path / "golive.yaml").write_text(whole.format(**ports))
    dead = run(tmp_path, "collector", "test", "edge", "--for", "1s")
    assert (dead.returncode, "cannot be reached" in dead.stdout) == (1, True)
    assert dead.stdout.splitlines()[-1].startswith("FAILED: 0 samples")
    unknown = run(tmp_path, "collector", "test", "egde", "--for", "1s")
    assert (unknown.returncode, "edge, prom, pbx, systems" in unknown.stderr) == (2, True)
    assert run(tmp_path, "doctor", "nobody").returncode == 2
    examined = run(tmp_path, "doctor", "edge", "systems", "notify", "web", "terminal")
    assert examined.returncode == 1
    assert "FAIL  edge" in examined.stdout
    assert "FAIL  systems" in examined.stdout
    assert "WARN  notify" in examined.stdout
    assert "next: " in examined.stdout
    (tmp_path / "golive.yaml").write_text(whole.format(**ports).replace("every: 1s", "every: soon"))
    assert run(tmp_path, "collector", "test", "edge").returncode == 3
    wrong = run(tmp_path, "doctor")
    assert (wrong.returncode, "golive check" in wrong.stdout) == (1, True)
    assert not (tmp_path / "state").exists()


async def test_the_doctor_sends_only_when_it_is_told_to(tmp_path: Path) -> None:
    """Without --send the pager gets a connection and no message; with it one that says it is a trial."""
    port, got = free_port(), []

    async def take(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/page", take)
    (tmp_path / "anna.token").write_text("a" * 40)
    (tmp_path / "anna.token").chmod(0o600)
    notify = COLLECTORS[COLLECTORS.index("notify:") :]
    (tmp_path / "golive.yaml").write_text((HEAD + notify).format(pager=port))
    async with serving(app, port):
        quiet = await asyncio.to_thread(run, tmp_path, "doctor", "notify")
        assert (quiet.returncode, got) == (0, [])
        loud = await asyncio.to_thread(run, tmp_path, "doctor", "notify", "--send")
    assert loud.returncode == 0, loud.stdout
    assert len(got) == 1
    assert "trial" in got[0]["summary"]
