"""SIP against sipp: a trunk that is asked, and calls that are answered, refused, ignored and played to."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import struct
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from monitor.outbound.tls import Tls
from runbooks.actions.call import CallStep
from runbooks.actions.sip_options import SipOptions
from runbooks.context import Context
from runbooks.setting import Setting
from runbooks.sip import call, client, message
from runbooks.sip.message import Question
from tests.rig.sipp import SDP, answering, free_udp_port, pauses, receives, replies
from tests.rig.waiting import until

VALUES = {"number": "+351210000000", "decision": "d1", "run": "r1", "step": "call"}
RING, BYE = replies("180 Ringing"), (receives("BYE"), replies("200 OK"))
ANSWER = replies("200 OK", SDP.format(port=20000))


def context(port: int, folder: Path = Path(), **values: str) -> Context:
    return Context(values={**VALUES, **values}, allow_hosts=(f"127.0.0.1:{port}",), base=folder)


def options(port: int, **more: Any) -> SipOptions:
    return SipOptions(**{"name": "ask", "effect": "read", "host": "127.0.0.1", "port": port, "timeout": 5.0, **more})


def calls(port: int, **more: Any) -> CallStep:
    fields = {"name": "call", "effect": "once", "host": "127.0.0.1", "port": port, "to": "{number}", "hold": 0.2}
    return CallStep(**{**fields, "answer_within": 4.0, **more})


@pytest.mark.real
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_trunk_that_answers_options_is_there(tmp_path: Path, transport: Any) -> None:
    """sipp answers over UDP and TCP; the status is held against what is wanted."""
    way = {"udp": "u1", "tcp": "t1"}[transport]
    async with answering(tmp_path, receives("OPTIONS"), replies("200 OK"), transport=way) as port:
        outcome = await options(port, transport=transport, to="{number}").perform(context(port))
        assert outcome.kind == "done"
        assert outcome.detail.startswith(f"200 OK from 127.0.0.1:{port} in ")
        log = (tmp_path / "uas.log").read_text()
        assert f"OPTIONS sip:+351210000000@127.0.0.1:{port}" in log
    async with answering(tmp_path, receives("OPTIONS"), replies("404 Not Found"), transport=way) as port:
        outcome = await options(port, transport=transport).perform(context(port))
        assert (outcome.kind, "404 Not Found" in outcome.detail) == ("failed", True)
        assert (await options(port, transport=transport, status=(200, "4xx")).perform(context(port))).kind == "done"


class Stub(asyncio.DatagramProtocol):
    """Answers the nth OPTIONS with what the test says."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.times: list[float] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.times.append(asyncio.get_running_loop().time())
        answer = self.answers.pop(0) if self.answers else ""
        lines = data.decode().split("\r\n")
        kept = "\r\n".join(
            line for line in lines[1:] if line.partition(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
        )
        if answer == "forged":
            kept = kept.replace("branch=z9hG4bK", "branch=z9hG4bKother")
            answer = "200 OK"
        for status in filter(None, answer.split("|")):
            self.transport.sendto(f"SIP/2.0 {status}\r\n{kept}\r\nContent-Length: 0\r\n\r\n".encode(), addr)
        if answer == "noise":
            self.transport.sendto(b"\xff\x00 not SIP", addr)


async def stubbed(*answers: str) -> tuple[Stub, int]:
    loop = asyncio.get_running_loop()
    transport, stub = await loop.create_datagram_endpoint(lambda: Stub(*answers), local_addr=("127.0.0.1", 0))
    return stub, int(transport.get_extra_info("sockname")[1])


async def test_a_lost_datagram_is_sent_again_as_the_rfc_says() -> None:
    """After 0.5 s and then twice as long; noise, strangers' branches and 100 Trying are no answer."""
    stub, port = await stubbed("", "noise", "forged|100 Trying", "100 Trying|200 Fine")
    outcome = await options(port).perform(context(port))
    assert outcome.kind == "done"
    assert "200 Fine" in outcome.detail
    assert "asked 4 times" in outcome.detail
    gaps = [later - earlier for earlier, later in zip(stub.times, stub.times[1:], strict=False)]
    assert all(gap >= least * 0.95 for gap, least in zip(gaps, (0.5, 1.0, 2.0), strict=True)), gaps
    stub.transport.close()


async def test_nobody_there_is_a_failure_and_nothing_else() -> None:
    """Silence, a closed port, a place that is not allowed: failed, with whether anything was sent."""
    stub, port = await stubbed()
    outcome = await options(port, timeout=0.7).perform(context(port))
    assert (outcome.kind, outcome.sent, len(stub.times)) == ("failed", True, 2)
    assert "no final reply from" in outcome.detail
    stub.transport.close()
    closed = free_udp_port()
    outcome = await options(closed).perform(context(closed))
    assert (outcome.kind, "refuses it" in outcome.detail) == ("failed", True)
    outcome = await options(closed, transport="tcp").perform(context(closed))
    assert (outcome.kind, outcome.sent) == ("failed", False)
    outcome = await options(port).perform(Context(values=VALUES, allow_hosts=("127.0.0.1:1",)))
    assert (outcome.kind, outcome.sent) == ("failed", False)
    assert "allow_hosts" in outcome.detail
    assert client.TIMER_F == 32.0


@pytest.mark.parametrize("trusted", [True, False])
async def test_options_over_tls_only_to_who_can_prove_the_name(tmp_path: Path, trusted: bool) -> None:
    """With the right authority the trunk is asked; a certificate that does not convince ends it before a word."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issuer = authority if trusted else trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1").configure_cert(server_tls)
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        kept = b"\r\n".join(got[0].split(b"\r\n")[1:-2])
        for status in (b"100 Trying", b"200 OK"):
            writer.write(b"SIP/2.0 " + status + b"\r\n" + kept + b"\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_tls)
    async with server:
        port = server.sockets[0].getsockname()[1]
        asked = options(port, transport="tls", tls=Tls(ca="ca.pem"))
        outcome = await asked.perform(context(port, tmp_path))
    if trusted:
        assert (outcome.kind, outcome.detail[:6]) == ("done", "200 OK")
        assert got[0].startswith(f"OPTIONS sips:127.0.0.1:{port} SIP/2.0".encode())
    else:
        assert (outcome.kind, outcome.sent, got) == ("failed", False, [])


@pytest.mark.real
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_call_that_is_answered_is_done_with_its_times(tmp_path: Path, transport: Any) -> None:
    """sipp rings, answers, is held and hung up on; post-dial delay and time to answer are told."""
    parts = (receives("INVITE"), pauses(200), RING, pauses(300), ANSWER, receives("ACK"), *BYE)
    way = {"udp": "u1", "tcp": "t1"}[transport]
    async with answering(tmp_path, *parts, transport=way) as port:
        outcome = await calls(port, transport=transport).perform(context(port))
        assert outcome.kind == "done", outcome.detail
        match = re.fullmatch(r"rang after ([0-9.]+) s, answered after ([0-9.]+) s, held 200ms", outcome.detail)
        assert match is not None, outcome.detail
        ringing, answered = map(float, match.groups())
        assert 0.15 <= ringing < answered
        assert answered - ringing >= 0.25
        log = (tmp_path / "uas.log").read_text()
        assert "INVITE sip:+351210000000@127.0.0.1" in log
        assert "BYE sip:" in log
        slow = await calls(port, transport=transport, post_dial_delay=0.05).perform(context(port))
        assert (slow.kind, "post-dial delay over 50ms" in slow.detail) == ("failed", True)


@pytest.mark.real
@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((receives("INVITE"), replies("486 Busy Here"), receives("ACK")), "refused with 486 Busy Here"),
        ((receives("INVITE"), RING, receives("CANCEL"), replies("200 OK")), "not answered within 1s, rang after 0.0"),
        ((receives("INVITE"), pauses(30000), RING), "not answered within 1s"),
        (
            (receives("INVITE"), replies("100 Trying"), pauses(50), replies("503 Down"), receives("ACK")),
            "refused with 503 Down",
        ),
    ],
    ids=["busy", "rings", "silent", "down"],
)
async def test_a_call_that_does_not_get_through_is_a_failure(
    tmp_path: Path, parts: tuple[str, ...], words: str
) -> None:
    """Busy, unanswered, ignored: failed with what the other side said; nobody's telephone goes on ringing."""
    async with answering(tmp_path, *parts) as port:
        outcome = await calls(port, answer_within=1.0).perform(context(port))
        assert (outcome.kind, outcome.sent) == ("failed", True)
        assert words in outcome.detail
        if "CANCEL" in "".join(parts):
            log = tmp_path / "uas.log"
            await until(lambda: "CANCEL sip:" in log.read_text(), 5)


@pytest.mark.real
async def test_a_recording_is_played_to_whoever_answers(tmp_path: Path) -> None:
    """With `media` G.711 packets arrive at the address that the answer names."""
    wav = tmp_path / "tone.wav"
    samples = bytes(range(256)) * 40
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 6, 1, 8000, 8000, 1, 8)
    wav.write_bytes(head + struct.pack("<4sI", b"data", len(samples)) + samples)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)  # noqa: FBT003 - the standard library's own signature
        answer = replies("200 OK", SDP.format(port=ear.getsockname()[1]))
        async with answering(tmp_path, receives("INVITE"), answer, receives("ACK"), *BYE) as port:
            outcome = await calls(port, media="tone.wav", hold=1.0).perform(context(port, tmp_path))
            assert outcome.kind == "done", outcome.detail
        packet = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(ear, 2000), 1)
        assert (packet[0] >> 6, packet[1] & 0x7F, len(packet)) == (2, 8, 172), "RTP, PCMA, 20 ms"
    outcome = await calls(port, media="none.wav").perform(context(port, tmp_path))
    assert (outcome.kind, outcome.sent) == ("failed", False)


