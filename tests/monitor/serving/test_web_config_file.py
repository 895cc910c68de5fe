"""A web.config.file, as Prometheus and its exporters read it: certificates, passwords, headers, read again on change."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.serving.exposition.lines import Style
from monitor.serving.web import listener
from monitor.serving.web.bucket import Bucket
from monitor.serving.web.front import Front, FrontError
from monitor.serving.web.listener import CONNECTIONS
from monitor.serving.web.passwords import Passwords, _pair
from monitor.serving.web_config import WebConfig
from tests.monitor.serving.desk import House, opened
from tests.rig.programs import program
from tests.rig.prometheus import prometheus, query

PASSWORD = "correct horse"  # noqa: S105 - of nobody
HASH = bcrypt.hashpw(PASSWORD.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()
TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key%s}\n"


@pytest.fixture
def ca(tmp_path: Path) -> trustme.CA:
    """A throw-away CA whose server certificate lies beside the file."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    _issue(authority, tmp_path)
    return authority


def _issue(authority: trustme.CA, folder: Path) -> None:
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    certificate.cert_chain_pems[0].write_to_path(folder / "server.pem")


def client(authority: trustme.CA, name: str | None = None) -> ssl.SSLContext:
    """A client that trusts the CA, and shows a certificate when it has a name."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if name is not None:
        authority.issue_cert(name).configure_cert(context)
    return context


def front_of(folder: Path, text: str) -> Front:
    """A front with this file."""
    path = folder / "web.yml"
    path.write_text(text)
    front = Front(path)
    front.load()
    return front


@asynccontextmanager
async def guarded(folder: Path, text: str) -> AsyncIterator[House]:
    """A web server behind this file."""
    front = await asyncio.to_thread(front_of, folder, text)
    async with opened(folder, WebConfig(listen="127.0.0.1:0"), front=front) as house:
        yield house


def basic(user: str, password: str) -> dict[str, str]:
    """The header of a user."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


GOOD = [
    "",
    "{}",
    TLS % "",
    TLS % ", client_auth_type: NoClientCert",
    TLS % ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem",
    TLS % ", client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem",
    TLS % ", min_version: TLS13",
    TLS % ", min_version: TLS12, max_version: TLS12, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
    TLS % ", cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]",
    TLS % ", curve_preferences: [CurveP384]",
    TLS % ", prefer_server_cipher_suites: false" + "http_server_config: {http2: false}\n",
    f"basic_auth_users: {{prometheus: '{HASH}'}}\n",
    "http_server_config: {headers: {X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=31536000}}\n",
]
BAD = [
    ("tls_server_config: {cert_file: server.pem}", "both needed"),
    ("tls_server_config: {key_file: server.key}", "both needed"),
    (TLS.replace("server.key", "missing.key") % "", "missing.key"),
    (TLS.replace("server.key", "ca.pem") % "", "next: check paths"),
    (TLS % ", client_auth_type: Whatever", "client_auth_type"),
    (TLS % ", client_auth_type: RequireAndVerifyClientCert", "client_ca_file"),
    (TLS % ", client_ca_file: ca.pem", "never used"),
    (TLS % ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: missing.pem", "missing.pem"),
    (TLS % ", min_version: TLS111", "min_version"),
    (TLS % ", min_version: TLS13, max_version: TLS12", "above max_version"),
    (TLS % ", cipher_suites: [TLS_NOTHING]", "TLS_NOTHING"),
    (TLS % ", curve_preferences: [CurveX]", "CurveX"),
    (TLS % ", cert: x", "cert"),
    ("tls_config: {}", "tls_config"),
    ("basic_auth_users: {anna: secret}", "no bcrypt hash"),
    ("basic_auth_users: {anna: '$2y$31$%s'}" % ("a" * 53), "no bcrypt hash"),
    ("basic_auth_users: {anna: '', anna: ''}", "anna"),
    ("http_server_config: {headers: {Server: x}}", "cannot be set"),
    ("http_server_config: {http3: true}", "http3"),
    ("[", "web.yml"),
]


@pytest.mark.real
@pytest.mark.usefixtures("ca")
@pytest.mark.parametrize("text", GOOD)
def test_what_the_exporters_take_is_taken(tmp_path: Path, text: str) -> None:
    """Each of these files is valid for promtool and for golive alike."""
    front_of(tmp_path, text)
    check = subprocess.run(
        [program("promtool"), "check", "web-config", tmp_path / "web.yml"], capture_output=True, check=False
    )
    assert check.returncode == 0, check.stderr.decode()


@pytest.mark.usefixtures("ca")
@pytest.mark.parametrize(("text", "word"), BAD)
def test_what_cannot_be_kept_is_refused(tmp_path: Path, text: str, word: str) -> None:
    """A missing file, an unknown key, a weaker promise than it reads: each is refused in words, with the file's name."""
    with pytest.raises(FrontError, match=word) as told:
        front_of(tmp_path, text)
    assert "web.yml" in str(told.value)


async def test_with_certificates_the_port_speaks_tls_and_acts_are_allowed(ca: trustme.CA, tmp_path: Path) -> None:
    """A client that trusts the CA is answered, another does not trust us; plain HTTP is not answered at all."""
    async with guarded(tmp_path, TLS % "") as house:
        url = house.url.replace("http:", "https:")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/-/healthy", ssl=client(ca)) as answer:
                assert answer.status == 200
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"{url}/-/healthy", ssl=ssl.create_default_context())
            with pytest.raises(aiohttp.ClientError):
                await session.get(f"{house.url}/-/healthy")
            headers = {"Authorization": f"Bearer {house.token}"}
            act = session.post(f"{url}/api/v1/notes", ssl=client(ca), headers=headers, json={"text": "hello"})
            async with act as answer:
                assert answer.status == 200


