"""Every action against hostile text: templates that want to be code, and targets that give secrets back."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from aiohttp import web

from monitor.outbound.broker import Broker
from monitor.outbound.mqtt import Session
from runbooks.actions import mqtt as mqtt_action
from runbooks.actions.mqtt import Mqtt
from runbooks.book import Book
from runbooks.context import Context
from runbooks.outlets import Outlets
from runbooks.runner import Runner
from runbooks.sip import client
from tests.rig.serving import served_at
from tests.runbooks import rollback as rollback_module
from tests.runbooks.rollback import Rollback, runbook
from tests.runbooks.test_book_actions import ALL

PLACES = [match.span() for match in re.finditer(r"\{(queue|number|share)\}", ALL)]
TEXTS = ("{queue.__class__}", "{queue!r}", "{queue:>9}", "{0}", "{}", "{nobody}", "{queue", "{queue[0]}", "{% x %}")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("place", range(len(PLACES)))
def test_no_template_is_an_expression(tmp_path: Path, place: int, text: str) -> None:
    """In every text of every action: a known name in braces is put in, and anything else is a mistake."""
    start, end = PLACES[place]
    (tmp_path / "mine.yaml").write_text(ALL[:start] + text.replace('"', "") + ALL[end:])
    book = Book.load(tmp_path)
    assert book.plan("mine") is None
    assert book.findings


def test_there_are_templates_in_all_actions_that_take_text() -> None:
    """The table above looks at every such place of the sample."""
    assert len(PLACES) >= 11


CANARIES = {
    "bearer": "canary-bearer/+4711",
    "basic": "canary basic & 4712",
    "oauth": "canary-oauth-4713",
    "hmac": "canary-hmac-4714",
    "aws": "canary/aws+4715",
    "header": "canary-header-4716",
    "tool": "canary tool 4717 ÄÖ",
}
HTTP = '{{name: one, action: http, effect: once, request: {{method: PUT, url: "{base}/echo", {how}}}}}'
STEPS = {
    "bearer": HTTP.replace("{how}", "auth: {{kind: bearer, token: {{file: bearer}}}}"),
    "basic": HTTP.replace("{how}", "auth: {{kind: basic, username: golive, password: {{file: basic}}}}"),
    "oauth": HTTP.replace(
        "{how}",
        'auth: {{kind: oauth2, token_url: "{base}/token", client_id: me, client_secret: {{file: oauth}}, send_as: body}}',
    ),
    "refused oauth": HTTP.replace(
        "{how}", 'auth: {{kind: oauth2, token_url: "{base}/echo", client_id: me, client_secret: {{file: oauth}}}}'
    ),
    "hmac": HTTP.replace("{how}", "auth: {{kind: hmac, secret: {{file: hmac}}}}"),
    "sigv4": HTTP.replace(
        "{how}",
        "auth: {{kind: sigv4, service: x, region: y, credentials:"
        " {{access_key_id: AKID, secret_access_key: {{file: aws}}, session_token: {{file: header}}}}}}",
    ),
    "header": HTTP.replace("{how}", "headers: {{X-Token: {{file: header}}}}"),
    "connect": (
        "{{name: one, action: amazon_connect, effect: once, operation: UpdateQueueStatus, region: eu-west-2,"
        ' endpoint_url: "{base}", input: {{InstanceId: i, QueueId: q, Status: ENABLED}}, credentials:'
        " {{access_key_id: AKID, secret_access_key: {{file: aws}}, session_token: {{file: header}}}}}}"
    ),
    "command": (
        "{{name: one, action: command, effect: once, argv: [{tool}], environment: {{TOKEN: {{file: tool}},"
        " OTHER: {{file: header}}}}}}"
    ),
}
LINE = """
name: line
title: One step
allow_hosts: ["{host}"]
verify: [legacy_share >= 0.95]
verify_hold: 0s
steps:
  - """


async def echo(request: web.Request) -> web.Response:
    """Everything that came, in the beginning of an error page, in four encodings."""
    body = (await request.read()).decode()
    wanted = ("X-Amz-Security-Token", "Authorization", "X-Token", "X-Signature")
    said = " ".join([*(request.headers[name] for name in wanted if name in request.headers), body])
    raw = said.encode()
    page = {"a": said, "b": quote(said), "c": base64.b64encode(raw).decode(), "d": raw.hex()}
    return web.json_response(page, status=400, headers={"Retry-After": said.replace("\n", "")})


async def token(_request: web.Request) -> web.Response:
    return web.json_response({"access_token": "canary-access-token-4718", "token_type": "bearer", "expires_in": 60})


@asynccontextmanager
async def echoing() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("POST", "/token", token)
    app.router.add_route("*", "/{tail:.*}", echo)
    async with served_at(app) as host:
        yield host


def leaks(text: str) -> list[str]:
    """Whatever can be read as a canary, in any of the encodings; found in another way than it is masked."""
    found = [text] if "canary" in text or "canary" in unquote(text) else []
    for run in re.findall(r"[A-Za-z0-9+/_=-]{10,}", text):
        for start in range(4):
            piece = run[start:].rstrip("=").replace("-", "+").replace("_", "/")
            piece = piece[: len(piece) // 4 * 4]
            with contextlib.suppress(ValueError):
                if b"canary" in base64.b64decode(piece):
                    found.append(run)
        for start in range(2):
            with contextlib.suppress(ValueError):
                if b"canary" in binascii.unhexlify(run[start : start + (len(run) - start) // 2 * 2]):
                    found.append(run)
    return found


@pytest.mark.parametrize("name", STEPS)
async def test_no_secret_comes_back(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A target that echoes what it got, a program that prints its environment: rows, journal and log hold no secret."""
    caplog.set_level(logging.DEBUG)
    for secret, value in CANARIES.items():
        (tmp_path / secret).write_text(value)
        (tmp_path / secret).chmod(0o600)
    tool = tmp_path / "tool.sh"
    tool.write_text('#!/bin/sh\nprintf "%s " "$TOKEN" "$OTHER"; printf %s "$OTHER" | base64; exit 7\n')
    tool.chmod(0o755)
    async with echoing() as host:
        text = LINE.format(host=host) + STEPS[name].format(base=f"http://{host}", tool=tool)
        async with Rollback(tmp_path, runbook(text)) as world:
            await world.sign()
            await world.reaches("paused")
            outcome = world.step("one").outcome
            shown = str(world.desk.decision_rows()) + str(world.desk.run_rows()) + str(world.desk.waiting_rows())
            stored = "".join(
                json.dumps(line.data, ensure_ascii=False) + line.what for line in await world.journal.entries()
            )
    if name != "hmac":
        assert "***" in outcome, "something did come back, and was masked"
    for output in (outcome, shown, stored, caplog.text):
        assert leaks(output) == []


