"""The collector on the wire: UDP, TCP and TLS on loopback, what it refuses, and that it never holds up the others."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme

from collectors.sip_quality.collector import SipQuality
from collectors.sip_quality.listening import enlarge, overflowed
from monitor.config_checks.surroundings import key_problems
from monitor.documents.finding import Place
from monitor.documents.positions import Positions
from monitor.intake.source import Misconfigured
from tests.collectors.sip_quality.telephone import publish, session
from tests.rig.inlet import RecordingInlet
from tests.rig.mosquitto import free_port

LOSS = "golive_media_packet_loss_ratio"


def collector(**more: Any) -> SipQuality:
    """A collector on loopback."""
    base = {"kind": "sip_quality", "name": "test", "every": 1, "allow": ["127.0.0.0/8"], "listen": [{"port": 0}]}
    return msgspec.convert({**base, **more}, SipQuality)


@asynccontextmanager
async def listening(inlet: RecordingInlet, **more: Any) -> AsyncIterator[list[int]]:
    """A collector that runs; gives the ports it listens on."""
    task = asyncio.create_task(collector(**more).run(inlet))
    try:
        await inlet.until(lambda kept: bool(kept.health) or task.done(), within=5)
        if task.done():
            task.result()
        words = inlet.health[0][1].removeprefix("listening on ").split("; ")[0]
        yield [int(part.rpartition(":")[2]) for part in words.split(", ")]
    finally:
        task.cancel()
        async with asyncio.timeout(1):
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def telephone(port: int) -> AsyncIterator[socket.socket]:
    """A UDP socket connected to the collector."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setblocking(False)  # noqa: FBT003 - its own signature
        line.connect(("127.0.0.1", port))
        yield line


async def received(line: socket.socket) -> bytes:
    """The next datagram."""
    async with asyncio.timeout(5):
        return await asyncio.get_running_loop().sock_recv(line, 65535)


def report(number: int, **changes: str) -> bytes:
    """A request with a session report of a call that ends now."""
    return publish(session(f"call-{number}@test", time.time()), number, **changes)


async def until_end(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection is closed."""
    async with asyncio.timeout(5):
        return await reader.read()


async def test_a_report_over_udp_is_answered_where_it_came_from() -> None:
    """200 with the sender's port in rport; the same request once more gets the same bytes and counts once."""
    inlet = RecordingInlet()
    async with listening(inlet) as [port], telephone(port) as line:
        request = report(1)
        line.send(request)
        first = await received(line)
        assert first.startswith(b"SIP/2.0 200 OK\r\n")
        assert b";rport=%d;" % line.getsockname()[1] in first
        line.send(request)
        assert await received(line) == first
        await inlet.until(lambda kept: kept.messages == 2)
    assert len(inlet.of(LOSS)) == 2
    assert dict(inlet.refused) == {"duplicate": 1}
    assert inlet.commits == 2


async def test_a_report_is_answered_only_once_it_is_kept() -> None:
    """When samples cannot be kept the run ends with why, and no telephone was told 200."""
    inlet = RecordingInlet(commit_error=OSError("no space left"))
    task = asyncio.create_task(collector().run(inlet))
    await inlet.until(lambda kept: bool(kept.health))
    async with telephone(int(inlet.health[0][1].rpartition(":")[2])) as line:
        line.send(report(1))
        with pytest.raises(OSError, match="no space left"):
            async with asyncio.timeout(5):
                await task
        with pytest.raises((BlockingIOError, ConnectionRefusedError)):
            line.recv(65535)


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_a_stream_that_cannot_be_kept_ends_the_run(tmp_path: Path, transport: str) -> None:
    """Over TCP and TLS too, a failed commit is the collector's failure and not the telephone's success."""
    inlet = RecordingInlet(commit_error=OSError("no space left"), base=tmp_path)
    tls, trust, _ = certificates(tmp_path)
    more = {"tls": tls} if transport == "tls" else {}
    task = asyncio.create_task(collector(listen=[{"transport": transport, "port": 0, **more}]).run(inlet))
    await inlet.until(lambda kept: bool(kept.health))
    port = int(inlet.health[0][1].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust if more else None)
    writer.write(report(1, transport="TCP"))
    with pytest.raises(OSError, match="no space left"):
        async with asyncio.timeout(5):
            await task
    with suppress(ConnectionError):
        assert b"200" not in await until_end(reader)
    writer.transport.abort()


async def test_several_messages_in_one_segment_and_one_in_many() -> None:
    """Over TCP every whole message is answered in order, however the bytes are cut; a ping gets its pong."""
    inlet = RecordingInlet()
    async with listening(inlet, listen=[{"transport": "tcp", "port": 0}]) as [port]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        whole = b"".join(report(number, transport="TCP") for number in range(5))
        writer.write(whole[:100])
        await writer.drain()
        writer.write(whole[100:2000])
        await writer.drain()
        writer.write(whole[2000:] + b"\r\n\r\n")
        writer.write_eof()
        answered = await until_end(reader)
        writer.close()
    assert answered.count(b"SIP/2.0 200 OK\r\n") == 5
    assert [answered.index(b"CSeq: %d " % number) for number in range(5)] == sorted(
        answered.index(b"CSeq: %d " % number) for number in range(5)
    )
    assert answered.endswith(b"\r\n\r\n\r\n")
    assert len(inlet.of(LOSS, direction="heard")) == 5


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [
        (report(1).replace(b"Content-Length: ", b"Content-Length: 99"), b"SIP/2.0 413 ", "too_large"),
        (report(1).replace(b"Content-Length", b"X-Length"), b"SIP/2.0 400 ", "malformed"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"", "malformed"),
        (b"x" * 20000, b"", "too_large"),
    ],
)
async def test_a_stream_that_cannot_be_framed_is_answered_and_closed(raw: bytes, status: bytes, reason: str) -> None:
    """The sender is told what is wrong where its head was sound; others are not harmed."""
    inlet = RecordingInlet()
    async with listening(inlet, listen=[{"transport": "tcp", "port": 0}]) as [port]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(raw)
        answered = await until_end(reader)
        writer.close()
        assert answered.startswith(status) if status else answered == b""
        assert dict(inlet.refused) == {reason: 1}
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(report(2, transport="TCP"))
        await inlet.until(lambda kept: len(kept.samples) > 0)
        writer.close()


