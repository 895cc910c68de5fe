"""One channel's queue: sends in order, tries again where that can help, and says when the channel does not work."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from monitor.notify.message import Message
from monitor.notify.outcome import Outcome

_LOG = logging.getLogger(__name__)
WAITING = 500
"""Most messages that wait for one channel; further ones are refused and counted."""
GIVE_UP = 6 * 3600.0
"""Seconds after which a message that cannot be delivered is given up, so that newer ones get their turn."""
FIRST_WAIT = 0.5
LAST_WAIT = 15.0
"""Seconds between attempts: from the first, doubled each time, up to the last; half of it is random."""

OnResult = Callable[[str, bool, str], None]
"""Channel, whether it went well, and what happened in words."""


@dataclass(slots=True)
class Queued:
    """A message and where it lies on disk."""

    message: Message
    number: int
    stored: asyncio.Future[None] | None = None
    handed: bool = False
    """Whether other channels were given it as well."""


class Worker:
    """Delivers one message after the other; the story of an incident stays in order."""

    def __init__(
        self,
        name: str,
        send: Callable[[Message], Awaitable[Outcome]],
        on_result: OnResult,
        on_end: Callable[[Queued, str, bool], None],
        jitter: Callable[[], float],
    ) -> None:
        """send: one attempt. on_end: hears of each message, the channel, and whether it was delivered or given up."""
        self.name = name
        self._send = send
        self._on_result = on_result
        self._on_end = on_end
        self._jitter = jitter
        self.queue: deque[Queued] = deque()
        self._filled = asyncio.Event()
        self.state: Literal["ok", "failing", "broken"] = "ok"
        """failing: it is tried again. broken: the receiver refuses what it gets, and a person must mend it."""
        self.trouble = ""
        """What is wrong, in words; empty while it works."""
        self.since = 0.0
        """When the trouble began, seconds on the monotonic clock."""
        self.dropped = 0
        """Messages that were refused because too many waited, or given up."""
        self.delivered = 0
        self.delivered_at: float | None = None
        """When it last delivered something, seconds on the monotonic clock."""
        self.next_try: float | None = None
        """When it tries again, on the same clock; None while it need not."""
        self.refused: Message | None = None
        """The newest message that it gave up."""
        self.quiet = asyncio.Event()
        """Set while waiting a little could get nothing out: nothing waits, or the channel does not work."""
        self.quiet.set()

    @property
    def waiting(self) -> int:
        """Messages in the queue, the one under way among them."""
        return len(self.queue)

    def full(self, message: Message) -> bool:
        """Whether there is no room for this message; says so."""
        if len(self.queue) < WAITING:
            return False
        self.dropped += 1
        self.tell(ok=False, detail=f"{WAITING} messages wait already, this one is dropped: {message.summary}")
        return True

    def put(self, item: Queued) -> None:
        """Queue a message."""
        self.queue.append(item)
        self._filled.set()
        self._note_quiet()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._filled.wait()
            while self.queue:
                item = self.queue[0]
                if item.stored is not None:
                    await asyncio.shield(item.stored)
                took = False
                try:
                    took = await self._carry(item.message)
                except Exception as error:  # noqa: BLE001 - one message must not stop the channel
                    _LOG.exception("a message on channel %s failed in golive itself", self.name)
                    self._fall("broken", f"a fault in golive itself, {type(error).__name__}")
                    self.tell(ok=False, detail=f"not delivered, {type(error).__name__}: {item.message.summary}")
                self.queue.popleft()
                self._on_end(item, self.name, took)
                self._note_quiet()
            self._filled.clear()

    async def _carry(self, message: Message) -> bool:
        """Try until it is delivered, or until there is no use in trying; whether it was."""
        begun = time.monotonic()
        attempt = 0
        while True:
            outcome = await self._send(message)
            if outcome.delivered:
                self.state, self.trouble = "ok", ""
                self.delivered += 1
                self.delivered_at = time.monotonic()
                self.tell(ok=True, detail=f"{outcome.detail}: {message.summary}")
                return True
            elapsed = time.monotonic() - begun
            wait = max(outcome.wait, self._backoff(attempt))
            if not outcome.again or elapsed + wait > GIVE_UP:
                self.dropped += 1
                self.refused = message
                self._fall("broken" if not outcome.again else "failing", outcome.detail)
                self.tell(ok=False, detail=f"not delivered, {outcome.detail}: {message.summary}")
                return False
            first = self.state == "ok"
            self._fall("failing", outcome.detail)
            if first:
                self._note_quiet()
                self.tell(ok=False, detail=f"{outcome.detail}; it is tried again: {message.summary}")
            attempt += 1
            self.next_try = time.monotonic() + wait
            await asyncio.sleep(wait)
            self.next_try = None

    def _fall(self, state: Literal["failing", "broken"], trouble: str) -> None:
        if self.state == "ok":
            self.since = time.monotonic()
        self.state, self.trouble = state, trouble

    def _note_quiet(self) -> None:
        if self.queue and self.state == "ok":
            self.quiet.clear()
        else:
            self.quiet.set()

    def _backoff(self, attempt: int) -> float:
        whole = min(LAST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 30))
        return whole * (0.5 + self._jitter() / 2)

    def tell(self, *, ok: bool, detail: str) -> None:
        """Report; a page must go out although its record cannot be written."""
        try:
            self._on_result(self.name, ok, detail)
        except Exception:  # noqa: BLE001 - whatever is wrong with the journal, pages go on
            _LOG.exception("what became of a message on channel %s could not be noted", self.name)
