"""The board over HTTP: who may read it, how people sign in, and that nothing else comes of it."""

from __future__ import annotations

import asyncio
import itertools
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import msgspec
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from dashboards.web.board import board as whole
from dashboards.web.markup import Html
from monitor.deciding.auth import ATTEMPTS
from monitor.serving.snapshot import Snapshot
from monitor.serving.web.acting import ACTINGS
from monitor.serving.web.reading import READINGS
from monitor.serving.web.sessions import LASTS, MOST, Sessions
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.boards import NOW, board
from tests.monitor.serving.desk import House, Reply, opened
from tests.monitor.serving.test_web import body_of, filled
from tests.monitor.serving.test_web_config_file import HASH, PASSWORD, TLS, basic, ca, client, guarded

__all__ = ["ca"]
PEOPLE_ONLY = WebConfig(listen="127.0.0.1:0", board="people")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def sign_in(house: House, token: str, **more) -> Reply:
    """Send the form, as a browser does; redirects are not followed."""
    headers = {"Origin": house.url, **more.pop("headers", {})}
    return await house.ask(
        "POST", "/board/login", data={"token": token}, headers=headers, allow_redirects=False, **more
    )


def cookie_of(reply: Reply) -> tuple[str, str]:
    """Name and value of the cookie that an answer sets."""
    ((name, morsel),) = SimpleCookie(reply.headers["Set-Cookie"]).items()
    return name, morsel.value


def carrying(reply: Reply) -> dict[str, str]:
    """The header with which a browser sends its cookie back."""
    return {"Cookie": "=".join(cookie_of(reply))}


async def test_the_page_is_whole_and_asks_nothing_of_others(house):
    """Where the port asks for nobody: the board with a policy that allows only its own files, and no inline script."""
    reply = await house.ask("GET", "/board")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "NO-GO" in reply.text
    assert 'http-equiv="refresh"' in reply.text
    for path in ("/board/board.css", "/board/board.js"):
        assert path in reply.text
        asset = await house.ask("GET", path)
        assert asset.status == 200
        assert all(word not in asset.text for word in ("http:", "https:", "url(", "@import", "eval(", "innerHTML"))
        same = await house.ask("GET", path, headers={"If-None-Match": asset.headers["ETag"]})
        assert (same.status, same.text) == (304, "")