async def test_an_old_client_is_refused(ca: trustme.CA, tmp_path: Path) -> None:
    """TLS 1.2 is not spoken where the file asks for 1.3."""
    old = client(ca)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with guarded(tmp_path, TLS % ", min_version: TLS13") as house, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(house.url.replace("http:", "https:"), ssl=old)


@pytest.mark.parametrize(
    ("sans", "name", "reached"),
    [
        ("", "prometheus.example", True),
        ("", None, False),
        ("prometheus.example", "prometheus.example", True),
        ("prometheus.example", "other.example", False),
    ],
)
async def test_only_clients_with_the_right_certificate_get_in(
    ca: trustme.CA, tmp_path: Path, sans: str, name: str | None, reached: bool
) -> None:
    """With RequireAndVerifyClientCert nobody without one is answered, nor one of another name than those listed."""
    more = ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem"
    more += f", client_allowed_sans: [{sans}]" if sans else ""
    async with guarded(tmp_path, TLS % more) as house, aiohttp.ClientSession() as session:
        url = house.url.replace("http:", "https:") + "/-/healthy"
        if reached:
            async with session.get(url, ssl=client(ca, name)) as answer:
                assert answer.status == 200
        else:
            with pytest.raises((aiohttp.ClientError, OSError)):
                await session.get(url, ssl=client(ca, name))


async def test_failed_handshakes_give_their_places_back(ca: trustme.CA, tmp_path: Path, monkeypatch) -> None:
    """Strangers who never finish a handshake cannot fill the port for good."""
    monkeypatch.setattr(listener, "HEAD_SECONDS", 0.2)
    async with guarded(tmp_path, TLS % "") as house:
        port = house.listener.port
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
        for _, writer in lines:
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
        deadline = time.monotonic() + 10
        while True:
            try:
                async with (
                    aiohttp.ClientSession() as session,
                    session.get(f"https://127.0.0.1:{port}/-/healthy", ssl=client(ca)) as answer,
                ):
                    if answer.status == 200:
                        break
            except aiohttp.ClientError:
                assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        for _, writer in lines:
            writer.close()


