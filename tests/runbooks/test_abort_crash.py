"""An abort is a word that a crash does not take back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from tests.monitor.deciding.world import ANNA, BEN
from tests.rig.waiting import until
from tests.runbooks.rollback import Rollback, runbook

RUNBOOK = """
name: back
title: Back
allow_hosts: ["127.0.0.1:{port}"]
steps:
  - {{name: a, action: http, effect: keyed, request: {{method: PUT, url: "http://127.0.0.1:{port}/a"}}}}
  - {{name: b, action: http, effect: keyed, request: {{method: PUT, url: "http://127.0.0.1:{port}/b"}}}}
verify: ["legacy_share >= 0.9"]
verify_within: 5s
"""


async def test_a_run_that_people_stopped_is_not_gone_on_with_after_a_crash(tmp_path: Path) -> None:
    """Step a is in flight, an abort is journalled, the program dies: after the restart step b is never sent."""
    hits: list[str] = []

    async def put(request: web.Request) -> web.Response:
        hits.append(request.path)
        await asyncio.sleep(1.0)
        return web.json_response({})

    app = web.Application()
    app.router.add_put("/{step}", put)
    server = web.AppRunner(app)
    await server.setup()
    site = web.TCPSite(server, "127.0.0.1", 0)
    await site.start()
    book = runbook(RUNBOOK.format(port=server.addresses[0][1]))
    first = Rollback(tmp_path, book)
    async with first:
        await until(first.desk.decision_rows, 10)
        for person in (ANNA, BEN):
            asked = first.decision
            await first.desk.approve(person, asked.id, asked.digest, asked.nonce, "")
        await until(lambda: hits, 10)
        abort = asyncio.create_task(first.desk.act_on_run(ANNA, first.run.id, "abort", "stop it"))
        await until(lambda: "abort asked by" in first.run.detail, 10)
        abort.cancel()
    second = Rollback(tmp_path, book)
    async with second:
        await until(lambda: second.run.state == "aborted", 10)
        assert hits == ["/a"]
        assert [step.state for step in second.run.steps] == ["parked", "aborted"]
    await server.cleanup()
