"""The last hours of what the screens show over time: followed at each tick, told when somebody asks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import TypeVar

from monitor.daemon import recent_calls, recent_queues
from monitor.daemon.trails import LONGEST, STEP, Follower
from monitor.daemon.worst_calls import WorstCalls
from monitor.judging.store import Store
from monitor.serving.recent_rows import RecentCalls, RecentGroup, RecentQueue, RecentQueues

T = TypeVar("T")
FOLLOWED = (*recent_queues.METRICS, *recent_calls.METRICS)
HELD = 1.0
"""Seconds for which an answer serves everybody who asks the same."""
ANSWERS = 50
"""Answers that are held at once."""


class Recent:
    """Follows the metrics of FOLLOWED. clock: unix seconds."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._end = clock()
        self._followers = {name: Follower(store.tables[name], self._end) for name in FOLLOWED if name in store.tables}
        self._worst = WorstCalls()
        self._held: dict[Hashable, tuple[float, object]] = {}

    def ticked(self, now: float) -> Iterator[None]:
        """Close a step when one is over; yields between metrics so that others may run."""
        if now < self._end:
            for follower in self._followers.values():
                follower.rewind(now)
            self._end = now
        if math.floor(now / STEP) == math.floor(self._end / STEP):
            return
        begin, self._end = self._end, now
        for name in FOLLOWED:
            table = self._store.tables.get(name)
            if table is None:
                continue
            if name not in self._followers:
                self._followers[name] = Follower(table, None)
            if name == recent_calls.MOS and table.watch is None:
                table.watch = self._worst.take
            self._followers[name].take(begin, now)
            yield

    async def queues(self, seconds: float) -> RecentQueues:
        """All queues over the newest `seconds`."""

        async def make() -> RecentQueues:
            return await recent_queues.table(self._followers, self._end, bounded(seconds))

        return await self._once(("queues", seconds), make)

    async def queue(self, name: str) -> RecentQueue:
        """How one queue went."""

        async def make() -> RecentQueue:
            return recent_queues.course(self._followers, self._end, name)

        return await self._once(("queue", name), make)

    async def calls(self, by: str, seconds: float, *, split: bool) -> RecentCalls:
        """All groups of calls over the newest `seconds`. by: a label. split: each direction for itself."""

        async def make() -> RecentCalls:
            return await recent_calls.table(
                self._store, self._followers, by, self._end, bounded(seconds), self._clock(), split=split
            )

        return await self._once(("calls", by, seconds, split), make)

    async def group(self, by: str, value: str) -> RecentGroup:
        """How one group of calls went; an empty label: all of them."""

        async def make() -> RecentGroup:
            return recent_calls.course(self._store, self._followers, self._worst, by, value, self._end)

        return await self._once(("group", by, value), make)

    async def _once(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Make an answer, or give the one that was made a moment ago for somebody else."""
        now = asyncio.get_running_loop().time()
        held = self._held.get(key)
        if held is not None and now - held[0] < HELD:
            return held[1]  # type: ignore[return-value]
        answer = await make()
        self._held.pop(key, None)
        self._held[key] = (now, answer)
        while len(self._held) > ANSWERS:
            del self._held[next(iter(self._held))]
        return answer


def bounded(seconds: float) -> float:
    """A window that can be told of."""
    return min(max(seconds, STEP), LONGEST)