async def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path, ca: trustme.CA, monkeypatch) -> None:
    """New connections get the new one; a broken one is refused and the old one stays in force."""
    monkeypatch.setattr(listener, "LOOK_SECONDS", 0.05)
    another = trustme.CA()
    async with guarded(tmp_path, TLS % "") as house:
        url = house.url.replace("http:", "https:") + "/-/healthy"

        async def works(authority: trustme.CA) -> bool:
            try:
                async with aiohttp.ClientSession() as session, session.get(url, ssl=client(authority)) as answer:
                    return answer.status == 200
            except aiohttp.ClientError:
                return False

        assert await works(ca)
        (tmp_path / "server.pem").write_text("no certificate")
        deadline = time.monotonic() + 10
        while not house.front.trouble:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        assert await works(ca)
        _issue(another, tmp_path)
        while not await works(another):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert house.front.trouble == ""
        assert not await works(ca)


async def test_a_password_opens_what_is_read_and_nothing_else(tmp_path: Path) -> None:
    """Without name and password nothing is answered; with them the numbers are, and no act; tokens work as ever."""
    async with guarded(tmp_path, f"basic_auth_users: {{prom: '{HASH}'}}") as house:
        for headers in ({}, basic("prom", "wrong"), basic("other", PASSWORD), {"Authorization": "Basic !"}):
            reply = await house.ask("GET", "/metrics", headers=headers)
            assert reply.status == 401
            assert reply.headers["WWW-Authenticate"].startswith("Basic")
        assert (await house.ask("GET", "/-/healthy")).status == 401
        for _ in range(2):
            assert (await house.ask("GET", "/metrics", headers=basic("prom", PASSWORD))).status == 200
        reply = await house.ask("POST", "/api/v1/notes", headers=basic("prom", PASSWORD), json={"text": "x"})
        assert reply.status == 401
        assert house.desk.asked == []
        assert (await house.ask("GET", "/api/v1/snapshot", token=house.token)).status == 200
        assert (await house.ask("GET", "/api/v1/snapshot", token="x" * 40)).status == 401
        assert (await house.ask("POST", "/api/v1/notes", token=house.token, json={"text": "x"})).status == 200
        assert (
            'golive_http_denied_total{reason="password"}'
            in (await house.ask("GET", "/metrics", headers=basic("prom", PASSWORD))).text
        )


async def test_headers_of_the_file_are_on_every_answer(tmp_path: Path) -> None:
    """What the file sets wins over golive's own choice."""
    text = "http_server_config: {headers: {X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=60}}"
    async with guarded(tmp_path, text) as house:
        for path in ("/-/healthy", "/nowhere"):
            reply = await house.ask("GET", path)
            assert reply.headers["X-Frame-Options"] == "sameorigin"
            assert reply.headers["Strict-Transport-Security"] == "max-age=60"
            assert reply.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_right_pair_is_known_again_and_a_wrong_one_never(monkeypatch) -> None:
    """bcrypt is asked once for who knows the password, and each time for who does not."""
    asked = []

    def check(password: bytes, hashed: bytes) -> bool:
        asked.append(hashed)
        return password == b"right" and hashed == b"h"

    monkeypatch.setattr(bcrypt, "checkpw", check)
    passwords = Passwords({"anna": "h"})
    header = basic("anna", "right")["Authorization"]
    assert await passwords.admits(header)
    assert await passwords.admits(header)
    assert len(asked) == 1
    for wrong in (basic("anna", "x"), basic("anna", "x"), basic("ben", "right")):
        assert not await passwords.admits(wrong["Authorization"])
    assert len(asked) == 4
    assert asked[-1] != b"h"


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: "Basic " + base64.b64encode(raw).decode()))
def test_no_header_raises(header: str) -> None:
    """Whatever stands in Authorization is a pair or nothing; what bcrypt would not look at is nothing."""
    found = _pair(header)
    assert found is None or len(found[1]) <= 72


