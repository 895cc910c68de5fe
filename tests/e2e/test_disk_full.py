"""The disk under the state directory fills up in the middle of a rollback (X4, S21), with a real daemon on a real small disk."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from monitor.deciding.ledger import verify
from tests.e2e.conftest import TOKENS
from tests.e2e.test_run import CONFIG, sample, send
from tests.rig.daemon import RunningDaemon
from tests.rig.disk import small_disk
from tests.rig.mosquitto import Mosquitto

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(120)]
SIZE = 30 * 1024 * 1024
RUNBOOK = """
name: back
title: Back
allow_hosts: ["127.0.0.1:{port}"]
steps:
  - {{name: floor, action: manual, effect: once, instructions: tell the floor}}
  - {{name: numbers, action: http, effect: keyed, request: {{method: PUT, url: "http://127.0.0.1:{port}/numbers"}}}}
  - {{name: trunks, action: http, effect: once, request: {{method: PUT, url: "http://127.0.0.1:{port}/trunks"}}}}
verify: ["share >= 0"]
verify_hold: 0s
"""
SIGNALS = """
signals: [{name: share, metric: golive_media_packet_loss_ratio}]
"""


async def test_a_rollback_ends_from_the_reserve_and_space_is_noticed(  # noqa: PLR0915 - one story, told in order
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """It finishes, its journal verifies, monitoring goes on under a banner; space is noticed within 10 s without a
    restart; and with the reserve used up as well no step of a run begins."""
    hits: list[str] = []

    async def put(request: web.Request) -> web.Response:
        hits.append(request.path)
        return web.json_response({})

    app = web.Application()
    app.router.add_put("/{step}", put)
    target = web.AppRunner(app)
    await target.setup()
    await web.TCPSite(target, "127.0.0.1", 0).start()
    broker.start()
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "back.yaml").write_text(RUNBOOK.format(port=target.addresses[0][1]))
    (tmp_path / "state").mkdir()
    config = CONFIG.format(port=broker.port, record="false").replace("max_age: 6s", "max_age: 300s") + SIGNALS
    with small_disk(tmp_path / "state", SIZE) as disk:
        if disk is None:
            sys.stderr.write("NOT RUN: a tmpfs cannot be mounted here: CAP_SYS_ADMIN is missing\n")
            pytest.skip("a tmpfs cannot be mounted here: CAP_SYS_ADMIN is missing")
        running = daemon(config)
        await running.start()
        await running.until(lambda seen: seen.sources[0].state == "ok")
        await send(broker, sample(0.001))
        run = await begun(running)
        disk.fill()
        assert await answer(running, run) == 200
        seen = await running.until(lambda seen: seen.decisions[0].state == "rolled_back", 30)
        assert hits == ["/numbers", "/trunks"]
        assert seen.monitor.reserve_used
        assert "the disk is full and the journal lives from its reserve" in seen.monitor.degraded
        assert "golive_journal_reserve_used 1.0" in await running.text("/metrics")
        assert (await asyncio.to_thread(verify, tmp_path / "state" / "journal.db")).ok
        await send(broker, sample(0.03))
        await running.until(lambda seen: seen.verdict.verdict == "NO-GO")

        disk.free()
        freed = time.monotonic()
        seen = await running.until(lambda seen: not seen.monitor.reserve_used and not seen.monitor.degraded)
        assert time.monotonic() - freed < 10
        told = [row.what for row in await running.events() if row.kind == "journal"]
        assert told[0] == "the disk is full: the journal lives from its reserve"
        assert told[-1].startswith("the disk has space again")

        run = await begun(running)
        disk.fill()
        assert await running.act(TOKENS["anna"], "notes", text="x") == 200, "this one goes into the reserve"
        disk.fill()
        while await running.act(TOKENS["anna"], "notes", text="y" * 400) == 200:
            pass
        assert await answer(running, run) == 503
        await running.until(lambda seen: "cannot be written" in seen.monitor.degraded)
        assert hits == ["/numbers", "/trunks"], "what cannot be written down is not done"
        ticks = (await running.snapshot()).monitor.tick
        await running.until(lambda seen: seen.monitor.tick > ticks + 3)
        assert (await asyncio.to_thread(verify, tmp_path / "state" / "journal.db")).ok
        disk.free()
        await running.until(lambda seen: not seen.monitor.degraded, 10)
        running.stop()
    await target.cleanup()


async def begun(running: RunningDaemon) -> str:
    """Ask for the runbook, sign it, and wait until its first step waits for its person."""
    assert await running.act(TOKENS["anna"], "runs", runbook="back", parameters={}, reason="now") == 200
    seen = await running.until(lambda seen: seen.decisions and seen.decisions[0].state == "awaiting")
    row = seen.decisions[0]
    path = f"decisions/{row.id}/approve"
    assert await running.act(TOKENS["ben"], path, digest=row.digest, nonce=row.nonce, reason="seen") == 200
    seen = await running.until(lambda seen: any(row.kind == "manual" for row in seen.waiting))
    return next(row.id for row in seen.waiting if row.kind == "manual").partition("/")[0]


async def answer(running: RunningDaemon, run: str) -> int:
    """Say that the manual step is done; the status."""
    return await running.act(TOKENS["ben"], f"runs/{run}/steps/floor/resolve", outcome="done", reason="told")