async def test_connections_are_bounded_in_number_and_in_silence() -> None:
    """One too many is closed at once and counted; one that says nothing is closed after the idle time."""
    inlet = RecordingInlet()
    where = [{"transport": "tcp", "port": 0}]
    async with listening(inlet, listen=where, connections=1, idle=0.4) as [port]:
        first, keep = await asyncio.open_connection("127.0.0.1", port)
        keep.write(report(1, transport="TCP"))
        async with asyncio.timeout(5):
            assert (await first.readuntil(b"\r\n")).startswith(b"SIP/2.0 200")
        second, other = await asyncio.open_connection("127.0.0.1", port)
        assert await until_end(second) == b""
        assert dict(inlet.refused) == {"connection_cap": 1}
        await until_end(first)
        keep.close()
        other.close()
        third, again = await asyncio.open_connection("127.0.0.1", port)
        again.write(report(2, transport="TCP"))
        async with asyncio.timeout(5):
            assert (await third.readuntil(b"\r\n")).startswith(b"SIP/2.0 200")
        again.close()


async def test_strangers_are_counted_and_get_nothing() -> None:
    """Outside the allowed networks a datagram is not read and a connection is closed."""
    inlet = RecordingInlet()
    where = [{"port": 0}, {"transport": "tcp", "port": 0}]
    async with listening(inlet, listen=where, allow=["192.0.2.0/24"]) as [udp, tcp], telephone(udp) as line:
        line.send(report(1))
        reader, writer = await asyncio.open_connection("127.0.0.1", tcp)
        assert await until_end(reader) == b""
        writer.close()
        await inlet.until(lambda kept: kept.refused["foreign"] == 2)
        with pytest.raises(BlockingIOError):
            line.recv(100)
    assert inlet.samples == []


async def test_a_fast_connection_is_read_no_faster_than_its_rate() -> None:
    """Over TCP nothing is dropped for its rate: the last answer comes when it is due."""
    inlet = RecordingInlet()
    begun = time.monotonic()
    async with listening(inlet, listen=[{"transport": "tcp", "port": 0}], rate=40) as [port]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"".join(report(number, transport="TCP") for number in range(60)))
        writer.write_eof()
        answered = await until_end(reader)
        writer.close()
    assert answered.count(b"SIP/2.0 200 OK") == 60
    assert time.monotonic() - begun > 0.3
    assert dict(inlet.refused) == {}


def certificates(folder: Path) -> tuple[dict[str, str], ssl.SSLContext, ssl.SSLContext]:
    """Files of a listener that asks for client certificates, a client with one, and a client without."""
    authority = trustme.CA()
    ours, theirs = authority.issue_cert("127.0.0.1"), authority.issue_cert("phone.example.test")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    ours.cert_chain_pems[0].write_to_path(folder / "golive.pem")
    ours.private_key_pem.write_to_path(folder / "golive.key")
    (folder / "golive.key").chmod(0o600)
    contexts = []
    for own in (theirs, None):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        if own is not None:
            own.configure_cert(context)
        contexts.append(context)
    return {"cert": "golive.pem", "key": "golive.key", "ca": "ca.pem"}, contexts[0], contexts[1]


async def test_tls_takes_telephones_with_a_certificate_and_no_others(tmp_path: Path) -> None:
    """With `ca` a client shows a certificate of it or is turned away in the handshake, counted."""
    files, known, unknown = certificates(tmp_path)
    inlet = RecordingInlet(base=tmp_path)
    async with listening(inlet, listen=[{"transport": "tls", "port": 0, "tls": files}]) as [port]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=known)
        writer.write(report(1, transport="TLS"))
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"\r\n")).startswith(b"SIP/2.0 200")
        writer.close()
        before = len(inlet.samples)
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=unknown)
            writer.write(report(2, transport="TLS"))
            assert await until_end(reader) == b""
        except (ssl.SSLError, ConnectionError):
            pass
        await inlet.until(lambda kept: kept.refused["handshake"] == 1)
        assert len(inlet.samples) == before
        plain, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(report(3))
        await until_end(plain)
        writer.close()
        await inlet.until(lambda kept: kept.refused["handshake"] == 2)


