"""A program in a pty, read as a terminal reads it: what it costs, what it writes, how soon it answers."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

SIZE = (170, 48)
KEPT = 1 << 20
"""Newest bytes that are looked through for a sign."""


class Screen:
    """The reading end."""

    def __init__(self, pid: int, master: int) -> None:
        self.pid = pid
        self.began = time.perf_counter()
        self.bytes = 0
        self._master = master
        self._seen = bytearray()
        self._news = asyncio.Event()
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            got = os.read(self._master, 1 << 16)
        except OSError:
            asyncio.get_running_loop().remove_reader(self._master)
            return
        self.bytes += len(got)
        self._seen += got
        del self._seen[:-KEPT]
        self._news.set()

    def press(self, keys: bytes) -> float:
        """Type; returns the moment. What was shown before is forgotten."""
        self._seen.clear()
        os.write(self._master, keys)
        return time.perf_counter()

    async def until(self, sign: bytes, within: float = 20.0) -> float:
        """The moment at which this was written to the terminal."""
        async with asyncio.timeout(within):
            while sign not in self._seen:
                self._news.clear()
                await self._news.wait()
        return time.perf_counter()

    def processor(self) -> float:
        """Seconds of processor time that the program has used."""
        return processor(self.pid)

    async def load(self, seconds: float) -> tuple[float, float]:
        """Share of a core and bytes a second over this time."""
        before, bytes_before, begun = self.processor(), self.bytes, time.perf_counter()
        await asyncio.sleep(seconds)
        took = time.perf_counter() - begun
        return (self.processor() - before) / took, (self.bytes - bytes_before) / took

    async def close(self) -> None:
        """End the program."""
        asyncio.get_running_loop().remove_reader(self._master)
        os.kill(self.pid, signal.SIGKILL)
        await asyncio.to_thread(os.waitpid, self.pid, 0)
        os.close(self._master)


@asynccontextmanager
async def program_in_a_pty(command: Sequence[str]) -> AsyncIterator[Screen]:
    """Start a program in a terminal of its own."""
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LANG="C.UTF-8")
        os.execvp(command[0], list(command))  # noqa: S606 - the child becomes the program measured
    screen = Screen(pid, master)
    try:
        yield screen
    finally:
        await screen.close()


def processor(pid: int) -> float:
    """Seconds of processor time that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
