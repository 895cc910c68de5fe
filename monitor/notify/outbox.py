"""Messages on disk before anything is tried, and what must be remembered of them: kept through crashes and restarts.

SQLite in WAL mode with synchronous=FULL in a file of its own; one thread writes, all that came meanwhile shares a
commit. What stands here is what leaves this machine anyway: addresses and secrets are not in it.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec

from monitor.notify.message import Message
from monitor.text import clean

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY, channel TEXT NOT NULL, urgent INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS kept (kind TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (kind, name));
"""
_PUT = "INSERT OR REPLACE INTO outbox VALUES (?, ?, ?, ?)"
_DONE = "DELETE FROM outbox WHERE number = ?"
_KEEP = "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)"
_FORGET = "DELETE FROM kept WHERE kind = ? AND name = ?"
MOST_STEPS = 10_000
"""Writes that may wait for the disk; further ones are not made, and counted."""


class OutboxError(Exception):
    """The outbox cannot be opened."""


class Waiting(NamedTuple):
    """A message that was not delivered when the last daemon ended."""

    number: int
    channel: str
    message: Message


class Outbox:
    """The file. Every write returns at once; the future of `put` is done when the message is on disk, or cannot be."""

    def __init__(self, path: Path | None) -> None:
        """path: None keeps nothing."""
        self._path = path
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._connection: sqlite3.Connection | None = None
        self._steps: deque[tuple[str, tuple[object, ...], asyncio.Future[None] | None]] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._number = 0
        self.failing = ""
        """Why the last write failed; empty while writing works."""
        self.refused = 0
        """Writes that were not made. Messages are delivered all the same, as long as this process lives."""

    async def open(self) -> list[Waiting]:
        """Open or create the file; what was not delivered yet, in order. A damaged file is moved aside and said.

        Raises:
            OutboxError: the file cannot be made.
        """
        if self._path is None:
            return []
        return await asyncio.get_running_loop().run_in_executor(self._writer, self._open, self._path)

    def _open(self, path: Path) -> list[Waiting]:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
            try:
                return self._load(path)
            except sqlite3.DatabaseError as error:
                if self._connection is not None:
                    self._connection.close()
                path.replace(path.with_suffix(".damaged"))
                waiting = self._load(path)
                self.failing = (
                    f"{path.name} was damaged ({clean(str(error), 80)}) and is moved aside; what waited is in it"
                )
                return waiting
        except (OSError, sqlite3.Error) as error:
            words = f"the outbox {path} cannot be opened: {error}; next: free the disk, or see who may write there"
            raise OutboxError(words) from error

    def _load(self, path: Path) -> list[Waiting]:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(_SCHEMA)
        rows = self._connection.execute("SELECT number, channel, body FROM outbox ORDER BY number").fetchall()
        self._number = max((row[0] for row in rows), default=0)
        waiting = []
        for number, channel, body in rows:
            try:
                waiting.append(Waiting(number, channel, msgspec.json.decode(body, type=Message)))
            except msgspec.MsgspecError:
                self.refused += 1
        return waiting

    async def kept(self, kind: str) -> dict[str, bytes]:
        """Everything that is kept of a kind, by name."""
        connection = self._connection
        if connection is None:
            return {}

        def read() -> dict[str, bytes]:
            return dict(connection.execute("SELECT name, body FROM kept WHERE kind = ?", (kind,)).fetchall())

        return await asyncio.get_running_loop().run_in_executor(self._writer, read)

    def put(self, channel: str, message: Message) -> tuple[int, asyncio.Future[None] | None]:
        """Queue a message for a channel; its number, and the future that is done once there is no use in waiting."""
        self._number += 1
        if self._path is None:
            return self._number, None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        body = msgspec.json.encode(message)
        self._step(_PUT, (self._number, channel, int(message.urgent), body), future)
        return self._number, future

    def done(self, number: int) -> None:
        """A message is delivered or given up."""
        self._step(_DONE, (number,))

    def keep(self, kind: str, name: str, value: object) -> None:
        """Remember something of a kind by its name."""
        self._step(_KEEP, (kind, name, msgspec.json.encode(value)))

    def forget(self, kind: str, name: str) -> None:
        """Remember it no longer."""
        self._step(_FORGET, (kind, name))

    def _step(self, statement: str, values: tuple[object, ...], future: asyncio.Future[None] | None = None) -> None:
        if self._connection is None or len(self._steps) >= MOST_STEPS:
            self.refused += self._connection is not None
            if future is not None:
                future.set_result(None)
            return
        self._steps.append((statement, values, future))
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush(), name="outbox")

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._steps:
            steps = list(self._steps)
            self._steps.clear()
            try:
                await loop.run_in_executor(self._writer, self._write, [step[:2] for step in steps])
            except Exception as error:  # noqa: BLE001 - whatever stopped the write, the messages go out all the same
                self.failing = f"the outbox cannot be written: {clean(str(error), 80)}; messages wait in memory only"
                self.refused += len(steps)
            else:
                self.failing = ""
            for *_, future in steps:
                if future is not None and not future.done():
                    future.set_result(None)
        self._flushing = None

    def _write(self, steps: list[tuple[str, tuple[object, ...]]]) -> None:
        assert self._connection is not None  # noqa: S101 - nothing is queued before it is open
        self._connection.execute("BEGIN")
        try:
            for statement, values in steps:
                self._connection.execute(statement, values)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    async def close(self) -> None:
        """Write what waits, then let go of the file."""
        if self._flushing is not None:
            await self._flushing
        await asyncio.to_thread(self._writer.shutdown)
        if self._connection is not None:
            self._connection.close()
            self._connection = None
