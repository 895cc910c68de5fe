"""One request to a target that may do anything: each way of going wrong has its own word, in its own time."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from monitor.outbound.exchange import PHASES, Exchange, exchange
from monitor.outbound.names import Names
from tests.rig import faults
from tests.rig.faults import OK, Serve, says, serving
from tests.rig.mosquitto import free_port


@pytest.fixture
async def names() -> AsyncIterator[Names]:
    """A resolver of its own."""
    made = Names()
    yield made
    made.close()


async def ask(port: int, names: Names, *, scheme: str = "http", tls=None, within: float = 0.5) -> Exchange:
    """Ask a local port."""
    url = f"{scheme}://127.0.0.1:{port}/"
    return await exchange("GET", url, names=names, headers={}, tls=tls, timeout=within)


async def test_a_sound_answer_has_every_phase_on_the_clock(names: Names) -> None:
    """Status, headers, body and the time of each phase; the phases add up to the whole."""
    async with serving(says(OK)) as port:
        made = await ask(port, names)
    assert (made.trouble, made.status, made.body) == (None, 200, b"ok")
    assert ("Content-Length", "2") in made.headers
    assert set(made.phases) == set(PHASES) - {"tls"}
    assert sum(made.phases.values()) == pytest.approx(made.seconds, abs=1e-6)
    assert made.tls_version == ""


FAULTS: dict[str, tuple[Serve, str]] = {
    "silent": (faults.silent, "timeout"),
    "slow head": (faults.slow_head, "timeout"),
    "drip": (faults.drip, "timeout"),
    "reset": (faults.reset, "cut"),
    "hang up": (faults.hang_up, "cut"),
    "nothing": (says(b""), "cut"),
    "endless": (faults.endless, "too_large"),
    "shorter than it says": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), "protocol"),
    "no chunk": (says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "protocol"),
    "HTTP/0.9": (says(b"<html>HTTP/0.9"), "protocol"),
    "another service": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "protocol"),
    "a long header": (says(b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n"), "protocol"),
    "a negative length": (says(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"), "protocol"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_has_its_word(names: Names, fault: str) -> None:
    """Nothing raises, nothing hangs, and the words say more."""
    serve, trouble = FAULTS[fault]
    async with serving(serve) as port:
        begun = time.monotonic()
        made = await ask(port, names)
        assert time.monotonic() - begun < 2
    assert made.trouble == trouble, made.words
    assert made.words


async def test_a_bomb_is_not_unpacked(names: Names) -> None:
    """A packed body that nobody asked for stays packed: a hundred megabytes cost nothing."""
    async with serving(faults.bomb) as port:
        made = await ask(port, names, within=5)
    assert made.trouble is None
    assert len(made.body) < 1_000_000


async def test_ten_thousand_headers_are_refused(names: Names) -> None:
    """An answer whose head does not end is given up in time or refused, whichever comes first."""
    many = b"".join(b"X-%d: y\r\n" % n for n in range(100_000))
    async with serving(says(b"HTTP/1.1 200 OK\r\n" + many + b"\r\n")) as port:
        made = await ask(port, names, within=2)
    assert made.trouble in ("protocol", "timeout")


async def test_nobody_listens(names: Names) -> None:
    """A closed port is refused at once."""
    made = await ask(free_port(), names)
    assert made.trouble == "refused"
    assert made.phases["connect"] < 0.3


async def test_a_port_that_takes_no_more_connections(names: Names) -> None:
    """Where the connection is never answered, the time-out tells the phase and is kept to a tenth."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)  # noqa: FBT003 - its one argument
            filler.connect_ex(full.getsockname())
        begun = time.monotonic()
        made = await ask(full.getsockname()[1], names, within=1)
        took = time.monotonic() - begun
        for filler in fillers:
            filler.close()
    assert made.trouble == "connect_timeout"
    assert 0.9 < took < 1.5


