"""The agents' telephones: each reports the quality of a call that is over, over UDP, until it is answered."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import NamedTuple

from monitor.demo.calls import Moment
from monitor.demo.centre import Centre, Report
from monitor.demo.vq_report import body, publish, user_agent

UNANSWERED = 1000
"""Reports that wait for an answer; of more the oldest is given up."""
FIRST_AGAIN, LONGEST_AGAIN, PATIENCE = 0.5, 4.0, 32.0
"""Seconds of RFC 3261 17.1.2.2: T1, T2, and 64 T1 after which a request is given up."""
_BRANCH = re.compile(rb"branch=z9hG4bK-demo-(\d{1,12})")
_FIRST_FINAL = 200
_FIRST_REFUSAL = 300


class _Request(NamedTuple):
    data: bytes
    began: float
    due: float
    wait: float


class Telephones(asyncio.DatagramProtocol):
    """All of them behind one address."""

    def __init__(self, port: int) -> None:
        """port: UDP, on 127.0.0.1, of golive's collector; it may begin to listen later."""
        self._port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[int, _Request] = {}
        self._numbers = 0
        self.answered = 0
        self.refused = 0
        """Reports that golive would not have."""
        self.given_up = 0
        """Reports that nobody answered."""

    async def start(self) -> None:
        """Open the socket; a port where nobody listens is no error, as it is none for a telephone."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))

    def stop(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()

    def tell(self, moments: Iterable[Moment], reports: Iterable[Report]) -> None:
        """Report the calls that are over, and repeat what nobody has answered in time."""
        del reports
        now = asyncio.get_running_loop().time()
        for moment in moments:
            report = body(moment) if moment.kind == "complete" else ""
            if report:
                self._numbers += 1
                data = publish(report, user_agent(moment), self._numbers, *self._here())
                self._waiting[self._numbers] = _Request(data, now, now, FIRST_AGAIN)
        while len(self._waiting) > UNANSWERED:
            del self._waiting[next(iter(self._waiting))]
            self.given_up += 1
        self._send(now)

    def second(self, centre: Centre) -> None:
        """A telephone tells nothing while its call goes on."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take an answer; one to no question, or none at all, is passed over."""
        found = _BRANCH.search(data)
        status = data[8:11]
        if addr[1] != self._port or found is None or not data.startswith(b"SIP/2.0 ") or not status.isdigit():
            return
        if int(status) < _FIRST_FINAL or self._waiting.pop(int(found[1]), None) is None:
            return
        if int(status) < _FIRST_REFUSAL:
            self.answered += 1
        else:
            self.refused += 1

    def _here(self) -> tuple[str, int]:
        name: tuple[str, int] = self._transport.get_extra_info("sockname") if self._transport else ("127.0.0.1", 0)
        return name[0], name[1]

    def _send(self, now: float) -> None:
        for number, request in list(self._waiting.items()):
            if now - request.began >= PATIENCE:
                del self._waiting[number]
                self.given_up += 1
            elif request.due <= now and self._transport is not None:
                self._transport.sendto(request.data, ("127.0.0.1", self._port))
                again = request._replace(due=now + request.wait, wait=min(request.wait * 2, LONGEST_AGAIN))
                self._waiting[number] = again
