"""Alerts in a process of its own: what people did about them outlives kill -9, and the command line does it all."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_paging import CONFIG, feed
from tests.monitor.notify.receiver import receiving, until
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.mosquitto import Mosquitto
from tests.rig.programs import program

pytestmark = [pytest.mark.e2e, pytest.mark.real]


async def golive(folder: Path, *words: str) -> tuple[int, str, str]:
    """The command in the daemon's folder."""
    run = await asyncio.to_thread(
        subprocess.run, [*GOLIVE, "alert", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )
    return run.returncode, run.stdout, run.stderr


async def listed(folder: Path, url: str) -> Any:
    """What `golive alert list --json` says."""
    code, out, err = await golive(folder, "list", "--json", "--url", url)
    assert code == 0, err
    return json.loads(out)


async def test_who_has_what_outlives_kill_9(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """Taken and muted by command, killed without warning, started again: the same owner, the same mute, no second page."""
    broker.start()
    async with receiving() as receiver:
        running = daemon(CONFIG.replace("BROKER", str(broker.port)).replace("PAGER", str(receiver.port)))
        await running.start()
        feeding = asyncio.create_task(feed(broker, 0.05))
        try:
            await running.until(lambda seen: seen.alerts and seen.alerts[0].page, 30)
            who = ("--url", running.url, "--token-file", "anna.token")
            code, out, err = await golive(
                tmp_path, "ack", "loss:trunk=sbc-1", "--for", "1h", "--reason", "on the bridge", *who
            )
            assert (code, out) == (0, "anna has loss:trunk=sbc-1 for 1h: on the bridge\n"), err
            code, out, err = await golive(tmp_path, "mute", "loss", "--for", "2h", "--reason", "lab", "--whole", *who)
            assert (code, out) == (0, "anna mutes all of loss for 2h: lab\n"), err
            await until(lambda: any("anna has it" in got.message.summary for got in receiver.got), 20)
            before = await listed(tmp_path, running.url)
            running.kill()
            await running.start()
            await running.until(lambda seen: seen.alerts, 30)
            after = await listed(tmp_path, running.url)
            for name in ("acked_by", "acked_until", "ack_reason", "muted_by", "muted_until", "key", "code"):
                assert after["alerts"][0][name] == before["alerts"][0][name], name
            assert after["mutes"] == before["mutes"]
            stories = [got.message.state for got in receiver.got if got.message.event == "alert"]
            assert stories.count("opened") == 1
            who = ("--url", running.url, "--token-file", "anna.token")
            code, _, err = await golive(tmp_path, "release", "loss:trunk=sbc-1", "--reason", "done", *who)
            assert code == 0, err
            code, _, err = await golive(tmp_path, "release", "loss:trunk=sbc-1", *who)
            assert (code, "nobody has loss:trunk=sbc-1" in err) == (8, True)
            metrics = await running.text("/metrics")
            assert 'golive_acknowledgements_total{state="released"} 1.0' in metrics
            checked = await asyncio.to_thread(
                subprocess.run,
                [program("promtool"), "check", "metrics"],
                input=metrics,
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        assert running.stop() == 0
