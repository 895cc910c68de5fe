"""The past over HTTP: a moment with its neighbours, what is notable, the journal's public lines and its proof."""

from __future__ import annotations

import asyncio

import bcrypt
import msgspec
import pytest

from monitor.serving.past.archive import Archive
from monitor.serving.past.moments import Moment, pack
from monitor.serving.web.front import Front
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.boards import NOW, board
from tests.monitor.serving.desk import House, opened


@pytest.mark.parametrize(
    ("at", "found", "before", "after"),
    [
        (NOW - 20, 20, 30, 10),
        (NOW - 15.5, 20, 30, 10),
        (NOW, 10, 20, None),
        (0, 30, None, 20),
    ],
)
async def test_the_moment_at_or_before_an_instant_comes_with_its_neighbours(house: House, at, found, before, after):
    """An instant between two moments shows the one before it; outside the record the nearest one answers."""
    reply = await house.ask("GET", f"/api/v1/past?at={at}")
    assert reply.status == 200
    moment = msgspec.json.decode(reply.text, type=Moment)
    assert moment.at == moment.snapshot.at == NOW - found
    assert moment.before == (None if before is None else NOW - before)
    assert moment.after == (None if after is None else NOW - after)
    assert moment.snapshot == msgspec.structs.replace(board(), at=NOW - found)


@pytest.mark.parametrize("at", ["", "now", "-1", "nan", "inf", "1e99", "0x10", "%00"])
async def test_an_instant_that_is_none_is_told_how_to_write_one(house: House, at):
    """A wrong `at` is a 400 with an example."""
    reply = await house.ask("GET", f"/api/v1/past?at={at}")
    assert reply.status == 400
    assert "unix seconds" in reply.json["error"]["what"]


async def test_the_span_and_the_notable_moments_are_told(house: House):
    """From first to last moment, each mark with the first moment that shows it."""
    told = (await house.ask("GET", "/api/v1/past/marks")).json
    assert (told["first"], told["last"], told["moments"]) == (NOW - 30, NOW - 10, 3)
    assert [(mark["kind"], mark["at"], mark["shown_at"]) for mark in told["marks"]] == [("verdict", NOW - 25, NOW - 20)]
    assert 0 < told["bytes"] <= told["limit"]


async def test_a_moment_that_is_damaged_is_said_and_the_others_are_shown(house: House):
    """One bad moment is a 503 with a sentence, and no more than that."""

    def spoil() -> None:
        archive = Archive(house.state_dir / "past.db", limit=1 << 20)
        archive.put(NOW - 15, pack(board())[:-9])
        archive.close()

    await asyncio.to_thread(spoil)
    reply = await house.ask("GET", f"/api/v1/past?at={NOW - 15}")
    assert reply.status == 503
    assert "damaged" in reply.json["error"]["what"]
    assert (await house.ask("GET", f"/api/v1/past?at={NOW - 20}")).status == 200


async def test_the_public_lines_of_the_journal_need_no_token_and_the_others_do(house: House):
    """With `before` everyone reads what the events tell anyway; the whole journal stays with named people."""
    reply = await house.ask("GET", "/api/v1/journal?before=99&limit=1")
    assert reply.status == 200
    assert [row["seq"] for row in reply.json["lines"]] == [3]
    assert reply.json["more"] is True
    reply = await house.ask("GET", "/api/v1/journal?before=3")
    assert [row["seq"] for row in reply.json["lines"]] == [1]
    assert "more" not in reply.json
    assert (await house.ask("GET", "/api/v1/journal")).status == 401
    assert (await house.ask("GET", "/api/v1/journal?before=x")).status == 400


async def test_the_chain_is_proved_on_request(house: House):
    """The answer says how many lines are whole, and up to which hash."""
    told = (await house.ask("GET", "/api/v1/journal/proof")).json
    assert (told["ok"], told["lines"], told["seq"]) == (True, 3, 3)
    assert len(told["hash"]) == 64


async def test_the_past_is_behind_the_same_password_as_the_present(tmp_path):
    """Where the port asks for a password, no moment of the past is given without it."""
    file = tmp_path / "web.yaml"
    secret = bcrypt.hashpw(b"between us", bcrypt.gensalt(4)).decode()
    file.write_text(f"basic_auth_users: {{anna: '{secret}'}}\n")
    front = Front(file)
    await asyncio.to_thread(front.load)
    async with opened(tmp_path, WebConfig(listen="127.0.0.1:0"), (), front) as behind:
        for path in ("past", "past/marks", "journal?before=9", "journal/proof"):
            assert (await behind.ask("GET", f"/api/v1/{path}")).status == 401
