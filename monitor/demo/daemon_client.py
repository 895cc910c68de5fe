"""A person, or the printer, talking to the daemon over the same HTTP interface that every terminal uses."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from monitor.serving.snapshot import EventRow, Snapshot

TIMEOUT = ClientTimeout(total=5.0)
PAGE = 500
"""Events asked for at once."""


class Refused(Exception):  # noqa: N818 - an answer of the daemon, not a fault of ours
    """The daemon answered with another status than 2xx."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status


class _Events(msgspec.Struct):
    events: list[EventRow]


class DaemonClient:
    """Reads without a token, acts with one. All calls raise ClientError or TimeoutError when nobody answers."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self.url = url

    async def ready(self) -> bool:
        """Whether the daemon serves."""
        try:
            async with self._session.get(f"{self.url}/-/ready", timeout=TIMEOUT) as answer:
                return answer.status == 200  # noqa: PLR2004 - OK
        except (ClientError, TimeoutError, OSError):
            return False

    async def snapshot(self) -> Snapshot:
        """The read model as it stands."""
        return msgspec.json.decode(await self._get("/api/v1/snapshot"), type=Snapshot)

    async def events(self, after: int, token: str = "") -> list[EventRow]:
        """Journal lines with a greater sequence number, in order."""
        body = await self._get(f"/api/v1/events?after={after}&limit={PAGE}", token)
        return msgspec.json.decode(body, type=_Events).events

    async def act(self, token: str, path: str, body: dict[str, Any]) -> None:
        """Do something as the person whose token this is; Refused says why not."""
        async with self._session.post(
            f"{self.url}/api/v1/{path}", json=body, headers=_bearer(token), timeout=TIMEOUT
        ) as answer:
            if answer.status // 100 != 2:  # noqa: PLR2004 - a 2xx
                raise Refused(answer.status, (await answer.text())[:300])

    async def _get(self, path: str, token: str = "") -> bytes:
        async with self._session.get(self.url + path, headers=_bearer(token), timeout=TIMEOUT) as answer:
            body = await answer.read()
            if answer.status // 100 != 2:  # noqa: PLR2004 - a 2xx
                raise Refused(answer.status, body[:300].decode(errors="replace"))
            return body


class RoutingClient:
    """The same for the simulated carrier and roster."""

    def __init__(self, session: ClientSession, port: int) -> None:
        self._session = session
        self._url = f"http://127.0.0.1:{port}"

    async def put(self, path: str, body: dict[str, Any]) -> None:
        """Change a route or a roster."""
        async with self._session.put(f"{self._url}/{path}", json=body, timeout=TIMEOUT) as answer:
            answer.raise_for_status()

    async def begin(self, script: str) -> None:
        """Start a script of faults."""
        async with self._session.post(f"{self._url}/script", json={"name": script}, timeout=TIMEOUT) as answer:
            answer.raise_for_status()


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


async def ready_within(client: DaemonClient, seconds: float) -> bool:
    """Wait until the daemon serves; False when it does not in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while loop.time() < deadline:
        if await client.ready():
            return True
        await asyncio.sleep(0.05)
    return False
