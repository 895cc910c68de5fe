"""One line of the journal and the chain that binds the lines: what is hashed, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from monitor.serving.snapshot import EventRow

GENESIS = "0" * 64
"""What the first line is chained to."""


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one line says. Its canonical JSON is what the chain covers."""

    seq: int
    """From 1, without gaps."""
    at: float
    """Wall clock, unix seconds."""
    mono: float
    """Monotonic clock of the writing machine, seconds: shows what the wall clock hides."""
    kind: str
    who: str
    via: str
    what: str
    object: str
    state: str
    data: dict[str, Any]
    public: bool


class Entry(Line, frozen=True, kw_only=True):
    """A line that is on disk, with its link of the chain."""

    hash: str

    def event(self) -> EventRow:
        """The line as clients see it."""
        return EventRow(
            seq=self.seq,
            at=self.at,
            kind=self.kind,
            who=self.who,
            what=self.what,
            object=self.object,
            state=self.state,
        )


class Stored(NamedTuple):
    """A row as the table holds it."""

    seq: int
    kind: str
    object: str
    public: bool
    body: str
    hash: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What checking a journal found."""

    ok: bool
    entries: int
    """Lines that are whole, counted from the first."""
    head: tuple[int, str]
    """Sequence number and hash of the last whole line."""
    first_bad: int | None = None
    why: str = ""


def canonical(line: Line) -> str:
    """The one spelling of a line: JSON, keys sorted, no spaces."""
    return msgspec.json.encode(line, order="sorted").decode()


def link(previous: str, body: str) -> str:
    """SHA-256 over the previous hash and the canonical line, in hex."""
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()


def chained(line: Line, previous: str) -> tuple[Stored, Entry]:
    """Bind a line to the one before it."""
    body = canonical(line)
    own = link(previous, body)
    entry = Entry(**{name: getattr(line, name) for name in Line.__struct_fields__}, hash=own)
    return Stored(line.seq, line.kind, line.object, line.public, body, own), entry


def opened(row: Stored) -> Entry:
    """Read a row back; msgspec.MsgspecError when its body is not a line."""
    line = msgspec.json.decode(row.body, type=Line)
    return Entry(**{name: getattr(line, name) for name in Line.__struct_fields__}, hash=row.hash)


def _fault(row: Stored, seq: int, previous: str) -> str:
    if row.seq != seq:
        return f"line {seq} is missing"
    if link(previous, row.body) != row.hash:
        return f"line {seq} was changed, or a line before it was exchanged"
    try:
        line = msgspec.json.decode(row.body, type=Line)
    except msgspec.MsgspecError as error:
        return f"line {seq} cannot be read: {error}"
    if (line.seq, line.kind, line.object, line.public) != (row.seq, row.kind, row.object, row.public):
        return f"line {seq}: the columns beside its body were changed"
    return ""


class _Checked(NamedTuple):
    row: Stored | None
    verdict: Verdict


def check(rows: Iterable[Stored]) -> Iterator[_Checked]:
    """Walk the chain: yields each row with the verdict so far; stops after the first bad one."""
    seq, previous = 0, GENESIS
    for row in rows:
        if why := _fault(row, seq + 1, previous):
            head = (seq, previous)
            yield _Checked(None, Verdict(ok=False, entries=seq, head=head, first_bad=seq + 1, why=why))
            return
        seq, previous = seq + 1, row.hash
        yield _Checked(row, Verdict(ok=True, entries=seq, head=(seq, previous)))
