"""Breaking the glass: one approver alone, loud, and on record in a second place that needs no journal.

`break_glass.log` in the state directory holds each line of such a decision and its run, flushed to disk; the same
words go to standard error and to syslog. When the journal cannot be written, the line counts with that record
alone, and the journal gets it, in order, as soon as it can be written again, at the latest after the next start.
"""

from __future__ import annotations

import logging
import os
import sys
import syslog
from collections.abc import Iterator
from pathlib import Path

import msgspec

from monitor.deciding.entry import Line
from monitor.deciding.reserve import Reserve

log = logging.getLogger("golive.breakglass")

FILE = "break_glass.log"
GLASS = "break_glass"
"""The mode of a decision that nobody but its requester signed."""
RESERVE = 256 * 1024
"""Bytes kept free for the file; enough for some hundred lines on a full disk."""
_MOST = 16 * 1024 * 1024
"""Bytes of the file that are read back."""


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A line as the file holds it."""

    line: Line
    trouble: str = ""
    """Why the journal has not got it; empty when it has."""


class BreakGlassLog:
    """The second sink. `write` and `unjournalled` block; they belong on the journal's thread."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE
        self._reserve = Reserve(state_dir / "break_glass.reserve", RESERVE)
        self._decisions: set[str] = set()
        self.failed = 0
        """Lines that the file did not take; standard error had them."""

    def prepare(self) -> None:
        """Take the space for bad days."""
        self._reserve.take()

    def cover(self, decision: str) -> None:
        """From now on write down everything about this decision."""
        self._decisions.add(decision)

    def covers(self, line: Line) -> bool:
        """Whether a line is about a decision that was made by breaking the glass, or about its run."""
        head = line.object.partition("/")[0]
        return head.removeprefix("run-") in self._decisions

    def write(self, line: Line, trouble: str) -> bool:
        """Put a line on record. trouble: why the journal has not got it. False when nothing took it."""
        words = f"BREAK-GLASS {line.object} {line.state}: {line.what}" + (
            f" (NOT IN THE JOURNAL: {trouble})" if trouble else ""
        )
        syslog.syslog(syslog.LOG_CRIT, words)
        heard = _to_stderr(words)
        raw = msgspec.json.encode(Spoken(line=line, trouble=trouble)) + b"\n"
        try:
            self._append(raw)
        except OSError:
            self._reserve.give()
            try:
                self._append(raw)
            except OSError as error:
                self.failed += 1
                log.critical("%s cannot be written: %s", self.path, error)
                return heard
        return True

    def _append(self, raw: bytes) -> None:
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(handle).st_size
            if os.write(handle, raw) != len(raw):
                os.ftruncate(handle, size)
                raise OSError(f"{self.path} took only a part of a line")
            os.fsync(handle)
        finally:
            os.close(handle)

    def unjournalled(self) -> list[Line]:
        """Lines that the journal had not got when they were written, in order. A torn last line is left out."""
        return [spoken.line for spoken in self._read() if spoken.trouble]

    def _read(self) -> Iterator[Spoken]:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return
        with os.fdopen(handle, "rb") as file:
            for raw in file.read(_MOST).splitlines():
                try:
                    yield msgspec.json.decode(raw, type=Spoken)
                except msgspec.MsgspecError:
                    log.warning("%s has a line that cannot be read", self.path)


def _to_stderr(words: str) -> bool:
    try:
        sys.stderr.write(words + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return False
    return True