async def test_what_a_person_must_mend_is_told_apart(tmp_path: Path) -> None:
    """A certificate that is not there is not worth trying again: Misconfigured names the files."""
    listen = [{"transport": "tls", "port": 0, "tls": {"cert": "nowhere.pem", "key": "nowhere.key"}}]
    with pytest.raises(Misconfigured, match=str(tmp_path / "nowhere.pem")):
        await collector(listen=listen).run(RecordingInlet(base=tmp_path))


def test_check_finds_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    """`golive check` names a certificate that is not there, and a private key that others may read."""
    (tmp_path / "golive.key").write_text("x")
    (tmp_path / "golive.key").chmod(0o644)
    tls = {"cert": "nowhere.pem", "key": "golive.key"}
    source = collector(listen=[{"transport": "tls", "tls": tls}])
    found = list(key_problems(source, Positions(Place("x", 1, 1)), tmp_path))
    assert ["No such file" in found[0].what, "others may read" in found[1].what] == [True, True]


async def test_a_taken_port_is_an_error_with_words() -> None:
    """When another program has the port the run raises at once, saying which and what to do; nothing stays open."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        free = free_port()
        listen = [{"port": free}, {"transport": "tcp", "port": port}]
        with pytest.raises(OSError, match=f"tcp 127.0.0.1:{port}.*ss -lunpt"):
            await collector(listen=listen).run(RecordingInlet())
        async with listening(RecordingInlet(), listen=[{"port": free}]) as ports:
            assert ports == [free]


async def test_one_socket_for_ipv4_and_ipv6() -> None:
    """Listening on :: hears IPv4 telephones as what they are, by the same allow-list."""
    inlet = RecordingInlet()
    async with listening(inlet, listen=[{"host": "::", "port": 0}]) as [port], telephone(port) as line:
        line.send(report(1))
        answered = await received(line)
    assert answered.startswith(b"SIP/2.0 200")
    assert b";received=127.0.0.1\r\n" in answered


def test_datagrams_that_found_no_room_are_known() -> None:
    """The kernel's own count of what a socket dropped can be read."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        line.bind(("127.0.0.1", 0))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        for _ in range(50):
            sender.sendto(b"x" * 1000, line.getsockname())
        assert 30 < overflowed(line) <= 50
        enlarge(line, 1_000_000)
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) > 200_000


async def test_what_the_kernel_drops_is_counted_and_said() -> None:
    """A buffer too small for what comes is a count by its own reason, and words on the collector's line."""
    inlet = RecordingInlet()
    async with listening(inlet, receive_buffer=1) as [port], telephone(port) as line:
        for number in range(300):
            line.send(report(number))
        await inlet.until(lambda kept: kept.refused["socket_overflow"] > 0, within=5)
        assert "raise receive_buffer" in inlet.health[-1][1]
        assert inlet.refused["socket_overflow"] + inlet.messages == 300


@pytest.fixture
def flood() -> Iterator[Callable[[int, str], None]]:
    """Send reports from an address of loopback to a port, without end, in a process of its own; ended with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(port: int, host: str) -> None:
        code = f"""
import socket, time
line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
line.bind(({host!r}, 0))
end = time.monotonic() + 30
while time.monotonic() < end:
    for _ in range(20):
        line.sendto({report(1)!r}, ("127.0.0.1", {port}))
    time.sleep(0.001)
"""
        running.append(subprocess.Popen([sys.executable, "-c", code]))

    yield start
    for process in running:
        process.kill()
        process.wait()


async def lateness(beats: int, every: float) -> float:
    """By how many seconds another task of the loop is late, in the middle."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    late = []
    for beat in range(1, beats + 1):
        await asyncio.sleep(begun + beat * every - loop.time())
        late.append(loop.time() - begun - beat * every)
    return sorted(late)[beats // 2]


async def test_a_flood_of_forged_reports_does_not_slow_the_others(flood: Callable[[int, str], None]) -> None:
    """While a stranger and a known address flood the socket, others keep their schedule to 10 %, telephones included."""
    inlet = RecordingInlet()
    allow = ["127.0.0.1", "127.0.0.2"]
    async with listening(inlet, allow=allow) as [port], telephone(port) as line:
        quiet = await lateness(10, 0.1)
        flood(port, "127.0.0.2")
        flood(port, "127.9.9.9")
        await inlet.until(lambda kept: kept.refused["foreign"] > 2000 and kept.refused["rate_cap"] > 2000)
        assert await lateness(20, 0.1) < quiet + 0.01
        answered = False
        for _ in range(20):  # a flood may fill the socket's buffer: a telephone asks again
            line.send(report(77))
            try:
                async with asyncio.timeout(0.5):
                    answered = (await asyncio.get_running_loop().sock_recv(line, 65535)).startswith(b"SIP/2.0 200")
                    break
            except TimeoutError:
                continue
        assert answered
