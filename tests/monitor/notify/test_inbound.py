"""Acknowledgements from PagerDuty and Slack: theirs, from now, once each; everything else changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.notify import seen
from monitor.notify.ack_door import AckDoor
from monitor.notify.channels import Acks
from monitor.notify.inbound import Answer, MalformedError, NotTheirsError, pagerduty, slack
from monitor.notify.outbox import Outbox
from monitor.notify.seen import Seen
from monitor.secrets import SecretRef
from tests.monitor.notify.receiver import NOW

SECRET = "signing-secret"  # noqa: S105 - of the tests
KEY = "night/loss/queue=a"
WHEN = "2026-11-21T20:55:46Z"


def pd_body(**more) -> bytes:
    """A PagerDuty v3 webhook as its documentation shows it, shortened."""
    event = {
        "id": "01ABC",
        "event_type": "incident.acknowledged",
        "resource_type": "incident",
        "occurred_at": WHEN,
        "agent": {"id": "PLH1HKV", "summary": "Anna Meier", "type": "user_reference"},
        "data": {"id": "PGR0VU2", "type": "incident", "incident_key": KEY, "status": "acknowledged"},
    }
    return json.dumps({"event": event | more}).encode()


def pd_headers(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Its signature; the first of two stands for a key that is being rotated away."""
    good = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={good}"}


def slack_body(**more) -> bytes:
    """A press of a button as Slack posts it, shortened."""
    payload = {
        "type": "block_actions",
        "user": {"id": "U1", "username": "ben", "name": "ben.k"},
        "trigger_id": "1.2.abc",
        "actions": [{"action_id": "golive_ack", "value": KEY, "type": "button"}],
    }
    return urlencode({"payload": json.dumps(payload | more)}).encode()


def slack_headers(body: bytes, at: float = NOW, secret: str = SECRET) -> dict[str, str]:
    """Its signature."""
    signed = b"v0:%d:%s" % (int(at), body)
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(int(at)), "X-Slack-Signature": f"v0={digest}"}


class Keeper:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...]] = []

    async def acknowledge(self, key: str, who: str, via: str, until: float | None, reason: str) -> str:
        assert until is None
        self.heard.append(("acknowledge", key, who, via, reason))
        return "acknowledged"

    async def release(self, key: str, who: str, via: str) -> str:
        self.heard.append(("release", key, who, via))
        return "released"


def test_slacks_published_example():
    """The example of Slack's documentation has the signature that is published there."""
    secret = "8f742231b10e8888abcd99yyyzzz85a5"  # noqa: S105 - published
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name="
        b"foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2F"
        b"hooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015."
        b"47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    with pytest.raises(MalformedError):  # it is theirs, and it is no press of a button
        slack(body, headers, secret, 1531420618.0)
    with pytest.raises(NotTheirsError):
        slack(body.replace(b"foobar", b"foobaz"), headers, secret, 1531420618.0)


def test_what_pagerduty_says():
    """Key, person and act are read; other events do nothing."""
    body = pd_body()
    assert pagerduty(body, pd_headers(body), SECRET, NOW) == Answer("01ABC", "acknowledge", KEY, "Anna Meier")
    body = pd_body(event_type="incident.unacknowledged")
    assert pagerduty(body, pd_headers(body), SECRET, NOW).act == "release"
    for kind in ("incident.resolved", "pagey.ping", "incident.triggered"):
        body = pd_body(event_type=kind)
        assert pagerduty(body, pd_headers(body), SECRET, NOW).act == "nothing"


def test_what_slack_says():
    """Key and person are read; other buttons do nothing."""
    body = slack_body()
    answer = slack(body, slack_headers(body), SECRET, NOW)
    assert (answer.act, answer.key, answer.who) == ("acknowledge", KEY, "ben.k")
    body = slack_body(actions=[{"action_id": "other", "value": KEY}])
    assert slack(body, slack_headers(body), SECRET, NOW).act == "nothing"


@pytest.mark.parametrize("off", [-301.0, 301.0, 1e9])
def test_old_and_future_posts_are_refused(off):
    """Five minutes either way, no more."""
    body = pd_body()
    with pytest.raises(NotTheirsError):
        pagerduty(body, pd_headers(body), SECRET, NOW + off)
    body = slack_body()
    with pytest.raises(NotTheirsError):
        slack(body, slack_headers(body), SECRET, NOW + off)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-PagerDuty-Signature": ""},
        {"X-PagerDuty-Signature": "v1="},
        {"X-PagerDuty-Signature": "v1=" + "0" * 64},
        {"X-PagerDuty-Signature": "v0=" + "0" * 64},
        {"X-PagerDuty-Signature": "ä" * 10},
        pd_headers(pd_body(), "another secret"),
        pd_headers(b"another body"),
    ],
)
def test_forged_posts_are_refused(headers):
    """Without the signature of exactly this body by this secret nothing is read."""
    with pytest.raises(NotTheirsError):
        pagerduty(pd_body(), headers, SECRET, NOW)


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=300) | st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["event", "id", "event_type", "occurred_at", "agent", "data", "summary", "incident_key"]), inner, max_size=6)).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_signed_nonsense_is_malformed_and_nothing_else(body):
    """Whoever has the secret can send anything: it is refused as malformed, never an error of ours."""
    for read, headers in ((pagerduty, pd_headers(body)), (slack, slack_headers(body))):
        try:
            assert read(body, headers, SECRET, NOW).act == "nothing"
        except (MalformedError, NotTheirsError):
            continue


