"""`golive run` as a process of its own, with a client's view of it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from monitor.serving.snapshot import EventRow, Snapshot

GOLIVE = (sys.executable, "-c", "from monitor.cli.main import main; main()")
_ADDRESS = re.compile(r"watching .* on (http://\S+),")


class RunningDaemon:
    """Start, kill and start again on one folder; golive.yaml and the state directory stay."""

    def __init__(self, folder: Path, configuration: str) -> None:
        self.folder = folder
        (folder / "golive.yaml").write_text(configuration, encoding="utf-8")
        self.log = folder / "daemon.log"
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def command(self, *more: str) -> list[str]:
        """The command line of a daemon in this folder."""
        return [*GOLIVE, "run", "--config", "golive.yaml", "--web.listen-address", "127.0.0.1:0", *more]

    async def start(self, **environment: str) -> None:
        """Start and wait until it is ready. environment: added to ours."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdout=log, stderr=log, env={**os.environ, **environment}
            )
        await self._until(lambda: bool(_ADDRESS.search(self.words())))
        found = _ADDRESS.search(self.words())
        self.url = found[1] if found else ""
        async with asyncio.timeout(20):
            while await self._status("/-/ready") != 200:
                await asyncio.sleep(0.05)

    def words(self) -> str:
        """What it logged."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    async def _until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                assert self.process is not None
                assert self.process.poll() is None, self.words()
                await asyncio.sleep(0.05)

    async def _status(self, path: str) -> int:
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            return answer.status

    async def text(self, path: str) -> str:
        """Body of a GET."""
        async with aiohttp.ClientSession() as session, session.get(self.url + path) as answer:
            return await answer.text()

    async def snapshot(self) -> Snapshot:
        """The newest snapshot."""
        return msgspec.json.decode(await self.text("/api/v1/snapshot"), type=Snapshot)

    async def events(self) -> list[EventRow]:
        """All public journal lines."""
        body = msgspec.json.decode(await self.text("/api/v1/events?after=0&limit=500"))
        return msgspec.convert(body["events"], list[EventRow])

    async def _seen(self) -> Snapshot | None:
        """The newest snapshot; None while the daemon says that it is not ready."""
        body = await self.text("/api/v1/snapshot")
        return None if body.startswith('{"error"') else msgspec.json.decode(body, type=Snapshot)

    async def until(self, holds: Callable[[Snapshot], object], within: float = 20.0) -> Snapshot:
        """The first snapshot for which `holds` is true."""
        deadline = asyncio.get_running_loop().time() + within
        while True:
            seen = await self._seen()
            if seen is not None and holds(seen):
                return seen
            assert asyncio.get_running_loop().time() < deadline, f"not within {within} s: {seen}\n{self.words()}"
            await asyncio.sleep(0.1)

    async def act(self, token: str, path: str, **body: Any) -> int:
        """POST as the person with this token; the status."""
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/api/v1/{path}", json=body, headers=headers) as answer,
        ):
            await answer.read()
            return answer.status

    def kill(self) -> None:
        """As a crash does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As systemd does; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
