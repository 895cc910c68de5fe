"""`golive audit`: reads the journal, and proves that nothing in it was changed."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from monitor.deciding.ledger import show as lines
from monitor.deciding.ledger import verify as check

audit = App(name="audit", help="The journal: what was decided and done, and the proof that it is whole.")

BROKEN = 10
_FILE = "journal.db"
_StateDir = Annotated[Path, Parameter(help="State directory of the daemon.")]


@audit.command
def show(*, state_dir: _StateDir = Path("state"), after: int = 0, limit: int = 1000, json: bool = False) -> int:
    """Print the journal, one line each: number, time, kind, who, what.

    Parameters
    ----------
    after:
        Only lines with a greater number.
    limit:
        At most this many.
    json:
        Each line as one JSON object with all its data and its hash.
    """
    path = state_dir / _FILE
    if not path.is_file():
        return _missing(path)
    try:
        entries = lines(path, after, limit)
    except ValueError as error:
        sys.stderr.write(f"error: {error}; next: golive audit verify\n")
        return BROKEN
    for entry in entries:
        if json:
            sys.stdout.write(msgspec.json.encode(entry).decode() + "\n")
        else:
            at = datetime.fromtimestamp(entry.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
            sys.stdout.write(f"{entry.seq:>6}  {at}Z  {entry.kind:<10} {entry.who:<12} {entry.what}\n")
    return 0


@audit.command
def verify(*, state_dir: _StateDir = Path("state"), anchor: str = "") -> int:
    """Check every line's hash and order. Exit code 10 names the first bad line.

    Parameters
    ----------
    anchor:
        NUMBER:HASH noted elsewhere (the terminal's footer, /metrics): finds an end that was cut off as well.
    """
    path = state_dir / _FILE
    if not path.is_file():
        return _missing(path)
    try:
        noted = _anchor(anchor)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    verdict = check(path, noted)
    if verdict.ok:
        sys.stdout.write(f"whole: {verdict.entries} lines, head {verdict.head[0]}:{verdict.head[1]}\n")
        return 0
    sys.stdout.write(f"broken at line {verdict.first_bad}: {verdict.why}\n")
    sys.stderr.write(
        f"error: {path} is not whole from line {verdict.first_bad} on; {verdict.entries} lines before it are. "
        "The daemon runs no runbook from it. Next: keep a copy, find out who could write there, move the file aside\n"
    )
    return BROKEN


def _anchor(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    number, colon, digest = text.partition(":")
    if not colon or not number.isdecimal() or len(digest) != 64:  # noqa: PLR2004 - SHA-256 in hex
        raise ValueError(f"{text!r} is no anchor: write NUMBER:HASH as `golive audit verify` prints the head")
    return int(number), digest


def _missing(path: Path) -> int:
    sys.stderr.write(f"error: there is no journal {path}; next: name the daemon's --state-dir\n")
    return 1
