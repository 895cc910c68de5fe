"""Recorded weeks on disk: one small row a slot and group, in an SQLite file of its own in WAL mode.

WAL lets `golive history` read and write while a daemon runs. An instance belongs to the thread that opened it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from monitor.model import Labels

FILE = "history.db"
MOST_SCOPES = 50_000
"""Groups of all rules together that are kept; slots of further ones are refused and counted."""
_VERSION = 1
_WAIT = 20.0
"""Seconds for which another writer is waited for."""
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS scope (
    id INTEGER PRIMARY KEY, rule TEXT NOT NULL, figure TEXT NOT NULL, labels TEXT NOT NULL,
    UNIQUE (rule, figure, labels)
);
CREATE TABLE IF NOT EXISTS slot (
    scope INTEGER NOT NULL REFERENCES scope (id), start INTEGER NOT NULL, value REAL NOT NULL,
    samples INTEGER NOT NULL, origin INTEGER NOT NULL, PRIMARY KEY (scope, start)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS slot_start ON slot (start);
CREATE TABLE IF NOT EXISTS brought (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, rule TEXT NOT NULL, file TEXT NOT NULL, sha256 TEXT NOT NULL,
    changed INTEGER NOT NULL, told INTEGER NOT NULL
);
PRAGMA user_version = {_VERSION};
"""
_PUT = """
INSERT INTO slot VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, start)
DO UPDATE SET value = excluded.value, samples = excluded.samples, origin = excluded.origin
WHERE excluded.origin <= slot.origin
AND (excluded.value, excluded.samples, excluded.origin) IS NOT (slot.value, slot.samples, slot.origin)
"""


class Origin(IntEnum):
    """Where a slot came from. What golive heard itself stands against what is imported, whichever came first."""

    HEARD = 0
    IMPORTED = 1


class ArchiveError(Exception):
    """Recorded weeks that cannot be read or written: which file, why, what to do."""


class Slot(NamedTuple):
    """What a figure was in one closed quarter hour."""

    rule: str
    figure: str
    scope: Labels
    """Sorted by name."""
    start: int
    """When the quarter hour began, unix seconds."""
    value: float
    samples: int
    origin: Origin = Origin.HEARD


class Brought(NamedTuple):
    """An import: what changed the baselines of a rule, and when."""

    at: float
    """Unix seconds."""
    rule: str
    file: str
    sha256: str
    """Of the file's bytes."""
    changed: int = 0
    """Slots that were new or became others."""
    id: int = 0
    """Its number in the archive."""

    @property
    def what(self) -> str:
        """In words, for the journal."""
        return f"{self.changed} slots of {self.rule} imported from {self.file} (sha256 {self.sha256[:12]})"


