"""A night with a past: moments and notable lines in a record, and a daemon's answers about them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from dashboards.terminal.replay import Replay
from monitor.serving.past.archive import Archive
from monitor.serving.past.moments import notable, pack
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.stage import Recorded


def at(snapshot: Snapshot, seconds: float) -> Snapshot:
    """A recorded moment, so many seconds before the present."""
    return msgspec.structs.replace(snapshot, at=recorded.AT - seconds)


def night() -> list[Snapshot]:
    """An hour of a moment each ten seconds: healthy until four minutes ago, then failing."""
    return [at(recorded.HEALTHY if ago > 240 else recorded.FAILING, ago) for ago in range(3600, 0, -10)]


def record(path: Path, moments: Iterable[Snapshot]) -> Path:
    """A record of these moments, with the notable lines that the last of them tells."""
    archive = Archive(path, limit=64 << 20)
    seen = list(moments)
    for moment in seen[:-1]:
        archive.put(moment.at, pack(moment))
    archive.put(seen[-1].at, pack(seen[-1]), notable(recorded.FAILING.events))
    archive.close()
    return path


class Remembering(Recorded):
    """A daemon that has a past."""

    def __init__(self, snapshot: Snapshot | None, replay: Replay) -> None:
        super().__init__(snapshot)
        self.replay = replay

    async def read(self, path: str) -> bytes:
        """The past from its record, the rest as a test put it there."""
        if path.startswith("/api/v1/past"):
            self.asked.append(path)
            return await self.replay.read(path)
        return await super().read(path)
