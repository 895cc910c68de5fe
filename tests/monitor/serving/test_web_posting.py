"""Posts of collectors: their token opens their own door and nothing else."""

from __future__ import annotations

import gzip
import io
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from monitor.intake.postbox import POST_LIMIT, Receipt
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.desk import House, opened

TOKEN = "t" * 40


class Box:
    """A postbox that notes what it was given."""

    def __init__(self, name: str, *, token: str = TOKEN, samples: bool = True, plain: bool = False) -> None:
        self.name = name
        self.takes_samples = samples
        self.post_limit = POST_LIMIT
        self.plain = plain
        self.open = True
        self.token = token
        self.taken: list[bytes] = []
        self.receipt = Receipt(status=200, answer={"taken": 1})

    def admits(self, headers: Mapping[str, str]) -> bool:
        return self.open and headers.get("Authorization") == f"Bearer {self.token}"

    async def take(self, body: bytes, headers: Mapping[str, str], received: float) -> Receipt:
        del headers, received
        self.taken.append(body)
        return self.receipt


@pytest.fixture
def boxes() -> list[Box]:
    """Two collectors that take samples and one that is spoken to by its name alone."""
    return [Box("one"), Box("two", token="u" * 40), Box("events", token="v" * 40, samples=False)]


@pytest.fixture
async def posted(tmp_path: Path, boxes: list[Box]) -> AsyncIterator[House]:
    """A web server with these collectors."""
    async with opened(tmp_path, postboxes=boxes) as house:
        yield house


async def test_the_token_tells_which_collector_is_meant(posted, boxes) -> None:
    """Two senders on one path reach their own collectors; the connection is not kept."""
    reply = await posted.ask("POST", "/api/v1/samples", token="u" * 40, data=b"[]")
    assert (reply.status, reply.json) == (200, {"taken": 1})
    assert reply.headers["Connection"] == "close"
    assert [box.taken for box in boxes] == [[], [b"[]"], []]
    reply = await posted.ask("POST", "/api/v1/collectors/events", token="v" * 40, data=b"x")
    assert reply.status == 200
    assert boxes[2].taken == [b"x"]


async def test_a_collectors_token_opens_nothing_else(posted, boxes) -> None:
    """Neither an act nor the journal, nor another collector, nor the shared path for one that is not on it."""
    assert (await posted.ask("POST", "/api/v1/notes", token=TOKEN, json={"text": "x"})).status == 401
    assert (await posted.ask("GET", "/api/v1/journal", token=TOKEN)).status == 401
    assert (await posted.ask("POST", "/api/v1/collectors/two", token=TOKEN, data=b"x")).status == 401
    assert (await posted.ask("POST", "/api/v1/samples", token="v" * 40, data=b"x")).status == 401
    assert (await posted.ask("POST", "/api/v1/samples", token=posted.token, data=b"x")).status == 401
    assert (await posted.ask("POST", "/api/v1/collectors/none", token=TOKEN, data=b"x")).status == 404
    assert all(box.taken == [] for box in boxes)
    assert posted.desk.asked == []
    assert posted.denials


async def test_guessing_is_slowed_and_never_shuts_out_the_right_one(posted) -> None:
    """After five wrong tokens the next is 429; the right one is still taken."""
    wrong = "x" * 40
    statuses = [(await posted.ask("POST", "/api/v1/samples", token=wrong, data=b"")).status for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert (await posted.ask("POST", "/api/v1/samples", token=TOKEN, data=b"[]")).status == 200
    assert len(posted.denials) == 5


async def test_a_collector_that_is_not_running_asks_for_patience(posted, boxes) -> None:
    """A sender is told to come back, not that its token is wrong."""
    boxes[0].open = False
    reply = await posted.ask("POST", "/api/v1/samples", token=TOKEN, data=b"[]")
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) >= 1


async def test_what_the_collector_answers_is_passed_on(posted, boxes) -> None:
    """Its status, its words and the seconds to wait, rounded up."""
    boxes[0].receipt = Receipt(status=429, answer={"hint": "slower"}, retry_after=2.2)
    reply = await posted.ask("POST", "/api/v1/samples", token=TOKEN, data=b"[]")
    assert (reply.status, reply.json, reply.headers["Retry-After"]) == (429, {"hint": "slower"}, "3")


@pytest.mark.parametrize("packed", [False, True])
async def test_a_post_that_is_too_large_is_refused_unread(posted, boxes, packed) -> None:
    """A megabyte and more, or a gzip bomb of it, is 413; the next post is taken."""
    body = b" " * (POST_LIMIT + 10)
    headers = {"Content-Encoding": "gzip"} if packed else {}
    data = gzip.compress(body) if packed else body
    reply = await posted.ask("POST", "/api/v1/samples", token=TOKEN, data=io.BytesIO(data), headers=headers)
    assert reply.status == 413
    assert boxes[0].taken == []
    assert (await posted.ask("POST", "/api/v1/samples", token=TOKEN, data=b"[]")).status == 200


async def test_a_packed_post_is_unpacked(posted, boxes) -> None:
    """Senders may pack what they send."""
    packed = gzip.compress(b"[1]")
    headers = {"Content-Encoding": "gzip"}
    assert (await posted.ask("POST", "/api/v1/samples", token=TOKEN, data=packed, headers=headers)).status == 200
    assert boxes[0].taken == [b"[1]"]


async def test_a_daemon_without_such_a_collector_says_so(tmp_path: Path) -> None:
    """The path is there, and the answer says what to add."""
    async with opened(tmp_path) as house:
        reply = await house.ask("POST", "/api/v1/samples", token=TOKEN, data=b"[]")
        assert reply.status == 404
        assert "kind push" in reply.json["error"]["hint"]


async def test_a_connection_that_others_can_read_needs_a_word(tmp_path: Path, monkeypatch) -> None:
    """Off loopback and without TLS a post is refused, unless its collector says plain: true."""
    monkeypatch.setattr("monitor.serving.web.posting.trusted", lambda _: False)
    boxes = [Box("one"), Box("two", token="u" * 40, plain=True)]
    async with opened(tmp_path, WebConfig(listen="127.0.0.1:0"), postboxes=boxes) as house:
        assert (await house.ask("POST", "/api/v1/samples", token=TOKEN, data=b"[]")).status == 403
        assert (await house.ask("POST", "/api/v1/samples", token="u" * 40, data=b"[]")).status == 200
