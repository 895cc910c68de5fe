"""What the HTTP interface answers to strangers, browsers of victims, and clients that hold on."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time

import aiohttp
import pytest

from monitor.deciding.auth import ATTEMPTS
from monitor.serving.web import listener
from monitor.serving.web.acting import ACTINGS
from monitor.serving.web.guard import host_allowed, origin_allowed
from monitor.serving.web.listener import CONNECTIONS, Listener, ListenError, listen_address
from monitor.serving.web.reading import READINGS
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.boards import NOW
from tests.monitor.serving.desk import opened, until
from tests.monitor.serving.test_web import body_of, filled

GUARDED = [("POST", acting.path) for acting in ACTINGS] + [("GET", r.path) for r in READINGS if r.token]
OPEN = [r.path for r in READINGS if not r.token]


def body_for(method: str, path: str) -> dict | None:
    """A right body for a guarded route."""
    return body_of(path) if method == "POST" else None


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_no_act_without_a_valid_token(house, method, path):
    """From loopback too: no token, a bad one, an expired or revoked one is 401, heard by the journal, 0 effect."""
    expired = await house.new_token("vera", at=NOW - 100, lasts=50)
    headers = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {house.token[:-1]}"},
        {"Authorization": f"Bearer {expired}"},
        {"Authorization": f"Basic {house.token}"},
        {"Authorization": house.token},
    ]
    for given in headers:
        reply = await house.ask(method, filled(path), headers=given, json=body_for(method, path))
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
        assert reply.json["error"]["hint"]
    assert house.desk.asked == []
    assert len(house.denials) == ATTEMPTS  # a flood does not fill the journal, with a token or without
    assert {(denial.method, denial.path) for denial in house.denials} == {(method, filled(path))}


async def test_a_revoked_token_stops_at_once(house):
    """After golive token revoke the very next request is refused, without a restart."""
    assert (await house.ask("GET", "/api/v1/me", token=house.token)).status == 200
    await house.revoke("anna")
    assert (await house.ask("GET", "/api/v1/me", token=house.token)).status == 401
    fresh = await house.new_token("anna")
    assert (await house.ask("GET", "/api/v1/me", token=fresh)).status == 200


@pytest.mark.parametrize("path", OPEN)
async def test_open_routes_need_no_token(house, path):
    """What only reads the present answers on loopback without a token, whatever a path's parameters say."""
    assert (await house.ask("GET", re.sub(r"\{\w+\}", "some", path))).status == 200


async def test_two_authorization_headers_are_none(house):
    """A request with two Authorization headers, one of them right, is refused."""
    headers = [("Authorization", f"Bearer {house.token}"), ("Authorization", "Bearer other")]
    async with house.session.get(house.url + "/api/v1/me", headers=headers) as answer:
        assert answer.status == 401


async def test_guessing_slows_down_and_locks_nobody_out(house):
    """After five wrong tokens a minute comes 429 with Retry-After, no more journal lines; the right token works."""
    replies = [await house.ask("GET", "/api/v1/me", token=f"wrong-{n}") for n in range(ATTEMPTS + 3)]
    assert [reply.status for reply in replies] == [401] * ATTEMPTS + [429] * 3
    assert 0 < int(replies[-1].headers["Retry-After"]) <= 60
    assert len(house.denials) == ATTEMPTS
    assert (await house.ask("GET", "/api/v1/me", token=house.token)).status == 200
    metrics = (await house.ask("GET", "/metrics")).text
    assert 'golive_http_denied_total{reason="flood"} 3.0' in metrics
    assert f'golive_http_denied_total{{reason="token"}} {float(ATTEMPTS)}' in metrics


