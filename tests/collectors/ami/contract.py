"""AMI in the contract suite: a PBX on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.collectors.ami.pbx import SECRET, Pbx, Queue, member
from tests.collectors.contract import Adapter

_GARBAGE = (b"no field\r\n\r\n", b"\xff\xfe\x00\r\n\r\n", b": x\r\n\r\n", b"Event: " + b"x" * 9000 + b"\r\n\r\n")


class Centre:
    """A PBX with one queue, in which callers come and go."""

    def __init__(self, folder: Path) -> None:
        self.pbx = Pbx()
        self.pbx.queues["300"] = Queue("300", members=[member("anna")])
        secret = folder / "ami.secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        self._secret = str(secret)

    def configuration(self) -> dict[str, Any]:
        """A login."""
        plain = {"host": "127.0.0.1", "port": self.pbx.port, "username": "golive", "timeout": 2}
        return {**plain, "secret": {"file": self._secret}, "trunks": ["carrier-a"]}

    async def speak(self, number: int) -> None:
        """A caller comes, is answered, and is heard."""
        self.pbx.join("300", f"c{number}")
        self.pbx.connect("300", f"c{number}", 3)
        self.pbx.say(
            Event="RTCPReceived",
            Channel="PJSIP/anna-0000001a",
            RTT="0.0420",
            MES="88.1",
            ReportCount="1",
            Report0FractionLost="3",
            Report0IAJitter="96",
        )

    async def garbage(self) -> int:
        """Lines that are no field."""
        for data in _GARBAGE:
            self.pbx.raw(data)
        return len(_GARBAGE)

    async def leave(self) -> None:
        """The PBX ends."""
        await self.pbx.stop()

    async def come_back(self) -> None:
        """The PBX starts again."""
        await self.pbx.start()


@asynccontextmanager
async def counterpart(folder: Path) -> AsyncIterator[Centre]:
    """A PBX that runs."""
    centre = Centre(folder)
    await centre.come_back()
    try:
        yield centre
    finally:
        await centre.leave()


@asynccontextmanager
async def unreachable(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """A port that nobody listens on."""
    yield Centre(folder).configuration()


ADAPTER = Adapter(counterpart, unreachable, private=("anna", "c1", "0000001a"))
