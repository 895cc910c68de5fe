"""The record of what the screens showed, put together: where it lies, what it looks at, what is notable to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from monitor.config import Config
from monitor.daemon.camera import Camera
from monitor.deciding.journal import TAIL, Journal
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.past.figures import families
from monitor.serving.past.keeper import Keeper as PastKeeper
from monitor.serving.snapshot import Snapshot


def past_of(
    config: Config, path: Path, camera: Camera, journal: Journal, own: OwnMetrics, clock: Callable[[], float]
) -> PastKeeper:
    """Whoever keeps what the screens showed, and hears of what is notable."""

    def look() -> Snapshot | None:
        return camera.snapshot() if camera.newest() is not None else None

    past = PastKeeper(config.past, path, look, clock, lambda: journal.newest_events(TAIL))
    journal.listeners.append(lambda entries: past.note([entry.event() for entry in entries if entry.public]))
    own.also.append(lambda: families(past))
    return past