@pytest.mark.parametrize(
    ("make", "more", "values", "words"),
    [
        (calls, {"program": "/not/there/sipp"}, {}, "apt-get install sip-tester"),
        (calls, {}, {"number": "-sf /etc/passwd"}, "cannot be the user of a SIP address"),
        (calls, {}, {"number": "1@evil.example"}, "cannot be the user of a SIP address"),
        (calls, {}, {"number": "1]]><exec command='x'/>"}, "cannot be the user of a SIP address"),
        (calls, {"host": "127.0.0.2"}, {}, "allow_hosts"),
        (options, {"to": "{number}"}, {"number": "1\r\nX: y"}, "cannot be the user of a SIP address"),
    ],
)
async def test_what_is_not_a_number_or_a_place_is_not_called(
    make: Any, more: dict[str, Any], values: dict[str, str], words: str
) -> None:
    """Nothing leaves this machine, and no value becomes an option, a header or a part of the scenario."""
    outcome = await make(5060, **more).perform(context(5060, Path(), **values))
    assert (outcome.kind, outcome.sent) == ("failed", False)
    assert words in outcome.detail


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (options(5060, effect="once"), "it changes nothing"),
        (options(5060, host="elsewhere.example"), "is not in allow_hosts"),
        (options(5060, caller="a b"), "cannot be the user"),
        (options(5060, timeout=60.0), "gives up after 32 s"),
        (calls(5060, effect="keyed"), "a call has no key"),
        (calls(5060, effect="checked"), "a call has no key"),
        (calls(5060, program="sipp"), "not an absolute path"),
        (calls(5060, answer_within=0.5), "1 s to 600 s"),
        (calls(5060, hold=600.0), "1 s to 600 s"),
        (calls(5060, domain="a b"), "not a domain"),
        (calls(5060, to=""), "calls nobody"),
        (calls(5061), "is not in allow_hosts"),
    ],
)
def test_what_cannot_work_is_found_beforehand(step: Any, words: str) -> None:
    """`golive check` says so before the night."""
    found = list(step.mistakes(Setting(values=VALUES, allow_hosts=("127.0.0.1:5060",))))
    assert any(words in mistake.what for mistake in found), found


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.binary(max_size=300) | TEXT.map(lambda text: f"SIP/2.0 200 {text}\r\nVia: {text}\r\n\r\n".encode()))
def test_no_reply_breaks_the_reader(raw: bytes) -> None:
    """Whatever comes back is a reply, or none; its words are clean."""
    found = message.reply(raw)
    if found is not None:
        assert 100 <= found.status <= 699
        assert found.reason.isprintable()
    try:
        assert 0 <= message.whole(raw) <= len(raw)
    except ValueError:
        return


