"""Any service by apprise: mail really sent, keys nowhere, time bounded, and text that steers nothing."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from monitor.notify import apprising
from monitor.notify.apprising import deliver, neutral, tailor, words_of
from monitor.notify.channels import Apprise
from monitor.secrets import SecretRef
from tests.monitor.notify.receiver import NOW, message
from tests.rig.mailbox import mailbox

pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning",  # the library imports it where Python still has it
    "ignore:unclosed:ResourceWarning",  # a session that an attempt in a thread leaves to the collector
)
CANARY = "canary-key-4711"


def channel(folder: Path, *addresses: str, timeout: float = 10.0) -> Apprise:
    """A channel whose addresses lie in a file of its own."""
    path = folder / "apprise.url"
    path.write_text("\n".join(addresses))
    path.chmod(0o600)
    return Apprise(name="any", url=SecretRef(file="apprise.url"), timeout=timeout)


@asynccontextmanager
async def service(status: int = 200, hang: float = 0.0) -> AsyncIterator[tuple[int, list[tuple[str, bytes]]]]:
    """A web service that answers so."""
    got: list[tuple[str, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        got.append((request.path, await request.read()))
        await asyncio.sleep(hang)
        return web.Response(status=status, text=request.path)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], got
    finally:
        await runner.cleanup()


async def test_a_mail_arrives_with_summary_and_body(tmp_path: Path):
    """The summary is the subject, the body says the rest, and a line break in either makes no header."""
    page = msgspec.structs.replace(
        message(1),
        summary="CRIT PROD sales-en Abandonment 11.8% (limit 8.0%)",
        body="line 1 <b>bold</b>\nSeen by: mqtt",
        links={"Board": "https://golive.example/"},
    )
    async with mailbox() as box:
        address = (
            f"mailto://127.0.0.1:{box.port}/?from=golive@example.com&to=oncall@example.com&mode=insecure&format=text"
        )
        outcome = await deliver(channel(tmp_path, address), page, tmp_path, NOW)
        assert outcome.delivered, outcome.detail
    (raw,) = box.mails
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    assert mail["Subject"] == "CRIT PROD sales-en Abandonment 11.8% (limit 8.0%)"
    part = mail.get_body(("plain",))
    assert part is not None
    text = part.get_content()
    assert "line 1 \u2039b\u203abold\u2039/b\u203a" in text
    assert "Board: https://golive.example/" in text
    (recipient,) = box.recipients
    assert "<oncall@example.com>" in recipient


async def test_a_mail_that_is_refused_is_tried_again(tmp_path: Path):
    """A mailbox that is refused for now is a failure that another attempt can mend, with no address in the report."""
    async with mailbox() as box:
        box.refuse = True
        address = f"mailto://user:{CANARY}@127.0.0.1:{box.port}/?from=a@example.com&to=b@example.com&mode=insecure"
        outcome = await deliver(channel(tmp_path, address), message(1), tmp_path, NOW)
    assert (outcome.delivered, outcome.again) == (False, True)
    assert CANARY not in outcome.detail


@pytest.mark.parametrize(("status", "again"), [(401, False), (400, False), (413, False), (429, True), (500, True)])
async def test_answers_mean_what_they_mean_elsewhere(tmp_path: Path, status, again, caplog):
    """4xx is final and names its number, 429 and 5xx are tried again; the key is in no report and no log."""
    caplog.set_level(logging.DEBUG)
    async with service(status) as (port, got):
        outcome = await deliver(
            channel(tmp_path, f"json://{CANARY}:pw@127.0.0.1:{port}/{CANARY}"), message(1), tmp_path, NOW
        )
    assert (outcome.delivered, outcome.again) == (False, again)
    assert str(status) in outcome.detail
    assert got
    told = "".join(
        record.getMessage()
        for record in caplog.records
        if record.name not in ("urllib3.connectionpool", "aiohttp.access")
    )
    assert CANARY not in outcome.detail + told


async def test_one_of_several_services_is_enough(tmp_path: Path):
    """Addresses stand one a line; one that takes it makes it delivered, so that nobody gets it twice."""
    async with service(500) as (bad, _), service() as (good, got):
        addresses = (f"json://127.0.0.1:{bad}/", f"json://127.0.0.1:{good}/")
        outcome = await deliver(channel(tmp_path, *addresses), message(1), tmp_path, NOW)
    assert outcome.detail == "taken by 1 of 2 services"
    sent = json.loads(got[0][1])
    assert (sent["title"], sent["type"]) == ("CRIT PROD page 1", "failure")


async def test_a_service_that_hangs_is_left_and_does_not_pile_up(tmp_path: Path, monkeypatch):
    """An attempt ends in time whatever the service does, and hanging attempts are bounded."""
    monkeypatch.setattr(apprising, "tailor", lambda *_: None)
    async with service(hang=3.0) as (port, _):
        slow = channel(tmp_path, f"json://127.0.0.1:{port}/", timeout=0.3)
        await deliver(
            channel(tmp_path, "json://127.0.0.1:9/", timeout=20.0), message(1), tmp_path, NOW
        )  # loads the library
        slow = channel(tmp_path, f"json://127.0.0.1:{port}/", timeout=0.3)
        begun = time.monotonic()
        outcomes = [await deliver(slow, message(1), tmp_path, NOW) for _ in range(4)]
        assert time.monotonic() - begun < 2.5
    assert [outcome.reached for outcome in outcomes] == ["unknown"] * 3 + ["no"]
    assert "still hang" in outcomes[3].detail
    async with asyncio.timeout(15):
        while apprising._hanging["any"]:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("address", ["nonsense", "gopher://x", f"pagerduty://{CANARY}"])
async def test_an_address_that_is_none_is_final_and_hidden(tmp_path: Path, address, caplog):
    """A typing error in an address is said without showing the address."""
    outcome = await deliver(channel(tmp_path, address), message(1), tmp_path, NOW)
    assert (outcome.delivered, outcome.again) == (False, False)
    assert CANARY not in outcome.detail + caplog.text


async def test_a_secret_that_is_not_there_is_named(tmp_path: Path):
    """Without its address nothing is sent, and the file is named."""
    outcome = await deliver(Apprise(name="any", url=SecretRef(file="none")), message(1), tmp_path, NOW)
    assert "none" in outcome.detail
    assert outcome.again


def test_pagerduty_gets_the_key_the_class_and_the_end():
    """The same dedupe key for all messages on one subject, and a resolve for the end of it."""
    plugin = SimpleNamespace(dedup=None, action="trigger", class_id=None, component="x", group=None)
    page = msgspec.structs.replace(
        message(1),
        dedupe_key="night/loss/queue=a",
        alert="loss",
        labels={"queue": "a", "site": "porto"},
        status="resolved",
    )
    tailor(plugin, page, 10.0)
    assert (plugin.dedup, plugin.action, plugin.class_id, plugin.component, plugin.group) == (
        "night/loss/queue=a",
        "resolve",
        "loss",
        "a, porto",
        "sales",
    )
    tailor(plugin, msgspec.structs.replace(page, status="firing"), 10.0)
    assert plugin.action == "trigger"


async def test_pagerduty_really_gets_them(tmp_path: Path, monkeypatch):
    """The library's own PagerDuty service sends key, summary and severity as the Events API asks for them."""
    import apprise.plugins.pagerduty as plugin

    async with service(202) as (port, got):
        monkeypatch.setitem(plugin.PAGERDUTY_API_LOOKUP, "us", f"http://127.0.0.1:{port}/v2/enqueue")
        page = msgspec.structs.replace(message(1), dedupe_key="night/loss/queue=a", alert="loss")
        outcome = await deliver(channel(tmp_path, f"pagerduty://{CANARY}@apikey/golive"), page, tmp_path, NOW)
        assert outcome.delivered, outcome.detail
    sent = json.loads(got[0][1])
    assert sent["dedup_key"] == "night/loss/queue=a"
    assert (sent["event_action"], sent["payload"]["severity"]) == ("trigger", "critical")
    assert sent["payload"]["class"] == "loss"
    assert sent["payload"]["summary"].startswith("CRIT PROD page 1")


HOSTILE = "<!channel> @here @everyone <b>x</b> [click](https://evil.example) <script> `rm -rf`"


def test_the_golden_text():
    """No tag, no link, no mention is left of hostile text; configured links stay links."""
    page = msgspec.structs.replace(message(1), body=HOSTILE, links={"Board": "https://golive.example/"})
    assert words_of(page) == (
        "\u2039!channel\u203a (at) here (at) everyone \u2039b\u203ax\u2039/b\u203a "
        "(click)(https:\u2215\u2215evil.example) \u2039script\u203a 'rm -rf'\nBoard: https://golive.example/"
    )


@given(text=st.text(max_size=300))
def test_neutral_text_has_nothing_to_steer_with(text):
    """Whatever comes in, no bracket, mention or address scheme comes out, and neutral text stays as it is."""
    made = neutral(text)
    assert not set("<>[]`@") & set(made)
    assert "://" not in made
    assert neutral(made) == made
