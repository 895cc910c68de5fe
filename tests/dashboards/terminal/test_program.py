"""`golive watch` as a program in a real pty, and what it loads."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

import pytest

WATCH = "from monitor.cli.main import main; main()"
DEADLINE = 30.0


class Window:
    """A pty with `golive watch` in it, read as a terminal would."""

    def __init__(self) -> None:
        self.output = b""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
            os.execv(sys.executable, [sys.executable, "-c", WATCH, "watch", "http://127.0.0.1:1"])  # noqa: S606 - the child becomes the program under test
        self.modes = termios.tcgetattr(self._master)

    def until(self, words: bytes) -> None:
        """Read until these words came; fails at the deadline."""
        end = time.monotonic() + DEADLINE
        while words not in self.output:
            assert time.monotonic() < end, self.output[-500:]
            if select.select([self._master], [], [], 0.1)[0]:
                self.output += os.read(self._master, 1 << 16)

    def modes_now(self) -> list[object]:
        """The terminal's modes as `stty` shows them."""
        return list(termios.tcgetattr(self._master))

    def close(self) -> int:
        """End what still runs; its exit code, negative for a signal."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self._master)
        return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_terminal_that_is_ended_leaves_the_window_as_it_was(number) -> None:
    """After each signal the main screen is back, the modes are restored and the exit code is 0."""
    window = Window()
    try:
        window.until(b"no daemon yet")
        os.kill(window.pid, number)
        window.until(b"\x1b[?1049l")
        end = time.monotonic() + DEADLINE
        while window.modes_now() != list(window.modes) and time.monotonic() < end:
            time.sleep(0.01)
        assert window.modes_now() == list(window.modes)
    except BaseException:
        os.kill(window.pid, signal.SIGKILL)
        window.close()
        raise
    assert window.close() == 0


@pytest.mark.parametrize("module", ["monitor.cli.watch", "monitor.cli.status", "dashboards.terminal.report"])
def test_the_command_line_does_not_load_textual(module) -> None:
    """Importing a command, and printing the board once, never pays for the full-screen program."""
    code = f"import sys, {module}; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
