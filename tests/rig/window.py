"""A program in a real pty, and a strict reading of all that it writes there."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping

MAIN = "from monitor.cli.main import main; main()"
DEADLINE = 15.0
_CSI = re.compile(r"\x1b\[([<=>?]?)([0-9;:]*)([ -/]*)([@-~])")
_PRIVATE = {1000, 1002, 1003, 1004, 1006, 1007, 1015, 1016, 1049, 2004, 2026, 2031, 2048, 25, 7}
"""Modes that a full-screen program switches: mouse, focus, paste, other screen, cursor, synchronized output, size."""
_LAYOUT = frozenset("\r\n\t")
_OTHERS = re.compile(r"\x1b[78=>]|\x1b\]22;(?:default|pointer|text|grab|grabbing|crosshair|not-allowed|wait)\x07")
"""Save and restore the cursor, keypad modes, the shape of the mouse pointer."""
_COLOURS = re.compile(r"(?:(?:0|1|2|3|4|7|9|[34]8;5;\d{1,3}|[34]8;2;\d{1,3};\d{1,3};\d{1,3}|[34]9)(?:;(?!$)|$))*")
"""What Textual makes of the styles of ours: no blinking, nothing hidden, no colour of the window's own."""


class UntowardError(AssertionError):
    """Something was written that a program of ours never writes by itself."""


def text_of(written: bytes) -> str:
    """What is left when the control sequences that a full-screen program needs are taken out.

    UntowardError for bytes that are no UTF-8, for any other sequence, and for characters that are not printable.
    """
    try:
        text = codecs.decode(written, "utf-8", "strict")
    except UnicodeDecodeError as error:
        raise UntowardError(f"not UTF-8: {error}") from error
    out: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == "\x1b":
            found = _CSI.match(text, at)
            if found is not None:
                _csi(found)
            else:
                found = _OTHERS.match(text, at)
            if found is None:
                raise UntowardError(f"an unknown sequence: {text[at : at + 40]!r}")
            at = found.end()
            continue
        char = text[at]
        if not char.isprintable() and char not in _LAYOUT:
            raise UntowardError(f"U+{ord(char):04X} in {text[max(0, at - 30) : at + 30]!r}")
        out.append(char)
        at += 1
    return "".join(out)


def _csi(found: re.Match[str]) -> None:
    """Colours, cursor places, erasing, and the modes above; nothing else."""
    prefix, parameters, middle, final = found.groups()
    numbers = [int(number) for number in re.split("[;:]", parameters) if number]
    allowed = {
        "": {"m", "H", "K", "A", "B", "C", "D", "G", "c"},
        "?": {"h", "l", "p", "u"},
        ">": {"u", "q"},
        "<": {"u"},
        "=": {"u"},
    }
    known = final in allowed[prefix] and middle in ("", "$")
    if prefix == "?" and final in "hlp":
        known = known and set(numbers) <= _PRIVATE
    if prefix == "" and final == "m":
        known = known and _COLOURS.fullmatch(parameters) is not None
    if not known:
        raise UntowardError(f"a sequence that nothing of ours writes: {found.group()!r}")


class Window:
    """A pty of some size with `golive` in it."""

    def __init__(
        self, *words: str, size: tuple[int, int] = (100, 30), environment: Mapping[str, str] | None = None
    ) -> None:
        self.output = b""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "LANG": "C.UTF-8", **(environment or {})})
            os.execv(sys.executable, [sys.executable, "-c", MAIN, *words])  # noqa: S606 - the child becomes the program under test
        columns, lines = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, seconds: float) -> bool:
        """Take what comes within this time; False when nothing came or it is over."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            came = os.read(self._master, 1 << 16)
        except OSError:  # the other side is gone
            came = b""
        self.output += came
        return bool(came)

    def until(self, words: str, since: int = 0) -> None:
        """Read until these words came; fails at the deadline."""
        end = time.monotonic() + DEADLINE
        while words.encode() not in self.output[since:]:
            assert time.monotonic() < end, (words, self.output[-800:])
            self.read(0.05)

    def settle(self, quiet: float = 0.15) -> None:
        """Read until nothing came for a while."""
        end = time.monotonic() + DEADLINE
        while self.read(quiet):
            assert time.monotonic() < end, "it never stops painting"

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def rest(self) -> int:
        """Read to the end of the program; its exit code."""
        end = time.monotonic() + DEADLINE
        while self.read(max(0.0, end - time.monotonic())):
            pass
        return self.close()

    def close(self) -> int:
        """End what still runs; the exit code, negative for a signal."""
        done, status = os.waitpid(self.pid, os.WNOHANG)
        if not done:
            os.kill(self.pid, signal.SIGTERM)
            while self.read(1.0):
                pass
            _, status = os.waitpid(self.pid, 0)
        os.close(self._master)
        return os.waitstatus_to_exitcode(status)
