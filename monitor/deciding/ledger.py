"""The journal's table on disk: opens it whole or not at all, appends in one transaction, reads back.

SQLAlchemy Core, so that the same table can stand in PostgreSQL: what is SQLite's own is in `journal_file`.
Everything here blocks; Journal calls it from its writer's thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from monitor import failpoints
from monitor.deciding import journal_file
from monitor.deciding.anchoring import Anchor
from monitor.deciding.entry import GENESIS, Entry, Line, Stored, Verdict, chained, check, opened
from monitor.deciding.reserve import Reserve
from monitor.text import clean

SCHEMA = 1
_UNREADABLE = (DatabaseError, OSError, ValueError, TypeError, msgspec.MsgspecError)
"""What reading a damaged file can come to: SQLite's own errors, and texts that are none any more."""
_metadata = sa.MetaData()
_lines = sa.Table(
    "journal",
    _metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("object", sa.String(256), nullable=False),
    sa.Column("public", sa.Boolean, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("journal_kind_object", "kind", "object"),
)
_as_stored = [sa.type_coerce(column, sa.Integer) if column.name == "public" else column for column in _lines.columns]
"""The columns as they lie on disk: read as a truth value, anything but 0 would pass for 1."""
_about = sa.Table(
    "about",
    _metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.String(64), nullable=False),
)


class JournalDamagedError(Exception):
    """The journal on disk is not whole. Nothing may be decided from it; monitoring can go on without it."""

    def __init__(self, path: Path, why: str, first_bad: int | None) -> None:
        self.path = path
        self.why = why
        self.first_bad = first_bad
        super().__init__(
            f"the journal {path} is damaged or cannot be used: {why}. Runbooks stay disabled, since what was decided "
            "and sent before cannot be known. Next: `golive audit verify`, mend what it names or keep a copy and move "
            "the file aside, start again"
        )


class JournalError(Exception):
    """A line could not be written: what it would have said did not happen and must not be acted on."""


