"""SIP quality reports in the contract suite: a telephone on loopback that sends what real ones sent."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.collectors.contract import Adapter
from tests.collectors.sip_quality.telephone import CALLER, publish, session
from tests.rig.mosquitto import free_port

_GARBAGE = (
    b"garbage\r\n\r\n",
    b"\xff\xfe\x00" * 100,
    publish(b"VQSessionReport", 1, content_type="text/plain"),
    publish(b"no report at all", 2),
)


class Telephone:
    """Sends over UDP and does not care for answers."""

    def __init__(self, folder: Path) -> None:
        del folder
        self._port = free_port()
        self._line: socket.socket | None = None

    def configuration(self) -> dict[str, Any]:
        """One listener, this machine alone."""
        rules = [{"user_agent": "Linphone*", "labels": {"device": "linphone"}}]
        where = [{"transport": "udp", "port": self._port}, {"transport": "tcp", "port": self._port}]
        return {"listen": where, "allow": ["127.0.0.0/8"], "labels": {"platform": "target"}, "rules": rules}

    async def speak(self, number: int) -> None:
        """A session report of a call of its own that ends now."""
        self._say(publish(session(f"call-{number}@test", time.time()), number))

    async def garbage(self) -> int:
        """No SIP, no text, another type, no report."""
        for raw in _GARBAGE:
            self._say(raw)
        return len(_GARBAGE)

    async def leave(self) -> None:
        """The cable is out."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def come_back(self) -> None:
        """The cable is in."""
        self._line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def _say(self, raw: bytes) -> None:
        assert self._line is not None
        self._line.sendto(raw, ("127.0.0.1", self._port))


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Telephone]:
    """A telephone with its cable in."""
    telephone = Telephone(folder)
    await telephone.come_back()
    try:
        yield telephone
    finally:
        await telephone.leave()
        await asyncio.sleep(0)


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A port that another program has."""
    del folder
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        yield {"listen": [{"port": other.getsockname()[1]}], "allow": ["127.0.0.1"]}


ADAPTER = Adapter(counterpart, unreachable, private=("call-", "@test", CALLER, "alice", "1000"))