@settings(max_examples=100, deadline=None)
@given(name=st.text(max_size=200))
def test_names_are_clean(name):
    """A name as given there can steer no screen and no log."""
    body = pd_body(agent={"summary": name})
    who = pagerduty(body, pd_headers(body), SECRET, NOW).who
    assert who.isprintable()
    assert 0 < len(who) <= 80


async def door(folder: Path, sender: str = "pagerduty", seen: Seen | None = None) -> tuple[AckDoor, Keeper]:
    """A door with its secret."""
    path = folder / "signing"
    await asyncio.to_thread(path.write_text, SECRET)
    path.chmod(0o600)
    keeper = Keeper()
    return AckDoor("pd", Acks(sender=sender, secret=SecretRef(file="signing")), folder, keeper, seen), keeper  # type: ignore[arg-type]


async def test_an_acknowledgement_counts_once(tmp_path: Path):
    """The same webhook again answers 200, so that it is not sent for ever, and does nothing."""
    opened, keeper = await door(tmp_path)
    body = pd_body()
    first, again = [await opened.take(body, pd_headers(body), NOW) for _ in range(2)]
    assert (first.status, again.status) == (200, 200)
    assert keeper.heard == [("acknowledge", KEY, "Anna Meier", "pagerduty", "acknowledged in pagerduty")]
    assert opened.refused["repeated"] == 1


async def test_a_release_and_a_press_are_handed_over(tmp_path: Path):
    """PagerDuty's time-out lets go; Slack's button takes."""
    opened, keeper = await door(tmp_path)
    body = pd_body(event_type="incident.unacknowledged")
    await opened.take(body, pd_headers(body), NOW)
    assert keeper.heard == [("release", KEY, "Anna Meier", "pagerduty")]
    pressed, keeper = await door(tmp_path, "slack")
    body = slack_body()
    assert (await pressed.take(body, slack_headers(body), NOW)).status == 200
    assert keeper.heard[0][:4] == ("acknowledge", KEY, "ben.k", "slack")


async def test_refusals_have_their_status_and_are_counted(tmp_path: Path):
    """401 forged, 400 unreadable, 503 without the secret or when too many come; nothing is acknowledged."""
    opened, keeper = await door(tmp_path)
    assert (await opened.take(pd_body(), {}, NOW)).status == 401
    assert (await opened.take(b"{}", pd_headers(b"{}"), NOW)).status == 400
    await asyncio.to_thread((tmp_path / "signing").unlink)
    receipt = await opened.take(pd_body(), pd_headers(pd_body()), NOW)
    assert (receipt.status, receipt.retry_after) == (503, 30.0)
    assert dict(opened.refused) == {"forged": 1, "malformed": 1, "secret": 1}
    assert keeper.heard == []


async def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch):
    """A flood of signed webhooks is asked to come again; what is too old to be replayed is forgotten."""
    monkeypatch.setattr(seen, "MOST_IDS", 2)
    opened, _ = await door(tmp_path)
    statuses = []
    for number in range(3):
        body = pd_body(id=str(number))
        statuses.append((await opened.take(body, pd_headers(body), NOW)).status)
    assert statuses == [200, 200, 503]
    body = pd_body(id="9", occurred_at="2026-11-21T21:55:46Z")
    assert (await opened.take(body, pd_headers(body), NOW + 3600)).status == 200


async def test_a_replay_after_a_restart_does_nothing(tmp_path: Path):
    """A webhook that was taken before the daemon was started again is known still, for as long as it could come in (S18)."""
    body = pd_body()
    for life in range(3):
        outbox = Outbox(tmp_path / "outbox.db")
        await outbox.open()
        remembered = Seen(outbox)
        await remembered.recall(NOW + life)
        opened, keeper = await door(tmp_path, seen=remembered)
        assert (await opened.take(body, pd_headers(body), NOW + life)).status == 200
        assert (len(keeper.heard), opened.refused["repeated"]) == ((1, 0) if life == 0 else (0, 1))
        await outbox.close()
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    await Seen(outbox).recall(NOW + 700)
    await outbox.close()
    outbox = Outbox(tmp_path / "outbox.db")
    await outbox.open()
    assert await outbox.kept("taken") == {}, "what is too old to be replayed does not pile up"
    await outbox.close()


async def test_what_could_not_be_done_may_come_again(tmp_path: Path):
    """An acknowledgement that the journal did not take is not remembered: the service sends it again, and then it counts."""
    opened, keeper = await door(tmp_path)
    body, kept = pd_body(), keeper.acknowledge

    async def failing(*_: object) -> str:
        raise OSError("the disk is full")

    keeper.acknowledge = failing  # type: ignore[method-assign, assignment]
    with pytest.raises(OSError, match="full"):
        await opened.take(body, pd_headers(body), NOW)
    keeper.acknowledge = kept  # type: ignore[method-assign]
    assert (await opened.take(body, pd_headers(body), NOW)).status == 200
    assert len(keeper.heard) == 1
