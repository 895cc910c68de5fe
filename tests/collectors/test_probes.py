"""What `golive doctor` finds at sources that are there, and not as they should be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from collectors.kinds import AnyCollector
from monitor.intake.probing import Check
from tests.collectors.ami.pbx import SECRET, Pbx, Queue
from tests.collectors.promql.contract import Exporter


def made(kind: str, **fields: Any) -> Any:
    """A collector from what a person would write."""
    return msgspec.convert({"kind": kind, "name": "x", "every": 5, **fields}, AnyCollector)


def states(checks: list[Check]) -> list[tuple[str, str]]:
    """What was tried, and how it went."""
    return [(check.what, check.state) for check in checks]


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    path.chmod(0o600)
    return str(path)


async def test_a_pbx_without_a_watched_queue_fails_by_its_name(secret: str) -> None:
    """The queue that is spelled differently there is found before its gate is UNKNOWN."""
    pbx = Pbx()
    pbx.queues["sales"] = Queue("sales")
    await pbx.start()
    try:
        fields = {"host": "127.0.0.1", "port": pbx.port, "username": "golive", "secret": {"file": secret}}
        well = await made("ami", **fields, queues={"sales": "sales-en"}).probe(Path())
        ill = await made("ami", **fields, queues={"sales": "a", "suport": "b"}).probe(Path())
    finally:
        await pbx.stop()
    assert states(well) == [("login", "ok"), ("queues", "ok")]
    assert states(ill) == [("login", "ok"), ("queues", "fail")]
    assert "suport" in ill[1].words
    assert "sales" in ill[1].next


async def test_a_pbx_that_refuses_the_secret_says_where_to_look(tmp_path: Path) -> None:
    """A wrong secret is a failed login with both places to compare, and the secret is not in the words."""
    path = tmp_path / "wrong"
    path.write_text("a-wrong-secret")
    path.chmod(0o600)
    pbx = Pbx()
    await pbx.start()
    try:
        source = made("ami", host="127.0.0.1", port=pbx.port, username="golive", secret={"file": str(path)})
        (check,) = await source.probe(Path())
    finally:
        await pbx.stop()
    assert (check.what, check.state) == ("login", "fail")
    assert "manager.conf" in check.next
    assert "a-wrong-secret" not in check.words + check.next


async def test_a_question_that_finds_nothing_is_a_warning() -> None:
    """A misspelled metric is found before the cutover, not by a gate that stays UNKNOWN."""
    exporter = Exporter()
    await exporter.come_back()
    try:
        configuration = exporter.configuration()
        asked = [{"query": "no_such_metric_at_all", "metric": "golive_queue_contacts_waiting"}]
        well = await made("promql", **configuration).probe(Path())
        if "url" not in configuration:
            pytest.fail("the exporter of the contract suite has no query API any more")
        ill = await made("promql", **{**configuration, "questions": asked, "scrapes": []}).probe(Path())
    finally:
        await exporter.leave()
    assert {check.state for check in well} <= {"ok", "warn"}
    assert ("question", "warn") in states(ill) or ("question", "fail") in states(ill)


async def test_a_service_whose_clock_is_wrong_is_found() -> None:
    """A server ten minutes ahead is said with the seconds; nothing but HEAD / was sent to it."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path}")
        return web.Response(status=404, headers={"Date": "Sun, 29 Nov 2099 06:20:58 GMT"})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        create = {"operation": "create", "method": "POST", "url": f"http://127.0.0.1:{server.port}/tickets", "json": {}}
        source = made("http", transactions=[{"integration": "ticketing", "requests": [create]}])
        checks = await source.probe(Path())
    finally:
        await server.close()
    assert states(checks) == [("target", "ok"), ("clock", "fail")]
    assert "ahead of" in checks[1].words
    assert asked == ["HEAD /"]


async def test_secrets_of_requests_are_tried_and_never_shown(tmp_path: Path) -> None:
    """A secret that others can read fails by its path."""
    path = tmp_path / "crm"
    path.write_text("canary-of-crm")
    path.chmod(0o644)
    request = {"operation": "a", "url": "http://127.0.0.1:9/", "headers": {"X-Key": {"file": str(path)}}}
    checks = await made("http", transactions=[{"integration": "crm", "requests": [request]}]).probe(Path())
    assert states(checks) == [("secret", "fail"), ("target", "fail")]
    assert "chmod 600" in checks[0].next
    assert "canary-of-crm" not in str(checks)
