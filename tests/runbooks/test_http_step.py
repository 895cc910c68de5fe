"""The HTTP step where answers get lost or say little: by effect class, never twice where that does harm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from runbooks.actions.http import Http
from runbooks.conduct import perform
from runbooks.context import Context
from runbooks.expect import Expect
from runbooks.request import Request
from tests.monitor.deciding.world import BEN
from tests.rig.serving import served_at
from tests.runbooks.rollback import Rollback, runbook


class Gateway:
    """Applies first; answers as the test says, request by request, then 200."""

    def __init__(self) -> None:
        self.applied = 0
        self.got: list[tuple[str, str, bytes]] = []
        self.answers: list[str] = []

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.got.append((request.method, request.headers.get("Content-Type", ""), await request.read()))
        if request.method == "GET":
            return web.json_response({"applied": self.applied > 0})
        self.applied += 1
        way = self.answers.pop(0) if self.answers else "200"
        if way == "cut":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"ok": way == "200"}, status=int(way) if way.isdigit() else 200)


@asynccontextmanager
async def gateway(*answers: str) -> AsyncIterator[tuple[Gateway, str]]:
    there = Gateway()
    there.answers = list(answers)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", there.take)
    async with served_at(app) as host:
        yield there, host


LINE = """
name: line
title: One request
allow_hosts: ["{host}"]
verify: [legacy_share >= 0.95]
verify_hold: 0s
steps:
  - name: one
    action: http
    effect: {effect}
    retry: {{times: 2, wait: 10ms}}
    request: {{method: POST, url: "http://{host}/move"}}
    probe: {{url: "http://{host}/state", expect: {{paths: {{applied: true}}}}}}
"""


@pytest.mark.parametrize("answer", ["502", "503", "504", "500", "cut"])
@pytest.mark.parametrize(
    ("effect", "state", "sent"), [("once", "parked", 1), ("checked", "done", 1), ("keyed", "done", 2)]
)
async def test_applied_and_then_answered_badly(tmp_path: Path, answer: str, effect: str, state: str, sent: int) -> None:
    """The target applied it and a gateway says 5xx or the line is cut: once parks, checked looks, keyed repeats."""
    async with (
        gateway(answer) as (there, host),
        Rollback(tmp_path, runbook(LINE.format(host=host, effect=effect))) as world,
    ):
        await world.sign()
        await world.reaches("paused", "rolled_back")
        assert (world.step("one").state, there.applied) == (state, sent)
        if state == "parked":
            assert "did it take effect?" in world.step("one").question
            await world.desk.act_on_step(BEN, world.run.id, "one", "resolve", "done", "the carrier shows it")
            await world.reaches("rolled_back")
            assert there.applied == 1


@pytest.mark.parametrize(
    ("answer", "state"), [("404", "failed"), ("409", "failed"), ("429", "failed"), ("501", "failed")]
)
async def test_a_refusal_is_a_failure_that_a_person_decides_about(tmp_path: Path, answer: str, state: str) -> None:
    """The target says that it did nothing: failed, nothing goes on by itself."""
    async with (
        gateway(answer) as (there, host),
        Rollback(tmp_path, runbook(LINE.format(host=host, effect="once"))) as world,
    ):
        await world.sign()
        await world.reaches("paused")
        assert (world.step("one").state, there.applied) == (state, 1)


@pytest.mark.parametrize(
    ("body", "kind", "sent"),
    [
        ({"json": {"to": "{queue}"}}, "application/json", b'{"to":"a&b \xc3\xa4"}'),
        (
            {"json": [{"op": "replace", "value": "{queue}"}]},
            "application/json",
            b'[{"op":"replace","value":"a&b \xc3\xa4"}]',
        ),
        ({"form": {"to": "{queue}", "n": "1"}}, "application/x-www-form-urlencoded", b"to=a%26b+%C3%A4&n=1"),
        ({"text": "<to>{queue}</to>"}, "text/plain; charset=utf-8", b"<to>a&b \xc3\xa4</to>"),
        ({"text": "<to/>", "headers": {"Content-Type": "application/xml"}}, "application/xml", b"<to/>"),
        ({}, "", b""),
    ],
)
async def test_each_kind_of_body_arrives_as_it_is_shown(body: dict[str, Any], kind: str, sent: bytes) -> None:
    """JSON, lists, forms and text, each with its type; what was signed is what is sent."""
    async with gateway() as (there, host):
        request = Request(method="POST", url=f"http://{host}/x", **body)
        step = Http(name="s", effect="once", request=request, expect=Expect(status="2xx"))
        context = Context(values={"queue": "a&b ä", "decision": "d", "step": "s"}, allow_hosts=(host,))
        assert (await perform(step, context)).kind == "done"
        method, got_kind, got = there.got[0]
        assert (method, got) == ("POST", sent)
        assert got_kind == (kind or "application/octet-stream") or not sent
        assert sent.decode() in step.request_text(context)


async def test_what_cannot_be_filled_is_not_sent() -> None:
    """A value that would lead to another place in the URL is a failure before anything leaves."""
    request = Request(url="http://127.0.0.1:9/a/{queue}/b")
    context = Context(values={"queue": "..", "decision": "d", "step": "s"}, allow_hosts=("127.0.0.1:9",))
    outcome = await perform(Http(name="s", effect="once", request=request), context)
    assert (outcome.kind, outcome.sent) == ("failed", False)
    assert "another place in the URL" in outcome.detail
