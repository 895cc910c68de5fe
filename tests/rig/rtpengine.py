"""A real rtpengine that publishes to a broker, and a call through it with real RTP both ways."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.rig.mosquitto import free_port
from tests.rig.programs import program

_PACKET = 0.020
_SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\na=sendrecv\r\na=rtcp:{rtcp}\r\n"


def bencode(value: Any) -> bytes:
    """The encoding of the ng protocol."""
    if isinstance(value, dict):
        return b"d" + b"".join(bencode(key) + bencode(part) for key, part in sorted(value.items())) + b"e"
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    raw = value.encode() if isinstance(value, str) else value
    return b"%d:%b" % (len(raw), raw)


def bdecode(raw: bytes) -> Any:
    """What an ng reply says; texts as bytes."""
    return _decode(raw, 0)[0]


def _decode(raw: bytes, at: int) -> tuple[Any, int]:
    kind = raw[at : at + 1]
    if kind == b"i":
        end = raw.index(b"e", at)
        return int(raw[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        parts, at = [], at + 1
        while raw[at : at + 1] != b"e":
            part, at = _decode(raw, at)
            parts.append(part)
        return (parts if kind == b"l" else dict(zip(parts[::2], parts[1::2], strict=True))), at + 1
    colon = raw.index(b":", at)
    end = colon + 1 + int(raw[at:colon])
    return raw[colon + 1 : end], end


_SENDER_REPORT = 200
_NTP_EPOCH = 2_208_988_800
_AWAY = 0.040


class Rtpengine:
    """Started in user space on loopback, publishing each second."""

    def __init__(self, folder: Path, broker_port: int, topic: str, scope: str = "media") -> None:
        self.ng = free_port()
        low = 20_000 + self.ng % 400 * 100
        arguments = {
            "config-file": "none",
            "table": "-1",
            "interface": "127.0.0.1",
            "listen-ng": f"127.0.0.1:{self.ng}",
            "port-min": low,
            "port-max": low + 99,
            "mqtt-host": "127.0.0.1",
            "mqtt-port": broker_port,
            "mqtt-publish-topic": topic,
            "mqtt-publish-interval": 1000,
            "mqtt-publish-scope": scope,
            "mqtt-publish-qos": 1,
            "pidfile": folder / "rtpengine.pid",
            "log-level": 5,
        }
        self._log = (folder / "rtpengine.log").open("ab")
        command = [program("rtpengine"), "--foreground", "--log-stderr"]
        command += [f"--{name}={value}" for name, value in arguments.items()]
        self._process = subprocess.Popen(command, stdout=self._log, stderr=self._log)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def ask(self, command: dict[str, Any], within: float = 10.0) -> dict[bytes, Any]:
        """One ng request, repeated until it is answered."""
        deadline = time.monotonic() + within
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(0.3)
            cookie = b"%d " % time.monotonic_ns()
            while time.monotonic() < deadline:
                line.sendto(cookie + bencode(command), ("127.0.0.1", self.ng))
                try:
                    reply: dict[bytes, Any] = bdecode(line.recv(65536).split(b" ", 1)[1])
                except OSError:
                    continue
                if reply.get(b"result") not in (b"ok", b"pong"):
                    raise RuntimeError(repr(reply))
                return reply
        msg = "rtpengine does not answer"
        raise RuntimeError(msg)


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(2048)
    except BlockingIOError:
        return b""


def _media_port(reply: dict[bytes, Any]) -> int:
    line = next(line for line in reply[b"sdp"].decode().splitlines() if line.startswith("m=audio"))
    return int(line.split()[1])


class Call:
    """Two parties that talk through rtpengine."""

    def __init__(self, engine: Rtpengine, call_id: str, caller: str, agent: str) -> None:
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        self._controls = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for line in (*self._sockets, *self._controls):
            line.bind(("127.0.0.1", 0))
            line.setblocking(False)  # noqa: FBT003 - its own signature
        ports = [line.getsockname()[1] for line in self._sockets]
        rtcp = [line.getsockname()[1] for line in self._controls]
        common = {"call-id": call_id, "from-tag": "a"}
        offer = {**common, "command": "offer", "sdp": _SDP.format(port=ports[0], rtcp=rtcp[0]), "label": caller}
        answer = {
            **common,
            "command": "answer",
            "to-tag": "b",
            "sdp": _SDP.format(port=ports[1], rtcp=rtcp[1]),
            "label": agent,
        }
        to_agent = _media_port(engine.ask(offer))
        to_caller = _media_port(engine.ask(answer))
        self._targets = [("127.0.0.1", to_caller), ("127.0.0.1", to_agent)]
        self._heard: list[tuple[int, float] | None] = [None, None]

    async def talk(self, *, speaking: tuple[bool, bool] = (True, True), reporting: bool = False) -> None:
        """Send PCMA packets of 20 ms until cancelled; `reporting` parties also send RTCP, as if 40 ms away."""
        begun, number = time.monotonic(), 0
        while True:
            for party, (line, target) in enumerate(zip(self._sockets, self._targets, strict=True)):
                if speaking[party]:
                    header = struct.pack("!BBHII", 0x80, 8, number & 0xFFFF, number * 160, 1000 + party)
                    line.sendto(header + b"\xd5" * 160, target)
                if reporting:
                    self._report(party, number)
            number += 1
            await asyncio.sleep(max(0.0, begun + number * _PACKET - time.monotonic()))

    def _report(self, party: int, number: int) -> None:
        """Once a second a sender report; 40 ms after the other's, a receiver report that owns up to no delay (RFC 3550 6.4)."""
        line, target = self._controls[party], (self._targets[party][0], self._targets[party][1] + 1)
        now = time.monotonic()
        while packet := _received(line):
            if packet[1] == _SENDER_REPORT:
                self._heard[party] = (struct.unpack("!I", packet[10:14])[0], now)
        ntp = int((time.time() + _NTP_EPOCH) * 2**32) & (2**64 - 1)
        sender = struct.pack("!IQIII", 1000 + party, ntp, number * 160, number, number * 160)
        about = self._heard[party]
        if about is not None and now - about[1] >= _AWAY:
            self._heard[party] = None
            block = struct.pack("!IIIIII", 1000 + 1 - party, 0, number, 8, about[0], 1)  # a delay of 0 reads as none
            line.sendto(struct.pack("!BBH", 0x81, _SENDER_REPORT, 12) + sender + block, target)
        elif number % 50 == party * 25:
            line.sendto(struct.pack("!BBH", 0x80, _SENDER_REPORT, 6) + sender, target)

    def close(self) -> None:
        """Hang up the sockets."""
        for line in (*self._sockets, *self._controls):
            line.close()
