"""The SQLite file under the journal: all that is SQLite's own. A journal elsewhere needs another one of these.

WAL with synchronous=FULL: a commit is on disk when it returns. Everything here blocks.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import StaticPool

_UNREADABLE_HERE = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})
"""A reader needs a file beside the journal, which a full or read-only disk does not give it."""
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PRIMARY = 0xFF
"""The part of an extended result code that names its kind."""


def engine(path: Path | None) -> sa.Engine:
    """The writer's engine; None keeps everything in memory."""
    if path is None:
        return sa.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    made = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 5})

    @sa.event.listens_for(made, "connect")
    def _durable(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").close()

    return made


def create(path: Path) -> None:
    """Make the file for its owner alone, unless it is there; OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))


@contextmanager
def reading(path: Path) -> Iterator[sa.Engine]:
    """An engine that reads a file and changes nothing of it, whether a daemon writes it now or died long ago.

    On a full or read-only disk a copy elsewhere is read, with the part that was not yet merged. OSError when
    that cannot be made.
    """
    with ExitStack() as stack:
        found = _read_only(path)
        stack.callback(found.dispose)
        if _code(_trouble(found)) in _UNREADABLE_HERE and path.is_file():
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="golive-audit-")))
            for suffix in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(f"{path}{suffix}", folder / f"journal.db{suffix}")
            found = _read_only(folder / "journal.db")
            stack.callback(found.dispose)
        yield found


def unsound(connection: sa.Connection) -> str:
    """What is wrong with the file below the lines (a page, an index that lines are found by); empty when nothing is."""
    found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    return "" if found == "ok" else f"the file is corrupt: {str(found).splitlines()[-1]}"


def is_full(error: BaseException) -> bool:
    """Whether a write failed because there is no space left, as far as that can be told."""
    if isinstance(error, OSError):
        return error.errno in _NO_SPACE
    return _code(error) in _FULL


def _code(error: BaseException | None) -> int:
    found = error.orig if isinstance(error, DatabaseError) else error
    return getattr(found, "sqlite_errorcode", 0) & _PRIMARY


def _trouble(found: sa.Engine) -> Exception | None:
    try:
        with found.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
    except (DatabaseError, ValueError) as error:
        return error
    return None


def _read_only(path: Path) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, check_same_thread=False)

    return sa.create_engine("sqlite://", creator=connect, poolclass=StaticPool)
