"""One program of a runbook, run to its end: no shell, no input, an empty folder, little output kept, nothing left over."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import stat
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

KEPT = 64 * 1024
"""Bytes of each stream that are kept: the first and the last half of it."""
GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""
_KEEPER = Path(__file__).with_name("keeper.py")
_CHUNK = 65536
_GOODBYE = 4.0
_LINE = 4096


class Kept:
    """The beginning and the end of a stream; what lies between is counted and dropped."""

    def __init__(self, most: int = KEPT) -> None:
        self.total = 0
        """Bytes that came."""
        self._half = most // 2
        self._first = bytearray()
        self._last = bytearray()

    def take(self, data: bytes) -> None:
        """Take what came next."""
        self.total += len(data)
        room = self._half - len(self._first)
        self._first += data[:room]
        self._last += data[room:]
        del self._last[: -self._half]

    @property
    def whole(self) -> bool:
        """Whether nothing was dropped."""
        return self.total <= len(self._first) + len(self._last)

    @property
    def data(self) -> bytes:
        """What is kept, with a word where something is missing."""
        dropped = self.total - len(self._first) - len(self._last)
        gap = f"\n[{dropped} bytes left out]\n".encode() if dropped else b""
        return bytes(self._first) + gap + bytes(self._last)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How it went."""

    refused: str = ""
    """Why it could not be started; then nothing ran."""
    lost: bool = False
    """It started, and nobody knows how it ended."""
    exit: int | None = None
    """Its exit code; None when a signal ended it."""
    signal: int | None = None
    timed_out: bool = False
    strays: int = 0
    """Processes that it left running, and that were killed."""
    left: int = 0
    """Processes that could not be killed."""
    seconds: float = 0.0
    out: bytes = b""
    err: bytes = b""
    whole: bool = True
    """Whether all of its standard output was kept."""


class _Report(msgspec.Struct, frozen=True):
    refused: str | None = None
    started: int | None = None
    exit: int | None = None
    signal: int | None = None
    timed_out: bool = False
    strays: int = 0
    left: int = 0


@asynccontextmanager
async def empty_folder() -> AsyncIterator[Path]:
    """A folder of one's own that is gone afterwards; nobody else may look into it."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="golive-"))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def suspicion(program: Path) -> str:
    """Why a program is not to be started: not there, or everybody may change it. Blocks on the disk."""
    try:
        mode = program.stat().st_mode
    except (OSError, ValueError) as error:
        return f"{program}: {getattr(error, 'strerror', None) or error}"
    if not stat.S_ISREG(mode):
        return f"{program} is not a program"
    if mode & stat.S_IWOTH:
        return f"{program}: everybody on this machine may change it; next: chmod o-w {program}"
    return "" if mode & 0o111 else f"{program} may not be executed; next: chmod +x {program}"


async def run(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    timeout: float,  # noqa: ASYNC109 - the keeper watches it, also when this loop is late
    on_started: Callable[[], Awaitable[None]] | None = None,
    grace: float = GRACE,
) -> Ended:
    """Run a program and wait for its end. Cancelled, it kills everything at once and waits for that.

    timeout, grace: seconds until SIGTERM, and from there until SIGKILL. folder: where it runs.
    on_started: awaited once it runs.
    """
    if why := await asyncio.to_thread(suspicion, Path(argv[0])):
        return Ended(refused=why)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    began = time.monotonic()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", str(_KEEPER), str(timeout), str(grace), *argv),
            stdin=theirs.fileno(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        ours.close()
        return Ended(refused=f"{argv[0]}: {getattr(error, 'strerror', None) or error}")
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours, limit=_LINE)
    out, err = Kept(), Kept()
    drains = [
        asyncio.ensure_future(_drain(stream, kept)) for stream, kept in ((process.stdout, out), (process.stderr, err))
    ]
    try:
        first = await _report(reader)
        if first is not None and first.refused is not None:
            return Ended(refused=f"{argv[0]}: {first.refused}")
        if first is not None and on_started is not None:
            await on_started()
        last = await _report(reader) if first is not None else None
        await asyncio.wait(drains, timeout=_GOODBYE)
    finally:
        writer.close()
        await _leave(process, drains)
    report = last or _Report()
    return Ended(
        lost=last is None,
        exit=report.exit,
        signal=report.signal,
        timed_out=report.timed_out,
        strays=report.strays,
        left=report.left,
        seconds=time.monotonic() - began,
        out=out.data,
        err=err.data,
        whole=out.whole,
    )


async def _report(reader: asyncio.StreamReader) -> _Report | None:
    try:
        return msgspec.json.decode(await reader.readline(), type=_Report)
    except (OSError, ValueError, msgspec.DecodeError):
        return None


async def _drain(stream: asyncio.StreamReader | None, kept: Kept) -> None:
    while stream is not None and (data := await stream.read(_CHUNK)):
        kept.take(data)


async def _leave(process: asyncio.subprocess.Process, drains: Sequence[asyncio.Future[None]]) -> None:
    """Wait for the keeper, which ends once its socket is closed."""
    try:
        async with asyncio.timeout(_GOODBYE):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    finally:
        for drain in drains:
            drain.cancel()
        await asyncio.gather(*drains, return_exceptions=True)
