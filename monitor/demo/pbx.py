"""The legacy platform at one site: an Asterisk's Manager Interface on loopback, over the simulated centre."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from pathlib import Path

from monitor.demo.asterisk import Listener, event, listed, message, status, summary
from monitor.demo.calls import Line, Moment
from monitor.demo.centre import Centre, Report
from monitor.demo.life import Life

USERNAME = "golive"
GREETING = b"Asterisk Call Manager/5.0.4\r\n"
SESSIONS = 8
"""Sessions at once; who comes beyond them is turned away, and counted."""
QUESTION = 8192
"""Bytes of one question."""
BEHIND = 1024 * 1024
"""Bytes that a session may leave unread before it is ended, as a real one is that does not keep up."""


class Pbx:
    """Answers who logs in by challenge, and tells them what happens. Silent while the script says that nobody is heard."""

    def __init__(self, life: Life, site: str, secret_file: Path) -> None:
        """secret_file: the account's secret, which may be written after the PBX has started."""
        self._life = life
        self._site = site
        self._secret_file = secret_file
        self._listener = Listener()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: set[asyncio.StreamWriter] = set()
        """Those who are logged in."""
        self.refused = 0
        """Sessions turned away: too many, a wrong secret, behind, or no question of this protocol."""

    async def start(self) -> int:
        """Listen; returns the port."""
        self._server = await asyncio.start_server(self._session, "127.0.0.1", 0, limit=QUESTION)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close the listener and every session."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def tell(self, moments: Iterable[Moment], reports: Iterable[Report]) -> None:
        """Tell everybody who is logged in what happened here; what happened elsewhere is passed over."""
        said = [event(moment) for moment in moments if self._ours(moment.call.line)]
        said += [
            self._listener.rtcp(report)
            for report in reports
            if (report.platform, report.site) == ("legacy", self._site)
        ]
        words = b"".join(said)
        for line in tuple(self._told) if words else ():
            if line.transport.get_write_buffer_size() > BEHIND:
                self.refused += 1
                self._told.discard(line)
                line.transport.abort()
            else:
                line.write(words)

    def second(self, centre: Centre) -> None:
        """A PBX tells nothing unless it happens, or it is asked."""

    def _ours(self, line: Line) -> bool:
        return (line.platform, line.site) == ("legacy", self._site)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= SESSIONS or self._life.silent:
            self.refused += 1
            writer.transport.abort()
            return
        self._tasks.add(task)
        try:
            writer.write(GREETING)
            challenge = str(secrets.randbelow(10**9))
            while True:
                asked = _fields(await reader.readuntil(b"\r\n\r\n"))
                if not self._life.silent:
                    writer.write(await self._answer(asked, challenge, writer))
                    await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except asyncio.LimitOverrunError:
            self.refused += 1
        finally:
            self._tasks.discard(task)
            self._told.discard(writer)
            writer.transport.abort()

    async def _answer(self, asked: dict[str, str], challenge: str, writer: asyncio.StreamWriter) -> bytes:
        number, action = asked.get("actionid", ""), asked.get("action", "").lower()
        if action == "challenge":
            return message(Response="Success", ActionID=number, Challenge=challenge)
        if action == "login":
            if await self._knows(challenge, asked.get("key", ""), asked.get("username", "")):
                self._told.add(writer)
                return message(Response="Success", ActionID=number, Message="Authentication accepted")
            self.refused += 1
            return message(Response="Error", ActionID=number, Message="Authentication failed")
        if writer not in self._told:
            return message(Response="Error", ActionID=number, Message="Permission denied")
        return self._list(number, action)

    def _list(self, number: str, action: str) -> bytes:
        # Whoever was told of all that happened before an answer need not wonder which of the two is newer.
        self._life.advance()
        now = self._life.centre.now
        lines = [line for line in self._life.centre.lines.values() if self._ours(line)]
        if action == "queuesummary":
            return listed(number, "QueueSummary", [summary(line, now) for line in lines])
        if action == "queuestatus":
            return listed(number, "QueueStatus", [part for line in lines for part in status(line, now)])
        return message(Response="Error", ActionID=number, Message="Invalid/unknown command")

    async def _knows(self, challenge: str, key: str, username: str) -> bool:
        """Whether somebody proves to know the secret; nobody does while there is none."""
        try:
            secret = (await asyncio.to_thread(self._secret_file.read_text, "utf-8")).strip()
        except OSError:
            return False
        right = hashlib.md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()
        return bool(secret) and username == USERNAME and hmac.compare_digest(right, key)


def _fields(raw: bytes) -> dict[str, str]:
    """The fields of a question, by their names in lower case; lines that are none are passed over."""
    pairs = [line.partition(":") for line in raw.decode("utf-8", errors="replace").split("\r\n")]
    return {key.strip().lower(): value.strip() for key, colon, value in pairs if colon}
