"""What a telephone says: requests around the bodies that real user agents wrote, with times of now."""

from __future__ import annotations

import datetime as dt

CALLER = "+441632960001"
_REQUEST = (
    "{method} sip:collector@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/{transport} 127.0.0.1:5060;branch=z9hG4bK-{number};rport\r\n"
    'From: "alice" <sip:alice@example.test>;tag=a{number}\r\n'
    "To: <sip:collector@example.test>\r\n"
    "Call-ID: publish-{number}@127.0.0.1\r\n"
    "CSeq: {number} {method}\r\n"
    "Max-Forwards: 70\r\n"
    "User-Agent: Linphonec/5.1.65\r\n"
    "{more}"
    "Content-Length: {length}\r\n\r\n"
)
_SESSION = (
    "VQSessionReport: CallTerm\r\n"
    "CallID: {call}\r\n"
    "LocalID: <sip:agent1000@example.test>\r\n"
    "RemoteID: <sip:{caller}@example.test>\r\n"
    "OrigID: <sip:agent1000@example.test>\r\n"
    "LocalGroup: lon1/sales\r\n"
    "LocalAddr: IP=127.0.0.1 PORT=21000 SSRC=0x10000000\r\n"
    "RemoteAddr: IP=127.0.0.1 PORT=22000 SSRC=0x20000000\r\n"
    "LocalMetrics:\r\n"
    "Timestamps: START={start} STOP={stop}\r\n"
    "SessionDesc: PT=0 PD=PCMU SR=8000 FD=20 FO=160 FPP=1 PPS=50 PLC=3 SSUP=off\r\n"
    "JitterBuffer: JBA=3 JBR=2 JBN=40 JBM=80 JBX=120\r\n"
    "PacketLoss: NLR=2.0 JDR=0.4\r\n"
    "BurstGapLoss: BLD=4.0 BD=100 GLD=0.0 GD=2900 GMIN=16\r\n"
    "Delay: RTD=245 ESD=60 IAJ=24 MAJ=43\r\n"
    "QualityEst: RLQ=84 RCQ=81 MOSLQ=4.2 MOSCQ=4.1 QoEEstAlg=G.107\r\n"
    "RemoteMetrics:\r\n"
    "Timestamps: START={start} STOP={stop}\r\n"
    "SessionDesc: PT=0 PD=PCMU SR=8000 FD=20 FPP=1 PPS=50\r\n"
    "PacketLoss: NLR=1.0 JDR=0.0\r\n"
    "Delay: RTD=245 IAJ=12\r\n"
    "QualityEst: MOSLQ=4.3 MOSCQ=4.2\r\n"
    "DialogID: {call};to-tag=tt;from-tag=ft\r\n"
)


def stamp(at: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def session(call: str, at: float, seconds: float = 30.0) -> bytes:
    """A session report with both directions of a call that ended at `at`."""
    return _SESSION.format(call=call, caller=CALLER, start=stamp(at - seconds), stop=stamp(at)).encode()


def publish(body: bytes, number: int, **changes: str) -> bytes:
    """A request that carries a body; `changes`: method, transport, event, content_type, more (whole header lines)."""
    said = {"method": "PUBLISH", "transport": "UDP", "event": "vq-rtcpxr", "content_type": "application/vq-rtcpxr"}
    said |= {"more": "", **changes}
    more = f"Event: {said['event']}\r\nExpires: 3600\r\nContent-Type: {said['content_type']}\r\n{said['more']}"
    head = _REQUEST.format(
        method=said["method"], transport=said["transport"], number=number, more=more, length=len(body)
    )
    return head.encode("latin-1") + body
