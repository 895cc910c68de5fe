"""How the daemon's messages are made and carried: pages, notifier, outbox, heartbeats, and acknowledgements that come back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric

from monitor.config import Config
from monitor.daemon.alerting import Alerting
from monitor.daemon.course import Course
from monitor.daemon.pages import pages_of
from monitor.daemon.reporter import Reporter
from monitor.deciding.alert_desk import AlertDesk
from monitor.deciding.attention import Ack
from monitor.deciding.journal import Journal
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.store import Store
from monitor.model import Metric as Quantity
from monitor.notify.ack_door import AckDoor
from monitor.notify.channels import Heartbeat
from monitor.notify.heartbeat import Beats
from monitor.notify.notifier import Notifier
from monitor.notify.outbox import Outbox
from monitor.notify.rows import channel_rows
from monitor.notify.seen import Seen
from monitor.serving.channel_rows import ChannelRow
from monitor.serving.exposition.own import OwnMetrics

OUTBOX = "outbox.db"
"""The outbox in the state directory."""


class Parts(Protocol):
    """What the daemon is made of, as far as its messages go."""

    config: Config
    catalogue: dict[str, Quantity]
    base: Path
    state_dir: Path
    engine: Engine
    store: Store
    intake: Intake
    course: Course
    clock: Callable[[], float]
    journal: Journal
    own: OwnMetrics
    degraded: str


class Switchboard:
    """Owns everything that speaks to people outside. `start` before the first tick, `close` after the last."""

    def __init__(self, parts: Parts, ready: Callable[[], str | None]) -> None:
        """ready: why nothing is judged, or None."""
        self._parts = parts
        self._ready = ready
        config = parts.config
        outbox = Outbox(parts.state_dir / OUTBOX)
        self.notifier = Notifier(config.notify, parts.base, self._notified, outbox=outbox, paging=config.paging)
        reporter = Reporter(config, parts.engine, parts.store, parts.intake, parts.course)
        desk = AlertDesk(parts.journal, config.cutover.name, parts.clock)
        self.pages = pages_of(config, reporter, self.notifier.notify, desk)
        self.alerting = Alerting(
            lambda: parts.config, parts.catalogue, parts.engine, parts.intake, self.pages, desk, self.notifier.sent
        )
        self.beats = Beats(config.notify, parts.base, self.unsound)
        self._seen = Seen(outbox)
        self.doors: list[AckDoor] = []
        """Channels whose acknowledgements flow back; the list itself stays the same one."""
        self._open_doors(config)
        parts.own.also.append(self._metrics)
        parts.own.channels(self.notifier.channels)

    @property
    def troubles(self) -> list[str]:
        """What people should know of the ways out, in words."""
        return [*self.notifier.troubles, *self.beats.troubles, *([self.pages.broken] if self.pages.broken else [])]

    def _open_doors(self, config: Config) -> None:
        self.doors[:] = [
            AckDoor(channel.name, channel.acks, self._parts.base, self, self._seen)
            for channel in config.notify
            if not isinstance(channel, Heartbeat) and channel.acks is not None
        ]

    def take(self, config: Config, touched: Iterable[str]) -> None:
        """Speak by another configuration from now on. touched: rules that begin afresh or are gone."""
        self.notifier.take(config.notify, config.paging)
        self._parts.own.channels(self.notifier.channels)
        self.beats.take(config.notify)
        self.pages.take(config, touched)
        self._open_doors(config)

    def rows(self, now: float) -> tuple[ChannelRow, ...]:
        """Channels and heartbeats as displays see them. now: unix seconds."""
        return channel_rows(self.notifier, self.beats, now, time.monotonic())

    async def start(self) -> None:
        """Deliver what the last daemon left, take up what people had heard and who has what, begin to beat."""
        await self.alerting.desk.start()
        await self.notifier.start()
        await self._seen.recall(time.time())
        await self.pages.recall(self.notifier.outbox)
        self.beats.start()

    async def close(self) -> None:
        """Stop the heartbeats, then let what waits leave."""
        await self.beats.close()
        await self.notifier.close()

    def unsound(self) -> str:
        """Why no heartbeat may be sent: nothing is judged, or nothing can be written. Empty: all is well."""
        parts = self._parts
        return self._ready() or parts.degraded or parts.journal.failing or self.notifier.outbox.failing

    async def acknowledge(self, key: str, who: str, via: str, until: float | None, reason: str) -> str:
        """Somebody outside has a page, and with it all that it is about. until: unix seconds."""
        page = self.alerting.board.page(key)
        if page is None:
            return "no incident of that key is open"
        ack = Ack(
            page=key,
            alert=page.alert,
            scopes=tuple(page.places),
            who=who,
            via=via,
            reason=reason,
            since=self._parts.clock(),
            until=until,
        )
        await self.alerting.desk.take(ack, f"{who} acknowledged {key} via {via}: {reason}")
        return f"acknowledged by {who}"

    async def release(self, key: str, who: str, via: str) -> str:
        """Nobody has it any more: it is escalated anew unless somebody takes it."""
        page = self.alerting.board.page(key)
        if page is None:
            return "no incident of that key is open"
        what = f"{key} is nobody's any more, says {via}"
        await self.alerting.desk.let_go(key, page.alert, tuple(page.places), who, via, what)
        return "nobody has it any more"

    def _notified(self, channel: str, ok: bool, detail: str) -> None:  # noqa: FBT001 - the one fact that it tells
        result = "ok" if ok else "failed"
        self._parts.own.notified(channel, result)
        self._parts.journal.append("notify", "engine", f"{channel}: {detail}", object=channel, state=result)

    def _metrics(self) -> Iterable[Metric]:
        workers = self.notifier.workers
        waiting = GaugeMetricFamily(
            "golive_notification_queue_length", "Messages that wait for a channel.", labels=["channel"]
        )
        works = GaugeMetricFamily(
            "golive_notification_channel_up",
            "Whether a channel took what it was given last: 1 when it did, 0 when it fails or refuses.",
            labels=["channel"],
        )
        for worker in workers:
            waiting.add_metric([worker.name], worker.waiting)
            works.add_metric([worker.name], float(worker.state == "ok"))
        beats = GaugeMetricFamily(
            "golive_heartbeat_last_success_timestamp_seconds",
            "When a watcher outside took a heartbeat last; 0 when it never did.",
            labels=["heartbeat"],
        )
        for name, at in self.beats.last.items():
            beats.add_metric([name], at)
        return waiting, works, beats, *self.alerting.metrics()