HOSTILE_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "169.254.169.254",
    "10.0.0.7:8930",
    "user@127.0.0.1",
    "127.0.0.1@evil.example",
    "127.0.0.1:x",
    "[::1",
    "",
    "127.0.0.1/x",
    "0x7f000001",
    "127.1",
    "[::ffff:127.0.0.1]",
]


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
async def test_a_rebound_name_reaches_nothing(house, host):
    """A request under a name that is not ours is refused, for reading and acting alike."""
    reply = await house.ask("GET", "/api/v1/snapshot", headers={"Host": host})
    assert reply.status in {400, 421}
    reply = await house.ask("POST", "/api/v1/notes", headers={"Host": host}, token=house.token, json={"text": "x"})
    assert reply.status in {400, 421}
    assert house.desk.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8930", "localhost:1", "LOCALHOST", "[::1]:8930", "localhost."]
)
async def test_our_own_names_are_let_in(house, host):
    """Loopback under any of its names and ports is ours."""
    assert (await house.ask("GET", "/-/healthy", headers={"Host": host})).status == 200


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "https://localhost.evil.example", "file://", "x"])
async def test_a_foreign_page_may_not_call(house, origin):
    """A browser that carries a foreign page's request, even with a token, is refused."""
    reply = await house.ask("POST", "/api/v1/notes", headers={"Origin": origin}, token=house.token, json={"text": "x"})
    assert reply.status == 403
    assert house.desk.asked == []


async def test_our_own_page_may_call(house):
    """A page of the daemon's own origin is no stranger."""
    headers = {"Origin": house.url}
    reply = await house.ask("POST", "/api/v1/notes", headers=headers, token=house.token, json={"text": "x"})
    assert reply.status == 200


def test_names_are_allowed_as_configured():
    """The listen address, the address the request arrived at and web.allow_hosts are allowed, nothing else."""
    config = WebConfig(listen="10.0.0.5:8930", allow_hosts=("Golive.Example:8930", "monitor"))
    for host in ("10.0.0.5", "golive.example", "monitor", "10.9.9.9", "localhost"):
        assert host_allowed(host, config, "10.9.9.9")
    for host in ("", "10.0.0.6", "example"):
        assert not host_allowed(host, config, "10.9.9.9")
    assert not host_allowed("", WebConfig(listen=":8930"), "")
    assert origin_allowed("https://golive.example", config, "")
    assert not origin_allowed("ftp://golive.example", config, "")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
async def test_a_form_cannot_act(house, kind):
    """What a plain HTML form can send is not JSON and is refused."""
    headers = {"Content-Type": kind} if kind else {}
    skip = () if kind else ("Content-Type",)
    reply = await house.ask(
        "POST", "/api/v1/notes", headers=headers, token=house.token, data=b'{"text":"x"}', skip_auto_headers=skip
    )
    assert reply.status == 415
    assert house.desk.asked == []


async def test_every_answer_carries_protective_headers(house):
    """No sniffing, no framing, no caching, no scripts: on successes and errors alike."""
    for path in ("/", "/metrics", "/nothing", "/api/v1/me"):
        headers = (await house.ask("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in headers


async def test_an_open_network_can_read_but_not_act(house, monkeypatch):
    """Over a listener that is not loopback and has no TLS, acts and journal are 403 with the way to do it."""
    monkeypatch.setattr("monitor.serving.web.guard._sockname", lambda _: "192.0.2.7")
    for method, path in GUARDED:
        reply = await house.ask(method, filled(path), token=house.token, json=body_for(method, path))
        assert reply.status == 403
        assert "ssh -L" in reply.json["error"]["hint"]
    assert house.desk.asked == []
    assert (await house.ask("GET", "/metrics")).status == 200


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("127.0.0.1:8930", ("127.0.0.1", 8930)),
        ("[::1]:8930", ("::1", 8930)),
        (":8930", ("", 8930)),
        ("*:0", ("", 0)),
        ("localhost:80", ("localhost", 80)),
    ],
)
def test_listen_addresses_are_read(listen, expected):
    """HOST:PORT in its usual spellings."""
    assert listen_address(listen) == expected


@pytest.mark.parametrize("listen", ["", "8930", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "a:b", "x:٣"])
def test_a_wrong_listen_address_is_refused(listen):
    """What is no HOST:PORT is refused with an example."""
    with pytest.raises(ValueError, match=r"127\.0\.0\.1:8930"):
        listen_address(listen)


