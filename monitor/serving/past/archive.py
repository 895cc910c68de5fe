"""The record of snapshots in one file: written moment by moment, thinned as it ages, bounded in bytes, found by time.

SQLite, so that a torn end costs the last moments at most and a reader beside the writer sees whole moments only.
Everything here blocks on the disk; one thread at a time uses an Archive.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from monitor.serving.past.moments import Found, Mark, Marks

FORMAT = 1
MARKS = 1000
"""Most marks in one answer, the newest."""
MOST_MARKS = 20_000
"""Most marks in the file; the oldest go first."""
MINUTE = 60.0
HOUR = 3600.0
"""Of the newest hour nothing goes before all that is older has gone."""
_BATCH = 64
"""Moments that go at once when the space is used up."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moment (id INTEGER PRIMARY KEY, at REAL NOT NULL, minute INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS mark (
    seq INTEGER NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL, object TEXT NOT NULL,
    state TEXT NOT NULL, PRIMARY KEY (at, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS moment_at ON moment (at);
CREATE INDEX IF NOT EXISTS moment_between ON moment (minute, at);
"""
_AT = "SELECT at, body FROM moment WHERE at <= ? ORDER BY at DESC LIMIT 1"
_FIRST = "SELECT at, body FROM moment ORDER BY at LIMIT 1"
_BEFORE = "SELECT at FROM moment WHERE at < ? ORDER BY at DESC LIMIT 1"
_AFTER = "SELECT at FROM moment WHERE at > ? ORDER BY at LIMIT 1"
_SHOWN = "(SELECT moment.at FROM moment WHERE moment.at >= mark.at ORDER BY moment.at LIMIT 1)"
_NEWEST = f"SELECT seq, at, kind, what, object, state, {_SHOWN} FROM mark ORDER BY at DESC, seq DESC LIMIT {MARKS}"  # noqa: S608 - our own words


class ArchiveError(Exception):
    """The record cannot be written or read: says why, and what to do."""


class BrokenError(ArchiveError):
    """The file is at fault, and not the disk."""


class Reading:
    """A record that is looked at. Its methods raise ArchiveError."""

    def __init__(self, path: Path, database: sqlite3.Connection, limit: int = 0) -> None:
        self.path = path
        self._database = database
        self._limit = limit
        self.let_go = 0
        """Moments that went because the space was used up."""

    @classmethod
    def of(cls, path: Path) -> Reading:
        """Open a file that a daemon may be writing, or a copy of one; it is not changed."""
        if not path.is_file():
            raise ArchiveError(f"there is no record {path}")
        try:
            return Reading(path, _read_only(path))
        except (sqlite3.Error, OSError) as error:
            raise _unread(path, error) from error

    def find(self, at: float) -> Found | None:
        """The moment at or before `at` (unix seconds), the first one when all are later; None when there is none."""
        try:
            row = self._database.execute(_AT, (at,)).fetchone() or self._database.execute(_FIRST).fetchone()
            if row is None:
                return None
            before = self._database.execute(_BEFORE, (row[0],)).fetchone()
            after = self._database.execute(_AFTER, (row[0],)).fetchone()
            neighbours = {"before": before[0] if before else None, "after": after[0] if after else None}
            return msgspec.convert({"at": row[0], "body": row[1], **neighbours}, Found, builtin_types=(bytes,))
        except (sqlite3.Error, msgspec.ValidationError) as error:
            raise _unread(self.path, error) from error

    def marks(self) -> Marks:
        """The span of the record and its notable moments."""
        try:
            first, last, count = self._database.execute("SELECT min(at), max(at), count(*) FROM moment").fetchone()
            rows = self._database.execute(_NEWEST).fetchall()
            used = self.used()
            named = [dict(zip(Mark.__struct_fields__, row, strict=True)) for row in reversed(rows)]
            marks = msgspec.convert(named, tuple[Mark, ...])
        except (sqlite3.Error, msgspec.ValidationError) as error:
            raise _unread(self.path, error) from error
        return Marks(
            first=first, last=last, moments=count, marks=marks, bytes=used, limit=self._limit, let_go=self.let_go
        )

    def last_mark(self) -> int:
        """Number of the journal line that was marked last; 0 when none was."""
        try:
            row = self._database.execute("SELECT seq FROM mark ORDER BY at DESC, seq DESC LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise _unread(self.path, error) from error
        return int(row[0]) if row else 0

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def used(self) -> int:
        """Bytes of the file that hold something."""
        pages, free, size = (
            int(self._database.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size


class Archive(Reading):
    """The one who writes a record. Its methods raise ArchiveError."""

    def __init__(self, path: Path, *, limit: int, dense_for: float = 86400.0) -> None:
        """limit: most bytes on disk. dense_for: seconds for which what lies between two minutes is kept."""
        super().__init__(path, _connect(path), limit)
        self._dense = dense_for
        self.thinned = 0
        """Moments that went because a minute needs but one of them after a while."""
        self._last_minute = self._newest_minute()

    @classmethod
    def opened(cls, path: Path, *, limit: int, dense_for: float, now: float) -> tuple[Archive, str]:
        """Open or make the file; a broken one is moved aside, and the words say so. now: unix seconds, for its name."""
        try:
            return cls(path, limit=limit, dense_for=dense_for), ""
        except BrokenError as error:
            words = set_aside(path, now, str(error))
            return cls(path, limit=limit, dense_for=dense_for), words

    def put(self, at: float, body: bytes, marks: Iterable[Mark] = ()) -> None:
        """Write one packed moment with the marks that came since the last one, and make room for it. at: unix seconds."""
        minute = at // MINUTE
        try:
            with self._database as database:
                _mark(database, marks)
                database.execute(
                    "INSERT OR REPLACE INTO moment (at, minute, body) VALUES (?, ?, ?)",
                    (at, int(minute != self._last_minute), body),
                )
                thinned = self._thin(at)
                let_go = self._make_room(at)
                self._sweep_marks()
        except sqlite3.Error as error:
            raise _unwritten(self.path, error) from error
        self._last_minute = minute
        self.thinned += thinned
        self.let_go += let_go

    def note(self, marks: Iterable[Mark]) -> None:
        """Write marks alone."""
        try:
            with self._database as database:
                _mark(database, marks)
        except sqlite3.Error as error:
            raise _unwritten(self.path, error) from error

    def close(self) -> None:
        """Let go of the file, with everything in it, so that a copy of it alone is whole."""
        with suppress(sqlite3.Error):
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        super().close()

    def _newest_minute(self) -> float:
        row = self._database.execute("SELECT max(at) FROM moment").fetchone()
        return -1.0 if row[0] is None else float(row[0]) // MINUTE

    def _thin(self, now: float) -> int:
        return self._delete("minute = 0 AND at < ?", (now - self._dense,), -1)

    def _make_room(self, now: float) -> int:
        gone = 0
        while self.used() > self._limit:
            batch = self._delete("minute = 0 AND at < ?", (now - HOUR,), _BATCH)
            batch = batch or self._delete("at < ?", (now,), _BATCH)
            if not batch:
                break
            gone += batch
        return gone

    def _delete(self, where: str, values: tuple[float, ...], most: int) -> int:
        """Delete the oldest so many moments (-1: all) that the words hold for; how many went."""
        ids = f"SELECT id FROM moment WHERE {where} ORDER BY at LIMIT ?"  # noqa: S608 - our own words
        return self._database.execute(f"DELETE FROM moment WHERE id IN ({ids})", (*values, most)).rowcount  # noqa: S608 - the same

    def _sweep_marks(self) -> None:
        self._database.execute("DELETE FROM mark WHERE at < (SELECT min(at) FROM moment)")
        over = "SELECT at FROM mark ORDER BY at DESC LIMIT 1 OFFSET ?"
        self._database.execute(f"DELETE FROM mark WHERE at <= ({over})", (MOST_MARKS,))  # noqa: S608 - our own words


def _mark(database: sqlite3.Connection, marks: Iterable[Mark]) -> None:
    rows = [(mark.seq, mark.at, mark.kind, mark.what, mark.object, mark.state) for mark in marks]
    database.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?, ?, ?, ?, ?)", rows)


def set_aside(path: Path, now: float, why: str) -> str:
    """Move a broken file aside, so that a new one can be begun; the words that say so. ArchiveError when it cannot be."""
    aside = path.with_name(f"{path.name}.broken-{int(now)}")
    try:
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise ArchiveError(f"{path} is broken and cannot be moved aside: {error}") from error
    return f"the record of snapshots was broken ({why}); it was moved to {aside} and a new one begun"


def _unwritten(path: Path, error: sqlite3.Error) -> ArchiveError:
    kind = BrokenError if _damaged(error) else ArchiveError
    return kind(f"the record of snapshots cannot be written to {path}: {error}")


def _unread(path: Path, error: Exception) -> ArchiveError:
    return ArchiveError(f"{path} cannot be read as a record of snapshots: {error}")


def _connect(path: Path) -> sqlite3.Connection:
    database: sqlite3.Connection | None = None
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        database = sqlite3.connect(path, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            database.execute(f"PRAGMA {pragma}").close()
        database.executescript(_SCHEMA)
        known = database.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
        if known is None:
            with database:
                database.execute("INSERT INTO about VALUES ('format', ?)", (str(FORMAT),))
        elif known[0] != str(FORMAT):
            raise BrokenError(f"it has format {known[0]}, this golive writes {FORMAT}")
        database.execute("SELECT max(at) FROM moment").fetchone()
    except (OSError, sqlite3.Error, ArchiveError) as error:
        if database is not None:
            database.close()
        if isinstance(error, sqlite3.DatabaseError) and _damaged(error):
            raise BrokenError(str(error)) from error
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"the record of snapshots cannot be opened at {path}: {error}") from error
    return database


def _read_only(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, whether a daemon writes the file now or it is a copy on a read-only disk."""
    alone = not path.with_name(f"{path.name}-wal").exists()
    for more in ("mode=ro&immutable=1",) if alone else ("mode=ro", "mode=ro&immutable=1"):
        database = sqlite3.connect(f"file:{quote(str(path))}?{more}", uri=True, check_same_thread=False)
        try:
            known = database.execute("SELECT value FROM about WHERE name = 'format'").fetchone()
        except sqlite3.OperationalError:
            database.close()
            if "immutable" in more:
                raise
            continue
        except sqlite3.Error:
            database.close()
            raise
        if known is None or known[0] != str(FORMAT):
            database.close()
            raise sqlite3.DatabaseError(
                f"its format is {known[0] if known else 'not told'}, this golive reads {FORMAT}"
            )
        return database
    raise sqlite3.OperationalError("it cannot be opened")


def _damaged(error: sqlite3.Error) -> bool:
    words = str(error)
    return any(sign in words for sign in ("not a database", "malformed", "no such column", "no such table"))
