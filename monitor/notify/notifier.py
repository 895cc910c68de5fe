"""Carries messages to channels, each at its own pace, without ever holding up whoever sends one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from monitor.notify.apprising import warm
from monitor.notify.channels import AlertmanagerWebhook, AnyChannel, Apprise, Carrier, Paging
from monitor.notify.delivery import deliver
from monitor.notify.message import SEVERITIES, Message, loudness
from monitor.notify.outbox import Outbox, OutboxError
from monitor.notify.outcome import Outcome
from monitor.notify.repeats import Repeats
from monitor.notify.roster import Roster
from monitor.notify.sent import Sent
from monitor.notify.subjects import Subjects
from monitor.notify.trouble import channel_message, trouble_of
from monitor.notify.worker import OnResult, Queued, Worker

_LOG = logging.getLogger(__name__)
CLOSING = 3.0
"""Seconds that messages get to leave when the daemon stops."""
LOOKING = 1.0
"""Seconds between looks at channels that do not get through and at alerts that are due again."""


class Notifier:
    """Queues messages on disk and delivers them in order, one worker a channel.

    on_result is called once for the end of each message, delivered or given up, and once when a channel that
    worked stops working: people must hear that their pages do not get out while they are still being tried. A
    channel that does not get through is said in the others, and its messages go to the second channels too.
    """

    def __init__(
        self,
        channels: Iterable[AnyChannel],
        base: Path,
        on_result: OnResult,
        *,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
        outbox: Outbox | None = None,
        paging: Paging | None = None,
    ) -> None:
        """Deliver to these channels. base: folder of golive.yaml, for secrets. clock: unix seconds."""
        self._base = base
        self._clock = clock
        self.paging = paging or Paging()
        self.outbox = outbox or Outbox(None)
        self._roster = Roster(channels, self._deliver, on_result, self._ended, jitter)
        self.sent = Sent()
        """What the channels were told of each subject."""
        self._subjects = Subjects(self.outbox)
        self._repeats = Repeats(self._roster, self._subjects, base, clock)
        self._reported: dict[str, Message] = {}
        """Channels that were said not to get through."""
        self._tasks: list[asyncio.Task[None]] = []
        self._warmed = False

    async def _deliver(self, channel: Carrier, message: Message) -> Outcome:
        beside = [
            entry.message
            for entry in (self._subjects.firing if isinstance(channel, AlertmanagerWebhook) else ())
            if channel.name in entry.told
        ]
        outcome = await deliver(channel, message, self._base, self._clock(), beside)
        self.sent.tried(message.dedupe_key, channel.name, outcome, self._clock())
        return outcome

    @property
    def channels(self) -> dict[str, Carrier]:
        """The channels by name."""
        return self._roster.channels

    def take(self, channels: Iterable[AnyChannel], paging: Paging) -> None:
        """Deliver by these channels from now on. What waited for one that is gone goes to the second channels."""
        self.paging = paging
        for worker in self._roster.take(channels):
            self._reported.pop(worker.name, None)
            for item in worker.queue:
                worker.tell(ok=False, detail=f"not delivered, the channel is gone: {item.message.summary}")
                self._ended(item, worker.name, took=False)
        self._warm()

    @property
    def waiting(self) -> int:
        """Messages that are not delivered yet, over all channels."""
        return sum(worker.waiting for worker in self._roster.workers.values())

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The channels at work, for those who show them."""
        return tuple(self._roster.workers.values())

    @property
    def troubles(self) -> list[str]:
        """What people should know: channels that do not work, an outbox that cannot be written."""
        found = [trouble for worker in self._roster.workers.values() if (trouble := trouble_of(worker))]
        return found + ([self.outbox.failing] if self.outbox.failing else [])

    def notify(self, message: Message) -> None:
        """Send a message to every channel that it is for. Returns at once and never raises."""
        told = self._subjects.told(message.dedupe_key)
        names = tuple(n for n, one in self.channels.items() if n in told or hears(one, message, self.paging.second))
        self._subjects.note(message, names)
        for name in names:
            self._queue(self._roster.workers[name], message)

    def _queue(self, worker: Worker, message: Message) -> None:
        if worker.full(message):
            self.sent.given_up(message.dedupe_key, worker.name)
            return
        self.sent.queued(message.dedupe_key, worker.name)
        number, stored = self.outbox.put(worker.name, message)
        worker.put(Queued(message, number, stored))

    def _ended(self, item: Queued, name: str, took: bool) -> None:  # noqa: FBT001 - the one fact that it tells
        self.outbox.done(item.number)
        if not took:
            self.sent.given_up(item.message.dedupe_key, name)
            self._give_to_second(item, name)

    async def start(self) -> None:
        """Begin to deliver; what the last daemon could not deliver, and what was queued before, goes first."""
        queued = [(worker, list(worker.queue)) for worker in self._roster.workers.values()]
        for worker, _ in queued:
            worker.queue.clear()
        await self._take_up()
        for worker, items in queued:
            for item in items:
                self._queue(worker, item.message)
        self._roster.start()
        self._tasks.append(asyncio.create_task(self._look_on(), name="notify looking"))
        self._warm()

    def _warm(self) -> None:
        """Load what is slow to load before the first page needs it, once."""
        if self._tasks and not self._warmed and any(isinstance(one, Apprise) for one in self.channels.values()):
            self._warmed = True
            self._tasks.append(asyncio.create_task(asyncio.to_thread(warm), name="notify apprise"))

    async def _take_up(self) -> None:
        """What the last daemon left: undelivered messages, what fires, channels that did not get through."""
        try:
            waiting = await self.outbox.open()
        except OutboxError as error:
            _LOG.error("%s. Pages go out all the same, but do not outlive this process", error)
            self.outbox.failing = str(error)
            return
        for left in waiting:
            known = self._roster.workers.get(left.channel)
            if known is None:
                _LOG.warning("channel %s is not there any more; dropped: %s", left.channel, left.message.summary)
                self.outbox.done(left.number)
            else:
                self.sent.queued(left.message.dedupe_key, left.channel)
                known.put(Queued(left.message, left.number))
        await self._subjects.recall()
        for entry in self._subjects.firing:
            self.sent.recalled(entry.message.dedupe_key, entry.told)
            if entry.message.event == "channel":
                self._reported[entry.message.labels.get("channel", "")] = entry.message

    async def close(self) -> None:
        """Give what waits a few seconds to leave, then stop; what is left is delivered by the next daemon."""
        if self._tasks:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await asyncio.gather(*(worker.quiet.wait() for worker in self._roster.workers.values()))
        await self._roster.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self.outbox.close()
        if self.waiting:
            _LOG.warning("stopped with %d messages undelivered", self.waiting)

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOKING)
            try:
                for worker in self._roster.workers.values():
                    self._mind(worker)
                await self._repeats.tell()
            except Exception:  # noqa: BLE001 - whoever looks after the channels must not be the one that fails
                _LOG.exception("looking after the channels failed; it goes on")

    def _mind(self, worker: Worker) -> None:
        """Say in the other channels that one does not get through or does again, and hand its messages on."""
        late = worker.state == "broken" or (
            worker.state == "failing" and time.monotonic() - worker.since >= self.paging.fall_back
        )
        if not late:
            if (
                worker.state == "ok"
                and worker.delivered
                and (said := self._reported.pop(worker.name, None)) is not None
            ):
                self.notify(channel_message(worker, said, self._clock()))
            return
        if worker.name not in self._reported:
            lately = [item.message for item in worker.queue] + [entry.message for entry in self._subjects.firing]
            if about := worker.refused or next(iter(lately), None):
                self._reported[worker.name] = about
                self.notify(channel_message(worker, about, self._clock()))
        for item in worker.queue:
            self._give_to_second(item, worker.name)

    def _give_to_second(self, item: Queued, missed: str) -> None:
        """Give what a channel cannot deliver to the second channels, once."""
        message = item.message
        if item.handed or not loudness(message) or message.event in ("channel", "test"):
            return
        item.handed = True
        for name in self.paging.second:
            worker = self._roster.workers.get(name)
            if worker is None or name == missed or name in self._subjects.told(message.dedupe_key):
                continue
            self._subjects.note(message, (name,))
            self._queue(worker, message)


def hears(channel: Carrier, message: Message, second: tuple[str, ...]) -> bool:
    """Whether a message is for a channel that knows nothing of its subject yet. second: who is called second."""
    if message.event == "test":
        return True
    if message.event == "channel" and message.object == f"channel/{channel.name}":
        return False
    loud = loudness(message) >= SEVERITIES.index(channel.least)
    return loud and (channel.name not in second or message.urgent)
