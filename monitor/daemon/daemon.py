"""The daemon: composes every part, starts them in order, and stops them in reverse."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from itertools import chain
from pathlib import Path

from monitor.config_file import LoadedConfig
from monitor.daemon.assembly import desk_of, engine_of, independence_of, judged_elsewhere, keeper_of, past_of, patience
from monitor.daemon.camera import Camera, version
from monitor.daemon.course import Course
from monitor.daemon.helm import Helm
from monitor.daemon.port import opened
from monitor.daemon.recent import Recent
from monitor.daemon.refill import refill
from monitor.daemon.rollback_clock import RollbackClock
from monitor.daemon.safety import open_journal
from monitor.daemon.sparks import Sparks
from monitor.daemon.switchboard import Switchboard
from monitor.daemon.ticker import Ticker
from monitor.deciding.auth import Authority
from monitor.deciding.breakglass import BreakGlassLog
from monitor.deciding.desk import Desk
from monitor.deciding.state_lock import StateLock
from monitor.history.archive import FILE
from monitor.intake.intake import Intake
from monitor.intake.record import Record
from monitor.intake.supervise import Supervisor
from monitor.intake.watchdog import Watchdog
from monitor.judging.derived import DerivedFigures
from monitor.judging.store import Store
from monitor.model import Health
from monitor.notify.anchors import Anchors
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.exposition.scrape import Exposition
from monitor.serving.snapshot import DecisionRow, PointRow
from monitor.serving.web.listener import Listener

log = logging.getLogger("golive.daemon")

TOKENS = 2.0
"""Seconds between looks at changed tokens."""


class Daemon:
    """One cutover, watched. `start` brings it up, `close` down; `clock` is unix seconds."""

    listener: Listener

    def __init__(
        self,
        loaded: LoadedConfig,
        state_dir: Path,
        clock: Callable[[], float] = time.time,
        web_config_file: Path | None = None,
    ) -> None:
        """Watch by this configuration, which must have no findings. web_config_file: TLS, passwords and headers."""
        if loaded.value is None or loaded.book is None:
            raise ValueError("a configuration with findings cannot be run")
        self.config = judged_elsewhere(loaded.value, loaded.catalogue)
        self.book = loaded.book
        self.base = loaded.folder
        self.digest = loaded.digest
        self.catalogue = loaded.catalogue
        self.state_dir = state_dir
        self.web_config_file = web_config_file
        self.clock = clock
        self.degraded = ""
        """Why the daemon is not whole; empty when it is."""
        self.record: Record | None = None
        self.dead = asyncio.Event()
        """Set when a part without which nothing is judged has ended."""
        self._closers: list[Callable[[], Awaitable[None]]] = []

    @property
    def address(self) -> str:
        """Where HTTP answers."""
        host = self.config.web.listen.rpartition(":")[0]
        return f"{self.listener.scheme}://{host or '127.0.0.1'}:{self.listener.port}"

    async def start(self) -> None:
        """Bring everything up; returns once HTTP answers. After an exception, `close` ends what had begun.

        Raises:
            AlreadyRunning: another daemon holds the state directory.
            ListenError: the listen address is taken or not ours.
            FrontError: the web.config.file cannot be used.
            TokensError, SecretError: tokens cannot be read.
            RecordError: journal.record is on and the samples cannot be written.
        """
        lock = await asyncio.to_thread(StateLock.acquire, self.state_dir, self.clock())
        self._closers.append(async_(lock.release))
        self.second = BreakGlassLog(self.state_dir)
        self.journal, self.degraded = await open_journal(
            self.config, self.base, self.state_dir, self.clock, self.second
        )
        self._closers.append(self.journal.close)
        self.anchors = Anchors(self.config.journal, self.base, self.journal, self.config.cutover.name, self.clock)
        self._closers.append(self.anchors.close)
        await self._make_intake()
        delays = {self.intake.doors[source.name].number: source.delay for source in self.config.collectors}
        self.history = keeper_of(self.config, self.store, self.state_dir / FILE, delays, self.journal, self.clock)
        self._keep(self.history.run(), "history")
        self.engine = engine_of(self.config, self.store, delays, self.history)
        self.derived = DerivedFigures(self.config.derived, self.store)
        self.course = Course(self.config.stages, self.config.gates, self.journal, self.clock, self._arm)
        await self.course.start()
        await self._refill()
        self.own = OwnMetrics(self.state_dir)
        self.watchdog = Watchdog(lambda stall: self.own.stalled(stall.owner))
        self.rollback_clock = await RollbackClock.recall(self.config, self.book, self.journal, self.state_dir)
        self.recent = Recent(self.store, self.clock)
        self.camera = Camera(self)
        self.past = past_of(self.config, self.state_dir / "past.db", self.camera, self.journal, self.own, self.clock)
        self._keep(self.past.run(), "past")
        self.switchboard = Switchboard(self, self.camera.ready)
        self.desk = self._make_desk()
        self.ticker = self._make_ticker()
        self.authority = Authority(self.config.people, self.state_dir, self.base)
        await asyncio.to_thread(self.authority.load)
        if not self.degraded:
            await self.anchors.start()
        await self.switchboard.start()
        self._closers.append(self.switchboard.close)
        await self.desk.start()
        self._closers.append(self.desk.close)
        await self._serve()
        self._closers.append(self.listener.stop)
        self.supervisor.start()
        self._closers.append(self.supervisor.close)
        self.watchdog.start()
        self._closers.append(self.watchdog.close)
        self._keep(self.ticker.run(), "ticker")
        self._keep(watch_tokens(self.authority), "tokens")
        self._keep(self.rollback_clock.run(self.clock, self.desk.run_rows), "rollback clock")
        self._keep(self.journal.keep(), "journal's reserve")
        self.journal.append(
            "start", "engine", f"golive {version()} watches {self.config.cutover.name}", state="started"
        )

    def _keep(self, work: Coroutine[None, None, None], name: str) -> None:
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

    async def _refill(self) -> None:
        if self.record is not None:
            taken = await asyncio.to_thread(refill, self.store, self.record, self.clock(), patience(self.config))
            if taken:
                log.info("%d samples from the record fill the windows again", taken)
                self._arm(self.course.stage.name, self.course.stage_since)

    def _arm(self, stage: str, now: float) -> None:
        self.derived.arm(now)
        self.engine.arm(stage, now)

    async def _make_intake(self) -> None:
        config = self.config
        self.store = Store(self.catalogue)
        if config.journal.record:
            self.record = Record(self.state_dir / "record.db", config.journal.record_for)
            await asyncio.to_thread(self.record.start)
            self._closers.append(async_(self.record.close))
        self.intake = Intake(self.store, self.base, self.record)
        for collector in config.collectors:
            self.intake.door(collector.name, collector.stale_after, collector.shared)
        if self.record is not None:
            self.intake.restore(await asyncio.to_thread(self.record.sequences), self.clock())
        self.supervisor = Supervisor(config.collectors, self.intake, self.clock, self._health_changed)

    def _make_desk(self) -> Desk:
        return desk_of(
            self.config,
            base=self.base,
            book=self.book,
            journal=self.journal,
            second=self.second,
            digest=self.digest,
            clock=self.clock,
            disabled=self.degraded,
            on_event=self._decision_changed,
            on_rolled_back=self._rolled_back,
            on_point=self._point_changed,
        )

    def _make_ticker(self) -> Ticker:
        return Ticker(
            engine=self.engine,
            derived=self.derived,
            intake=self.intake,
            course=self.course,
            desk=self.desk,
            journal=self.journal,
            gates=self.config.gates,
            catalogue=self.catalogue,
            independence=independence_of(self.config, self.intake),
            pages=self.switchboard.pages,
            sparks=Sparks(self.config.signals, self.catalogue),
            clock=self.clock,
            on_tick=lambda now: chain(self.camera.ticked(now), self.recent.ticked(now)),
        )

    async def _serve(self) -> None:
        exposition = Exposition(lambda: self.store.tables, self.camera.newest, self.own, self.catalogue)
        helm = Helm(self.desk, self.course, self.journal, self.camera.snapshot, self.ticker.open_gates)
        self.listener = await opened(self, helm, exposition)

    async def close(self) -> None:
        """Stop in reverse order: no new tick, collectors away, no new step, journal written, state let go."""
        while self._closers:
            await self._closers.pop()()

    def _health_changed(self, name: str, state: Health, detail: str) -> None:
        what = f"source {name} is {state.value}" + (f": {detail}" if detail else "")
        self.journal.append("source", "engine", what, object=name, state=state.value)

    def _decision_changed(self, kind: str, row: DecisionRow, what: str) -> None:
        self.camera.wanted = True
        self.switchboard.pages.decision(kind, row, what, self.clock())

    def _point_changed(self, row: PointRow, what: str) -> None:
        self.camera.wanted = True
        self.switchboard.pages.point(row, what, self.clock())

    async def _rolled_back(self, row: DecisionRow) -> None:
        plan = self.book.get(row.runbook)
        await self.course.rolled_back((plan.back_to or "") if plan else "", f"{row.runbook} is verified")


async def watch_tokens(authority: Authority) -> None:
    """Read tokens again when they change, until cancelled."""
    while True:
        await asyncio.sleep(TOKENS)
        await authority.refresh()


def async_(plain: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    """A plain call as something that can be awaited; it may block, so it runs in a thread."""

    async def call() -> None:
        await asyncio.to_thread(plain)

    return call
