"""N8: the pager's receiver is down while golive dies by kill -9: nothing that people must hear is lost, and it is in order."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.test_run import sample, send
from tests.monitor.notify.receiver import Receiver, receiving, until
from tests.rig.alertmanager import alertmanager
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.mosquitto import Mosquitto

pytestmark = [pytest.mark.e2e, pytest.mark.real]

CONFIG = """
schema: 1
cutover: {name: night one, environment: TEST}
people:
  - {name: anna, role: approver, duties: [cutover-manager], token: {file: anna.token}}
  - {name: ben, role: approver, duties: [telephony-lead], token: {file: ben.token}}
stages: [{name: legacy}]
collectors:
  - name: edge
    kind: mqtt
    every: 2s
    max_age: 60s
    broker: {host: 127.0.0.1, port: BROKER}
    subscriptions: [{topic: native}]
notify:
  - {name: pager, kind: webhook, url: "http://127.0.0.1:PAGER/hook", allow_loopback: true, timeout: 1s}
gates: [{name: loss, title: Packet loss, rules: [loss]}]
rules:
  - name: loss
    title: Packet loss
    metric: golive_media_packet_loss_ratio
    by: [trunk]
    estimator: last
    window: 1s
    operator: ">="
    breach: 1%
    missing: {no_data: hold, null: unknown, error: unknown, stale: unknown}
"""


async def feed(broker: Mosquitto, value: float) -> None:
    """Publish a value four times a second until cancelled."""
    while True:
        await send(broker, sample(value))
        await asyncio.sleep(0.25)


async def fed(broker: Mosquitto, running: RunningDaemon, value: float, verdict: str) -> None:
    """Feed a value until the verdict is so."""
    feeding = asyncio.create_task(feed(broker, value))
    try:
        await running.until(lambda seen: seen.verdict.verdict == verdict, 30)
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


def alerts(receiver: Receiver) -> list[tuple[str, str]]:
    """Status and key of every page on an alert, in order."""
    pages = [got.message for got in receiver.got]
    return [(page.status, page.dedupe_key) for page in pages if page.event == "alert"]


@pytest.mark.parametrize("fault", ["refuse", "hang", "500"])
async def test_a_receiver_that_is_down_while_golive_is_killed(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon], fault: str
) -> None:
    """Breach, kill -9, start, recovery, all while the receiver is down: breach and end arrive, in order, once it is back."""
    broker.start()
    async with receiving() as receiver:
        running = daemon(CONFIG.replace("BROKER", str(broker.port)).replace("PAGER", str(receiver.port)))
        if fault == "refuse":
            await receiver.stop()
        receiver.hang = fault == "hang"
        receiver.answers = [(500, {})] * 10_000 if fault == "500" else []
        await running.start()
        await fed(broker, running, 0.05, "NO-GO")
        await running.until(lambda seen: "channel pager does not get through" in seen.monitor.degraded, 30)
        running.kill()
        before = len(receiver.got)
        await running.start()
        await running.until(lambda seen: "channel pager does not get through" in seen.monitor.degraded, 30)
        await fed(broker, running, 0.0, "GO")
        assert fault == "refuse" or len(receiver.got) > before
        receiver.answers, receiver.hang = [], False
        receiver.released.set()
        if fault == "refuse":
            await receiver.start()
        begun = asyncio.get_running_loop().time()
        await until(lambda: ("resolved", "night one/loss/trunk=sbc-1") in alerts(receiver)[-3:], 40)
        assert asyncio.get_running_loop().time() - begun < 30
        pages = {got.message.id: got.message for got in receiver.got}
        story = [page.status for page in pages.values() if page.dedupe_key == "night one/loss/trunk=sbc-1"]
        assert story == ["firing", "resolved"]
        await until(lambda: any("all clear" in got.message.summary for got in receiver.got), 20)
        assert running.stop() == 0


async def test_golive_alert_test_says_what_came_back(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """The command tries a webhook and a real Alertmanager and says so; a dead channel is exit code 1, an unknown one 2."""
    async with receiving() as receiver, alertmanager(tmp_path, receiver.port) as url:
        text = CONFIG.replace("BROKER", str(broker.port)).replace("PAGER", str(receiver.port))
        more = f"  - {{name: am, kind: alertmanager, urls: ['{url}'], allow_loopback: true}}\n"
        more += "  - {name: dead, kind: webhook, url: 'http://127.0.0.1:9/', allow_loopback: true, timeout: 1s}\n"
        daemon(text.replace("gates:", more + "gates:"))

        async def trial(*channels: str) -> tuple[int, str, str]:
            words = [word for name in channels for word in ("--channel", name)]
            run = await asyncio.to_thread(
                subprocess.run,
                [*GOLIVE, "alert", "test", *words],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                check=False,
            )
            return run.returncode, run.stdout, run.stderr

        assert await trial("pager") == (0, "pager: ok, delivered (204)\n", "")
        page = receiver.got[0].message
        assert (page.event, page.summary[:48]) == ("test", "TEST TEST test of channel pager by golive alert ")
        assert await trial("am") == (0, "am: ok, taken by 1 of 1 Alertmanagers\n", "")
        await until(lambda: len(receiver.got) == 2, 20)
        code, out, _ = await trial()
        assert code == 1
        assert "dead: NOT delivered, no connection to 127.0.0.1:9" in out
        code, _, problem = await trial("pagr")
        assert code == 2
        assert "there is no channel pagr; under notify: am, dead, pager" in problem
