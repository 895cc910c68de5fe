"""A small program between golive and a command that a runbook starts: it leaves nothing of it behind.

`python -I -S keeper.py TIMEOUT GRACE PROGRAM ARGUMENT...` with a socket as standard input. It runs the program in a
session of its own with its standard input closed, and writes two lines of JSON to the socket: that it started (or
why not), and how it ended. After TIMEOUT seconds everything gets SIGTERM, GRACE seconds later SIGKILL. When the
program has ended, whatever it left running is killed: also what forked twice and took a session of its own, since
on Linux this process adopts it (prctl PR_SET_CHILD_SUBREAPER). When golive itself ends, however it ends, the socket
closes and everything is killed at once: a command must not go on while a restarted golive asks whether it took
effect. Elsewhere than on Linux only the program's own process group is caught.

Only the standard library is used: it must start in milliseconds and with an environment that is not its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_LINUX = sys.platform.startswith("linux")
_PDEATHSIG, _SUBREAPER = 1, 36
_SWEEP = 2.0
"""Seconds for which what is left is hunted; a process that the kernel cannot end is then reported."""
_SOCKET = 0


def _prctl(option: int, value: int) -> None:
    if not _LINUX:
        return
    import ctypes

    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def descendants(root: int, proc: Path = Path("/proc")) -> set[int]:
    """Processes that come from `root` and have not ended, by what /proc says; none where there is no /proc."""
    parents: dict[int, int] = {}
    for entry in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            after_name = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            if after_name[0] != b"Z":
                parents[int(entry.name)] = int(after_name[1])
    found: set[int] = set()
    added = {root}
    while added:
        added = {pid for pid, parent in parents.items() if parent in added} - found
        found |= added
    return found


class Keeper:
    """One command and all that comes from it."""

    def __init__(self, argv: list[str]) -> None:
        """Start it; OSError when it cannot be."""
        self._strays: set[int] = set()
        self.status: int | None = None
        """How the command itself ended, as waitpid says; None while it runs."""
        self.process = subprocess.Popen(  # noqa: S603 - an argument list that people signed
            argv,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: _prctl(_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - there is one thread here
        )

    def reap(self) -> None:
        """Take leave of every child that has ended, adopted ones among them."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.process.pid:
                    self.status = self.process.returncode = status

    def send(self, number: int) -> None:
        """Send a signal to the command's group and to everything that comes from it.

        Once the command itself is gone its number may be another's, so that only what is known to come from it is
        meant; where /proc does not tell, the group is all there is.
        """
        if self.status is None or not _LINUX:
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, number)
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def sweep(self) -> tuple[int, int]:
        """Kill what is left; how many there were besides the command, and how many would not die."""
        until = time.monotonic() + _SWEEP
        if not _LINUX:
            self.send(signal.SIGKILL)
        while True:
            self.reap()
            left = descendants(os.getpid())
            self._strays |= left - {self.process.pid}
            if (not left and self.status is not None) or time.monotonic() > until:
                return len(self._strays), len(left)
            self.send(signal.SIGKILL)
            time.sleep(0.005)


def _say(**fields: object) -> None:
    with contextlib.suppress(OSError):
        os.write(_SOCKET, json.dumps(fields).encode() + b"\n")


def main(timeout: float, grace: float, argv: list[str]) -> int:
    """Keep one command from its start to its end."""
    _prctl(_SUBREAPER, 1)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    began = time.monotonic()
    try:
        keeper = Keeper(argv)
    except (OSError, ValueError) as error:
        _say(refused=getattr(error, "strerror", None) or str(error))
        return 0
    _say(started=keeper.process.pid)
    end, timed_out, deserted = began + timeout, False, False
    while not deserted:
        ready, _, _ = select.select([_SOCKET, woken], [], [], max(0.0, end - time.monotonic()))
        if woken in ready:
            os.read(woken, 4096)
        deserted = _SOCKET in ready and not os.read(_SOCKET, 4096)
        keeper.reap()
        if keeper.status is not None:
            break
        if time.monotonic() >= end:
            keeper.send(signal.SIGKILL if timed_out else signal.SIGTERM)
            end, timed_out = time.monotonic() + grace, True
    strays, left = keeper.sweep()
    status = keeper.status
    _say(
        exit=os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else None,
        signal=os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else None,
        timed_out=timed_out,
        strays=strays,
        left=left,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]))