class Ledger:
    """One journal table; one writer."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._engine = journal_file.engine(path)
        self._reserve = Reserve(path.with_name("reserve")) if path is not None else None
        self.head: tuple[int, str] = (0, GENESIS)
        """Sequence number and hash of the last line on disk."""

    @property
    def durable(self) -> bool:
        """Whether its lines are on disk, not in memory alone."""
        return self._path is not None

    @property
    def reserve_used(self) -> bool:
        """Whether the disk was full and the reserve was given to it."""
        return self._reserve is not None and not self._reserve.held

    def open(self, anchors: Iterable[Anchor] = ()) -> None:
        """Create the table or check all of it; JournalDamagedError when it is not whole, from the future or cut off.

        anchors: heads that were noted elsewhere; a journal that does not have them is not whole.
        """
        try:
            verdict = self._opened(anchors)
        except _UNREADABLE as error:
            if not journal_file.is_full(error) or self._reserve is None or not self._reserve.give():
                raise self._damaged(_reason(error), None) from error
            try:
                verdict = self._opened(anchors)
            except _UNREADABLE as again:
                raise self._damaged(_reason(again), None) from again
        if not verdict.ok:
            raise self._damaged(verdict.why, verdict.first_bad)
        self.head = verdict.head
        if self._reserve is not None:
            self._reserve.take()

    def _opened(self, anchors: Iterable[Anchor]) -> Verdict:
        if self._path is not None:
            journal_file.create(self._path)
        _metadata.create_all(self._engine)
        with self._engine.begin() as connection:
            schema = connection.execute(sa.select(_about.c.value).where(_about.c.name == "schema")).scalar()
            if schema is None:
                connection.execute(_about.insert().values(name="schema", value=str(SCHEMA)))
            elif schema != str(SCHEMA):
                raise self._damaged(f"it has schema {clean(str(schema), 20)}, this program knows {SCHEMA}", None)
        with self._engine.connect() as connection:
            return _walk(connection, anchors)

    def _damaged(self, why: str, first_bad: int | None) -> JournalDamagedError:
        return JournalDamagedError(self._path or Path("memory"), why, first_bad)

    def append(self, lines: Sequence[Line]) -> list[Entry]:
        """Number, chain and commit lines together, in order; JournalError when they are not on disk."""
        try:
            return self._append(lines)
        except (DatabaseError, OSError) as error:
            if not journal_file.is_full(error) or self._reserve is None or not self._reserve.give():
                raise JournalError(f"the journal cannot be written: {_reason(error)}") from error
        try:
            return self._append(lines)
        except (DatabaseError, OSError) as error:
            raise JournalError(f"the journal cannot be written: {_reason(error)}") from error

    def _append(self, lines: Sequence[Line]) -> list[Entry]:
        seq, previous = self.head
        rows: list[Stored] = []
        entries: list[Entry] = []
        for number, line in enumerate(lines, seq + 1):
            row, entry = chained(_numbered(line, number), previous)
            rows.append(row)
            entries.append(entry)
            previous = row.hash
        failpoints.reach_in_thread("audit.before_fsync")
        with self._engine.begin() as connection:
            connection.execute(_lines.insert(), [row._asdict() for row in rows])
        self.head = (rows[-1].seq, rows[-1].hash)
        return entries

    def renew(self) -> bool:
        """Take the reserve again once there is space; whether it is there."""
        return self._reserve is None or self._reserve.take()

    def read(
        self,
        *,
        after: int = 0,
        limit: int | None = None,
        kind: str | None = None,
        about: str | None = None,
        public: bool | None = None,
    ) -> list[Entry]:
        """Lines with a greater sequence number than `after`, in order, of one kind and one object where given."""
        query = select(after=after, limit=limit, kind=kind, about=about, public=public)
        with self._engine.connect() as connection:
            return [opened(Stored(*row)) for row in connection.execute(query)]

    def newest(self, limit: int) -> list[Entry]:
        """The last public lines, in order."""
        query = select(limit=limit, public=True, newest=True)
        with self._engine.connect() as connection:
            return [opened(Stored(*row)) for row in connection.execute(query)][::-1]

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def verify(path: Path, anchor: Anchor | Iterable[Anchor] | None = None) -> Verdict:
    """Check a journal file without changing it: the file, every line's hash, order and columns.

    anchor: sequence numbers and hashes noted elsewhere (a screen, /metrics, a broker); they find a tail that was
    cut and a file that was exchanged, which the chain alone cannot show. Blocks. A file that cannot be read as a
    journal is a Verdict too.
    """
    noted = _noted(anchor)
    try:
        with journal_file.reading(path) as engine, engine.connect() as connection:
            return _walk(connection, noted)
    except _UNREADABLE as error:
        return Verdict(ok=False, entries=0, head=(0, GENESIS), first_bad=1, why=_reason(error))


def show(path: Path, after: int, limit: int | None, **only: Any) -> list[Entry]:  # noqa: ANN401 - as `select` takes them
    """Read lines from a journal file without changing it; ValueError when it is not one. Blocks.

    only: as `select` takes it.
    """
    try:
        with journal_file.reading(path) as engine, engine.connect() as connection:
            return [opened(Stored(*row)) for row in connection.execute(select(after=after, limit=limit, **only))]
    except _UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a journal: {_reason(error)}") from error


def page(path: Path, before: int, limit: int) -> list[tuple[Entry, str]]:
    """The newest public lines with a smaller number than `before`, in order, each with the hash it is chained to.

    Reads the file without changing it, beside a writer too; ValueError when it is no journal. Blocks.
    """
    try:
        with journal_file.reading(path) as engine, engine.connect() as connection:
            query = select(limit=limit, public=True, newest=True).where(_lines.c.seq < before)
            found = [opened(Stored(*row)) for row in connection.execute(query)][::-1]
            wanted = [entry.seq - 1 for entry in found]
            links = sa.select(_lines.c.seq, _lines.c.hash).where(_lines.c.seq.in_(wanted))
            hashes = {0: GENESIS, **{row.seq: row.hash for row in connection.execute(links)}}
            return [(entry, hashes.get(entry.seq - 1, "")) for entry in found]
    except _UNREADABLE as error:
        raise ValueError(f"{path} cannot be read as a journal: {_reason(error)}") from error


def select(
    *,
    after: int = 0,
    limit: int | None = None,
    kind: str | None = None,
    about: str | None = None,
    public: bool | None = None,
    newest: bool = False,
) -> sa.Select[Any]:
    """Lines with a greater sequence number than `after`, of one kind and one object where given.

    newest: from the last one backwards.
    """
    order = _lines.c.seq.desc() if newest else _lines.c.seq
    query = sa.select(_lines).where(_lines.c.seq > after).order_by(order).limit(limit)
    for column, wanted in ((_lines.c.kind, kind), (_lines.c.object, about), (_lines.c.public, public)):
        if wanted is not None:
            query = query.where(column == wanted)
    return query


def _noted(anchor: Anchor | Iterable[Anchor] | None) -> list[Anchor]:
    if anchor is None:
        return []
    if isinstance(anchor, tuple) and len(anchor) == 2 and isinstance(anchor[0], int):  # noqa: PLR2004 - one of them
        return [(anchor[0], str(anchor[1]))]
    return [each for each in anchor if isinstance(each, tuple)]


def _walk(connection: sa.Connection, anchors: Iterable[Anchor] = ()) -> Verdict:
    noted = sorted(set(anchors))
    wanted: dict[int, list[str]] = {}
    for seq, digest in noted:
        wanted.setdefault(seq, []).append(digest)
    verdict = Verdict(ok=True, entries=0, head=(0, GENESIS))
    rows = connection.execution_options(yield_per=1000).execute(sa.select(*_as_stored).order_by(_lines.c.seq))
    try:
        for step in check(_stored(rows)):
            before, verdict = verdict, step.verdict
            row = step.row
            if row is not None and not all(row.hash.startswith(digest) for digest in wanted.get(row.seq, ())):
                return _bad(before, f"line {row.seq} is not the one that was anchored")
        why = journal_file.unsound(connection) if verdict.ok else ""
    except _UNREADABLE as error:
        return _bad(verdict, f"line {verdict.entries + 1} cannot be read: {_reason(error)}")
    if verdict.ok and noted and verdict.entries < noted[-1][0]:
        last = noted[-1][0]
        return _bad(verdict, f"the tail was cut: line {last} was anchored, the last one here is {verdict.entries}")
    return _bad(verdict, why) if why else verdict


def _bad(whole: Verdict, why: str) -> Verdict:
    """The line after the last whole one is the first bad one."""
    return Verdict(ok=False, entries=whole.entries, head=whole.head, first_bad=whole.entries + 1, why=why)


def _stored(rows: sa.CursorResult[Any]) -> Iterator[Stored]:
    for row in rows:
        if not (isinstance(row.body, str) and isinstance(row.hash, str)):
            raise TypeError("it is no text any more")
        yield Stored(*tuple(row))


def _numbered(line: Line, seq: int) -> Line:
    fields = {name: getattr(line, name) for name in Line.__struct_fields__}
    return Line(**{**fields, "seq": seq})


def _reason(error: Exception) -> str:
    return str(error.orig) if isinstance(error, DatabaseError) else str(error)
