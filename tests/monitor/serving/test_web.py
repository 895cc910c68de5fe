"""What the HTTP interface answers to friends."""

from __future__ import annotations

import gzip
import json
import re

import aiohttp
import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics

from monitor.serving.acts import Refusal
from monitor.serving.snapshot import DecisionRow, RunRow, Snapshot
from monitor.serving.web.acting import ACTINGS
from monitor.serving.web.bodies import LIMIT
from monitor.serving.web.landing import landing_page
from monitor.serving.web.posting import POSTINGS
from monitor.serving.web.reading import READINGS
from monitor.serving.web.wall import FORMS
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.boards import NOW, board
from tests.monitor.serving.desk import opened

BODIES: dict[str, dict[str, object]] = {
    "approve": {"digest": "d", "nonce": "n", "reason": "why"},
    "request_run": {"runbook": "rollback", "parameters": {"trunk": "east"}, "reason": "why"},
    "attest": {"item": "legacy_up >= 1", "digest": "d", "evidence": "saw it"},
    "break_glass": {
        "runbook": "rollback",
        "parameters": {"trunk": "east"},
        "reason": "why",
        "confirm": "rollback PROD",
    },
    "declare": {"passed": True, "reason": "why"},
    "sign": {"signed": True, "reason": "why"},
    "note": {"text": "hello"},
    "note_alert": {"text": "hello"},
    "ack": {"seconds": 600, "reason": "why"},
    "mute": {"seconds": 600, "reason": "why"},
    "resolve": {"outcome": "done", "reason": "why"},
}
ASKED = {
    "/api/v1/decisions/{decision}/approve": ("approve", "anna", "x1", "d", "n", "why", False),
    "/api/v1/decisions/{decision}/reject": ("reject", "anna", "x1", "why"),
    "/api/v1/decisions/{decision}/rearm": ("rearm", "anna", "x1", "why"),
    "/api/v1/decisions/{decision}/attest": ("attest", "anna", "x1", "legacy_up >= 1", "d", "saw it"),
    "/api/v1/runs/break-glass": ("break_glass", "anna", "rollback", {"trunk": "east"}, "why", "rollback PROD", ""),
    "/api/v1/points/{point}/declare": ("declare", "anna", "x1", True, "why"),
    "/api/v1/runs": ("request_run", "anna", "rollback", {"trunk": "east"}, "why", ""),
    "/api/v1/runs/{run}/abort": ("abort", "anna", "x1", "why"),
    "/api/v1/runs/{run}/pause": ("pause", "anna", "x1", "why"),
    "/api/v1/runs/{run}/resume": ("resume", "anna", "x1", "why"),
    "/api/v1/runs/{run}/takeover": ("takeover", "anna", "x1", "why"),
    "/api/v1/runs/{run}/steps/{step}/undo": ("undo", "anna", "x1", "x1", "", "why"),
    "/api/v1/runs/{run}/steps/{step}/retry": ("retry", "anna", "x1", "x1", "", "why"),
    "/api/v1/runs/{run}/steps/{step}/skip": ("skip", "anna", "x1", "x1", "", "why"),
    "/api/v1/runs/{run}/steps/{step}/resolve": ("resolve", "anna", "x1", "x1", "done", "why"),
    "/api/v1/stages/{stage}/advance": ("advance", "anna", "x1", "why"),
    "/api/v1/stages/{stage}/hold": ("hold", "anna", "x1", "why"),
    "/api/v1/stages/{stage}/back": ("back", "anna", "x1", "why"),
    "/api/v1/gates/{gate}/sign": ("sign", "anna", "x1", True, "why"),
    "/api/v1/alerts/{alert}/ack": ("ack", "anna", "x1", 600.0, "why"),
    "/api/v1/alerts/{alert}/release": ("release", "anna", "x1", "why"),
    "/api/v1/alerts/{alert}/mute": ("mute", "anna", "x1", 600.0, "why", False),
    "/api/v1/alerts/{alert}/unmute": ("unmute", "anna", "x1", "why", False),
    "/api/v1/alerts/{alert}/note": ("note_alert", "anna", "x1", "hello"),
    "/api/v1/notes": ("note", "anna", "hello"),
    "/-/reload": ("reload", "anna", "why"),
}


def filled(path: str, value: str = "x1") -> str:
    """A route's path with its parameters filled in."""
    return re.sub(r"\{\w+\}", value, path)