async def test_the_live_part_is_sent_only_when_it_changed(house):
    """The same content answers 304 with nothing; a new verdict is sent with another name."""
    house.desk.current = msgspec.structs.replace(board(), at=NOW)
    first = await house.ask("GET", "/board/now")
    assert first.status == 200
    same = await house.ask("GET", "/board/now", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status, same.text) == (304, "")
    assert "Date" in same.headers
    row = msgspec.structs.replace(house.desk.current.verdict, verdict="GO")
    house.desk.current = msgspec.structs.replace(house.desk.current, verdict=row)
    other = await house.ask("GET", "/board/now", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status == 200
    assert "GO" in other.text


async def test_a_daemon_that_is_not_ready_says_so_on_the_board(house):
    """Before the first judgement the board is UNKNOWN with the reason, not an error page."""
    house.not_ready = "the first tick is not over"
    reply = await house.ask("GET", "/board")
    assert reply.status == 200
    assert "UNKNOWN" in reply.text
    assert "the first tick is not over" in reply.text


async def test_a_board_for_people_asks_who_is_there(tmp_path):
    """With web.board: people nothing is shown without a token: a page with one form, and 401 for the live part."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        reply = await house.ask("GET", "/board")
        assert reply.status == 401
        assert reply.text.count("<form") == 1
        assert "NO-GO" not in reply.text
        assert (await house.ask("GET", "/board/now")).status == 401
        assert (await house.ask("GET", "/board", token=house.token)).status == 200
        assert (await house.ask("GET", "/board", token=house.token[:-1])).status == 401


async def test_a_token_signs_a_browser_in_for_reading_alone(tmp_path):
    """The form with a right token leads to the board, by a cookie that no script reads and no other site sends."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        reply = await sign_in(house, house.token)
        assert (reply.status, reply.headers["Location"]) == (303, "/board")
        cookie = reply.headers["Set-Cookie"]
        for word in ("HttpOnly", "SameSite=Strict", "Path=/board", "Max-Age="):
            assert word in cookie
        assert "Secure" not in cookie
        assert house.token not in cookie
        assert (await house.ask("GET", "/board", headers=carrying(reply))).status == 200
        assert (await house.ask("GET", "/board/now", headers=carrying(reply))).status == 200


@pytest.mark.parametrize("path", [acting.path for acting in ACTINGS])
async def test_the_cookie_of_the_board_opens_no_act(tmp_path, path):
    """Every act asks for its own token, whatever cookie comes with it."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        headers = carrying(await sign_in(house, house.token))
        reply = await house.ask("POST", filled(path), headers=headers, json=body_of(path))
        assert reply.status == 401
        assert house.desk.asked == []


async def test_the_cookie_of_the_board_reads_nothing_else(tmp_path):
    """Journal, transcripts and the rest that named people read stay shut for it, and so does a port with passwords."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        headers = carrying(await sign_in(house, house.token))
        for reading in READINGS:
            if reading.token:
                assert (await house.ask("GET", filled(reading.path), headers=headers)).status == 401
    folder = tmp_path / "guarded"
    folder.mkdir()
    async with guarded(folder, f"basic_auth_users: {{wall: {HASH}}}\n") as house:
        headers = carrying(await sign_in(house, house.token))
        assert (await house.ask("GET", "/board", headers=headers)).status == 200
        assert (await house.ask("GET", "/api/v1/snapshot", headers=headers)).status == 401
        assert (await house.ask("GET", "/metrics", headers=headers)).status == 401


async def test_a_wrong_token_is_said_in_one_sentence_and_slows_down(tmp_path):
    """The form comes back with why; after five a minute it is 429; each is journalled once, none is repeated in the page."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        replies = [await sign_in(house, f"wrong-<b>-{n}") for n in range(ATTEMPTS + 2)]
        assert [reply.status for reply in replies] == [401] * ATTEMPTS + [429] * 2
        assert "This token is not known, or it has expired." in replies[0].text
        assert "wait" in replies[-1].text
        assert all("wrong-" not in reply.text and "Set-Cookie" not in reply.headers for reply in replies)
        assert len(house.denials) == ATTEMPTS
        assert (await sign_in(house, house.token)).status == 303


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"token=", FORM, 401),
        (b"", FORM, 401),
        (b"\xff\xfe=%ff&token=%ff%00", FORM, 400),
        (b"token=" + b"x" * 5000, FORM, 413),
        (b'{"token": "x"}', {"Content-Type": "application/json"}, 415),
        (b"token=a", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        (b"token=a", {"Content-Type": "application/x-www-form-urlencoded; charset=nonsense"}, 400),
    ],
    ids=range(7),
)
async def test_a_form_that_is_none_is_refused(tmp_path, body, headers, status):
    """Whatever is sent as a form, the answer is a refusal and no session."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        reply = await house.ask("POST", "/board/login", data=body, headers=headers)
        assert reply.status == status
        assert "Set-Cookie" not in reply.headers


async def test_pages_of_others_cannot_sign_a_browser_in(tmp_path):
    """A form that another site posts, or that names another host, is refused even with a right token."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}):
            assert (await sign_in(house, house.token, headers=headers)).status in (403, 421)


async def test_signing_in_leads_to_the_board_and_nowhere_else(tmp_path):
    """Nothing in the request names where to go afterwards."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        path = "/board/login?next=https://evil.example&url=//evil.example"
        data = {"token": house.token, "next": "https://evil.example", "redirect": "//evil.example"}
        reply = await house.ask("POST", path, data=data, allow_redirects=False)
        assert (reply.status, reply.headers["Location"]) == (303, "/board")


async def test_a_session_ends_with_its_token_and_when_asked_to(tmp_path):
    """A revoked token shuts the board at once; /board/leave forgets this browser; a made-up cookie opens nothing."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        one, two = await sign_in(house, house.token), await sign_in(house, house.token)
        reply = await house.ask("GET", "/board/leave", headers=carrying(one), allow_redirects=False)
        assert reply.status == 303
        assert (await house.ask("GET", "/board", headers=carrying(one))).status == 401
        assert (await house.ask("GET", "/board", headers=carrying(two))).status == 200
        await house.revoke("anna")
        assert (await house.ask("GET", "/board", headers=carrying(two))).status == 401
        name, value = cookie_of(two)
        for made_up in (value[:-1], "", "é" * 9, "x" * 7000):
            headers = {"Cookie": f"{name}={made_up}"}
            assert (await house.ask("GET", "/board", headers=headers)).status == 401


async def test_a_restart_forgets_every_browser(tmp_path):
    """Sessions live in memory only: after a restart each browser asks its person again."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        reply = await sign_in(house, house.token)
    async with opened(tmp_path, PEOPLE_ONLY) as again:
        assert (await again.ask("GET", "/board", headers=carrying(reply))).status == 401


async def test_passwords_of_the_port_open_the_board_as_well(tmp_path):
    """Where web.config.file names users: a password or a token opens it, the rest sees the form with a way to both."""
    async with guarded(tmp_path, f"basic_auth_users: {{wall: {HASH}}}\n") as house:
        assert (await house.ask("GET", "/board", headers=basic("wall", PASSWORD))).status == 200
        assert (await house.ask("GET", "/board/now", headers=basic("wall", PASSWORD))).status == 200
        assert (await house.ask("GET", "/board", headers=basic("wall", "wrong"))).status == 401
        assert (await house.ask("GET", "/board", token=house.token)).status == 200
        asked = await house.ask("GET", "/board")
        assert asked.status == 401
        assert 'href="/board?password"' in asked.text
        assert not asked.headers["WWW-Authenticate"].startswith("Basic")
        prompted = await house.ask("GET", "/board?password")
        assert prompted.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "path",
    [
        "/board/../api/v1/snapshot",
        "/board/%2e%2e/api/v1/snapshot",
        "/board%2f..%2fapi/v1/snapshot",
        "/board//../metrics",
        "/board/now/../../metrics",
        "/board;/api/v1/snapshot",
        "http://127.0.0.1/board/../metrics",
    ],
)
async def test_no_detour_through_the_board_leads_past_the_password(tmp_path, path):
    """However a path is written that begins like the board's, what else the port has stays shut."""
    async with guarded(tmp_path, f"basic_auth_users: {{wall: {HASH}}}\n") as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.listener.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        assert answer.split()[1] in (b"400", b"401", b"404")
        assert b"golive_agents" not in answer


