"""What an agent's telephone reports of a call that is over: a session report (RFC 6035 4.6) in a PUBLISH (RFC 3903). Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from monitor.demo.calls import Moment
from monitor.demo.geography import Platform
from monitor.quality.emodel import mos, mouth_to_ear, rating

DEVICES: dict[Platform, tuple[str, ...]] = {
    "legacy": ("Yealink SIP-T46U 108.86.0.90", "PolyEdge-Edge_E350-UA/8.2.0.3"),
    "target": ("LinphoneDesktop/5.2.6", "Grandstream GRP2614 1.0.11.62"),
}
"""User agents of the telephones and softphones of each platform; a call lands on one after the other."""
DESKS = 28
"""Telephones of a site."""


def user_agent(moment: Moment) -> str:
    """The make of the telephone that a call was on."""
    makes = DEVICES[moment.call.line.platform]
    return makes[moment.call.number % len(makes)]


def body(moment: Moment) -> str:
    """The session report of a call; empty for one that was over before its telephone had measured anything.

    Both directions say what the simulation measured of the call. Of one with audio in one direction only the other end
    received nothing that it could report on.
    """
    call = moment.call
    audio = call.audio
    if not audio.reports:
        return ""
    site, platform = call.line.site, call.line.platform
    desk = f"desk-{call.number % DESKS + 1:02d}"
    jitter, loss, round_trip = (part / audio.reports for part in (audio.jitter, audio.loss, audio.round_trip))
    heard = rating(mouth_to_ear(round_trip, jitter), loss)
    listening = rating(0.0, loss)
    span = f"Timestamps: START={_stamp(call.answered)} STOP={_stamp(moment.at)}"
    figures = [
        span,
        "SessionDesc: PT=0 PD=PCMU SR=8000 FD=20 FPP=1 PPS=50 PLC=3 SSUP=off",
        f"PacketLoss: NLR={loss * 100:.3f} JDR=0.0",
        f"Delay: RTD={round_trip * 1000:.1f} IAJ={jitter * 1000:.2f}",
        f"QualityEst: RLQ={listening:.1f} RCQ={heard:.1f} MOSLQ={mos(listening):.2f} MOSCQ={mos(heard):.2f} QoEEstAlg=G.107",
    ]
    lines = [
        "VQSessionReport: CallTerm",
        f"CallID: demo-{call.number}@{platform}.example",
        f"LocalID: <sip:{desk}@{site}.{platform}.example>",
        # Numbers of Ofcom's range for drama: nobody has them.
        f"RemoteID: <sip:+441632960{call.number % 1000:03d}@{platform}.example>",
        f"OrigID: <sip:+441632960{call.number % 1000:03d}@{platform}.example>",
        f"LocalGroup: {platform}/{site}",
        f"LocalAddr: IP=127.0.0.1 PORT=21000 SSRC=0x{call.number:08x}",
        f"RemoteAddr: IP=127.0.0.1 PORT=22000 SSRC=0x{call.number + 0x80000000:08x}",
        "LocalMetrics:",
        *figures,
        *(() if call.one_way else ("RemoteMetrics:", *figures)),
    ]
    return "\r\n".join(lines) + "\r\n"


def publish(report: str, agent: str, number: int, host: str, port: int) -> bytes:
    """The request that carries a report. agent: the User-Agent; number: of the transaction; host, port: ours."""
    payload = report.encode()
    head = [
        "PUBLISH sip:golive@127.0.0.1 SIP/2.0",
        f"Via: SIP/2.0/UDP {host}:{port};branch={branch(number)};rport",
        f"From: <sip:telephones@demo.example>;tag=t{number}",
        "To: <sip:golive@127.0.0.1>",
        f"Call-ID: publish-{number}@demo.example",
        f"CSeq: {number} PUBLISH",
        "Max-Forwards: 70",
        f"User-Agent: {agent}",
        "Event: vq-rtcpxr",
        "Expires: 60",
        "Content-Type: application/vq-rtcpxr",
        f"Content-Length: {len(payload)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + payload


def branch(number: int) -> str:
    """What names a transaction, in the request and in its answer (RFC 3261 8.1.1.7)."""
    return f"z9hG4bK-demo-{number}"


def _stamp(at: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