def body_of(path: str) -> dict[str, object]:
    """A body that the route takes."""
    return BODIES.get(str(ASKED[path][0]), {"reason": "why"})


def test_every_acting_route_is_in_the_table():
    """The acts that these tests walk are all that the program has."""
    assert [acting.path for acting in ACTINGS] == list(ASKED)


@pytest.mark.parametrize("path", ASKED)
async def test_each_act_reaches_the_desk(house, path):
    """A named person's request becomes exactly one act with what was sent, and its row comes back."""
    reply = await house.ask("POST", filled(path), token=house.token, json=body_of(path))
    assert reply.status == 200
    assert house.desk.asked == [ASKED[path]]
    answer = next(acting.answer for acting in ACTINGS if acting.path == path)
    msgspec.json.decode(reply.text, type=answer)


@pytest.mark.parametrize("path", ASKED)
async def test_a_refusal_is_passed_on_in_its_own_words(house, path):
    """When the desk refuses, its status, reason and hint arrive as JSON."""
    house.desk.refusal = Refusal(409, "the digest is stale", "read it again")
    reply = await house.ask("POST", filled(path), token=house.token, json=body_of(path))
    assert reply.status == 409
    assert reply.json == {"error": {"status": 409, "what": "the digest is stale", "hint": "read it again"}}


async def test_a_reload_needs_no_body(house):
    """POST /-/reload without a body and a content type, as it is sent to Prometheus, is one without a reason."""
    reply = await house.ask("POST", "/-/reload", token=house.token)
    assert (reply.status, house.desk.asked) == (200, [("reload", "anna", "")])


async def test_reloading_over_http_is_off_unless_it_was_asked_for(tmp_path):
    """Without web.enable_lifecycle an admin's token is answered 403 with the way that there is, and nothing is read."""
    async with opened(tmp_path) as house:
        reply = await house.ask("POST", "/-/reload", token=house.token)
        assert reply.status == 403
        assert "SIGHUP" in reply.json["error"]["hint"]
        assert house.desk.asked == []


async def test_votes_are_counted(house):
    """Approvals, rejections and refused signatures are metrics."""
    path = "/api/v1/decisions/x1/approve"
    await house.ask("POST", path, token=house.token, json=BODIES["approve"])
    house.desk.refusal = Refusal(403, "no")
    await house.ask("POST", path, token=house.token, json=BODIES["approve"])
    metrics = (await house.ask("GET", "/metrics")).text
    assert 'golive_approvals_total{result="approved"} 1.0' in metrics
    assert 'golive_approvals_total{result="refused"} 1.0' in metrics


async def test_a_failing_act_is_an_answer_too(house, caplog):
    """An exception behind an act becomes a 500 without its inner words; those are in the log."""
    house.desk.failure = ZeroDivisionError("secret inner words")
    reply = await house.ask("POST", "/api/v1/notes", token=house.token, json={"text": "x"})
    assert reply.status == 500
    assert "secret" not in reply.text
    assert reply.json["error"]["hint"]
    assert "secret inner words" in caplog.text
    house.desk.failure = None
    assert (await house.ask("POST", "/api/v1/notes", token=house.token, json={"text": "x"})).status == 200


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/api/v1/notes", {}, "text"),
        ("/api/v1/alerts/x1/mute", {"seconds": 60}, "reason"),
        ("/api/v1/alerts/x1/mute", {"reason": "why"}, "seconds"),
        ("/api/v1/alerts/x1/mute", {"reason": "why", "seconds": 0}, "0"),
        ("/api/v1/alerts/x1/ack", {"seconds": -1}, "0"),
        ("/api/v1/alerts/x1/ack", {"seconds": "30m"}, "float"),
        ("/api/v1/notes", {"text": ""}, "text"),
        ("/api/v1/notes", {"text": "x", "colour": "red"}, "colour"),
        ("/api/v1/notes", {"text": 5}, "str"),
        ("/api/v1/notes", {"text": "x" * 501}, "500"),
        ("/api/v1/notes", ["text"], "object"),
        ("/api/v1/decisions/x1/approve", {"digest": "d"}, "nonce"),
        ("/api/v1/runs", {"runbook": "r", "parameters": {"a": 1}}, "str"),
        ("/api/v1/runs", {"runbook": "r", "parameters": {str(n): "" for n in range(51)}}, "50"),
        ("/api/v1/runs/x1/steps/x1/resolve", {"outcome": "maybe"}, "maybe"),
        ("/api/v1/runs/x1/steps/x1/resolve", {"reason": "x"}, "outcome"),
        ("/api/v1/runs/x1/steps/x1/retry", {"outcome": "done"}, "outcome"),
    ],
)
async def test_a_wrong_body_is_refused_with_the_place(house, path, body, word):
    """Unknown fields, wrong types and missing ones are 400 with words that name them; nothing is done."""
    reply = await house.ask("POST", path, token=house.token, json=body)
    assert reply.status == 400
    assert word in reply.text
    assert house.desk.asked == []


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"text": NaN}', b"\xff\xfe", b"[" * 30_000, b'{"text": "\\ud800"}', b'{"text":"a"} x']
)
async def test_bytes_that_are_not_json_are_refused(house, raw):
    """Whatever is not one JSON value is 400, however deep or malformed."""
    headers = {"Content-Type": "application/json"}
    reply = await house.ask("POST", "/api/v1/notes", token=house.token, data=raw, headers=headers)
    assert reply.status == 400
    assert house.desk.asked == []


