"""Roles against acts, over real HTTP to a real desk: who may is written down once, and everything else is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from monitor.catalogue.inventory import CATALOGUE
from monitor.config_file import read
from monitor.daemon.course import Course
from monitor.daemon.helm import Helm
from monitor.daemon.reloading import Reloading
from monitor.deciding.alert_desk import AlertDesk, Place
from monitor.deciding.attention import Pair
from monitor.deciding.auth import Authority
from monitor.deciding.people import Person
from monitor.deciding.tokens import make_token
from monitor.plan import Gate, PointOfNoReturn, Stage
from monitor.serving.alert_rows import AlertDetail
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.exposition.scrape import Exposition
from monitor.serving.web.acting import ACTINGS
from monitor.serving.web.app import make_app
from monitor.serving.web.listener import Listener
from monitor.serving.web_config import WebConfig
from tests.monitor.deciding.world import PEOPLE, World, asked
from tests.monitor.serving.boards import board
from tests.monitor.serving.desk import until
from tests.monitor.serving.test_web import filled

OPERATE, APPROVE = {"operator", "approver"}, {"approver"}
WATCHED = {"operator", "approver", "admin"}
MAY: dict[str, set[str]] = {
    "/api/v1/decisions/{decision}/approve": APPROVE,
    "/api/v1/decisions/{decision}/reject": APPROVE,
    "/api/v1/decisions/{decision}/rearm": {"approver", "admin"},
    "/api/v1/decisions/{decision}/attest": APPROVE,
    "/api/v1/runs/break-glass": APPROVE,
    "/api/v1/points/{point}/declare": OPERATE,
    "/api/v1/runs": OPERATE,
    "/api/v1/runs/{run}/abort": WATCHED,
    "/api/v1/runs/{run}/pause": WATCHED,
    "/api/v1/runs/{run}/resume": OPERATE,
    "/api/v1/runs/{run}/takeover": OPERATE,
    "/api/v1/runs/{run}/steps/{step}/retry": OPERATE,
    "/api/v1/runs/{run}/steps/{step}/skip": OPERATE,
    "/api/v1/runs/{run}/steps/{step}/resolve": OPERATE,
    "/api/v1/runs/{run}/steps/{step}/undo": OPERATE,
    "/api/v1/stages/{stage}/advance": APPROVE,
    "/api/v1/stages/{stage}/hold": WATCHED,
    "/api/v1/stages/{stage}/back": APPROVE,
    "/api/v1/gates/{gate}/sign": OPERATE,
    "/api/v1/alerts/{alert}/ack": WATCHED,
    "/api/v1/alerts/{alert}/release": WATCHED,
    "/api/v1/alerts/{alert}/mute": WATCHED,
    "/api/v1/alerts/{alert}/unmute": WATCHED,
    "/api/v1/alerts/{alert}/note": WATCHED,
    "/api/v1/notes": WATCHED,
    "/-/reload": {"admin"},
}
"""Who may do what; reject is also the requester's. A gate is signed by whoever has its duty; here an operator and an approver have it."""
NAMES = {"viewer": "eve", "operator": "olga", "approver": "anna", "admin": "ada"}


class OneAlert:
    """One alert fires."""

    def find(self, name: str) -> Place:
        return Place(
            id=name, alert="loss", scope="queue=a", page="night/loss/queue=a", scopes=("queue=a",), firing=True
        )

    def alive(self, pair: Pair) -> bool:
        del pair
        return True


