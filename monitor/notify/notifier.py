"""Carries messages to every channel, each at its own pace, without ever holding up whoever sends one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from monitor.notify.channels import AnyChannel
from monitor.notify.message import Message
from monitor.notify.webhook import deliver

_LOG = logging.getLogger(__name__)
WAITING = 500
"""Most messages that wait for one channel; further ones are refused and counted."""
GIVE_UP = 1800.0
"""Seconds after which a message that cannot be delivered is given up, so that newer ones get their turn."""
FIRST_WAIT = 0.5
LAST_WAIT = 15.0
"""Seconds between attempts: from the first, doubled each time, up to the last; half of it is random."""
CLOSING = 3.0
"""Seconds that messages get to leave when the daemon stops."""

OnResult = Callable[[str, bool, str], None]
"""Channel, whether it went well, and what happened in words."""


class Notifier:
    """Queues messages and delivers them in order, one worker a channel.

    on_result is called once for the end of each message, delivered or given up, and once when a channel that
    worked stops working: people must hear that their pages do not get out while they are still being tried.
    """

    def __init__(
        self,
        channels: Iterable[AnyChannel],
        base: Path,
        on_result: OnResult,
        *,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Deliver to these channels. base: folder of golive.yaml, for secrets. clock: unix seconds."""
        self._workers = [_Worker(channel, base, on_result, clock, jitter) for channel in channels]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def waiting(self) -> int:
        """Messages that are not delivered yet, over all channels."""
        return sum(worker.waiting for worker in self._workers)

    def notify(self, message: Message) -> None:
        """Send a message to every channel. Returns at once and never raises."""
        for worker in self._workers:
            worker.put(message)

    async def start(self) -> None:
        """Begin to deliver; what was queued before goes first."""
        for worker in self._workers:
            self._tasks.append(asyncio.create_task(worker.run(), name=f"notify {worker.name}"))

    async def close(self) -> None:
        """Give what waits a few seconds to leave, then stop."""
        if self._tasks:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await asyncio.gather(*(worker.quiet.wait() for worker in self._workers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        if self.waiting:
            _LOG.warning("stopped with %d messages undelivered", self.waiting)


class _Worker:
    """One channel's queue. Sending in order keeps the story of an incident in order."""

    def __init__(
        self,
        channel: AnyChannel,
        base: Path,
        on_result: OnResult,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self.name = channel.name
        self._channel = channel
        self._base = base
        self._on_result = on_result
        self._clock = clock
        self._jitter = jitter
        self._queue: deque[Message] = deque()
        self._filled = asyncio.Event()
        self._broken = False
        self.quiet = asyncio.Event()
        """Set while waiting a little could get nothing out: nothing waits, or the channel does not work."""
        self.quiet.set()

    @property
    def waiting(self) -> int:
        """Messages in the queue, the one under way among them."""
        return len(self._queue)

    def put(self, message: Message) -> None:
        """Queue a message, or refuse it when too many wait."""
        if len(self._queue) >= WAITING:
            self._tell(ok=False, detail=f"{WAITING} messages wait already, this one is dropped: {message.summary}")
            return
        self._queue.append(message)
        self._filled.set()
        self._note_quiet()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._filled.wait()
            while self._queue:
                try:
                    await self._carry(self._queue[0])
                except Exception as error:  # noqa: BLE001 - one message must not stop the channel
                    _LOG.exception("a message on channel %s failed in golive itself", self.name)
                    self._tell(ok=False, detail=f"not delivered, {type(error).__name__}: {self._queue[0].summary}")
                self._queue.popleft()
                self._note_quiet()
            self._filled.clear()

    async def _carry(self, message: Message) -> None:
        """Try until it is delivered or there is no use in trying."""
        begun = time.monotonic()
        attempt = 0
        while True:
            outcome = await deliver(self._channel, message, self._base, self._clock())
            if outcome.delivered:
                self._broken = False
                self._tell(ok=True, detail=f"{outcome.detail}: {message.summary}")
                return
            elapsed = time.monotonic() - begun
            wait = max(outcome.wait, self._backoff(attempt))
            if not outcome.again or elapsed + wait > GIVE_UP:
                self._broken = True
                self._tell(ok=False, detail=f"not delivered, {outcome.detail}: {message.summary}")
                return
            if not self._broken:
                self._broken = True
                self._note_quiet()
                self._tell(ok=False, detail=f"{outcome.detail}; it is tried again: {message.summary}")
            attempt += 1
            await asyncio.sleep(wait)

    def _note_quiet(self) -> None:
        if self._queue and not self._broken:
            self.quiet.clear()
        else:
            self.quiet.set()

    def _backoff(self, attempt: int) -> float:
        whole = min(LAST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 30))
        return whole * (0.5 + self._jitter() / 2)

    def _tell(self, *, ok: bool, detail: str) -> None:
        try:
            self._on_result(self.name, ok, detail)
        except Exception:  # noqa: BLE001 - a page must go out although its record cannot be written
            _LOG.exception("what became of a message on channel %s could not be noted", self.name)
