"""The journal's head goes out to a real broker, a receiver, a file, the metrics and the board; a cut tail is found by each."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from tests.e2e.conftest import TOKENS
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.mosquitto import Mosquitto, free_port
from tests.rig.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {{name: night one, environment: TEST}}
people:
  - {{name: anna, role: approver, duties: [cutover-manager], token: {{file: anna.token}}}}
stages: [{{name: legacy}}, {{name: full}}]
gates: [{{name: smoke, title: Smoke calls, signed_by: cutover-manager}}]
journal:
  anchor_every: 60s
  anchors:
    - {{kind: mqtt, name: broker, broker: {{host: 127.0.0.1, port: {port}}}}}
    - {{kind: webhook, name: vault, url: "http://127.0.0.1:{hook}/heads", allow_loopback: true}}
    - {{kind: file, name: share, path: heads.jsonl}}
    - {{kind: webhook, name: nobody, url: "http://127.0.0.1:{nobody}/", allow_loopback: true}}
"""


def golive(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, as a person runs it."""
    return subprocess.run([*GOLIVE, *words], cwd=folder, capture_output=True, text=True, timeout=50, check=False)


async def test_a_cut_tail_is_found_by_every_anchor(  # noqa: PLR0915 - one story, told in order
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """An act sends the head everywhere at once; a place that is away is counted and holds nothing up; then the tail is cut."""
    broker.start()
    posted: list[dict[str, object]] = []

    async def take(request: web.Request) -> web.Response:
        posted.append(await request.json())
        return web.json_response({})

    async def give(_: web.Request) -> web.Response:
        return web.json_response(posted[-1])

    app = web.Application()
    app.add_routes([web.post("/heads", take), web.get("/heads", give)])
    receiver = web.AppRunner(app)
    await receiver.setup()
    await web.TCPSite(receiver, "127.0.0.1", 0).start()
    hook = receiver.addresses[0][1]
    running = daemon(CONFIG.format(port=broker.port, hook=hook, nobody=free_port()))
    await running.start()
    assert await running.act(TOKENS["anna"], "gates/smoke/sign", signed=True, reason="called it twice") == 200
    signed = next(row for row in await running.events() if row.kind == "gate").seq
    seen = await running.until(
        lambda snapshot: all(row.seq >= signed or row.name == "nobody" for row in snapshot.monitor.anchors)
    )
    rows = {row.name: row for row in seen.monitor.anchors}
    assert (rows["nobody"].seq, rows["nobody"].sent) == (0, 0)
    assert rows["nobody"].failed > 0
    assert "anchor nobody is not reached yet: no connection" in seen.monitor.degraded
    assert posted[-1]["seq"] == rows["vault"].seq
    assert await running.act(TOKENS["anna"], "notes", text="all is well") == 200
    page = await running.text("/metrics")
    assert f'golive_journal_anchored_entries{{anchor="broker"}} {float(rows["broker"].seq)}' in page
    assert 'golive_journal_anchors_total{anchor="nobody",result="failed"}' in page
    head = next(line for line in page.splitlines() if line.startswith("golive_journal_head_info{"))
    status = await asyncio.to_thread(golive, tmp_path, "status", "--url", running.url)
    assert "anchor share (file) has line" in status.stdout
    assert (await asyncio.to_thread(golive, tmp_path, "audit", "show", "--last", "3")).returncode == 0, "while it runs"
    running.kill()
    shown = await asyncio.to_thread(golive, tmp_path, "audit", "verify", "--config", "golive.yaml")
    assert (shown.returncode, shown.stderr) == (0, ""), shown.stdout
    with sqlite3.connect(tmp_path / "state" / "journal.db") as database:
        database.execute("DELETE FROM journal WHERE seq >= ?", (signed,))
    database.close()
    assert (await asyncio.to_thread(golive, tmp_path, "audit", "verify")).returncode == 0, "the chain alone cannot tell"
    digest, seq = head.split('hash="')[1].split('"')[0], head.split('seq="')[1].split('"')[0]
    for anchor in (
        f"mqtt://127.0.0.1:{broker.port}/golive/journal/head",
        f"http://127.0.0.1:{hook}/heads",
        "heads.jsonl",
        f"{seq}:{digest}",
        f"{seq}:{digest[:8]}",
    ):
        found = await asyncio.to_thread(golive, tmp_path, "audit", "verify", "--anchor", anchor)
        assert found.returncode == 10, (anchor, found)
        assert found.stdout.startswith(f"broken at line {signed}: the tail was cut"), found.stdout
    again = await asyncio.to_thread(golive, tmp_path, "audit", "verify", "--config", "golive.yaml")
    assert again.returncode == 10
    await running.start()
    assert "the tail was cut" in (await running.snapshot()).monitor.degraded, "the daemon's own file anchor"
    assert running.stop() == 0
    broker.stop()
    away = await asyncio.to_thread(golive, tmp_path, "audit", "verify", "--config", "golive.yaml")
    assert away.returncode == 11
    assert "Nothing was proved" in away.stderr
    await receiver.cleanup()


async def test_the_head_goes_out_every_minute_too(daemon: Callable[[str], RunningDaemon], tmp_path: Path) -> None:
    """Without any act the newest head is noted as often as asked."""
    text = CONFIG.format(port=1, hook=1, nobody=1).replace("anchor_every: 60s", "anchor_every: 1s")
    running = daemon(text)
    await running.start()
    heads = tmp_path / "heads.jsonl"
    await until(lambda: heads.is_file() and len(heads.read_text().splitlines()) >= 3, 20)
    noted = [json.loads(line) for line in heads.read_text().splitlines()]
    assert noted[-1]["kind"] == "golive.journal.head"
    assert [row["seq"] for row in noted] == sorted(row["seq"] for row in noted)
    assert heads.stat().st_mode & 0o777 == 0o600
    assert running.stop() == 0