class Archive:
    """The open file. Every method blocks on the disk, and raises ArchiveError where that fails."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open it, or make it where it is not there and is to be written to."""
        self.path = path
        self.refused = 0
        """Slots refused because there are MOST_SCOPES groups already."""
        self._scopes: dict[tuple[str, str, str], int] = {}
        self._labels: dict[str, Labels] = {}
        self._seen = -1
        with self._guarded("opened"):
            if read_only:
                self._database = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_WAIT)
            else:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._database = sqlite3.connect(path, timeout=_WAIT)
            try:
                self._prepare(read_only=read_only)
            except BaseException:
                self._database.close()
                raise

    def _prepare(self, *, read_only: bool) -> None:
        version = int(self._database.execute("PRAGMA user_version").fetchone()[0])
        if version > _VERSION:
            raise ArchiveError(f"{self.path}: written by a newer golive; next: use that one, or move the file aside")
        if not read_only:
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(_SCHEMA)
        self._database.execute("SELECT count(*) FROM scope").fetchone()

    def _guarded(self, what: str) -> _Guard:
        return _Guard(self.path, what)

    def put(self, slots: Iterable[Slot], brought: Brought | None = None) -> int:
        """Write slots in one transaction, all or none; returns how many were new or changed something.

        brought: the import that they are from, which is remembered if it changed anything.
        """
        with self._guarded("written"), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            before = self._database.total_changes
            rows = [
                (number, slot.start, slot.value, slot.samples, int(slot.origin))
                for slot in slots
                if (number := self._scope(slot)) is not None
            ]
            scopes = self._database.total_changes - before
            self._database.executemany(_PUT, rows)
            changed = self._database.total_changes - before - scopes
            if brought is not None and changed:
                row = (brought.at, brought.rule, brought.file, brought.sha256, changed)
                self._database.execute(
                    "INSERT INTO brought (at, rule, file, sha256, changed, told) VALUES (?, ?, ?, ?, ?, 0)", row
                )
            return changed

    def _scope(self, slot: Slot) -> int | None:
        key = (slot.rule, slot.figure, json.dumps(slot.scope, ensure_ascii=False))
        number = self._scopes.get(key)
        if number is not None:
            return number
        found = self._database.execute("SELECT id FROM scope WHERE (rule, figure, labels) = (?, ?, ?)", key).fetchone()
        if found is None:
            if self._database.execute("SELECT count(*) FROM scope").fetchone()[0] >= MOST_SCOPES:
                self.refused += 1
                return None
            self._database.execute("INSERT INTO scope (rule, figure, labels) VALUES (?, ?, ?)", key)
            found = self._database.execute("SELECT last_insert_rowid()").fetchone()
            return int(found[0])  # remembered only once it is known to be committed
        self._scopes[key] = int(found[0])
        return self._scopes[key]

    def at(self, starts: Sequence[int]) -> list[Slot]:
        """Every slot that began at one of these instants."""
        made: list[Slot] = []
        with self._guarded("read"):
            for start in starts:
                made += self._rows("WHERE slot.start = ?", (start,))
        return made

    def of(self, rule: str) -> Iterator[Slot]:
        """Every slot of a rule, group by group, the oldest first."""
        with self._guarded("read"):
            yield from self._rows("WHERE scope.rule = ? ORDER BY scope.figure, scope.labels, slot.start", (rule,))

    def _rows(self, where: str, values: tuple[object, ...]) -> Iterator[Slot]:
        query = f"""SELECT scope.rule, scope.figure, scope.labels, slot.start, slot.value, slot.samples, slot.origin
            FROM slot JOIN scope ON scope.id = slot.scope {where}"""  # noqa: S608 - `where` is written above
        for rule, figure, labels, start, value, samples, origin in self._database.execute(query, values):
            scope = self._labels.get(labels)
            if scope is None:
                scope = self._labels[labels] = tuple((str(name), str(text)) for name, text in json.loads(labels))
            yield Slot(rule, figure, scope, start, value, samples, Origin(origin))

    def rules(self) -> list[str]:
        """Names of the rules that have slots."""
        with self._guarded("read"):
            query = "SELECT DISTINCT rule FROM scope WHERE id IN (SELECT scope FROM slot) ORDER BY rule"
            return [name for (name,) in self._database.execute(query)]

    def brought(self, *, untold: bool = False) -> list[Brought]:
        """Imports, the oldest first; untold: only those that no daemon has noted in its journal yet."""
        query = (
            f"SELECT at, rule, file, sha256, changed, id FROM brought {'WHERE NOT told ' if untold else ''}ORDER BY id"  # noqa: S608 - written here
        )
        with self._guarded("read"):
            return [Brought(*row) for row in self._database.execute(query)]

    def told(self, numbers: Iterable[int]) -> None:
        """Note that imports are in the journal."""
        with self._guarded("written"), self._database:
            self._database.executemany("UPDATE brought SET told = 1 WHERE id = ?", [(number,) for number in numbers])

    def sweep(self, before: int) -> int:
        """Delete slots that began before an instant (unix seconds), and groups left without one; returns how many slots."""
        with self._guarded("written"), self._database:
            gone = self._database.execute("DELETE FROM slot WHERE start < ?", (before,)).rowcount
            self._database.execute("DELETE FROM brought WHERE at < ? AND told", (before,))
            if gone:
                self._scopes.clear()
                self._database.execute("DELETE FROM scope WHERE id NOT IN (SELECT scope FROM slot)")
            return gone

    def changed(self) -> bool:
        """Whether another process wrote since this was last asked; true the first time."""
        with self._guarded("read"):
            version = int(self._database.execute("PRAGMA data_version").fetchone()[0])
        before, self._seen = self._seen, version
        return version != before

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()


class _Guard:
    """Turns what SQLite says into what a person can act on."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.what = what

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (sqlite3.Error, OSError, ValueError)):
            told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            msg = (
                f"{self.path}: recorded weeks cannot be {self.what}: {told}; rules compared with them are UNKNOWN; "
                "next: free space or mend the file's rights; a broken file is moved aside by hand, import fills a new one"
            )
            raise ArchiveError(msg) from error
