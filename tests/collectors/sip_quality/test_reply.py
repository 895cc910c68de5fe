"""Responses: what RFC 3261, 3581, 3903 and 6035 ask of a server, and nothing that a request could misuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from collectors.sip_quality.agent import answer
from collectors.sip_quality.message import parse_datagram
from collectors.sip_quality.reply import Peer, is_ours, marked, respond, split_via, way_back
from tests.collectors.sip_quality.hostile import SOUND, broken
from tests.collectors.sip_quality.telephone import publish

KEY = b"k" * 16
PEER = Peer("192.0.2.10", 40000)


def asked(raw: bytes) -> tuple[int, dict[str, list[str]], bytes]:
    """Status, headers and bytes of the response to a datagram."""
    message, fault = parse_datagram(raw)
    assert message is not None
    assert not fault
    said = answer(message, 32768, KEY)
    response = respond(message, PEER, KEY, said.status, said.words, said.headers)
    lines = response.decode("latin-1").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines[1:-2]:
        name, _, value = line.partition(": ")
        headers.setdefault(name, []).append(value)
    return said.status, headers, response


def test_a_publication_is_answered_as_rfc_3903_asks():
    """200 echoes Via, From, Call-ID and CSeq, adds a To tag, an entity tag and the expiry."""
    status, headers, _ = asked(SOUND)
    assert status == 200
    assert headers["Via"] == ["SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-1;rport=40000;received=192.0.2.10"]
    assert headers["From"] == ['"alice" <sip:alice@example.test>;tag=a1']
    assert headers["To"][0].startswith("<sip:collector@example.test>;tag=")
    assert (headers["Call-ID"], headers["CSeq"]) == (["publish-1@127.0.0.1"], ["1 PUBLISH"])
    assert headers["Expires"] == ["3600"]
    assert is_ours(headers["SIP-ETag"][0], KEY)
    assert headers["Content-Length"] == ["0"]


def test_a_repeated_request_gets_the_same_bytes_and_another_gets_others():
    """The response to a retransmission is the one that was lost; each publication has its own entity tag."""
    assert asked(SOUND)[2] == asked(SOUND)[2]
    other = asked(SOUND.replace(b"CSeq: 1 ", b"CSeq: 2 "))[1]
    assert other["SIP-ETag"] != asked(SOUND)[1]["SIP-ETag"]


def test_vias_of_proxies_come_back_in_their_order():
    """Every Via is copied; only the topmost is marked, also where one line holds several."""
    raw = SOUND.replace(b"Via: ", b"Via: SIP/2.0/UDP p2;branch=z9hG4bKb, SIP/2.0/UDP p1;branch=z9hG4bKa\r\nVia: ", 1)
    _, headers, _ = asked(raw)
    assert headers["Via"][0] == "SIP/2.0/UDP p2;branch=z9hG4bKb;received=192.0.2.10, SIP/2.0/UDP p1;branch=z9hG4bKa"
    assert headers["Via"][1] == "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-1;rport"


@pytest.mark.parametrize(
    ("via", "becomes"),
    [
        ("SIP/2.0/UDP 192.0.2.10:5060;branch=z", "SIP/2.0/UDP 192.0.2.10:5060;branch=z"),
        ("SIP/2.0/UDP 192.0.2.10;rport;branch=z", "SIP/2.0/UDP 192.0.2.10;rport=40000;branch=z;received=192.0.2.10"),
        ("SIP/2.0/UDP h;received=1.2.3.4;branch=z", "SIP/2.0/UDP h;branch=z;received=192.0.2.10"),
        ("SIP/2.0/UDP h;rport=7;branch=z", "SIP/2.0/UDP h;rport=40000;branch=z;received=192.0.2.10"),
        ("SIP / 2.0 / UDP h : 5070 ;branch=z", "SIP / 2.0 / UDP h : 5070 ;branch=z;received=192.0.2.10"),
        ("nonsense", "nonsense;received=192.0.2.10"),
    ],
)
def test_the_topmost_via_says_where_the_request_came_from(via, becomes):
    """received and rport are ours to say; what a sender claims of itself there is overwritten."""
    assert marked(via, PEER) == becomes


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("SIP/2.0/UDP 10.9.9.9:5070;rport;branch=z", 40000),
        ("SIP/2.0/UDP 10.9.9.9:5070;branch=z", 5070),
        ("SIP/2.0/UDP 10.9.9.9;branch=z;maddr=10.1.1.1", 5060),
        ("SIP/2.0/UDP 10.9.9.9:0;branch=z", 40000),
        ("SIP/2.0/UDP 10.9.9.9:99999;branch=z", 40000),
        ("nonsense", 5060),
    ],
)
def test_a_response_goes_to_the_host_that_asked(via, port):
    """The port follows rport and sent-by, the host is never one that the request names."""
    message, _ = parse_datagram(SOUND.replace(b"SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-1;rport", via.encode()))
    assert message is not None
    assert way_back(message, PEER) == Peer("192.0.2.10", port)


def test_quoted_commas_do_not_split_a_via():
    """A comma inside quotes belongs to its Via."""
    assert split_via('SIP/2.0/UDP a;x="1,2", SIP/2.0/UDP b') == ('SIP/2.0/UDP a;x="1,2"', ", SIP/2.0/UDP b")


def test_a_tag_in_the_to_header_is_kept():
    """Within a dialog the To tag is the other end's; one in the display name or the URI is none."""
    tagged = SOUND.replace(b"To: <sip:collector@example.test>", b'To: "a;tag=x" <sip:c@example.test;tag=y>;tag=z')
    assert asked(tagged)[1]["To"] == ['"a;tag=x" <sip:c@example.test;tag=y>;tag=z']
    untagged = SOUND.replace(b"To: <sip:collector@example.test>", b'To: "a;tag=x" <sip:c@example.test;tag=y>')
    assert asked(untagged)[1]["To"][0].count(";tag=") == 3


