"""A publisher that is never the bottleneck: packets encoded before, written raw over one socket, QoS 1.

Run as a process of its own: python -m tests.bench.publisher PORT MESSAGES BATCH TOPICS [RATE]
BATCH 1: one report a message; more: an array of so many. It keeps at most 2,000 messages unacknowledged, as a
broker's receive maximum wants it, and counts the acknowledgements by their bytes.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

WINDOW = 1900
_PUBACK_SIZE = 4
_CHUNK = 100


def report(number: int, at: float) -> dict[str, object]:
    """One call report of about 250 bytes with four numbers to keep."""
    return {
        "ts": at,
        "edge": f"edge-{number % 4}",
        "seq": number // 4,
        "call": f"{number:012d}@sbc-{number % 4}.example.test",
        "trunk": f"trunk-{number % 3}",
        "codec": "pcma",
        "jitter_ms": 5.0 + number % 20,
        "loss_pct": 0.1 * (number % 5),
        "rtt_ms": 80.0 + number % 60,
        "mos": 4.0 + 0.01 * (number % 40),
        "packets": 250,
        "agent_state": "on_contact",
        "extension": 1000 + number % 500,
    }


def _length(size: int) -> bytes:
    out = b""
    while True:
        size, byte = divmod(size, 128)
        out += bytes([byte | 128 if size else byte])
        if not size:
            return out


def packet(topic: str, packet_id: int, payload: bytes) -> bytes:
    """A PUBLISH of MQTT 3.1.1 at QoS 1."""
    head = len(topic).to_bytes(2, "big") + topic.encode() + packet_id.to_bytes(2, "big")
    return b"\x32" + _length(len(head) + len(payload)) + head + payload


def connect(port: int) -> socket.socket:
    """A session with a broker of this machine."""
    line = socket.create_connection(("127.0.0.1", port))
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    name = f"bench-{time.monotonic_ns()}".encode()
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
    line.sendall(b"\x10" + _length(len(body)) + body)
    assert line.recv(4)[3] == 0
    return line


def main(port: int, messages: int, batch: int, topics: int, rate: float) -> None:
    """Encode, wait for a line on standard input, publish, print the seconds it took."""
    now = time.time()
    packets = []
    number = 0
    for message in range(messages):
        reports = [report(number + offset, now + (number + offset) * 1e-6) for offset in range(batch)]
        number += batch
        topic = f"cc/target/site-{message % topics % 5}/queue-{message % topics}/call"
        payload = json.dumps(reports if batch > 1 else reports[0], separators=(",", ":")).encode()
        packets.append(packet(topic, message % 65535 + 1, payload))
    line = connect(port)
    acknowledged = 0
    moved = threading.Condition()

    def count() -> None:
        nonlocal acknowledged
        left = 0
        while acknowledged < messages:
            data = line.recv(1 << 16)
            if not data:
                return
            left += len(data)
            with moved:
                acknowledged += left // _PUBACK_SIZE
                left %= _PUBACK_SIZE
                moved.notify()

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    counter = threading.Thread(target=count)
    counter.start()
    begun = time.monotonic()
    chunk = max(1, min(_CHUNK, int(rate / 100))) if rate else _CHUNK
    for start in range(0, messages, chunk):
        with moved:
            moved.wait_for(lambda sent=start: sent - acknowledged <= WINDOW)  # type: ignore[misc] # bound at once
        if rate:
            time.sleep(max(0.0, begun + start / rate - time.monotonic()))
        line.sendall(b"".join(packets[start : start + chunk]))
    counter.join()
    sys.stdout.write(f"{time.monotonic() - begun}\n")
    sys.stdout.flush()
    line.sendall(b"\xe0\x00")
    line.close()


if __name__ == "__main__":
    port, messages, batch, topics = map(int, sys.argv[1:5])
    main(port, messages, batch, topics, float(sys.argv[5]) if len(sys.argv) > 5 else 0.0)
