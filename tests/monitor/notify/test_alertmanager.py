"""Alerts to real Alertmanagers: they fire once, are repeated for members that were away, and end when golive says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from monitor.notify import notifier as notifier_module
from monitor.notify import worker as worker_module
from monitor.notify.alertmanager import alert_of, deliver
from monitor.notify.channels import Alertmanager
from monitor.notify.message import Message
from monitor.notify.notifier import Notifier
from monitor.notify.outbox import Outbox
from monitor.secrets import SecretRef
from tests.monitor.notify.receiver import Receiver, Results, message, receiving, until
from tests.rig.alertmanager import alertmanager, alerts
from tests.rig.mosquitto import free_port


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repetitions and attempts follow each other at once, so that the tests are quick."""
    monkeypatch.setattr(worker_module, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(worker_module, "LAST_WAIT", 0.1)
    monkeypatch.setattr(notifier_module, "LOOKING", 0.05)


def page(number: int, status: str = "firing", **more) -> Message:
    """A page on an alert in a queue."""
    given = {
        "dedupe_key": "night/loss/queue=a",
        "status": status,
        "event": "alert",
        "alert": "loss",
        "labels": {"queue": "a"},
        "body": "two\nlines",
        "loudest": "critical",
    }
    return msgspec.structs.replace(message(number), **(given | more))


def channel(*urls: str, **more) -> Alertmanager:
    """A channel to Alertmanagers of this machine."""
    return Alertmanager(name="am", urls=urls, allow_loopback=True, **more)


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float = 20.0) -> Any:
    """The first answer that is true."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.05)
    return found


def told(receiver: Receiver) -> list[tuple[str, str]]:
    """Status and alert of each notification of an Alertmanager."""
    bodies = [msgspec.json.decode(got.body) for got in receiver.got]
    return [(body["status"], alert["labels"]["alertname"]) for body in bodies for alert in body["alerts"]]


@pytest.mark.real
async def test_a_real_alertmanager_pages_once_and_tells_the_end(tmp_path: Path):
    """Firing, an update and the end become one page and one resolve, with golive's summary in it."""
    async with receiving() as receiver, alertmanager(tmp_path, receiver.port) as url:
        notifier = Notifier([channel(url)], Path(), Results())
        await notifier.start()
        notifier.notify(page(1))
        await until(lambda: told(receiver) == [("firing", "loss")], 20)
        sent = msgspec.json.decode(receiver.got[0].body)["alerts"][0]
        assert sent["annotations"]["summary"] == "CRIT PROD page 1"
        assert sent["labels"]["queue"] == "a"
        assert sent["labels"]["golive_key"] == "night/loss/queue=a"
        assert sent["labels"]["severity"] == "critical"
        notifier.notify(page(2))
        notifier.notify(page(3, "resolved", severity="info"))
        await until(lambda: told(receiver)[-1] == ("resolved", "loss"), 20)
        assert [status for status, _ in told(receiver)] == ["firing", "resolved"]
        assert await alerts(url) == []
        await notifier.close()


@pytest.mark.real
async def test_every_member_of_a_cluster_gets_every_alert_and_the_late_one_hears_of_it(tmp_path: Path):
    """With one of two Alertmanagers down the page goes out, and the other gets the alert once it is back."""
    port = free_port()
    async with receiving() as receiver, alertmanager(tmp_path, receiver.port) as up:
        results = Results()
        late = f"http://127.0.0.1:{port}"
        notifier = Notifier([channel(up, late, again=0.3, timeout=1.0)], Path(), results)
        await notifier.start()
        notifier.notify(page(1))
        await until(lambda: results.good)
        assert "taken by 1 of 2 Alertmanagers; not by http://127.0.0.1:" in results.good[0]
        async with alertmanager(tmp_path, receiver.port, port):
            (alert,) = await eventually(lambda: alerts(late))
            assert alert["labels"]["queue"] == "a"
            notifier.notify(page(2, "resolved"))

            async def both_over() -> bool:
                return not await alerts(up) and not await alerts(late)

            await eventually(both_over)
        await notifier.close()


@pytest.mark.real
async def test_what_fires_is_known_to_an_alertmanager_that_forgot(tmp_path: Path):
    """An Alertmanager that comes back empty is told again of what still fires, after a restart of golive as well."""
    path = tmp_path / "outbox.db"
    async with receiving() as receiver, alertmanager(tmp_path, receiver.port) as url:
        first = Notifier([channel("http://127.0.0.1:9", url)], Path(), Results(), outbox=Outbox(path))
        await first.start()
        first.notify(page(1))
        await eventually(lambda: alerts(url))
        await first.close()
    async with receiving() as receiver, alertmanager(tmp_path / "new", receiver.port) as url:
        second = Notifier([channel(url, again=0.2)], Path(), Results(), outbox=Outbox(path))
        await second.start()
        (alert,) = await eventually(lambda: alerts(url))
        assert alert["labels"]["alertname"] == "loss"
        await second.close()


def test_the_death_of_golive_is_no_recovery():
    """A firing alert lasts for hours without another word; a resolved one ends now; labels never change meanwhile."""
    firing, over = page(1, starts_at=100.0), page(2, "resolved", starts_at=100.0, severity="info")
    one, other = alert_of(firing, 1000.0, 14400.0), alert_of(over, 2000.0, 14400.0)
    assert one["endsAt"] == "1970-01-01T04:16:40.000Z"
    assert other["endsAt"] == "1970-01-01T00:33:20.000Z"
    assert one["startsAt"] == other["startsAt"] == "1970-01-01T00:01:40.000Z"
    assert one["labels"] == other["labels"]


async def test_a_note_is_no_alert():
    """What neither opens nor closes anything is not sent, and is no failure."""
    outcome = await deliver(channel("http://127.0.0.1:9"), page(1, "note"), Path(), 0.0)
    assert outcome.delivered
    assert "note" in outcome.detail


async def test_all_members_away_is_a_failure_that_is_tried_again(tmp_path: Path):
    """With nobody there the outcome names each address, and another attempt can help; a refusal by all is final."""
    gone = f"http://127.0.0.1:{free_port()}"
    outcome = await deliver(channel(gone, timeout=1.0), page(1), tmp_path, 0.0)
    assert (outcome.delivered, outcome.again) == (False, True)
    assert gone in outcome.detail


async def test_the_token_is_sent_and_never_told(tmp_path: Path):
    """A bearer token reaches the Alertmanager and no report."""
    (tmp_path / "token").write_text("canary-token-7")
    (tmp_path / "token").chmod(0o600)
    seen: list[str] = []

    async def take(request: web.Request) -> web.Response:
        seen.append(request.headers["Authorization"])
        return web.Response(status=400, text=request.headers["Authorization"])

    app = web.Application()
    app.router.add_post("/api/v2/alerts", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    outcome = await deliver(channel(url, token=SecretRef(file="token")), page(1), tmp_path, 0.0)
    await runner.cleanup()
    assert seen == ["Bearer canary-token-7"]
    assert (outcome.delivered, outcome.again) == (False, False)
    assert "canary" not in outcome.detail
