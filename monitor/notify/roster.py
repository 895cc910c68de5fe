"""The channels at work, each with its worker and the task that runs it; others can take their place while they run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from monitor.notify.channels import AnyChannel, Carrier, Heartbeat
from monitor.notify.message import Message
from monitor.notify.outcome import Outcome
from monitor.notify.worker import OnResult, Queued, Worker

Send = Callable[[Carrier, Message], Awaitable[Outcome]]
"""One attempt on one channel."""


class Roster:
    """By name. A channel that says something else keeps its worker, with what waits in it."""

    def __init__(
        self,
        channels: Iterable[AnyChannel],
        send: Send,
        on_result: OnResult,
        on_end: Callable[[Queued, str, bool], None],
        jitter: Callable[[], float],
    ) -> None:
        """on_result, on_end, jitter: as a Worker takes them."""
        self._send = send
        self._on_result = on_result
        self._on_end = on_end
        self._jitter = jitter
        self.channels = carriers(channels)
        self.workers = {name: self._worker(name) for name in self.channels}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._running = False

    def _worker(self, name: str) -> Worker:
        async def send(message: Message) -> Outcome:
            return await self._send(self.channels[name], message)

        return Worker(name, send, self._on_result, self._on_end, self._jitter)

    def start(self) -> None:
        """Begin to deliver."""
        self._running = True
        for name, worker in self.workers.items():
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(worker.run(), name=f"notify {name}")

    def take(self, channels: Iterable[AnyChannel]) -> list[Worker]:
        """Deliver by these channels from now on; the workers of those that are gone, with what still waits in them.

        An attempt that is under way ends as it began: by the address that it was begun with.
        """
        self.channels = carriers(channels)
        gone = [worker for name, worker in self.workers.items() if name not in self.channels]
        self.workers = {name: self.workers.get(name) or self._worker(name) for name in self.channels}
        for worker in gone:
            if (task := self._tasks.pop(worker.name, None)) is not None:
                task.cancel()
        if self._running:
            self.start()
        return gone

    async def close(self) -> None:
        """Stop; what waits stays where it lies."""
        self._running = False
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def carriers(channels: Iterable[AnyChannel]) -> dict[str, Carrier]:
    """The channels that carry messages, by name, in their order."""
    return {channel.name: channel for channel in channels if not isinstance(channel, Heartbeat)}
