"""The simulated business systems, seen by the collector that a real cutover watches its own with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import ClientSession, web

from collectors.http.collector import Http
from monitor.demo.centre import Centre
from monitor.demo.systems import CALLER, Systems
from tests.monitor.demo.hearing import configured, running
from tests.rig.inlet import RecordingInlet

START = 1_000_000.0


@asynccontextmanager
async def served(centre: Centre) -> AsyncIterator[int]:
    """The systems of a centre where the demo's world has them; the port."""
    app = web.Application()
    app.add_subapp("/systems", Systems(centre).application())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def watched(tmp_path, port: int, holds: Callable[[RecordingInlet], bool]) -> RecordingInlet:
    """What the demo's own collectors say of the systems, once something holds."""
    collectors = await asyncio.to_thread(configured, Http, tmp_path, routing=port)
    assert [source.name for source in collectors] == ["systems-legacy", "systems-target"]
    inlet = RecordingInlet()
    async with running([msgspec.structs.replace(source, every=0.2) for source in collectors], inlet):
        await inlet.until(holds)
    return inlet


def up(inlet: RecordingInlet) -> dict[tuple[str, str], float]:
    """Newest word on each system: (platform, system) -> up."""
    samples = inlet.of("golive_integration_up")
    return {(dict(s.labels)["platform"], dict(s.labels)["integration"]): s.value for s in samples}


async def test_all_are_up_on_a_calm_day_and_the_caller_pops_up(tmp_path) -> None:
    """Eight systems answer over real HTTP, each in a moment, and the CRM shows the caller's record."""
    async with served(Centre(7, START)) as port:
        inlet = await watched(
            tmp_path, port, lambda kept: len(up(kept)) == 8 and bool(kept.of("golive_screen_pop_seconds"))
        )
    assert set(up(inlet).values()) == {1.0}
    assert max(sample.value for sample in inlet.of("golive_screen_pop_seconds")) < 2
    assert {dict(s.labels)["operation"] for s in inlet.of("golive_integration_request_seconds")} == {"lookup", "record"}


async def test_a_crm_that_is_down_is_down_on_the_target_alone(tmp_path) -> None:
    """The target's CRM answers with an error; every other integration works."""
    centre = Centre(7, START)
    centre.begin("crm-down")
    async with served(centre) as port:
        inlet = await watched(tmp_path, port, lambda kept: len(up(kept)) == 8)
    assert up(inlet)["target", "crm"] == 0.0
    assert sum(up(inlet).values()) == 7
    assert {
        dict(s.labels)["outcome"]
        for s in inlet.of("golive_integration_requests_total", platform="target", integration="crm")
    } == {"status"}


@pytest.mark.parametrize(
    "path",
    ["neither/crm/lookup", "target/fax/lookup", "target/crm/records/c-9", "target/crm", "target/crm/lookup/more"],
)
async def test_what_is_not_there_is_not_found(path: str) -> None:
    """Another platform, system, record or path is 404, never a made-up answer."""
    async with served(Centre(7, START)) as port, ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/systems/{path}") as answer:
            assert answer.status == 404
        async with session.get(f"http://127.0.0.1:{port}/systems/legacy/crm/records/{CALLER}") as answer:
            assert (await answer.json())["status"] == "open"
