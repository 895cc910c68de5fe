"""The journal's table on disk: opens it whole or not at all, appends in one transaction, reads back.

SQLAlchemy Core, so that the same table can stand in PostgreSQL. Everything here blocks; Journal calls it from
its writer's thread. SQLite: WAL with synchronous=FULL, a commit is on disk when it returns.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

from monitor import failpoints
from monitor.deciding.entry import GENESIS, Entry, Line, Stored, Verdict, chained, check, opened
from monitor.deciding.reserve import Reserve

SCHEMA = 1
_TAKE_AGAIN = 5.0
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
            f"the journal {path} is damaged: {why}. Runbooks stay disabled, since what was decided and sent before "
            "cannot be known. Next: `golive audit verify`, keep a copy, move the file aside, start again"
        )


class JournalError(Exception):
    """A line could not be written: what it would have said did not happen and must not be acted on."""


class Ledger:
    """One journal table; one writer."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._engine = _engine(path)
        self._reserve = Reserve(path.with_name("reserve")) if path is not None else None
        self._tried = 0.0
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

    def open(self) -> None:
        """Create the table or check all of it; JournalDamagedError when it is not whole or from the future."""
        if self._path is not None:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        try:
            _metadata.create_all(self._engine)
            with self._engine.begin() as connection:
                schema = connection.execute(sa.select(_about.c.value).where(_about.c.name == "schema")).scalar()
                if schema is None:
                    connection.execute(_about.insert().values(name="schema", value=str(SCHEMA)))
                elif schema != str(SCHEMA):
                    raise self._damaged(f"it has schema {schema}, this program knows {SCHEMA}", None)
            verdict = self._verify()
        except DatabaseError as error:
            raise self._damaged(str(error.orig), None) from error
        if not verdict.ok:
            raise self._damaged(verdict.why, verdict.first_bad)
        self.head = verdict.head
        if self._reserve is not None:
            self._reserve.take()

    def _damaged(self, why: str, first_bad: int | None) -> JournalDamagedError:
        return JournalDamagedError(self._path or Path("memory"), why, first_bad)

    def _verify(self) -> Verdict:
        with self._engine.connect() as connection:
            return _walk(connection)

    def append(self, lines: Sequence[Line]) -> list[Entry]:
        """Number, chain and commit lines together, in order; JournalError when they are not on disk."""
        try:
            return self._append(lines)
        except (DatabaseError, OSError) as error:
            if self._reserve is None or not self._reserve.give():
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
        self._renew()
        return entries

    def _renew(self) -> None:
        if self.reserve_used and self._reserve is not None and time.monotonic() - self._tried > _TAKE_AGAIN:
            self._tried = time.monotonic()
            self._reserve.take()

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
        query = sa.select(_lines).where(_lines.c.seq > after).order_by(_lines.c.seq).limit(limit)
        if kind is not None:
            query = query.where(_lines.c.kind == kind)
        if about is not None:
            query = query.where(_lines.c.object == about)
        if public is not None:
            query = query.where(_lines.c.public == public)
        with self._engine.connect() as connection:
            return [opened(Stored(*row)) for row in connection.execute(query)]

    def newest(self, limit: int) -> list[Entry]:
        """The last public lines, in order."""
        query = sa.select(_lines).where(_lines.c.public).order_by(_lines.c.seq.desc()).limit(limit)
        with self._engine.connect() as connection:
            return [opened(Stored(*row)) for row in connection.execute(query)][::-1]

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def verify(path: Path, anchor: tuple[int, str] | None = None) -> Verdict:
    """Check a journal file without changing it: every line's hash, order and columns.

    anchor: sequence number and hash noted elsewhere (a screen, /metrics); finds a tail that was cut, which the
    chain alone cannot show. Blocks. A file that cannot be read as a journal is a Verdict too.
    """
    engine = sa.create_engine("sqlite://", creator=lambda: _read_only(path), poolclass=StaticPool)
    try:
        with engine.connect() as connection:
            verdict = _walk(connection, anchor)
    except DatabaseError as error:
        return Verdict(ok=False, entries=0, head=(0, GENESIS), first_bad=1, why=str(error.orig))
    finally:
        engine.dispose()
    return verdict


def show(path: Path, after: int, limit: int) -> list[Entry]:
    """Read lines from a journal file without changing it; OSError or ValueError when it is not one. Blocks."""
    engine = sa.create_engine("sqlite://", creator=lambda: _read_only(path), poolclass=StaticPool)
    query = sa.select(_lines).where(_lines.c.seq > after).order_by(_lines.c.seq).limit(limit)
    try:
        with engine.connect() as connection:
            return [opened(Stored(*row)) for row in connection.execute(query)]
    except DatabaseError as error:
        raise ValueError(f"{path} cannot be read as a journal: {error.orig}") from error
    finally:
        engine.dispose()


def _walk(connection: sa.Connection, anchor: tuple[int, str] | None = None) -> Verdict:
    verdict = Verdict(ok=True, entries=0, head=(0, GENESIS))
    rows = connection.execution_options(yield_per=1000).execute(sa.select(_lines).order_by(_lines.c.seq))
    try:
        for step in check(_stored(rows)):
            verdict = step.verdict
            if anchor and step.row is not None and step.row.seq == anchor[0] and step.row.hash != anchor[1]:
                seq = anchor[0]
                return Verdict(
                    ok=False,
                    entries=seq - 1,
                    head=verdict.head,
                    first_bad=seq,
                    why=f"line {seq} is not the anchored one",
                )
    except DatabaseError as error:
        bad = verdict.entries + 1
        return Verdict(ok=False, entries=verdict.entries, head=verdict.head, first_bad=bad, why=str(error.orig))
    if verdict.ok and anchor and verdict.entries < anchor[0]:
        bad = verdict.entries + 1
        why = f"the tail was cut: line {anchor[0]} was anchored, the last one here is {verdict.entries}"
        return Verdict(ok=False, entries=verdict.entries, head=verdict.head, first_bad=bad, why=why)
    return verdict


def _stored(rows: sa.CursorResult[Any]) -> Iterator[Stored]:
    for row in rows:
        yield Stored(*tuple(row))


def _numbered(line: Line, seq: int) -> Line:
    fields = {name: getattr(line, name) for name in Line.__struct_fields__}
    return Line(**{**fields, "seq": seq})


def _reason(error: DatabaseError | OSError) -> str:
    return str(error.orig) if isinstance(error, DatabaseError) else str(error)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, check_same_thread=False)


def _engine(path: Path | None) -> sa.Engine:
    if path is None:
        return sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 5})

    @sa.event.listens_for(engine, "connect")
    def _durable(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()

    return engine