async def test_a_taken_port_is_named(house):
    """A second daemon on the port learns which one and how to find its holder."""
    config = WebConfig(listen=f"127.0.0.1:{house.listener.port}")
    second = Listener(aiohttp.web.Application(), config)
    with pytest.raises(ListenError, match=rf"127\.0\.0\.1:{house.listener.port}.*next: "):
        await second.start()


async def _raw(house) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", house.listener.port)


async def _close(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("sent", [b"", b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "])
async def test_a_slow_head_is_cut_off(house, monkeypatch, sent):
    """A connection that does not finish its first head in time is closed, whether it sent nothing or dribbles."""
    monkeypatch.setattr(listener, "HEAD_SECONDS", 0.2)
    reader, writer = await _raw(house)
    writer.write(sent)
    begun = time.monotonic()
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    assert 0.1 < time.monotonic() - begun < 3
    await _close(writer)


async def test_an_endless_head_is_cut_off(house):
    """A head that never ends is cut at 64 KiB, or refused before that."""
    reader, writer = await _raw(house)
    with contextlib.suppress(ConnectionError):
        writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        for number in range(200):
            writer.write(b"X-%d: " % number + b"a" * 1000 + b"\r\n")
            await writer.drain()
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert b"200 OK" not in answer
    await _close(writer)
    assert (await house.ask("GET", "/-/healthy")).status == 200


async def test_connections_are_few(house):
    """Beyond 32 connections a newcomer gets 503 at once; when one leaves, the next is served."""
    held = [await _raw(house) for _ in range(CONNECTIONS)]
    await until(lambda: len(house.listener._doors) == CONNECTIONS)
    reader, writer = await _raw(house)
    async with asyncio.timeout(5):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.endswith(b"}}")
    length = int(answer.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    assert length == len(answer.split(b"\r\n\r\n", 1)[1])
    await _close(writer, held.pop()[1])
    await until(lambda: len(house.listener._doors) < CONNECTIONS)
    assert (await house.ask("GET", "/-/healthy")).status == 200
    assert 'golive_http_denied_total{reason="full"} 1.0' in (await house.ask("GET", "/metrics")).text
    await _close(*(writer for _, writer in held))


async def test_a_client_that_stops_reading_is_cut_off(house, monkeypatch):
    """A scraper that asks for much and does not read it loses its connection; the others are served meanwhile."""
    monkeypatch.setattr(listener, "DRAIN_SECONDS", 0.3)
    for number in range(60_000):
        house.table.put((("site", f"site-with-a-long-name-{number}"),), 1.0, NOW)
    _, writer = await _raw(house)
    for _ in range(4):
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    await until(lambda: house.listener._doors)
    door = next(iter(house.listener._doors))
    assert (await house.ask("GET", "/-/healthy")).status == 200
    await until(lambda: door not in house.listener._doors, 20)
    await _close(writer)


async def test_thirty_scrapes_at_once_do_not_hold_up_the_loop(house):
    """While 30 clients scrape 10,000 series at once, the loop works for less than 100 ms between two of its turns."""
    for number in range(10_000):
        house.table.put((("site", f"s{number}"),), 1.0, NOW)
    await house.ask("GET", "/metrics")
    worst = 0.0
    running = True

    async def watch():
        nonlocal worst
        while running:
            begun = time.thread_time()
            await asyncio.sleep(0.001)
            worst = max(worst, time.thread_time() - begun)

    watcher = asyncio.create_task(watch())

    async def scrape() -> int:
        reader, writer = await _raw(house)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        first = await reader.readline()
        while await reader.read(1 << 20):
            pass
        await _close(writer)
        return int(first.split()[1])

    statuses = await asyncio.gather(*(scrape() for _ in range(CONNECTIONS - 2)))
    running = False
    await watcher
    assert set(statuses) == {200}
    assert worst < 0.1


async def test_stopping_closes_idle_connections(tmp_path):
    """The daemon stops at once although clients keep connections open."""
    async with opened(tmp_path) as house:
        reader, writer = await _raw(house)
        await house.ask("GET", "/-/healthy")
        begun = time.monotonic()
        await house.listener.stop()
        assert time.monotonic() - begun < 5
        async with asyncio.timeout(2):
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
        await _close(writer)
