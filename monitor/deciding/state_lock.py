"""One daemon a state directory: a lock that names its holder and frees itself when the holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from monitor.text import clean

_FAR = 253402300800.0
"""The first instant of the year 10000, unix seconds: no time can be written from there on."""


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a state directory."""

    host: str
    pid: int
    since: float
    """Unix seconds."""


class AlreadyRunning(Exception):  # noqa: N818 - a state of the world, named as operators say it
    """Another daemon holds this state directory."""

    def __init__(self, directory: Path, holder: Holder | None) -> None:
        self.holder = holder
        who = "another process"
        if holder is not None:
            since = datetime.fromtimestamp(holder.since, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
            who = f"process {holder.pid} on {holder.host} since {since}"
        super().__init__(f"{directory} is held by {who}; two daemons on one cutover would act twice")


class StateLock:
    """An flock on `<directory>/lock`; the kernel frees it when this process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def acquire(cls, directory: Path, now: float) -> StateLock:
        """Take the directory or raise AlreadyRunning at once. now: unix seconds, written into the lock."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(directory / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(descriptor)
            os.close(descriptor)
            raise AlreadyRunning(directory, holder) from None
        holder = Holder(host=socket.gethostname(), pid=os.getpid(), since=now)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, msgspec.json.encode(holder), 0)
        os.fsync(descriptor)
        return cls(descriptor)

    def release(self) -> None:
        """Let another daemon in."""
        os.close(self._descriptor)


def held_by(directory: Path) -> Holder | None:
    """Who holds a state directory now; None when nobody does, or there is no such directory. Changes nothing."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor) or Holder(host="", pid=0, since=0.0)
    else:
        return None
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> Holder | None:
    try:
        found = msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    except msgspec.MsgspecError:
        return None
    since = found.since if 0 <= found.since < _FAR else 0.0
    return Holder(host=clean(found.host, 100), pid=found.pid, since=since)