STATUSES = [
    (publish(b"x", 1, event="presence"), 489, {"Allow-Events": ["vq-rtcpxr"]}),
    (SOUND.replace(b"Event: vq-rtcpxr\r\n", b""), 489, {"Allow-Events": ["vq-rtcpxr"]}),
    (publish(b"x", 1, content_type="text/plain"), 415, {"Accept": ["application/vq-rtcpxr"]}),
    (publish(b"x", 1, more="Content-Encoding: gzip\r\n"), 415, {"Accept-Encoding": ["identity"]}),
    (publish(b"x" * 40000, 1), 413, {}),
    (publish(b"x", 1, method="INVITE"), 405, {"Allow": ["PUBLISH, NOTIFY, OPTIONS"]}),
    (publish(b"x", 1, method="NONSENSE"), 405, {"Allow": ["PUBLISH, NOTIFY, OPTIONS"]}),
    (publish(b"", 1, method="OPTIONS"), 200, {"Allow-Events": ["vq-rtcpxr"], "Accept": ["application/vq-rtcpxr"]}),
    (publish(b"", 1, method="CANCEL"), 481, {}),
    (publish(b"", 1), 400, {}),
    (publish(b"", 1, more="SIP-If-Match: dx200xyz\r\n"), 412, {}),
    (publish(b"", 1, method="NOTIFY"), 200, {}),
    (publish(b"x", 1, more="Require: eventlist, foo\r\n"), 420, {"Unsupported": ["eventlist, foo"]}),
    (SOUND.replace(b"PUBLISH sip:", b"PUBLISH tel:"), 416, {}),
    (SOUND.replace(b" SIP/2.0\r\n", b" SIP/3.0\r\n", 1), 505, {}),
    (SOUND.replace(b"CSeq: 1 PUBLISH", b"CSeq: 1 NOTIFY"), 400, {}),
    (SOUND.replace(b"CSeq: 1 PUBLISH", b"CSeq: one PUBLISH"), 400, {}),
    (SOUND.replace(b"Call-ID: publish-1@127.0.0.1\r\n", b""), 400, {}),
    (SOUND.replace(b"To: ", b"To: <sip:other@example.test>\r\nTo: "), 400, {}),
    (SOUND.replace(b"Expires: 3600", b"Expires: 60"), 200, {"Expires": ["60"]}),
    (SOUND.replace(b"Expires: 3600", b"Expires: 0"), 200, {"Expires": ["0"]}),
    (SOUND.replace(b"Expires: 3600", b"Expires: 99999999"), 200, {"Expires": ["3600"]}),
    (SOUND.replace(b"Event: vq-rtcpxr", b"o: VQ-RTCPXR;id=3"), 200, {"Expires": ["3600"]}),
]


@pytest.mark.parametrize(
    ("raw", "status", "headers"), STATUSES, ids=[f"{n}-{s}" for n, (_, s, _) in enumerate(STATUSES)]
)
def test_what_cannot_be_taken_is_refused_with_the_right_code(raw, status, headers):
    """Each kind of request has its status, with the header that says what would be taken."""
    got, said, _ = asked(raw)
    assert got == status
    assert {name: said[name] for name in headers} == headers


def test_a_refresh_with_our_entity_tag_is_taken():
    """A device that extends its publication (RFC 3903 4.3) is told yes, with a new entity tag."""
    tag = asked(SOUND)[1]["SIP-ETag"][0]
    status, headers, _ = asked(publish(b"", 2, more=f"SIP-If-Match: {tag}\r\n"))
    assert status == 200
    assert headers["SIP-ETag"][0] != tag
    assert asked(publish(b"", 2, more=f"SIP-If-Match: {tag[:-1]}x\r\n"))[0] == 412


def test_an_acknowledgement_is_never_answered():
    """ACK gets no response whatever is in it (RFC 3261 17)."""
    message, _ = parse_datagram(publish(b"x", 1, method="ACK").replace(b"Call-ID", b"X-Call-ID"))
    assert message is not None
    assert answer(message, 32768, KEY).status == 0


@settings(max_examples=300, deadline=None)
@given(broken)
def test_no_request_can_add_a_line_to_its_response(raw):
    """Whatever is echoed, the response is one head with a status line and headers we wrote, and no body."""
    message, _ = parse_datagram(raw)
    if message is None or not message.method:
        return
    said = answer(message, 32768, KEY)
    if said.status == 0:
        return
    response = respond(message, PEER, KEY, said.status, said.words, said.headers)
    if not response:
        assert "via" not in message.headers
        return
    head, empty, body = response.partition(b"\r\n\r\n")
    assert (empty, body) == (b"\r\n\r\n", b"")
    names = {line.partition(b":")[0] for line in head.split(b"\r\n")[1:]}
    assert names <= {
        *(b"Via", b"From", b"To", b"Call-ID", b"CSeq", b"Allow", b"Accept", b"Allow-Events", b"Accept-Encoding"),
        *(b"Supported", b"Unsupported", b"SIP-ETag", b"Expires", b"Server", b"Content-Length"),
    }
    assert b"\n" not in head.replace(b"\r\n", b"")
