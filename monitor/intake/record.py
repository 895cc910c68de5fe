"""Samples on disk: every one is written before its message is acknowledged, and read back after a restart.

SQLite in WAL mode with synchronous=NORMAL: what is committed outlives the death of this process, and all but the
last moments outlive the loss of power. One thread writes; all that was emitted within 20 ms shares one commit.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from monitor.failpoints import reach_in_thread
from monitor.intake.blocks import Columns, joined, pack, unpack
from monitor.model import Labels

GROUP = 0.020
"""Seconds for which a commit waits for others."""
RETRY = 0.25
"""Seconds until a failed commit is tried again with all that came since."""
PENDING_LIMIT = 5_000_000
"""Samples waiting for the disk beyond which further ones are not recorded, and counted."""
_SWEEP = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, metric TEXT NOT NULL, labels TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS block (
    id INTEGER PRIMARY KEY, written REAL NOT NULL, first REAL NOT NULL, last REAL NOT NULL, samples BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS sequence (
    shared TEXT NOT NULL, source TEXT NOT NULL, state BLOB NOT NULL, written REAL NOT NULL, PRIMARY KEY (shared, source)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS block_last ON block (last);
"""

_Part: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]

_Numbered: TypeAlias = dict[tuple[str, str], bytes]
"""State of a sequence by what shares it and its source."""


class RecordError(Exception):
    """Samples that could not be written: they are in memory, but not acknowledged."""


class Recorded(NamedTuple):
    """Samples as they were written: columns over `series`, whose entries name them."""

    series: dict[int, tuple[str, Labels]]
    columns: Columns
    written: float
    """When they were written, unix seconds: no later than the next commit after their receipt."""


