"""SIP messages on the wire: what real devices send is read, and nothing else can break the reader."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.sip_quality.message import CUT_SHORT, HEAD_LIMIT, Message, parse_datagram
from collectors.sip_quality.stream import Framer
from tests.collectors.sip_quality.hostile import CORPUS, SOUND, broken
from tests.collectors.sip_quality.telephone import publish, session

THREE = [publish(session(f"call-{number}@test", 1_795_300_000.0), number) for number in range(3)]


def sound(raw: bytes) -> Message:
    """The message in a datagram without a fault."""
    message, fault = parse_datagram(raw)
    assert fault == ""
    assert message is not None
    return message


def test_compact_folded_and_padded_headers_are_one():
    """Short names, folded lines, spaces around the colon and any case mean the same header (RFC 3261 7.3)."""
    raw = (
        b"\r\nPUBLISH sip:x SIP/2.0\r\nv: SIP/2.0/UDP a\r\nVIA : SIP/2.0/UDP b\r\n"
        b"o:vq-rtcpxr\r\nSubject: one\r\n  two\r\nl:   2\r\n\r\nhi and more"
    )
    message = sound(raw)
    assert message.headers["via"] == ["SIP/2.0/UDP a", "SIP/2.0/UDP b"]
    assert (message.first("event"), message.first("subject"), message.body) == ("vq-rtcpxr", "one two", b"hi")


def test_lines_that_end_in_a_bare_line_feed_are_read():
    """Some devices end lines in LF; their reports count like the others."""
    assert sound(SOUND.replace(b"\r\n", b"\n").replace(b"Content-Length", b"X-Length")).first("event") == "vq-rtcpxr"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ((b"Content-Length: ", b"Content-Length: 9"), CUT_SHORT),
        ((b"Content-Length: ", b"Content-Length: x"), "Bad Content-Length"),
        ((b"Content-Length: ", b"l: 3\r\nContent-Length: "), "Bad Content-Length"),
    ],
)
def test_a_datagram_that_is_not_framed_soundly_says_so(change, fault):
    """A wrong length or a missing end is told to the sender, whose headers were read."""
    old, new = change
    message, words = parse_datagram(SOUND.replace(old, new, 1))
    assert message is not None
    assert words == fault


def test_a_datagram_that_ends_in_its_headers_says_so():
    """What was cut before the body began is answered like any other framing fault."""
    message, words = parse_datagram(SOUND.split(b"\r\n\r\n", 1)[0])
    assert message is not None
    assert words == "Message Cut Short"


def test_a_body_without_a_length_is_the_rest_of_the_datagram():
    """Over UDP Content-Length may be left out (RFC 3261 18.3)."""
    head, body = SOUND.split(b"\r\n\r\n", 1)
    raw = head.rsplit(b"\r\n", 1)[0] + b"\r\n\r\n" + body
    assert sound(raw).body == body


@pytest.mark.parametrize("sign", [b"\r", b"\0"])
def test_what_could_split_a_line_of_the_response_is_no_message(sign):
    """A lone CR or a NUL in a header is refused, since headers are echoed."""
    assert parse_datagram(SOUND.replace(b"Call-ID: ", b"Call-ID: a" + sign + b"X-Evil: 1", 1)) == (None, "")


def test_headers_beyond_the_limit_are_not_read():
    """More than 16 KiB of headers is no telephone."""
    raw = SOUND.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * HEAD_LIMIT + b"\r\n\r\n", 1)
    assert parse_datagram(raw) == (None, "")


@settings(deadline=None)
@given(st.lists(st.integers(0, len(b"".join(THREE))), max_size=12).map(sorted))
def test_a_stream_cut_anywhere_gives_the_same_messages(cuts):
    """Several messages in one segment, or one message in many, are the same messages."""
    whole = b"\r\n\r\n".join(THREE)
    framer = Framer(32768)
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += framer.feed(whole[start:end])
    assert found == [sound(raw) for raw in THREE]
    assert framer.fault is None


def test_a_message_in_two_segments_is_whole_wherever_it_is_cut():
    """The end of the headers is found when it falls on the border of two segments too."""
    expected = [sound(THREE[0])]
    for cut in range(len(THREE[0])):
        framer = Framer(32768)
        assert framer.feed(THREE[0][:cut]) + framer.feed(THREE[0][cut:]) == expected, cut


def test_keep_alives_between_messages_are_counted():
    """An empty line twice is a ping (RFC 5626), a single one is nothing."""
    framer = Framer(32768)
    assert framer.feed(b"\r\n\r\n" + THREE[0] + b"\r\n" + THREE[1]) == [sound(THREE[0]), sound(THREE[1])]
    assert framer.pings == 1


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (SOUND.replace(b"Content-Length", b"X-Length"), 400),
        (SOUND.replace(b"Content-Length: ", b"Content-Length: -"), 400),
        (SOUND.replace(b"Content-Length: ", b"Content-Length: 9999"), 413),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"x" * (HEAD_LIMIT + 1), 513),
        (SOUND.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * HEAD_LIMIT + b"\r\n\r\n", 1), 513),
    ],
)
def test_a_stream_that_cannot_be_framed_ends(raw, status):
    """Without a sound length nobody knows where the next message begins: nothing more is read."""
    framer = Framer(32768)
    assert framer.feed(raw) == []
    assert framer.fault is not None
    assert framer.fault.status == status
    assert framer.feed(SOUND) == []


def test_a_trickle_of_bytes_costs_what_its_bytes_cost():
    """A head that comes byte by byte is not searched anew each time, and what is kept is bounded."""
    framer = Framer(32768)
    for place in range(HEAD_LIMIT + 10):
        framer.feed(b"x" if place else b"P")
        if framer.fault:
            break
    assert framer.fault is not None
    assert len(framer._buffer) <= HEAD_LIMIT + 1


@settings(max_examples=300, deadline=None)
@given(broken)
def test_any_bytes_are_a_message_or_none(raw):
    """Whatever comes, neither reader raises, and a stream keeps no more than it may."""
    message, words = parse_datagram(raw)
    assert isinstance(words, str)
    if message is not None:
        assert all(isinstance(value, str) for values in message.headers.values() for value in values)
    framer = Framer(32768)
    for part in (raw[:7], raw[7:], SOUND):
        framer.feed(part)
    assert len(framer._buffer) <= HEAD_LIMIT + 32768 + len(SOUND)


@pytest.mark.parametrize("raw", CORPUS, ids=range(len(CORPUS)))
def test_the_corpus_breaks_neither_reader(raw):
    """Each piece of the hostile corpus is a message, a fault or nothing."""
    parse_datagram(raw)
    Framer(32768).feed(raw)
