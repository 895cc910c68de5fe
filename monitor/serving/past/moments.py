"""One moment of the past: how a snapshot is packed for the record and read again, and what is notable about it. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

import msgspec

from monitor.serving.row import Row
from monitor.serving.snapshot import SCHEMA, EventRow, Snapshot
from monitor.text import clean

LARGEST = 64 * 1024 * 1024
"""Most bytes that one packed snapshot may unpack to; a record from elsewhere may hold anything."""
NOTABLE = frozenset({"verdict", "stage", "run", "decision"})
"""Kinds of journal lines that the keys for notable moments stop at."""
_LEVEL = 6
_DECODER = msgspec.json.Decoder(Snapshot)


class UnreadableError(Exception):
    """A moment that is there and cannot be shown: says why."""


class Mark(Row, frozen=True, kw_only=True):
    """A notable moment: a line of the journal, and the first moment in the record that shows it."""

    seq: int
    at: float
    kind: str
    """verdict, stage, run or decision."""
    what: str
    object: str = ""
    state: str = ""
    shown_at: float | None = None
    """The first moment kept at or after it; None while there is none."""


class Marks(Row, frozen=True, kw_only=True):
    """What the record reaches over, and where in it something happened."""

    first: float | None
    """Unix seconds of the oldest moment; None while nothing is recorded."""
    last: float | None
    moments: int
    marks: tuple[Mark, ...]
    """Oldest first; the newest 1,000."""
    bytes: int = 0
    """Space that the record takes on disk."""
    limit: int = 0
    """Most that it may take."""
    let_go: int = 0
    """Moments that went since the start because the space was used up."""
    unwritten: int = 0
    """Moments that could not be written since the start."""
    trouble: str = ""
    """Why the newest moment was not written; empty when it was."""


class Moment(Row, frozen=True, kw_only=True):
    """A snapshot of the past and its neighbours."""

    at: float
    before: float | None
    """Unix seconds of the moment before it; None at the beginning of the record."""
    after: float | None
    """Unix seconds of the moment after it; None at its end."""
    snapshot: Snapshot


class Found(Row, frozen=True, kw_only=True):
    """A moment as the record holds it, its snapshot still packed."""

    at: float
    before: float | None
    after: float | None
    body: bytes


class _Schema(msgspec.Struct, frozen=True):
    schema: int = 0


def pack(snapshot: Snapshot) -> bytes:
    """A snapshot for the record."""
    return zlib.compress(msgspec.json.encode(snapshot), _LEVEL)


def text_of(body: bytes) -> bytes:
    """The JSON of a packed snapshot; UnreadableError when it is damaged or larger than any snapshot."""
    opened = zlib.decompressobj()
    try:
        text = opened.decompress(body, LARGEST)
    except zlib.error as error:
        raise UnreadableError(f"this moment is damaged in the record: {error}") from error
    if not opened.eof:
        why = f"unpacks to more than {LARGEST >> 20} MiB" if opened.unconsumed_tail else "ends too early"
        raise UnreadableError(f"this moment is damaged in the record: it {why}")
    return text


def read(text: bytes) -> Snapshot:
    """The snapshot in a JSON text; UnreadableError says which schema it has when it is not ours."""
    try:
        return _DECODER.decode(text)
    except msgspec.MsgspecError as error:
        try:
            schema = msgspec.json.decode(text, type=_Schema).schema
        except msgspec.MsgspecError:
            schema = 0
        if schema not in (0, SCHEMA):
            msg = f"this moment was recorded with schema {schema}, this golive reads {SCHEMA}: use the version that wrote it"
            raise UnreadableError(msg) from error
        raise UnreadableError(f"this moment is no snapshot: {clean(str(error), 120)}") from error


def opened(found: Found) -> Moment:
    """A moment unpacked; UnreadableError when it cannot be."""
    return Moment(at=found.at, before=found.before, after=found.after, snapshot=read(text_of(found.body)))


def notable(rows: Iterable[EventRow]) -> list[Mark]:
    """The marks among lines of the journal."""
    return [
        Mark(seq=row.seq, at=row.at, kind=row.kind, what=row.what, object=row.object, state=row.state)
        for row in rows
        if row.kind in NOTABLE
    ]
