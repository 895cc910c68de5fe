"""A record of snapshots in place of a daemon: the same screens, a past and no present."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from dashboards.terminal.acts import Act, Refused, Unreachable
from dashboards.terminal.view import Person
from monitor.serving.past.archive import ArchiveError, Reading
from monitor.serving.past.moments import Found, Marks, UnreadableError, text_of
from monitor.serving.snapshot import Snapshot

_LATEST = 4e10
_NO_PRESENT = "a record is shown: there is no daemon behind it"


class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    before: float | None
    after: float | None
    snapshot: msgspec.Raw


class Replay:
    """A SnapshotSource that answers what a daemon would answer about its past, and nothing about a present."""

    def __init__(self, path: Path) -> None:
        """Opens the file, which touches the disk: ArchiveError when it is no record, or an empty one."""
        self._reading = Reading.of(path)
        self._lock = threading.Lock()
        newest = self._reading.find(_LATEST)
        if newest is None:
            self._reading.close()
            raise ArchiveError(f"the record {path} is empty")
        self.last = newest.at
        """Unix seconds of its newest moment when it was opened."""

    def close(self) -> None:
        """Let go of the file."""
        self._reading.close()

    async def snapshot(self) -> Snapshot:
        """There is none."""
        raise Unreachable(_NO_PRESENT)

    async def me(self) -> Person | None:
        """Nobody."""
        return None

    async def act(self, act: Act) -> None:
        """Nothing is sent from a record."""
        raise Refused(f"{act.says}: not sent, this is a record")

    async def read(self, path: str) -> bytes:
        """The routes of the past; others have no answer in a record."""
        parts = urlsplit(path)
        try:
            if parts.path == "/api/v1/past/marks":
                return msgspec.json.encode(await asyncio.to_thread(self._marks))
            if parts.path == "/api/v1/past":
                return await asyncio.to_thread(self._moment, float(parse_qs(parts.query).get("at", ["4e10"])[0]))
        except (ArchiveError, UnreadableError) as error:
            raise Unreachable(str(error)) from error
        raise Refused("a record holds what the screens showed", "this detail is not in it")

    def _marks(self) -> Marks:
        with self._lock:
            return self._reading.marks()

    def _moment(self, at: float) -> bytes:
        with self._lock:
            found: Found | None = self._reading.find(at)
        if found is None:
            raise UnreadableError("the record is empty")
        text = msgspec.Raw(text_of(found.body))
        return msgspec.json.encode(_Sent(at=found.at, before=found.before, after=found.after, snapshot=text))
