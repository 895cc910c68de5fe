"""A daemon's memory of the last hours that notes what it was asked."""

from __future__ import annotations

from monitor.serving.recent_rows import RecentCalls, RecentGroup, RecentQueue, RecentQueues
from tests.monitor.serving.boards import NOW


class Memory:
    """Notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    async def queues(self, seconds: float) -> RecentQueues:
        """All queues."""
        self.asked.append((seconds,))
        return RecentQueues(at=NOW, asked=seconds, covered=seconds)

    async def queue(self, name: str) -> RecentQueue:
        """One queue."""
        self.asked.append((name,))
        return RecentQueue(at=NOW)

    async def calls(self, by: str, seconds: float, *, split: bool) -> RecentCalls:
        """All calls."""
        self.asked.append((by, seconds, split))
        return RecentCalls(at=NOW, asked=seconds, covered=seconds, by=by)

    async def group(self, by: str, value: str) -> RecentGroup:
        """One group."""
        self.asked.append((by, value))
        return RecentGroup(at=NOW)