class Record:
    """The file of samples. `append` and `commit` are for the event loop, `read` for any thread.

    clock: unix seconds, for deleting what is older than `keep_seconds`.
    """

    def __init__(self, path: Path, keep_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self.report = ""
        """What a person should know of the file, such as that a broken one was moved aside."""
        self.dropped = 0
        """Samples not recorded because too many waited for the disk."""
        self.skipped = 0
        """Damaged blocks passed over while reading."""
        self._path = path
        self._keep = keep_seconds
        self._clock = clock
        self._lock = threading.Condition()
        self._parts: list[_Part] = []
        self._pending = 0
        self._defined: list[tuple[int, str, str]] = []
        self._numbered: _Numbered = {}
        self._held: _Numbered = {}
        """Sequences that wait for the samples they count, to be written with them."""
        self._waiting: list[asyncio.Future[None]] = []
        self._closing = False
        self._lost: RecordError | None = None
        """Why samples were passed over; the next commit that is asked for must say so."""
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ids: npt.NDArray[np.int64] = np.full(1024, -1, np.int64)
        self._known: dict[tuple[str, Labels], int] = {}

    def start(self) -> None:
        """Open the file, or move a broken one aside and begin a new one; then write in a thread of its own.

        Touches the disk: call it before the event loop runs or in a thread.

        Raises:
            RecordError: the file cannot be opened or made at all.
        """
        try:
            self._open_or_replace()
        except (OSError, sqlite3.Error) as error:
            msg = f"recording to {self._path} is not possible: {error}; next: check the folder, its rights and space"
            raise RecordError(msg) from error
        self._thread = threading.Thread(target=self._write, name="record", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write what is pending and end; waits for the disk, so call it in a thread."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def define(self, handle: int, metric: str, labels: Labels) -> None:
        """Say what a handle stands for, before its first sample."""
        number = self._known.get((metric, labels))
        if number is None:
            number = self._known[metric, labels] = len(self._known) + 1
            with self._lock:
                self._defined.append((number, metric, _labels_text(labels)))
        if handle >= len(self._ids):
            grown = np.full(max(handle + 1, 2 * len(self._ids)), -1, np.int64)
            grown[: len(self._ids)] = self._ids
            self._ids = grown
        self._ids[handle] = number

    def append(
        self,
        handles: Sequence[int] | npt.NDArray[np.int64],
        values: Sequence[float] | npt.NDArray[np.float64],
        times: Sequence[float] | npt.NDArray[np.float64],
    ) -> None:
        """Queue samples for the next commit. Handles of -1 and numbers that are not finite are passed over."""
        numbers = np.asarray(handles, np.int64)
        part = (numbers, np.asarray(values, np.float64), np.asarray(times, np.float64))
        sound = (numbers >= 0) & np.isfinite(part[1]) & np.isfinite(part[2])
        if not sound.all():
            part = (part[0][sound], part[1][sound], part[2][sound])
        if self._pending + len(part[0]) > PENDING_LIMIT:
            self.dropped += len(part[0])
            self._lost = RecordError(
                f"{PENDING_LIMIT} samples wait for the disk already; next: free or mend {self._path}"
            )
            return
        with self._lock:
            self._parts.append((self._ids[part[0]], part[1], part[2]))
            self._pending += len(part[0])
            self._release()

    def numbered(self, shared: str, states: Mapping[str, bytes]) -> None:
        """Keep the state of sequences, by source, in one commit with the samples of the next `append`."""
        self._held.update(((shared, source), state) for source, state in states.items())

    def _release(self) -> None:
        """With the lock held: what the samples were waited for may be written now."""
        if self._held:
            self._numbered.update(self._held)
            self._held = {}

    def sequences(self) -> dict[str, dict[str, bytes]]:
        """The state of all sequences as last written, by what shares them and by source; blocks on the disk."""
        return _sequences(self._path)

    async def commit(self) -> None:
        """Return once all that was appended is on disk.

        Raises:
            RecordError: it could not be written; what it came from must not be acknowledged.
        """
        if self._thread is None or self._closing:
            msg = "the record is not open"
            raise RecordError(msg)
        self._loop = asyncio.get_running_loop()
        waiter = self._loop.create_future()
        with self._lock:
            self._release()
            self._waiting.append(waiter)
            self._lock.notify()
        await waiter

    def read(self, since: float, until: float) -> Iterator[Recorded]:
        """Samples with times from `since` up to and including `until`, in the order in which they were written."""
        database = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        try:
            series = {
                number: (metric, _labels(text)) for number, metric, text in database.execute("SELECT * FROM series")
            }
            query = "SELECT samples, written FROM block WHERE last >= ? AND first <= ? ORDER BY id"
            for block, written in database.execute(query, (since, until)):
                try:
                    columns = unpack(block)
                except ValueError:
                    self.skipped += 1
                    continue
                inside = (columns.times >= since) & (columns.times <= until)
                if inside.any():
                    kept = Columns(columns.series[inside], columns.values[inside], columns.times[inside])
                    yield Recorded(series, kept, written)
        finally:
            database.close()

    def _open_or_replace(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._known = _series(self._path)
        except sqlite3.DatabaseError as error:
            if not _is_broken(error):
                raise
            aside = self._path.with_name(f"{self._path.name}.broken-{int(self._clock())}")
            self._path.rename(aside)
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            self.report = f"{self._path} was broken ({error}); it was moved to {aside} and a new one begun"
            self._known = _series(self._path)

    def _write(self) -> None:
        """The writer's thread: one commit for all that came within a moment."""
        database = _open(self._path)
        next_sweep = 0.0
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._closing or self._waiting or self._parts, timeout=1.0)
                closing = self._closing
            if not closing:
                time.sleep(GROUP)
            with self._lock:
                closing = self._closing
                parts, self._parts = self._parts, []
                defined, self._defined = self._defined, []
                waiting, self._waiting = self._waiting, []
                numbered, self._numbered = self._numbered, {}
                self._pending = 0
            error = _commit(database, self._path, self._clock(), _Work(parts, defined, numbered))
            if error is not None:
                # They are in memory still: the next commit takes them too, or a redelivery would find them counted.
                with self._lock:
                    self._defined = defined + self._defined
                    self._parts = parts + self._parts
                    self._numbered = {**numbered, **self._numbered}
                    self._pending += sum(len(part[0]) for part in parts)
            _tell(self._loop, waiting, error or self._lost)
            if waiting and error is None:
                self._lost = None
            if error is not None and not closing:
                time.sleep(RETRY)
            now = self._clock()
            if now >= next_sweep and error is None:
                next_sweep = now + _SWEEP
                self.report = _sweep(database, now - self._keep) or self.report
            if closing and (error is not None or not self._parts):
                database.close()
                return


class _Work(NamedTuple):
    """What goes into one commit."""

    parts: list[_Part]
    defined: list[tuple[int, str, str]]
    numbered: _Numbered


def _commit(database: sqlite3.Connection, path: Path, now: float, work: _Work) -> RecordError | None:
    """All of it or nothing: a sequence that outlives the samples it counts would call their redelivery a repeat."""
    if not any(work):
        return None
    try:
        reach_in_thread("store.before_commit")
        with database:
            database.executemany("INSERT OR REPLACE INTO series VALUES (?, ?, ?)", work.defined)
            rows = [(*key, state, now) for key, state in work.numbered.items()]
            database.executemany("INSERT OR REPLACE INTO sequence VALUES (?, ?, ?, ?)", rows)
            columns = joined(work.parts) if work.parts else None
            if columns is not None and len(columns.times):
                first, last = float(columns.times.min()), float(columns.times.max())
                database.execute(
                    "INSERT INTO block (written, first, last, samples) VALUES (?, ?, ?, ?)",
                    (now, first, last, pack(columns)),
                )
    except (sqlite3.Error, OSError) as error:
        msg = f"samples could not be written to {path}: {error}; next: free space on that disk"
        return RecordError(msg)
    return None


def _series(path: Path) -> dict[tuple[str, Labels], int]:
    """The series that a file names, made when it is not there."""
    database = _open(path)
    try:
        database.executescript(_SCHEMA)
        rows = database.execute("SELECT id, metric, labels FROM series ORDER BY id").fetchall()
        database.execute("SELECT max(id), max(last) FROM block").fetchone()
    finally:
        database.close()
    return {(metric, _labels(text)): number for number, metric, text in rows}


def _sequences(path: Path) -> dict[str, dict[str, bytes]]:
    kept: dict[str, dict[str, bytes]] = {}
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        for shared, source, state in database.execute("SELECT shared, source, state FROM sequence"):
            kept.setdefault(shared, {})[source] = state
    finally:
        database.close()
    return kept


def _sweep(database: sqlite3.Connection, before: float) -> str:
    """Delete what is older than `before`; why not, where it could not be done."""
    try:
        with database:
            database.execute("DELETE FROM block WHERE last < ? AND written < ?", (before, before))
            database.execute("DELETE FROM sequence WHERE written < ?", (before,))
    except sqlite3.Error as error:
        return f"old samples could not be deleted: {error}"
    return ""


def _tell(
    loop: asyncio.AbstractEventLoop | None, waiting: list[asyncio.Future[None]], error: RecordError | None
) -> None:
    """Let those who wait for the disk know, in their own loop."""
    if not waiting or loop is None or loop.is_closed():
        return

    def settle() -> None:
        for waiter in waiting:
            if waiter.done():
                continue
            if error is None:
                waiter.set_result(None)
            else:
                waiter.set_exception(error)

    loop.call_soon_threadsafe(settle)


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    return database


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is at fault, and not the disk or another process."""
    words = str(error)
    return "not a database" in words or "malformed" in words or "no such column" in words


def _labels_text(labels: Labels) -> str:
    return json.dumps(labels, ensure_ascii=False)


def _labels(text: str) -> Labels:
    return tuple((name, value) for name, value in json.loads(text))
