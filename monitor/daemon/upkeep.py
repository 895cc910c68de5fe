"""Parts that end in the reverse order of their beginning, and tasks that must never end by themselves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine

log = logging.getLogger(__name__)


class Upkeep:
    """What a daemon has begun so far."""

    def __init__(self) -> None:
        self.dead = asyncio.Event()
        """Set when a task without which nothing is judged has ended."""
        self._closers: list[Callable[[], Awaitable[None]]] = []

    def ends_by(self, close: Callable[[], Awaitable[None]]) -> None:
        """A part has begun; this ends it."""
        self._closers.append(close)

    def keep(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run a task until the end."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._closers.append(end)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task that must never end did: the daemon is not whole any more, and better gone than mute."""
        if not task.cancelled():
            log.critical("%s ended: %r. The daemon stops; systemd starts it again", task.get_name(), task.exception())
            self.dead.set()

    async def close(self) -> None:
        """End everything, the newest first."""
        while self._closers:
            await self._closers.pop()()