async def test_the_cookie_is_marked_for_tls_only_under_tls(tmp_path: Path, ca: trustme.CA):
    """Over https the cookie carries Secure, so that it never leaves in the clear."""
    async with guarded(tmp_path, TLS % "") as house:
        url = f"https://127.0.0.1:{house.listener.port}"
        async with house.session.post(
            url + "/board/login", data={"token": house.token}, ssl=client(ca), allow_redirects=False
        ) as answer:
            assert answer.status == 303
            assert "Secure" in answer.headers["Set-Cookie"]


async def test_a_token_is_not_taken_over_a_connection_that_others_can_read(tmp_path, monkeypatch):
    """On a plain listener that leaves the machine there is no form, and a token that comes all the same is not looked at."""
    async with opened(tmp_path, PEOPLE_ONLY) as house:
        monkeypatch.setattr("monitor.serving.web.wall.trusted", lambda _: False)
        asked = await house.ask("GET", "/board")
        assert "<form" not in asked.text
        assert "https" in asked.text
        reply = await sign_in(house, house.token)
        assert (reply.status, "Set-Cookie" in reply.headers) == (401, False)


async def test_a_board_that_is_off_is_not_there(tmp_path):
    """With web.board: off every path of it answers 404 and takes no token."""
    async with opened(tmp_path, WebConfig(listen="127.0.0.1:0", board="off")) as house:
        for path in ("/board", "/board/now", "/board/board.css", "/board/board.js", "/board/leave"):
            assert (await house.ask("GET", path)).status == 404
        assert (await sign_in(house, house.token)).status == 404


