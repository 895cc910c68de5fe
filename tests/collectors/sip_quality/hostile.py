"""Bytes that were made to break a reader: a corpus, and generators around sound requests."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.collectors.sip_quality.telephone import publish, session

SOUND = publish(session("call@test", 1_795_300_000.0), 1)
_HEAD, _BODY = SOUND.split(b"\r\n\r\n", 1)
CORPUS = (
    b"",
    b"\r\n" * 5000,
    b"\x00" * 1400,
    b"\xff" * 65000,
    b"SIP/2.0",
    b"SIP/2.0 200 OK\r\n\r\n",
    b"PUBLISH\r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\n",
    b"PUBLISH sip:x SIP/2.0\r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\n : \r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\n:\r\n\r\n",
    b"PUBLISH  sip:x  SIP/2.0\r\nVia:\r\n\r\n",
    b"PUBLISH sip:" + b"x" * 60000 + b" SIP/2.0\r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\n" + b"Via: SIP/2.0/UDP a\r\n" * 3000 + b"\r\n",
    b"PUBLISH sip:x SIP/2.0\r\nVia: " + b"," * 15000 + b"\r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\nVia: SIP/2.0/UDP " + b'"' * 9999 + b"\r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\nVia: SIP/2.0/UDP a:99999;rport=;rport;received=\r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"PUBLISH sip:x SIP/2.0\r\nContent-Length: -1\r\nl: 5\r\n\r\nabcde",
    "PUBLISH sip:x SIP/2.0\r\nContent-Length: \u0665\r\n\r\n".encode(),
    _HEAD.replace(b"CSeq: 1 PUBLISH", b"CSeq: 99999999999999999999 PUBLISH") + b"\r\n\r\n" + _BODY,
    SOUND.replace(b"CallTerm", b"\x1b]0;x\x07\xe2\x80\xae"),
    SOUND.replace(b"2.0 JDR", b"1e999 JDR"),
    SOUND.replace(b"2.0 JDR", b"NaN JDR").replace(b"4.2 MOSCQ", b"-inf MOSCQ"),
    SOUND.replace(b"2.0 JDR", b"9" * 5000 + b" JDR"),
    SOUND.replace(b"STOP=20", b"STOP=99"),
    SOUND.replace(b"STOP=20", b"STOP=\xd9\xa2\xd9\xa0"),
    SOUND.replace(b"STOP=", b"STOP=0001-01-01T00:00:00+23:59 X="),
    publish(b"VQSessionReport" * 2000, 1),
    publish(b"VQAlertReport: Type=" + b'"' * 2000, 1),
    publish(b"LocalMetrics:\r\n" * 2000, 1),
    publish(b"VQSessionReport\r\nPacketLoss: " + b"NLR=1 " * 300 + b"\r\n", 1),
    publish(b'VQSessionReport\r\nSessionDesc: FMTP="' + b"a=" * 900 + b"\r\n", 1),
    publish(b"VQSessionReport\r\nPacketLoss: " + b"= " * 1000 + b"\r\n", 1),
    publish(b"VQSessionReport\r\nLocalID: <sip:" + b"@" * 1000 + b"\r\nPacketLoss: NLR=1", 1),
    publish(b"VQSessionReport\r\n" + (b'Delay: "' + b"a" * 2000 + b"\r\n") * 15, 1),
    publish(b"VQSessionReport\r\n" + (b'Delay: "' + b"a=  " * 500 + b"\r\n") * 15, 1),
    publish(b"VQSessionReport\r\n" + (b"LocalID: " + b"sip:" * 500 + b"\r\n") * 15 + b"PacketLoss: NLR=1", 1),
    publish(b"[" * 30000, 1),
    publish(b"\xed\xa0\x80" * 5000, 1),
)
"""Each must be read or refused, and the sound one after it must be read."""

broken = st.one_of(
    st.binary(max_size=400),
    st.builds(lambda cut: SOUND[:cut], st.integers(0, len(SOUND))),
    st.builds(
        lambda at, more, skip: SOUND[:at] + more + SOUND[at + skip :],
        st.integers(0, len(SOUND)),
        st.binary(max_size=20),
        st.integers(0, 60),
    ),
    st.builds(
        lambda name, value: publish(f"VQSessionReport\r\n{name}: {value}\r\nPacketLoss: NLR=1\r\n".encode("utf-8", "replace"), 1),
        st.sampled_from(["PacketLoss", "Delay", "Timestamps", "SessionDesc", "LocalID", "LocalAddr", "QualityEst", "VQAlertReport"]),
        st.text(max_size=60) | st.from_regex(r"(NLR|RTD|STOP|PD|IP|MOSLQ|Type)=[ -~]{0,20}( (JDR|IAJ|RCQ|Dir)=[ -~]{0,20})?"),
    ),
    st.builds(
        lambda name, value: SOUND.replace(b"\r\n\r\n", f"\r\n{name}: {value}\r\n\r\n".encode("utf-8", "replace"), 1),
        st.sampled_from(["Via", "v", "To", "t", "CSeq", "Content-Length", "l", "Require", "SIP-If-Match", "Expires", "Event"]),
        st.text(max_size=40),
    ),
)  # fmt: skip
"""Sound requests with something wrong in them, and plain noise."""
