"""The terminal in a real pty: share of a core and bytes a second, beside a Textual app that shows nothing."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import random
import signal
import struct
import sys
import termios
import time
from pathlib import Path

import msgspec
from aiohttp import web

from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded

ROWS = 500
CHANGES = 200
"""Rows that change a second, evenly over the frames."""
SIZE = (170, 48)
STARTED = 4.0
"""Seconds that starting may take before measuring begins."""
WATCH = "from monitor.cli.main import main; main()"
IDLE = "from textual.app import App; App().run()"


def moment(rows: int, values: list[float], at: float) -> Snapshot:
    """A cutover with this many gates at these values."""
    gates = tuple(
        recorded.gate(
            f"g{i}", f"Gate {i}", legacy=0.05, target=values[i], limit=0.08, scope=f"queue=q-{i}", since=at - 60
        )
        for i in range(rows)
    )
    return msgspec.structs.replace(recorded.FAILING, gates=gates, at=at)


class Moving:
    """A daemon's snapshot route: each answer is a new moment, with its share of rows changed."""

    def __init__(self, rows: int, changes: int) -> None:
        self._rows = rows
        self._changes = changes
        self._values = [0.06] * rows
        self._dice = random.Random(7)
        self._last = time.time()

    async def answer(self, _: web.Request) -> web.Response:
        """The newest moment."""
        now = time.time()
        for _i in range(min(self._rows, round(self._changes * (now - self._last)))):
            self._values[self._dice.randrange(self._rows)] = self._dice.uniform(0.01, 0.0799)
        self._last = now
        return web.Response(body=msgspec.json.encode(moment(self._rows, self._values, now)))


async def in_a_pty(code: str, arguments: list[str], seconds: float) -> tuple[float, float]:
    """Start a program in a pty and read its output as a terminal would: (share of a core, bytes a second)."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
        os.execv(sys.executable, [sys.executable, "-c", code, *arguments])  # noqa: S606 - the child becomes the program measured
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
    got = 0

    def read() -> None:
        nonlocal got
        try:
            got += len(os.read(master, 1 << 16))
        except OSError:
            loop.remove_reader(master)

    loop = asyncio.get_running_loop()
    loop.add_reader(master, read)
    try:
        await asyncio.sleep(STARTED)
        before, bytes_before, begun = cpu(pid), got, time.perf_counter()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - begun
        return (cpu(pid) - before) / took, (got - bytes_before) / took
    finally:
        loop.remove_reader(master)
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(os.waitpid, pid, 0)
        os.close(master)


def cpu(pid: int) -> float:
    """Seconds of processor time that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def watched(rows: int, changes: int, seconds: float) -> tuple[float, float]:
    """`golive watch` on a daemon whose rows change so often."""
    app = web.Application()
    app.router.add_get("/api/v1/snapshot", Moving(rows, changes).answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        return await in_a_pty(WATCH, ["watch", f"http://127.0.0.1:{runner.addresses[0][1]}"], seconds)
    finally:
        await runner.cleanup()


def main(seconds: float) -> None:
    """Measure for about so many seconds each and print."""
    core, rate = asyncio.run(watched(ROWS, CHANGES, seconds))
    say(f"{ROWS} rows, {CHANGES} changes/s, 4 frames/s", core, rate, "target 20 % of a core")
    core, rate = asyncio.run(watched(ROWS, 0, seconds))
    say(f"{ROWS} rows at rest, clocks run", core, rate, "target 20 kB/s")
    core, rate = asyncio.run(in_a_pty(IDLE, [], seconds))
    say("reference: an empty Textual app", core, rate, "nothing drawn")


def say(what: str, core: float, rate: float, goal: str) -> None:
    """Print one line."""
    sys.stdout.write(f"terminal  {what}: {core * 100:.1f} % of a core, {rate / 1000:.1f} kB/s to the pty ({goal})\n")
