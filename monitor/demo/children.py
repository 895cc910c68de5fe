"""The demo's child processes: started with a pipe that ties them to this process, and ended in good order."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

DAEMON = "from monitor.demo.tie import tie; tie(); from monitor.cli.main import main; main()"
"""`golive` itself, in a process that ends with its parent."""
WORLD = "from monitor.demo.world import main; main()"

STOP_WITHIN = 6.0
"""Seconds a child has to end after its standard input closed, before it is killed."""


class Child:
    """One child process. Its standard input is the tie: when it closes, the child ends."""

    def __init__(self, name: str, process: Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, name: str, code: str, *arguments: str, log: Path) -> Child:
        """Run `code` in this Python, whatever the working directory holds; what it says on stderr goes to `log`."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-c",
                code,
                *arguments,
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
                start_new_session=True,  # a Ctrl-C is for the parent; it ends the children in order
            )
        return cls(name, process, log)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Exit code; None while it runs."""
        return self._process.returncode

    async def line(self) -> bytes:
        """The next line of its standard output; empty at the end."""
        return await self._process.stdout.readline() if self._process.stdout else b""

    async def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Close its standard input and wait; kill it when it does not end."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_WITHIN)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def last_words(self, limit: int = 400) -> str:
        """The end of its log, for the sentence that says why it failed."""
        try:
            text = await asyncio.to_thread(self.log.read_text, encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return " ".join(text.strip()[-limit:].split())