class Office:
    """A desk behind a listener, and a token for each person."""

    def __init__(self, world: World, helm: Helm, listener: Listener, tokens: dict[str, str], state: Path) -> None:
        self.world = world
        self.helm = helm
        self.tokens = tokens
        self.url = f"http://127.0.0.1:{listener.port}"
        self.state = state
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=10))
        """Ten connections: what the listener takes from one address, and more than two people have."""

    async def post(self, path: str, body: dict[str, Any], token: str | None, **more: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self.session.post(self.url + path, json=body, headers={**headers, **more}) as answer:
            return answer.status, await answer.json()


def reloading_of(world: World, folder: Path) -> Reloading:
    """What takes a configuration over, before a file that is broken by now."""
    file = folder / "golive.yaml"
    file.write_text("schema: 1\ncutover: {name: night}\nstages: [{name: legacy}]\n")
    loaded = read(file)
    file.write_text("schema: 9\n")
    parts = SimpleNamespace(own=OwnMetrics(), clock=lambda: world.now, journal=world.journal, digest=loaded.digest)
    parts.up = asyncio.Event()
    parts.up.set()
    return Reloading(parts, loaded, lambda: read(file))


@asynccontextmanager
async def office(state: Path) -> AsyncIterator[Office]:
    """A whole one, with a decision that asks and a point of no return."""
    world = World(state / "journal.db")
    world.points = (PointOfNoReturn(name="x1", signal="port_state", when=">= 2"),)
    await world.start()
    await world.measure(port_state=1.0)
    await asked(world)
    course = Course(
        (Stage(name="legacy"), Stage(name="pilot")),
        (Gate(name="smoke", signed_by="cutover-manager"),),
        world.journal,
        lambda: world.now,
        lambda _stage, _now: None,
    )
    await course.start()
    alerts = AlertDesk(world.journal, "night", lambda: world.now)
    alerts.places = OneAlert()
    helm = Helm(world.desk, course, world.journal, board, list, alerts, lambda name: AlertDetail(id=name))
    people = tuple(Person(name=person.name, role=person.role, duties=person.duties) for person in PEOPLE)
    authority = Authority(people, state, state)
    tokens = {}
    for role, name in NAMES.items():
        tokens[role], _ = await asyncio.to_thread(make_token, state, name, None, 0.0, None)
    tokens["expired"], _ = await asyncio.to_thread(make_token, state, "ben", None, 0.0, 1.0)
    config = WebConfig(listen="127.0.0.1:0", enable_lifecycle=True)
    reloading = await asyncio.to_thread(reloading_of, world, state)
    exposition = Exposition(dict, lambda: None, OwnMetrics(), CATALOGUE)
    listener = Listener(
        make_app(helm, authority, exposition, config, lambda: None, reloader=reloading), config, lambda: None
    )
    await listener.start()
    try:
        here = Office(world, helm, listener, tokens, state)
        yield here
    finally:
        await here.session.close()
        await listener.stop()
        await world.stop()


def request_of(here: Office, path: str) -> tuple[str, dict[str, Any]]:
    """The path and a body that would do something, if it were allowed."""
    row = here.world.rows()[0]
    url = filled(path.replace("{decision}", row.id).replace("{gate}", "smoke").replace("{stage}", "pilot"))
    url = url.replace("{alert}", "loss:queue=a")
    bodies: dict[str, dict[str, Any]] = {
        "approve": {"digest": row.digest, "nonce": row.nonce, "reason": "why"},
        "attest": {"item": "legacy_up >= 1", "digest": row.digest, "evidence": "saw it"},
        "break-glass": {"runbook": "voice-back", "reason": "why", "confirm": "voice-back PROD"},
        "declare": {"passed": True, "reason": "why"},
        "runs": {"runbook": "voice-back", "parameters": {"queue": "new"}, "reason": "why"},
        "resolve": {"outcome": "done", "reason": "why"},
        "sign": {"signed": True, "reason": "why"},
        "ack": {"seconds": 600, "reason": "why"},
        "mute": {"seconds": 600, "reason": "why"},
        "note": {"text": "hello"},
        "notes": {"text": "hello"},
    }
    return url, bodies.get(path.rpartition("/")[2], {"reason": "why"})


def test_every_route_that_changes_something_is_in_the_matrix() -> None:
    """A new act without a line in the matrix fails here before it can be forgotten."""
    assert set(MAY) == {acting.path for acting in ACTINGS}


@pytest.mark.parametrize("bad", ["none", "unknown", "expired"])
@pytest.mark.parametrize("path", MAY)
async def test_without_a_valid_token_nothing_changes(tmp_path: Path, path: str, bad: str) -> None:
    """401 for no, a wrong and an expired token on every route, and the journal is as long as before."""
    async with office(tmp_path) as here:
        before = here.world.journal.head
        url, body = request_of(here, path)
        token = {"none": None, "unknown": "golive_" + "x" * 40, "expired": here.tokens["expired"]}[bad]
        status, _ = await here.post(url, body, token)
        assert status == 401
        assert here.world.journal.head == before


@pytest.mark.parametrize("role", NAMES)
async def test_each_role_does_what_the_matrix_says_and_nothing_else(tmp_path: Path, role: str) -> None:
    """Where the matrix has no, it is 403 and nothing is on record; where it has yes, a 403 would be wrong."""
    async with office(tmp_path) as here:
        for path, allowed in MAY.items():
            url, body = request_of(here, path)
            before = here.world.journal.head
            status, answer = await here.post(url, body, here.tokens[role])
            if role in allowed:
                assert status != 403, (path, answer)
                assert status in (200, 400, 404, 409), (path, answer)
            elif "/runs/{run}/" in path:
                assert status in (403, 404), (path, answer)
                assert here.world.journal.head == before, path
            else:
                assert status == 403, (path, answer)
                assert here.world.journal.head == before, path


async def test_four_eyes_hold_at_execution_not_only_at_the_form(tmp_path: Path) -> None:
    """The requester's signature is refused; a signer who lost the role before the first step does not count."""
    async with office(tmp_path) as here:
        status, row = await here.post(
            "/api/v1/runs",
            {"runbook": "voice-back", "parameters": {"queue": "q"}, "reason": "x"},
            here.tokens["approver"],
        )
        assert status == 200
        body = {"digest": row["digest"], "nonce": row["nonce"], "reason": "mine"}
        status, said = await here.post(f"/api/v1/decisions/{row['id']}/approve", body, here.tokens["approver"])
        assert (status, "cannot sign it too" in said["error"]["what"]) == (403, True)


async def test_an_answer_that_never_arrives_was_given_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line breaks right after the press: the vote counts once, the next look shows it, no second press is needed."""
    async with office(tmp_path) as here:
        row = here.world.rows()[0]
        body = f'{{"digest": "{row.digest}", "nonce": "{row.nonce}", "reason": "pressed"}}'.encode()
        head = (
            f"POST /api/v1/decisions/{row.id}/approve HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {here.tokens['approver']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        port = int(here.url.rpartition(":")[2])
        came = asyncio.Event()
        append = here.world.journal.append

        def noticed(*words: Any, **more: Any) -> Any:
            came.set()
            return append(*words, **more)

        monkeypatch.setattr(here.world.journal, "append", noticed)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode() + body)
        await asyncio.wait_for(came.wait(), 10)
        writer.transport.abort()
        await until(lambda: here.world.rows()[0].votes)
        assert [vote.person for vote in here.world.rows()[0].votes] == ["anna"]
        status, again = await here.post(
            f"/api/v1/decisions/{row.id}/approve",
            {"digest": row.digest, "nonce": row.nonce},
            here.tokens["approver"],
        )
        assert (status, len(again["votes"])) == (200, 1)


async def test_fifty_requests_over_http_start_one_thing(tmp_path: Path) -> None:
    """Two people, one key and fifty keys, a client that retries: one decision, and every caller hears whose it is."""
    async with office(tmp_path) as here:
        body = {"runbook": "voice-back", "parameters": {"queue": "everything"}, "reason": "now"}
        asks = [
            here.post(
                "/api/v1/runs", body, here.tokens[("operator", "approver")[n % 2]], **{"Idempotency-Key": f"k{n // 5}"}
            )
            for n in range(50)
        ]
        answers = await asyncio.gather(*asks)
        assert {status for status, _ in answers} == {200}
        assert len({row["id"] for _, row in answers}) == 1
        told = [row["answer"] for _, row in answers]
        assert told.count("") == 1
        assert all(word == "" or word.startswith("asked for by ") for word in told)
