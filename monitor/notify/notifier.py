"""Carries messages to channels, each at its own pace, without ever holding up whoever sends one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from monitor.notify.channels import Alertmanager, AnyChannel, Carrier, Heartbeat, Paging
from monitor.notify.delivery import deliver
from monitor.notify.message import SEVERITIES, SUMMARY_LENGTH, Message, loudness
from monitor.notify.outbox import Outbox, OutboxError
from monitor.notify.outcome import Outcome
from monitor.notify.worker import OnResult, Queued, Worker
from monitor.text import clean

_LOG = logging.getLogger(__name__)
CLOSING = 3.0
"""Seconds that messages get to leave when the daemon stops."""
LOOKING = 1.0
"""Seconds between looks at channels that do not get through and at alerts that are due again."""
MOST_OPEN = 1000
"""Subjects that are remembered as firing; the oldest are forgotten first, and counted."""
REMEMBERED = 900.0
"""Seconds for which a resolve is repeated to Alertmanagers, as Prometheus does."""
_OPEN = "open"


class Open(msgspec.Struct, frozen=True):
    """A subject that fires: what was said last, and to which channels."""

    message: Message
    told: tuple[str, ...]


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
        self.channels: dict[str, Carrier] = {
            channel.name: channel for channel in channels if not isinstance(channel, Heartbeat)
        }
        self._base = base
        self._clock = clock
        self.paging = paging or Paging()
        self.outbox = outbox or Outbox(None)
        self._workers = {
            name: Worker(name, self._sender(channel), on_result, self._ended, jitter)
            for name, channel in self.channels.items()
        }
        self._open: dict[str, Open] = {}
        self._over: dict[str, tuple[Open, float]] = {}
        """What was resolved lately, and until when it is repeated: a member of a cluster may have been away."""
        self._again: dict[str, float] = {}
        """When what fires was last repeated, seconds on the monotonic clock, by channel."""
        self._reported: dict[str, Message] = {}
        """Channels that were said not to get through."""
        self._tasks: list[asyncio.Task[None]] = []
        self.forgotten = 0

    def _sender(self, channel: Carrier) -> Callable[[Message], asyncio.Future[Outcome] | asyncio.Task[Outcome]]:
        def send(message: Message) -> asyncio.Task[Outcome]:
            return asyncio.ensure_future(deliver(channel, message, self._base, self._clock()))

        return send

    @property
    def waiting(self) -> int:
        """Messages that are not delivered yet, over all channels."""
        return sum(worker.waiting for worker in self._workers.values())

    @property
    def workers(self) -> tuple[Worker, ...]:
        """The channels at work, for those who show them."""
        return tuple(self._workers.values())

    @property
    def troubles(self) -> list[str]:
        """What people should know: channels that do not work, an outbox that cannot be written."""
        found = [
            f"channel {worker.name} {'is broken' if worker.state == 'broken' else 'does not get through'}: {worker.trouble}"
            for worker in self._workers.values()
            if worker.state != "ok"
        ]
        return found + ([self.outbox.failing] if self.outbox.failing else [])

    def notify(self, message: Message) -> None:
        """Send a message to every channel that it is for. Returns at once and never raises."""
        before = self._open.get(message.dedupe_key)
        told = before.told if before is not None else ()
        names = [name for name in self._workers if self._hears(name, message, told)]
        self._remember(message, tuple(dict.fromkeys((*told, *names))))
        for name in names:
            self._queue(self._workers[name], message)

    def _hears(self, name: str, message: Message, told: tuple[str, ...]) -> bool:
        if name in told or message.event == "test":
            return True
        if message.event == "channel" and message.object == f"channel/{name}":
            return False
        loud = loudness(message) >= SEVERITIES.index(self.channels[name].least)
        return loud and (name not in self.paging.second or message.urgent)

    def _remember(self, message: Message, told: tuple[str, ...]) -> None:
        key = message.dedupe_key
        if message.event == "test":
            return
        if message.status == "firing" and told:
            if len(self._open) >= MOST_OPEN and key not in self._open:
                oldest = next(iter(self._open))
                del self._open[oldest]
                self.outbox.forget(_OPEN, oldest)
                self.forgotten += 1
            self._open[key] = Open(message, told)
            self.outbox.keep(_OPEN, key, self._open[key])
            self._over.pop(key, None)
        elif message.status == "resolved" and (ended := self._open.pop(key, None)) is not None:
            self._over[key] = (Open(message, ended.told), time.monotonic() + REMEMBERED)
            self.outbox.forget(_OPEN, key)

    def _queue(self, worker: Worker, message: Message) -> None:
        if worker.full(message):
            return
        number, stored = self.outbox.put(worker.name, message)
        worker.put(Queued(message, number, stored))

    def _ended(self, item: Queued, name: str, took: bool) -> None:  # noqa: FBT001 - the one fact that it tells
        self.outbox.done(item.number)
        if not took:
            self._give_to_second(item, name)

    async def start(self) -> None:
        """Begin to deliver; what the last daemon could not deliver, and what was queued before, goes first."""
        queued = [(worker, list(worker.queue)) for worker in self._workers.values()]
        for worker, _ in queued:
            worker.queue.clear()
        try:
            waiting = await self.outbox.open()
        except OutboxError as error:
            _LOG.error("%s. Pages go out all the same, but do not outlive this process", error)
            self.outbox.failing = str(error)
            waiting = []
        for left in waiting:
            known = self._workers.get(left.channel)
            if known is None:
                _LOG.warning("channel %s is not there any more; dropped: %s", left.channel, left.message.summary)
                self.outbox.done(left.number)
            else:
                known.put(Queued(left.message, left.number))
        for worker, items in queued:
            for item in items:
                self._queue(worker, item.message)
        for key, body in (await self.outbox.kept(_OPEN)).items():
            with contextlib.suppress(msgspec.MsgspecError):
                self._open.setdefault(key, msgspec.json.decode(body, type=Open))
        for entry in self._open.values():
            if entry.message.event == "channel":
                self._reported[entry.message.labels.get("channel", "")] = entry.message
        for worker in self._workers.values():
            self._tasks.append(asyncio.create_task(worker.run(), name=f"notify {worker.name}"))
        self._tasks.append(asyncio.create_task(self._look_on(), name="notify looking"))

    async def close(self) -> None:
        """Give what waits a few seconds to leave, then stop; what is left is delivered by the next daemon."""
        if self._tasks:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSING):
                    await asyncio.gather(*(worker.quiet.wait() for worker in self._workers.values()))
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
                for worker in self._workers.values():
                    self._mind(worker)
                await self._repeat()
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
                self.notify(self._channel_message(worker, said, "resolved"))
            return
        if worker.name not in self._reported:
            about = worker.queue[0].message if worker.queue else next((o.message for o in self._open.values()), None)
            if about is not None:
                self._reported[worker.name] = about
                self.notify(self._channel_message(worker, about, "firing"))
        for item in worker.queue:
            self._give_to_second(item, worker.name)

    def _give_to_second(self, item: Queued, missed: str) -> None:
        """Give what a channel cannot deliver to the second channels, once."""
        message = item.message
        if item.handed or not loudness(message) or message.event in ("channel", "test"):
            return
        item.handed = True
        for name in self.paging.second:
            worker = self._workers.get(name)
            before = self._open.get(message.dedupe_key)
            if worker is None or name == missed or (before is not None and name in before.told):
                continue
            self._remember(message, (*(before.told if before is not None else ()), name))
            self._queue(worker, message)

    def _channel_message(self, worker: Worker, about: Message, status: str) -> Message:
        now = self._clock()
        firing = status == "firing"
        what = (
            f"channel {worker.name} {'is broken' if worker.state == 'broken' else 'does not get through'}: {worker.trouble}"
            if firing
            else f"channel {worker.name} gets through again"
        )
        return Message(
            id=f"{about.cutover}-channel-{worker.name}-{int(now * 1000)}",
            dedupe_key=f"{about.cutover}/channel/{worker.name}",
            at=now,
            environment=about.environment,
            cutover=about.cutover,
            severity="warning" if firing else "info",
            loudest="warning",
            summary=clean(f"{'WARN' if firing else 'OK'} {about.environment} {what}", SUMMARY_LENGTH),
            event="channel",
            object=f"channel/{worker.name}",
            state=worker.state,
            status="firing" if firing else "resolved",
            starts_at=now,
            alert="GoliveChannel",
            labels={"channel": worker.name},
            urgent=True,
            body=what,
        )

    async def _repeat(self) -> None:
        """Tell Alertmanagers again of what fires, before they would call it over, and for those that were away."""
        for name, channel in self.channels.items():
            if not isinstance(channel, Alertmanager):
                continue
            now = time.monotonic()
            if now - self._again.setdefault(name, now) < channel.again or self._workers[name].waiting:
                continue
            self._again[name] = now
            self._over = {key: over for key, over in self._over.items() if over[1] > now}
            for entry in [*self._open.values(), *(over for over, _ in self._over.values())]:
                if name in entry.told:
                    outcome = await deliver(channel, entry.message, self._base, self._clock())
                    if not outcome.delivered:
                        break
