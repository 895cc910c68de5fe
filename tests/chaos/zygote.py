"""A warmed parent that forks one child a case: a start costs milliseconds instead of the half second of imports.

As a program: reads one JSON job a line from standard input, forks a child that does it, and writes one JSON line for
each thing that happens to a child: `pid` when it was forked, `stopped` by SIGSTOP, `ended` with its wait status.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import select
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
_EVERY = 0.004
"""Seconds between looks at the children."""


class Child:
    """One forked child, as the harness sees it."""

    def __init__(self) -> None:
        self.pid = 0
        self.status: int | None = None
        self._changed = asyncio.Event()
        self.stops = 0

    def told(self, message: dict[str, Any]) -> None:
        """Take one line from the parent."""
        self.pid = message.get("pid", self.pid)
        self.stops += message.get("what") == "stopped"
        if message.get("what") == "ended":
            self.status = message["status"]
        self._changed.set()

    async def until(self, holds: Any, within: float) -> None:
        """Wait for something to happen to it."""
        async with asyncio.timeout(within):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def started(self) -> int:
        """Its process id."""
        await self.until(lambda: self.pid, 20)
        return self.pid

    async def ended(self, within: float = 40.0) -> int:
        """Wait until it is gone; its wait status."""
        await self.until(lambda: self.status is not None, within)
        return self.status or 0

    async def woken(self, within: float = 40.0) -> int:
        """Let it go on, however often it stops again, until it is gone; its wait status."""
        while self.status is None:
            stops = self.stops
            self.send(signal.SIGCONT)
            await self.until(lambda stops=stops: self.stops > stops or self.status is not None, within)
        return self.status

    async def stopped_or_ended(self, within: float = 40.0) -> bool:
        """Wait for either; True when it stands still."""
        await self.until(lambda: self.stops or self.status is not None, within)
        return self.status is None

    def send(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        if self.pid and self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Zygote:
    """The harness's end of it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._children: dict[int, Child] = {}
        self._number = 0
        self._process: asyncio.subprocess.Process
        self._reading: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.chaos.zygote"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
            )
        self._reading = asyncio.get_running_loop().create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in self._children.values():
            child.send(signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message = json.loads(line)
            self._children[message["number"]].told(message)

    def fork(self, job: dict[str, Any]) -> Child:
        """Have a child do a job: the name of a module of tests.chaos, and the arguments of its `main`."""
        assert self._process.stdin is not None
        self._number += 1
        child = self._children[self._number] = Child()
        self._process.stdin.write(json.dumps({"number": self._number, **job}).encode() + b"\n")
        return child


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _do(job: dict[str, Any], log: int) -> None:
    """The child's whole life."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(log, 1)
    code = 1
    try:
        os.environ.update(job["environment"])
        from tests.chaos import child

        child.main(**job["arguments"])
        code = 0
    except BaseException:  # noqa: BLE001 - a child ends here, whatever happened to it
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _warm() -> None:
    from tests.chaos import child

    child.warm()
    gc.collect()
    gc.freeze()


def _reap(numbers: dict[int, int]) -> None:
    while numbers:
        pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
        if not pid:
            return
        if os.WIFSTOPPED(status):
            _say({"number": numbers[pid], "what": "stopped"})
        else:
            _say({"number": numbers.pop(pid), "what": "ended", "status": status})


def main() -> None:
    """Serve until standard input is closed and every child is gone."""
    _warm()
    numbers: dict[int, int] = {}
    rest, open_ = b"", True
    while open_ or numbers:
        ready = open_ and select.select([0], [], [], _EVERY)[0]
        if ready:
            chunk = os.read(0, 65536)
            open_ = bool(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                job = json.loads(line)
                pid = os.fork()
                if not pid:
                    _do(job, 2)
                numbers[pid] = job["number"]
                _say({"number": job["number"], "pid": pid})
        _reap(numbers)


if __name__ == "__main__":
    main()