def test_the_sweep_would_find_a_secret() -> None:
    """The search itself is no comfort unless it finds: plain, URL-encoded, base64 at any offset, hexadecimal."""
    for text in ("x canary-1 x", "x%63anary", base64.b64encode(b"golive:canary-4711").decode(), b"-canary".hex()):
        assert leaks(f"answered {text} and more") != [], text
    assert leaks("answered 400, expected 200: ***") == []


async def test_an_error_of_ours_does_not_carry_a_secret_into_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that raises with what it was given: the log says where it happened, and not with which token."""
    (tmp_path / "bearer").write_text(CANARIES["bearer"])
    (tmp_path / "bearer").chmod(0o600)

    async def broken(*_: object, **given: object) -> None:
        raise RuntimeError(f"cannot send {given}")

    monkeypatch.setattr("runbooks.request.send", broken)
    text = LINE.format(host="127.0.0.1:9") + STEPS["bearer"].format(base="http://127.0.0.1:9", tool="")
    async with Rollback(tmp_path, runbook(text)) as world:
        await world.sign()
        await world.reaches("paused")
        outcome = world.step("one").outcome
    assert "internal error: RuntimeError: cannot send" in outcome
    assert "Traceback" in caplog.text
    assert leaks(outcome + caplog.text) == []


async def test_tokens_of_one_run_serve_the_next_without_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the runner shares reaches every run: a token is asked for once, and stands in no file."""
    (tmp_path / "oauth").write_text(CANARIES["oauth"])
    (tmp_path / "oauth").chmod(0o600)
    outlets = Outlets()
    monkeypatch.setattr(rollback_module, "Runner", partial(Runner, outlets=outlets))
    async with echoing() as host:
        text = LINE.format(host=host) + STEPS["oauth"].format(base=f"http://{host}", tool="")
        async with Rollback(tmp_path, runbook(text)) as world:
            await world.sign()
            await world.reaches("paused")
    assert len(outlets.tokens._held) == 1
    files = [path for path in await asyncio.to_thread(lambda: list(tmp_path.rglob("*"))) if path.name != "oauth"]
    assert [path for path in files if path.is_file() and b"canary" in path.read_bytes()] == []


async def test_no_action_asks_a_name_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that changes its mind after the check changes nothing: MQTT and SIP go to the checked address."""
    loop = asyncio.get_running_loop()
    asked: list[str] = []
    gone: list[str] = []

    async def flipping(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(2, 1, 6, "", ("203.0.113.1" if len(asked) % 2 else "127.0.0.1", port))]

    class Line(Session):
        async def connect(self) -> bool:
            gone.append(self._broker.host)
            raise OSError("this far")

    async def datagrams(_make: object, remote_addr: tuple[str, int]) -> None:
        gone.append(remote_addr[0])
        raise OSError("this far")

    async def never() -> None:
        raise AssertionError("something was sent")

    monkeypatch.setattr(loop, "getaddrinfo", flipping)
    monkeypatch.setattr(loop, "create_datagram_endpoint", datagrams)
    monkeypatch.setattr(mqtt_action, "Session", Line)
    context = Context(values={"decision": "d", "step": "s"}, base=tmp_path, allow_hosts=("rebind.test",))
    say = Mqtt(name="s", effect="once", broker=Broker(host="rebind.test"), topic="a", json={})
    with pytest.raises(OSError, match="this far"):
        await say.perform(context)
    asked.append("between")
    with pytest.raises(client.SipError):
        await client.ask(
            client.Peer("rebind.test", 5060, "udp", "", "g"), context.allow_hosts, timeout=1, on_sent=never
        )
    assert asked == ["rebind.test", "between", "rebind.test"]
    assert gone == ["203.0.113.1", "203.0.113.1"]