@pytest.mark.real
@pytest.mark.usefixtures("ca")
async def test_a_real_prometheus_scrapes_through_tls_and_a_password(tmp_path: Path) -> None:
    """Configured as its manual says, it calls the target up; curl with the same file works as well."""
    text = (TLS % "") + f"basic_auth_users: {{prom: '{HASH}'}}\n"
    async with guarded(tmp_path, text) as house:
        job: dict[str, Any] = {
            "job_name": "golive",
            "scheme": "https",
            "tls_config": {"ca_file": str(tmp_path / "ca.pem")},
            "basic_auth": {"username": "prom", "password": PASSWORD},
            "static_configs": [{"targets": [f"127.0.0.1:{house.listener.port}"]}],
        }
        config = json.dumps({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [job]})
        async with prometheus(tmp_path, 0, config) as url:
            assert await query(house.session, url, 'up{job="golive"} == 1')
        curl = await asyncio.create_subprocess_exec(
            program("curl"), "-sSf", "--cacert", str(tmp_path / "ca.pem"), "-u", f"prom:{PASSWORD}",
            f"https://127.0.0.1:{house.listener.port}/-/healthy",
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert (await curl.communicate())[0] == b"golive is running\n"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("rate_limit: {interval: 1s}", "burst 0 lets no request through"),
        ("rate_limit: {interval: many, burst: 2}", "interval"),
        ("rate_limit: {rate: 1s, burst: 2}", "rate"),
    ],
)
def test_a_rate_limit_that_would_lock_everybody_out_is_refused(tmp_path: Path, text: str, word: str) -> None:
    """A limit without a burst answers nobody; it is refused when the file is read, as is what is misspelt."""
    with pytest.raises(FrontError, match=word):
        front_of(tmp_path, text)


async def test_what_comes_too_fast_is_turned_away_and_people_are_not(tmp_path: Path) -> None:
    """Beyond the burst 429 with Retry-After, counted; a named person's act passes all the same, or a flood of scrapes could
    keep people from deciding. A token that nobody knows is no name."""
    async with guarded(tmp_path, "rate_limit: {interval: 1h, burst: 3}\n") as house:
        await house.authority.refresh()
        replies = [await house.ask("GET", "/-/healthy") for _ in range(5)]
        assert [reply.status for reply in replies] == [200, 200, 200, 429, 429]
        assert int(replies[-1].headers["Retry-After"]) > 60
        assert (await house.ask("GET", "/-/healthy", token="x" * 43)).status == 429
        assert (await house.ask("GET", "/-/healthy", token=house.token)).status == 200
        assert (await house.ask("POST", "/api/v1/notes", token=house.token, json={"text": "here"})).status == 200
        text = (await asyncio.to_thread(house.own.text, Style.TEXT)).decode()
        assert 'golive_http_denied_total{reason="rate"} 3.0' in text


@settings(max_examples=200, deadline=None)
@given(
    burst=st.integers(1, 20),
    interval=st.floats(0.01, 10.0),
    gaps=st.lists(st.floats(0.0, 30.0), min_size=1, max_size=60),
)
def test_a_bucket_never_lets_more_through_than_it_says(burst: int, interval: float, gaps: list[float]) -> None:
    """In any stretch no more than the burst and one for each interval; who waits as long as he is told gets through."""
    now = 0.0
    bucket = Bucket(interval, burst, clock=lambda: now)
    through = []
    for gap in gaps:
        now += gap
        wait = bucket.wait()
        if not wait:
            through.append(now)
        else:
            assert 0 < wait <= interval
            now += wait * 1.001
            assert bucket.wait() == 0
            through.append(now)
    for first, begin in enumerate(through):
        for number, end in enumerate(through[first:], start=1):
            assert number <= burst + (end - begin) / interval + 1.01