async def test_a_body_over_the_limit_is_refused(house):
    """64 KiB is the most, announced or chunked."""
    headers = {"Content-Type": "application/json"}
    whole = json.dumps({"text": "x" * LIMIT}).encode()

    async def chunks():
        yield whole[:40_000]
        yield whole[40_000:]

    for data in (whole, chunks()):
        reply = await house.ask("POST", "/api/v1/notes", token=house.token, data=data, headers=headers)
        assert reply.status == 413
    assert house.desk.asked == []


async def test_text_is_cleaned_on_its_way_in(house):
    """Control sequences in a body or a path reach the desk as visible text only."""
    await house.ask("POST", "/api/v1/notes", token=house.token, json={"text": "a\x1b[31mb\u202ec\nd"})
    await house.ask("POST", "/api/v1/runs/%1B%5B31m%0A/abort", token=house.token, json={"reason": "\x07"})
    await house.ask("POST", "/api/v1/runs", token=house.token, json={"runbook": "r", "parameters": {"\x1b": "\x1b"}})
    assert house.desk.asked == [
        ("note", "anna", "a\\x1b[31mb\\u202ec\\x0ad"),
        ("abort", "anna", "\\x1b[31m\\x0a", "\\x07"),
        ("request_run", "anna", "r", {"\\x1b": "\\x1b"}, "", ""),
    ]


async def test_the_snapshot_is_whole_and_bounded(tmp_path):
    """The snapshot decodes into its own type; series beyond the bound are left out and counted."""
    async with opened(tmp_path, WebConfig(listen="127.0.0.1:0", series_limit=3)) as house:
        reply = await house.ask("GET", "/api/v1/snapshot")
        shown = msgspec.json.decode(reply.text, type=Snapshot)
        assert len(shown.series) == 3
        assert shown.series_left_out == 2
        assert shown.verdict == house.desk.current.verdict
        house.desk.current = msgspec.structs.replace(board(), at=NOW + 1)
        reply = await house.ask("GET", "/api/v1/snapshot")
        assert msgspec.json.decode(reply.text, type=Snapshot).at == NOW + 1
        reply = await house.ask("POST", "/api/v1/stages/x/hold", token=house.token, json={})
        assert reply.status == 200


async def test_events_come_in_order_after_a_number(house):
    """A client that names the last line it saw gets the next ones, at most as many as it asked for."""
    reply = await house.ask("GET", "/api/v1/events?after=3&limit=2")
    assert [row["seq"] for row in reply.json["events"]] == [4, 5]
    assert len((await house.ask("GET", "/api/v1/events")).json["events"]) == 7


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=1001", "after=\u0661", "after=" + "9" * 30])
async def test_a_wrong_number_is_refused(house, query):
    """Query parameters that are no whole number in range are 400."""
    reply = await house.ask("GET", f"/api/v1/events?{query}")
    assert reply.status == 400
    assert reply.json["error"]["what"]


async def test_decisions_alone(house):
    """Decisions can be read without the rest of the snapshot."""
    reply = await house.ask("GET", "/api/v1/decisions")
    (row,) = reply.json["decisions"]
    assert msgspec.convert(row, DecisionRow).id == "d-1"