async def test_names_that_do_not_exist_and_name_servers_that_say_nothing(names: Names, monkeypatch) -> None:
    """No such name is `dns`; silence is `dns_timeout`; meanwhile others are looked up, and the dead one by one thread."""
    gate, asked = asyncio.Event(), []

    def look(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        if host == "dead.example":
            time.sleep(1.5)
        if host == "live.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    gate.set()
    port = 0
    monkeypatch.setattr(socket, "getaddrinfo", look)
    made = await exchange("GET", "http://none.example/", names=names, headers={}, timeout=1)
    assert made.trouble == "dns"
    dead = [exchange("GET", "http://dead.example/", names=names, headers={}, timeout=0.3) for _ in range(50)]
    live = exchange("GET", "http://live.example/", names=names, headers={}, timeout=1)
    *results, found = await asyncio.gather(*dead, live)
    assert {made.trouble for made in results} == {"dns_timeout"}
    assert found.trouble == "forbidden"
    assert "this machine itself" in found.words
    assert asked.count("dead.example") == 1


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


async def test_tls_says_version_and_end_of_the_certificate(names: Names) -> None:
    """A trusted connection tells what it agreed on and until when it holds."""
    ca = trustme.CA()
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=5)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    async with serving(says(OK), context_of(ca.issue_cert("127.0.0.1", not_after=ends))) as port:
        made = await ask(port, names, scheme="https", tls=client, within=3)
    assert (made.trouble, made.status, made.tls_version) == (None, 200, "TLSv1.3")
    assert made.certificate_ends == ends.timestamp()
    assert set(made.phases) == set(PHASES)


@pytest.mark.parametrize("fault", ["expired", "early", "name", "self", "stranger", "chain", "old"])
async def test_every_fault_of_tls_fails_closed_with_its_own_word(names: Names, fault: str) -> None:
    """Expired, not yet valid, another's, self-signed, a stranger's, without its chain, an old version: none is believed."""
    ca = trustme.CA()
    now = datetime.now(UTC)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    issued = {
        "expired": lambda: ca.issue_cert("127.0.0.1", not_before=now - timedelta(9), not_after=now - timedelta(1)),
        "early": lambda: ca.issue_cert("127.0.0.1", not_before=now + timedelta(1), not_after=now + timedelta(9)),
        "name": lambda: ca.issue_cert("other.example"),
        "self": lambda: trustme.CA().issue_cert("127.0.0.1"),
        "stranger": lambda: trustme.CA().issue_cert("127.0.0.1"),
        "chain": lambda: ca.create_child_ca().issue_cert("127.0.0.1"),
        "old": lambda: ca.issue_cert("127.0.0.1"),
    }[fault]()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if fault == "chain":
        with issued.private_key_pem.tempfile() as key, issued.cert_chain_pems[0].tempfile() as leaf:
            server.load_cert_chain(leaf, key)
    else:
        issued.configure_cert(server)
    if fault == "old":
        server.maximum_version = ssl.TLSVersion.TLSv1_2
        client.minimum_version = ssl.TLSVersion.TLSv1_3
    async with serving(says(OK), server) as port:
        made = await ask(port, names, scheme="https", tls=client, within=3)
    words = {"expired": "tls_expired", "early": "tls_expired", "name": "tls_name", "old": "tls_protocol"}
    assert made.trouble == words.get(fault, "tls_untrusted"), made.words
    assert made.status == 0


async def test_plain_http_on_a_tls_port_and_the_reverse(names: Names) -> None:
    """The wrong protocol on the right port is told, not waited for."""

    async def blurt(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()

    async with serving(blurt) as port:
        assert (await ask(port, names, scheme="https", tls=ssl.create_default_context())).trouble == "tls_protocol"
    async with serving(says(OK), context_of(trustme.CA().issue_cert("127.0.0.1"))) as port:
        assert (await ask(port, names)).trouble in ("cut", "protocol")


@pytest.mark.parametrize("url", ["http://2130706433/", "http://localhost.:9/", "ftp://127.0.0.1/", "http://0.0.0.0:9/"])
async def test_forbidden_places_are_not_spoken_to(names: Names, url: str) -> None:
    """An odd spelling of this machine, and another scheme, are refused before anything is sent."""
    made = await exchange("GET", url, names=names, headers={}, timeout=1)
    assert made.trouble in ("forbidden", "refused")
    assert made.status == 0
    assert made.trouble == "forbidden" or url.startswith(("http://localhost.", "http://0.0.0.0"))


async def test_nothing_is_left_open_after_many_faults(names: Names) -> None:
    """Hundreds of failed requests leave no socket behind."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - links of descriptors, not files
    for serve in (faults.reset, faults.hang_up, says(b"nonsense"), faults.silent):
        async with serving(serve) as port:
            for _ in range(25):
                await asyncio.gather(*(ask(port, names, within=0.05) for _ in range(4)))
    await asyncio.sleep(0.1)
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208 - the same