async def test_a_policy_of_the_operator_stands(tmp_path):
    """Who sets Content-Security-Policy in web.config.file gets just that one."""
    text = "http_server_config: {headers: {Content-Security-Policy: frame-ancestors https://portal.example}}\n"
    async with guarded(tmp_path, text) as house:
        reply = await house.ask("GET", "/board")
        assert reply.headers.getall("Content-Security-Policy") == ["frame-ancestors https://portal.example"]


async def test_looking_costs_one_connection_a_browser(house):
    """Page, style and script give their connection back; only the live part is kept for the next look."""
    async with aiohttp.ClientSession() as browser:
        for path, kept in (
            ("/board", False),
            ("/board/board.css", False),
            ("/board/board.js", False),
            ("/board/now", True),
        ):
            async with browser.get(house.url + path) as answer:
                await answer.read()
                assert (answer.headers.get("Connection", "").lower() != "close") is kept


def test_sessions_are_few_and_the_one_unused_longest_ends_first() -> None:
    """One session more than the bound ends another, which is counted; one in use stays."""
    sessions = Sessions()
    first = sessions.begin("t", 0.0)
    second = sessions.begin("t", 0.0)
    for n in range(MOST - 2):
        sessions.begin(str(n), 1.0)
    assert sessions.token(first, 2.0) == "t"
    sessions.begin("new", 3.0)
    assert len(sessions) == MOST
    assert sessions.pushed_out == 1
    assert sessions.token(first, 4.0) == "t"
    assert sessions.token(second, 4.0) is None


def test_a_session_lasts_a_shift() -> None:
    """It ends twelve hours after it began, however often it was used."""
    sessions = Sessions()
    cookie = sessions.begin("t", 0.0)
    assert sessions.token(cookie, LASTS - 1) == "t"
    assert sessions.token(cookie, LASTS) is None
    assert len(sessions) == 0


@given(
    st.lists(st.tuples(st.sampled_from(["begin", "use", "end"]), st.integers(0, 90), st.floats(0, 1e5)), max_size=200)
)
def test_sessions_never_outgrow_their_bound_and_never_mix_people(steps) -> None:
    """Whatever the order of signing in, looking and leaving: at most 64, and a cookie is its own person's or nobody's."""
    sessions, cookies, clock, numbers = Sessions(), [], 0.0, itertools.count()
    for what, place, pause in steps:
        clock += pause
        if what == "begin":
            person = str(next(numbers))
            cookies.append((sessions.begin(person, clock), person))
        elif cookies:
            cookie, person = cookies[place % len(cookies)]
            if what == "use":
                assert sessions.token(cookie, clock) in (person, None)
            else:
                sessions.end(cookie)
                assert sessions.token(cookie, clock) is None
        assert len(sessions) <= MOST


async def test_many_browsers_at_once_are_drawn_for_once(house, monkeypatch):
    """Fifty looks at one snapshot draw it once."""
    drawn: list[float] = []

    def draw(snapshot: Snapshot, now: float) -> Html:
        drawn.append(now)
        return whole(snapshot, now)

    monkeypatch.setattr("dashboards.web.board.board", draw)
    house.desk.current = msgspec.structs.replace(board(), at=NOW)
    await asyncio.gather(*(house.ask("GET", "/board/now") for _ in range(25)))
    await asyncio.gather(*(house.ask("GET", "/board/now") for _ in range(25)))
    assert len(drawn) == 1
