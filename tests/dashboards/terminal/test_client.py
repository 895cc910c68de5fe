"""The HTTP client against a real server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest
from aiohttp import web

from dashboards.terminal import client as module
from dashboards.terminal.acts import Refused, Unreachable, approve
from dashboards.terminal.client import DaemonClient, checked_url
from dashboards.terminal.view import Person
from monitor.secrets import Secret
from tests.dashboards.terminal import recorded

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def daemon(handler: Handler) -> AsyncIterator[str]:
    """Anything that answers HTTP; yields its address."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_snapshot_comes_over_the_wire_as_it_was() -> None:
    """What the daemon encodes is what the screens get, and its clock comes with it."""

    async def answer(request: web.Request) -> web.Response:
        assert request.path == "/api/v1/snapshot"
        return web.Response(body=msgspec.json.encode(recorded.FAILING), content_type="application/json")

    async with daemon(answer) as url, DaemonClient(url) as client:
        assert await client.snapshot() == recorded.FAILING
        assert client.server_time is not None


async def test_an_act_carries_the_token_and_its_body() -> None:
    """The bearer token and the JSON body arrive; the answer counts as done."""
    seen: list[tuple[str, str, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/api/v1/me":
            return web.json_response({"name": "anna", "role": "approver", "duties": ["cutover-manager"]})
        seen.append((request.path, request.headers["Authorization"], await request.json()))
        return web.json_response({})

    async with daemon(answer) as url, DaemonClient(url, Secret("s3cret")) as client:
        assert await client.me() == Person(name="anna", role="approver", duties=("cutover-manager",))
        await client.act(approve(recorded.DECISION, "why"))
    body = {"digest": recorded.DECISION.digest, "nonce": "n-1", "reason": "why"}
    assert seen == [("/api/v1/decisions/d-17/approve", "Bearer s3cret", body)]


async def test_a_no_of_the_daemon_comes_with_its_words() -> None:
    """A 409 is Refused with what and hint, cleaned of control characters."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(
            {"error": {"status": 409, "what": "stale\x1b[2J digest", "hint": "look again"}}, status=409
        )

    async with daemon(answer) as url, DaemonClient(url) as client:
        with pytest.raises(Refused) as refused:
            await client.act(approve(recorded.DECISION, ""))
    assert refused.value.what == "stale\\x1b[2J digest"
    assert refused.value.hint == "look again"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<html>", "not a snapshot"),
        (200, b'{"schema": 99}', "schema 99"),
        (200, b"", "not a snapshot"),
        (503, b"", "HTTP 503"),
        (302, b"", "HTTP 302"),
        (401, b"", "does not show its snapshot"),
    ],
)
async def test_an_answer_that_is_no_snapshot_is_unreachable_in_words(status, body, words) -> None:
    """Another program on the port, another version, an error: each says what it was."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(
            status=status, body=body, headers={"Location": "http://192.0.2.1/"} if status == 302 else {}
        )

    async with daemon(answer) as url, DaemonClient(url) as client:
        with pytest.raises(Unreachable, match=words):
            await client.snapshot()


async def test_a_daemon_that_never_answers_is_given_up_within_its_time(monkeypatch) -> None:
    """A hanging daemon costs the timeout, not the screen."""
    monkeypatch.setattr(module, "TIMEOUT", 0.1)
    never = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    async with daemon(answer) as url, DaemonClient(url) as client:
        with pytest.raises(Unreachable, match="no answer within"):
            await client.snapshot()
        never.set()


async def test_nobody_on_the_port_is_unreachable() -> None:
    """A refused connection names the address."""
    async with DaemonClient("http://127.0.0.1:1") as client:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
            await client.snapshot()


async def test_an_endless_answer_is_cut(monkeypatch) -> None:
    """More than the bound is not read into memory."""
    monkeypatch.setattr(module, "LARGEST", 1000)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 5000)

    async with daemon(answer) as url, DaemonClient(url) as client:
        with pytest.raises(Unreachable, match="larger than"):
            await client.snapshot()


@pytest.mark.parametrize("url", ["ftp://host", "host:8930", "http://", "http://user:pw@host:1", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused(url) -> None:
    """Only http and https with a host, and no password in it."""
    with pytest.raises(ValueError, match="not the address of a daemon"):
        checked_url(url, secret=False)


def test_a_token_never_travels_in_the_clear() -> None:
    """With a token plain http is for loopback alone."""
    with pytest.raises(ValueError, match="does not travel unencrypted"):
        checked_url("http://golive.example:8930", secret=True)
    assert checked_url("http://golive.example:8930", secret=False)
    for url in ("http://127.0.0.1:8930", "http://[::1]:8930", "http://localhost:8930", "https://golive.example"):
        assert checked_url(url, secret=True) == url
