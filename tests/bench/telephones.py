"""Telephones that report over UDP, never the bottleneck: datagrams made before, sent from many addresses of loopback.

Run as a process of its own: python -m tests.bench.telephones PORT REPORTS RATE SOURCES
Waits for a line on standard input, sends at the rate, prints how many 200 came back and the seconds it took to send.
"""

from __future__ import annotations

import random
import select
import socket
import sys
import time

from tests.collectors.sip_quality.telephone import publish, session

_PAUSE = 0.002
_PATIENCE = 1.0


def reports(count: int, seed: int = 7) -> list[bytes]:
    """Session reports with both directions, each of a call and with figures of its own."""
    chance = random.Random(seed)
    begun = time.time()
    made = []
    for number in range(count):
        body = session(f"{number:08d}-{seed}@bench", begun + number * 1e-4)
        for old, new in (
            (b"NLR=2.0", b"NLR=%.2f" % chance.uniform(0, 5)),
            (b"NLR=1.0", b"NLR=%.2f" % chance.uniform(0, 5)),
            (b"RTD=245", b"RTD=%d" % chance.randint(20, 400)),
            (b"IAJ=24", b"IAJ=%d" % chance.randint(1, 60)),
            (b"MOSLQ=4.2 MOSCQ=4.1", b"MOSLQ=%.1f MOSCQ=%.1f" % (chance.uniform(2, 4.5), chance.uniform(2, 4.5))),
        ):
            body = body.replace(old, new)
        made.append(publish(body, number))
    return made


class Lines:
    """Sockets of as many addresses."""

    def __init__(self, port: int, sources: int) -> None:
        self._to = ("127.0.0.1", port)
        self._watched = select.epoll()
        self._lines = []
        for number in range(sources):
            line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            line.bind((f"127.0.{1 + number // 250}.{1 + number % 250}", 0))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            line.setblocking(False)  # noqa: FBT003 - its own signature
            self._watched.register(line.fileno(), select.EPOLLIN)
            self._lines.append(line)
        self._by_descriptor = {line.fileno(): line for line in self._lines}

    def send(self, number: int, raw: bytes) -> None:
        """Send a datagram from one of the addresses, in turn."""
        self._lines[number % len(self._lines)].sendto(raw, self._to)

    def hear(self, wait: float) -> int:
        """How many 200 are there, waiting so many seconds for the first."""
        found = 0
        for descriptor, _ in self._watched.poll(wait):
            try:
                while self._by_descriptor[descriptor].recv(2048).startswith(b"SIP/2.0 200"):
                    found += 1
            except BlockingIOError:
                continue
        return found


def main(port: int, count: int, rate: float, sources: int) -> None:
    """Send, count the responses, print both."""
    made, lines = reports(count), Lines(port, sources)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begun = time.monotonic()
    sent = answered = 0
    while sent < count:
        due = min(count, int((time.monotonic() - begun) * rate) + 1)
        for number in range(sent, due):
            lines.send(number, made[number])
        sent = due
        answered += lines.hear(_PAUSE)
    took = time.monotonic() - begun
    quiet = time.monotonic()
    while time.monotonic() - quiet < _PATIENCE and answered < count:
        if found := lines.hear(0.05):
            answered += found
            quiet = time.monotonic()
    sys.stdout.write(f"{answered} {took}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
