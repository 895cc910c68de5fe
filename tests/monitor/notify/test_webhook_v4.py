"""Alertmanager's webhook without an Alertmanager: field by field what a real one sends for the same alerts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.ruler.webhook import read
from monitor.notify import webhook_v4
from monitor.notify.alertmanager import deliver as to_alertmanager
from monitor.notify.channels import Alertmanager, AlertmanagerWebhook
from monitor.notify.message import Message
from monitor.notify.notifier import Notifier
from monitor.notify.webhook import signature
from monitor.notify.webhook_v4 import deliver, payload
from monitor.secrets import SecretRef
from tests.monitor.notify.receiver import NOW, Receiver, Results, message, receiving, until
from tests.rig.alertmanager import alertmanager

LINKS = {"Board": "https://golive.example/", "Runbook": "https://wiki.example/loss"}


def page(queue: str, status: str = "firing", at: float = NOW, **more: Any) -> Message:
    """A page on packet loss in a queue."""
    given_ = {
        "id": f"m-{queue}-{status}-{at}",
        "dedupe_key": f"night/loss/queue={queue}",
        "cutover": "night",
        "at": at,
        "status": status,
        "event": "alert",
        "alert": "loss",
        "labels": {"queue": queue, "site": 'por"to \\ é'},
        "body": f"two lines of {queue}\nwords",
        "summary": f"CRIT PROD {queue}",
        "loudest": "critical",
        "links": LINKS,
        "starts_at": at - 60,
    }
    return msgspec.structs.replace(message(), **(given_ | more))


def channel(receiver: Receiver, **more: Any) -> AlertmanagerWebhook:
    """The channel to a receiver of this machine."""
    return AlertmanagerWebhook(name="hook", url=receiver.url, allow_loopback=True, **more)


def flat(body: dict[str, Any]) -> dict[str, Any]:
    """A message with its alerts by fingerprint; the moments that are the sender's own are only held to their form."""
    alerts = {one["fingerprint"]: one for one in body["alerts"]}
    for one in alerts.values():
        assert one["startsAt"][-1] == one["endsAt"][-1] == "Z"
        if one["status"] == "resolved":
            one["endsAt"] = "resolved"
        one["startsAt"] = one["startsAt"].replace(".000Z", "Z")
    return {**body, "alerts": alerts, "externalURL": bool(body["externalURL"])}


@pytest.mark.real
async def test_it_is_what_a_real_alertmanager_sends(tmp_path: Path) -> None:
    """Two queues fire and one ends: version, group key and labels, common labels and annotations, status, receiver, and each
    alert's labels, annotations, moments, generator and fingerprint are those of a real Alertmanager that was told the same."""
    now = time.time() // 1
    first, second = page("a", at=now), page("b", at=now)
    over = page("a", "resolved", at=now, starts_at=now - 60)
    async with (
        receiving() as real,
        receiving() as ours,
        alertmanager(tmp_path, real.port, group_by="[alertname, cutover]") as url,
    ):
        told = Alertmanager(name="am", urls=(url,), allow_loopback=True)
        for one in (first, second):
            assert (await to_alertmanager(told, one, tmp_path, now)).delivered

        def bodies(receiver: Receiver) -> list[dict[str, Any]]:
            return [json.loads(got.body) for got in receiver.got]

        await until(lambda: any(len(body["alerts"]) == 2 for body in bodies(real)), 20)
        assert (await deliver(channel(ours), second, tmp_path, now, [first, second])).delivered
        theirs = next(body for body in bodies(real) if len(body["alerts"]) == 2)
        assert flat(bodies(ours)[-1]) == flat(theirs)
        assert (await to_alertmanager(told, over, tmp_path, now)).delivered
        await until(lambda: any(one["status"] == "resolved" for body in bodies(real) for one in body["alerts"]), 20)
        assert (await deliver(channel(ours), over, tmp_path, now, [second])).delivered
        theirs = next(body for body in bodies(real) if any(one["status"] == "resolved" for one in body["alerts"]))
        assert flat(bodies(ours)[-1]) == flat(theirs)
        assert set(bodies(ours)[-1]) == set(theirs)


async def test_a_group_is_told_whole_with_each_change(tmp_path: Path) -> None:
    """A channel at work: each message holds what fires of its alert on this channel; other alerts are other groups, a note
    is none, and what is over is told once, as resolved."""
    async with receiving() as receiver:
        results = Results()
        notifier = Notifier([channel(receiver)], tmp_path, results, clock=lambda: NOW)
        await notifier.start()
        notifier.notify(page("a"))
        await until(lambda: len(receiver.got) == 1)
        notifier.notify(page("b", at=NOW + 1))
        notifier.notify(page("c", at=NOW + 2, alert="mos", dedupe_key="night/mos/queue=c"))
        notifier.notify(page("d", status="note"))
        notifier.notify(page("a", "resolved", at=NOW + 3))
        await until(lambda: len(receiver.got) == 4 and len(results.good) == 5)
        await notifier.close()
    bodies = [json.loads(got.body) for got in receiver.got]
    told = [[(one["labels"]["queue"], one["status"]) for one in body["alerts"]] for body in bodies]
    assert told[0] == [("a", "firing")]
    assert told[2] == [("c", "firing")]
    assert told[3] == [("a", "resolved"), ("b", "firing")]
    assert [body["groupKey"] for body in bodies[::2]] == [
        '{}:{alertname="loss", cutover="night"}',
        '{}:{alertname="mos", cutover="night"}',
    ]
    assert [body["status"] for body in bodies] == ["firing"] * 4


async def test_the_receiver_can_tell_whom_it_is_from(tmp_path: Path) -> None:
    """A bearer token as such receivers know it, and the signature of Standard Webhooks where there is a secret (S19)."""
    for name, secret in (("token", "t" * 20), ("key", "k" * 20)):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    async with receiving() as receiver:
        made = channel(receiver, token=SecretRef(file="token"), secret=SecretRef(file="key"))
        assert (await deliver(made, page("a"), tmp_path, NOW)).delivered
        (got,) = receiver.got
        assert got.headers["Authorization"] == f"Bearer {'t' * 20}"
        assert got.headers["webhook-signature"] == signature("k" * 20, got.headers["webhook-id"], int(NOW), got.body)
        missing = channel(receiver, token=SecretRef(file="gone"))
        outcome = await deliver(missing, page("a"), tmp_path, NOW)
        assert (outcome.delivered, outcome.reached) == (False, "no")


def test_a_crowd_is_bounded_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the newest stay, and truncatedAlerts says how many are not there."""
    monkeypatch.setattr(webhook_v4, "MOST_ALERTS", 3)
    crowd = [page(str(number), at=NOW + number) for number in range(10)]
    body = payload("hook", crowd[0], crowd, NOW)
    assert [one["labels"]["queue"] for one in body["alerts"]] == ["0", "9", "8"]
    assert body["truncatedAlerts"] == 7


@settings(max_examples=100, deadline=None)
@given(
    labels=st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=4), text=st.text(max_size=60)
)
def test_whatever_stands_in_it_a_receiver_can_read_it(labels: dict[str, str], text: str) -> None:
    """Hostile labels and words come out as they went in, and golive's own reader of this format takes the message."""
    one = page("a", labels=labels, body=text, summary=text[:40])
    body = msgspec.json.encode(payload("hook", one, [page("b")], NOW))
    assert json.loads(body)["alerts"][0]["annotations"]["description"] == (text or text[:40])
    assert len(list(read(body, frozenset(), NOW))) == 2
