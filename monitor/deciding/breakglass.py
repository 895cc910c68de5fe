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
from contextlib import suppress
from pathlib import Path

import msgspec

from monitor.deciding.entry import Line

log = logging.getLogger("golive.breakglass")

FILE = "break_glass.log"
GLASS = "break_glass"
"""The mode of a decision that nobody but its requester signed."""
RESERVE = 256 * 1024
"""Bytes that the file has in advance; enough for some hundred lines on a full disk."""
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST = 16 * 1024 * 1024
"""Bytes that the file may have; what comes after goes to standard error and syslog alone."""


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A line as the file holds it."""

    line: Line
    trouble: str = ""
    """Why the journal has not got it; empty when it has."""


class BreakGlassLog:
    """The second sink. `write` and `unjournalled` block; they belong on the journal's thread."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE
        self._decisions: set[str] = set()
        self.failed = 0
        """Lines that the file did not take; standard error had them."""

    def prepare(self) -> None:
        """Take the space for bad days, inside the file: nobody else can use it up. It reads as NUL until it is used."""
        with suppress(OSError):
            handle = os.open(self.path, _FLAGS, 0o600)
            try:
                end = len(_content(handle))
                if os.fstat(handle).st_size < end + RESERVE // 2:
                    os.posix_fallocate(handle, end, RESERVE)
            finally:
                os.close(handle)

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
        except OSError as error:
            self.failed += 1
            log.critical("%s cannot be written: %s", self.path, error)
            return heard
        return True

    def _append(self, raw: bytes) -> None:
        """Write behind the last line, into space that the file has already; a torn line is closed first."""
        handle = os.open(self.path, _FLAGS, 0o600)
        try:
            content = _content(handle)
            end = len(content)
            if end + len(raw) > _MOST:
                raise OSError(f"{self.path} has grown to {_MOST >> 20} MiB; next: move it aside")
            raw = raw if content.endswith(b"\n") or not content else b"\n" + raw
            if end + len(raw) > os.fstat(handle).st_size:
                with suppress(OSError):
                    os.posix_fallocate(handle, end, RESERVE)
            if os.pwrite(handle, raw, end) != len(raw):
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
        try:
            content = _content(handle)
        finally:
            os.close(handle)
        for raw in content.splitlines():
            try:
                yield msgspec.json.decode(raw, type=Spoken)
            except msgspec.MsgspecError:
                log.warning("%s has a line that cannot be read", self.path)


def _content(handle: int) -> bytes:
    """What was written so far, without the space that is kept behind it."""
    parts: list[bytes] = []
    while (found := os.pread(handle, _MOST, sum(map(len, parts)))) and sum(map(len, parts)) < _MOST:
        parts.append(found)
    return b"".join(parts).rstrip(b"\0")


def _to_stderr(words: str) -> bool:
    try:
        sys.stderr.write(words + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return False
    return True