@given(
    host=st.sampled_from(["192.0.2.1:5060", "[2001:db8::1]:5060", "sbc.example:5060"]),
    user=st.from_regex(message.USER, fullmatch=True),
)
def test_a_request_is_one_head_and_its_reply_finds_it(host: str, user: str) -> None:
    """Fourteen lines whatever the user is; only the reply with its branch, Call-ID and method belongs to it."""
    asked = Question(host, "udp", "192.0.2.9:5060", user, "golive", "c1@golive", "z9hG4bK1", "t1")
    raw = message.options(asked)
    lines = raw.decode().split("\r\n")
    assert (len(lines), lines[-2:]) == (13, ["", ""])
    kept = "\r\n".join(lines[1:-2])
    found = message.reply(f"SIP/2.0 200 OK\r\n{kept}\r\n\r\n".encode())
    assert found is not None
    assert message.answers(found, asked)
    assert not message.answers(found, asked._replace(branch="z9hG4bK2"))
    assert not message.answers(found, asked._replace(call_id="c2"))


@given(
    st.lists(st.from_regex(message.USER, fullmatch=True).filter(bool), min_size=2, max_size=2),
    st.floats(1, 60),
    st.floats(0, 60),
)
def test_the_command_line_of_a_call_holds_each_value_once_and_whole(
    users: list[str], within: float, hold: float
) -> None:
    """Every value is an argument of its own; none stands where an option is read."""
    line = call.Line("192.0.2.1", 5060, "udp", "192.0.2.9", users[0], users[1], "sbc.example", within, hold)
    argv = call.arguments("/usr/bin/sipp", line)
    assert argv[:2] == ("/usr/bin/sipp", "192.0.2.1:5060")
    assert argv[argv.index("-s") + 1] == users[0]
    assert argv[argv.index("caller") + 1] == users[1]
    assert len(argv) == len(call.arguments("/usr/bin/sipp", line._replace(user="1", caller="2")))


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=200))
def test_no_statistics_break_the_reader(statistics: str, counts: str, errors: str) -> None:
    """A half-written file reads as a call that did not get so far, never as an answered one."""
    found = call.read(statistics, counts, errors)
    assert found.answered is None or "200" in counts
