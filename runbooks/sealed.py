"""A seal on the process: while it is closed nothing here can reach out or start a program, whatever the code does.

A rehearsal sends nothing because its steps are stand-ins; the seal is for the mistake that nobody has found yet.
It hangs on Python's audit events (PEP 578), which the standard library raises before it connects, sends or starts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

REACHING = frozenset(
    {
        "socket.connect",
        "socket.sendto",
        "socket.sendmsg",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "subprocess.Popen",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.startfile",
        "os.system",
        "pty.spawn",
    }
)
"""Audit events of everything that leaves this process."""


class SealedError(RuntimeError):
    """Something tried to reach out of a process that is sealed."""


class _Seal:
    closed = False
    installed = False


@contextmanager
def sealed() -> Iterator[None]:
    """Close the seal for this whole process until the block ends. Not for a daemon: it has others to speak to."""
    if not _Seal.installed:
        sys.addaudithook(_refuse)
        _Seal.installed = True
    _Seal.closed = True
    try:
        yield
    finally:
        _Seal.closed = False


def _refuse(event: str, _arguments: object) -> None:
    if _Seal.closed and event in REACHING:
        raise SealedError(f"a rehearsal may not reach out: {event}")
