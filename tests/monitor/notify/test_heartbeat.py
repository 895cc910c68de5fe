"""The dead man's switch: beats while golive judges and can write, silence when it does not, and the target never delays us."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from monitor.notify.channels import Heartbeat
from monitor.notify.heartbeat import Beats, beat
from monitor.secrets import SecretRef
from tests.monitor.notify.receiver import NOW, receiving, until
from tests.rig.mosquitto import free_port


def heart(url: str, **more) -> Heartbeat:
    """A heartbeat to a watcher of this machine."""
    given: dict[str, Any] = {"name": "outside", "url": url, "every": 0.05, "timeout": 0.3, "allow_loopback": True}
    return Heartbeat(**(given | more))


async def test_it_beats_while_all_is_well_and_is_silent_when_it_is_not():
    """The watcher hears us regularly; when nothing is judged any more it hears nothing, and hears us again afterwards."""
    trouble = ""
    async with receiving() as watcher:
        beats = Beats([heart(watcher.url)], Path(), lambda: trouble, clock=lambda: NOW)
        beats.start()
        await until(lambda: len(watcher.got) >= 3)
        assert beats.last == {"outside": NOW}
        trouble = "nothing was judged for 6 s"
        await until(lambda: beats.withheld["outside"] >= 3)
        heard = len(watcher.got)
        await until(lambda: beats.withheld["outside"] >= 6)
        assert len(watcher.got) == heard
        trouble = ""
        await until(lambda: len(watcher.got) > heard)
        await beats.close()


async def test_a_watcher_that_is_away_is_shown_and_found_again():
    """An unreachable watcher is said on the board, tried again each time, and forgotten once it answers."""
    async with receiving() as watcher:
        await watcher.stop()
        beats = Beats([heart(watcher.url)], Path(), str)
        beats.start()
        await until(lambda: beats.troubles)
        assert beats.troubles[0].startswith("heartbeat outside does not arrive: ")
        await watcher.start()
        await until(lambda: not beats.troubles)
        assert beats.failed["outside"] >= 1
        await beats.close()


async def test_a_watcher_that_hangs_delays_nobody():
    """One hanging watcher costs the other no beat, and closing does not wait for it."""
    async with receiving() as hanging, receiving() as watcher:
        hanging.hang = True
        beats = Beats([heart(hanging.url, name="slow", timeout=5.0), heart(watcher.url)], Path(), str)
        beats.start()
        await until(lambda: len(watcher.got) >= 5)
        begun = time.monotonic()
        await beats.close()
        assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_both_methods(method):
    """Watchers that want GET get GET."""
    seen: list[str] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(request.method)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/ping", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    outcome = await beat(heart(f"http://127.0.0.1:{runner.addresses[0][1]}/ping", method=method), Path(), NOW)
    await runner.cleanup()
    assert outcome.delivered
    assert seen == [method]


async def test_a_secret_address_is_never_told(tmp_path: Path):
    """The address of a watcher is often all that protects it: no report shows it."""
    path = tmp_path / "watcher"
    await asyncio.to_thread(path.write_text, f"http://127.0.0.1:{free_port()}/canary-55")
    path.chmod(0o600)
    config = heart("", secret_url=SecretRef(file="watcher"))
    outcome = await beat(config, tmp_path, NOW)
    assert not outcome.delivered
    assert "canary" not in outcome.detail
    assert (
        "canary"
        not in (await beat(heart("", secret_url=SecretRef(file="watcher"), allow_loopback=False), tmp_path, NOW)).detail
    )