async def test_me_is_the_person_behind_the_token(house):
    """A terminal learns from its token who it acts for."""
    reply = await house.ask("GET", "/api/v1/me", token=house.token)
    assert reply.json == {"name": "anna", "role": "approver", "duties": ["cutover-manager"], "via": "http"}


async def test_the_journal_is_read_in_pages_by_named_people(house):
    """With a token the journal's lines come in order; the hash of each is with it."""
    reply = await house.ask("GET", "/api/v1/journal?after=2&limit=3", token=house.token)
    assert [entry["seq"] for entry in reply.json["entries"]] == [3, 4, 5]
    assert reply.json["entries"][0]["hash"] == "f" * 64


async def test_ready_says_why_it_is_not(house):
    """Before the first tick readiness is 503 with the reason and health is 200 already."""
    house.not_ready = "the first tick has not judged yet"
    ready = await house.ask("GET", "/-/ready")
    assert (ready.status, ready.text) == (503, "not ready: the first tick has not judged yet\n")
    assert (await house.ask("GET", "/-/healthy")).status == 200
    assert (await house.ask("GET", "/api/v1/snapshot")).status == 503
    assert "first tick" in (await house.ask("GET", "/")).text
    house.not_ready = None
    assert (await house.ask("GET", "/-/ready")).status == 200


async def test_metrics_in_the_format_asked_for(house):
    """Prometheus gets OpenMetrics, curl gets text, and gzip only goes to those who take it."""
    house.table.put((("site", "porto"),), 4.0, NOW)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        async with session.get(house.url + "/metrics", headers={"Accept-Encoding": "identity"}) as plain:
            assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert b'golive_agents{site="porto"} 4.0\n' in await plain.read()
        wants = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
        async with session.get(house.url + "/metrics", headers=wants) as packed:
            assert packed.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert packed.headers["Content-Encoding"] == "gzip"
            text = gzip.decompress(await packed.read()).decode()
    assert any(family.name == "golive_verdict" for family in read_openmetrics(text))


async def test_the_landing_page_links_what_there_is(house):
    """Each link of the page at / answers, and the page names environment and verdict."""
    page = (await house.ask("GET", "/")).text
    assert "PROD sales-en" in page
    assert "NO-GO" in page
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) >= 5
    for link in links:
        assert (await house.ask("GET", link)).status == 200


def test_the_landing_page_escapes_outside_text():
    """A cutover or a reason with markup in it is shown as text."""
    base = board()
    cutover = msgspec.structs.replace(base.cutover, name="<script>alert(1)</script>")
    verdict = msgspec.structs.replace(base.verdict, reason="<img src=x>")
    page = landing_page(msgspec.structs.replace(base, cutover=cutover, verdict=verdict), None)
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in landing_page(None, "<b>")


async def test_the_description_has_every_route(house):
    """openapi.json names each path and method, its body and its answer, and resolves its own references."""
    document = (await house.ask("GET", "/api/openapi.json")).json
    assert set(document["paths"]) == {path for path, *_ in (*READINGS, *ACTINGS, *POSTINGS, *FORMS)}
    for acting in ACTINGS:
        operation = document["paths"][acting.path]["post"]
        assert operation["security"] == [{"token": []}]
        assert {p["name"] for p in operation["parameters"]} == set(re.findall(r"\{(\w+)\}", acting.path))
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert {"Snapshot", "RunRow", "Approve", "ErrorBody"} <= references
    assert references <= set(document["components"]["schemas"])
    assert document["components"]["schemas"]["Approve"]["additionalProperties"] is False
    assert RunRow.__name__ in references


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/metrics", 405)])
async def test_a_wrong_path_or_method_is_a_json_error(house, method, path, status):
    """What is not there is answered in the same form as everything else."""
    reply = await house.ask(method, path)
    assert reply.status == status
    assert reply.json["error"]["status"] == status
    assert reply.json["error"]["hint"]


async def test_an_idempotency_key_reaches_the_desk_cleaned_and_bounded(house):
    """A client that sends the same request twice names it; what the header holds is outside text like any other."""
    headers = {"Idempotency-Key": "k-1 \u202e" + "x" * 300}
    body = {"runbook": "rollback", "reason": "why"}
    reply = await house.ask("POST", "/api/v1/runs", token=house.token, json=body, headers=headers)
    assert reply.status == 200
    (asked,) = house.desk.asked
    assert asked[-1].startswith("k-1 ")
    assert len(asked[-1]) <= 128
    assert asked[-1].isprintable()
