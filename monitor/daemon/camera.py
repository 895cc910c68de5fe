"""The snapshot: taken with each tick while somebody looks, once a second when nobody does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Protocol

from monitor.config import Config
from monitor.daemon import board
from monitor.daemon.course import Course
from monitor.daemon.integrations import Integrations
from monitor.daemon.rollback_clock import RollbackClock
from monitor.daemon.switchboard import Switchboard
from monitor.daemon.ticker import Ticker
from monitor.deciding.desk import Desk
from monitor.deciding.journal import Journal
from monitor.history.keeper import Keeper
from monitor.intake.intake import Intake
from monitor.intake.record import Record
from monitor.intake.supervise import Supervisor
from monitor.intake.watchdog import Watchdog
from monitor.judging.engine import Engine
from monitor.judging.pieces import Pieces, finished
from monitor.judging.store import Store
from monitor.notify.anchors import Anchors
from monitor.plan import decide_by
from monitor.serving.condition_rows import SelfRow
from monitor.serving.snapshot import CutoverRow, GateRow, RunRow, Snapshot, VerdictRow, WaitingRow

_VERSION = metadata.version("golive-monitor")
STALE = 5.0
"""Seconds after which a snapshot that was not renewed means that nothing is judged any more."""
REFRESH = 1.0
"""Seconds between snapshots when nobody asks for them."""
STALL_SHOWN = 60.0
"""Seconds for which a screen says who held up the event loop."""
EVENTS = 50
"""Newest events in a snapshot."""


class Parts(Protocol):
    """What the daemon is made of, as far as it can be seen in a snapshot."""

    config: Config
    store: Store
    intake: Intake
    engine: Engine
    course: Course
    supervisor: Supervisor
    desk: Desk
    rollback_clock: RollbackClock
    ticker: Ticker
    journal: Journal
    anchors: Anchors
    record: Record | None
    watchdog: Watchdog
    history: Keeper
    switchboard: Switchboard
    degraded: str


class Camera:
    """Takes and keeps the newest snapshot."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._newest: Snapshot | None = None
        self._taken_at = 0.0
        self._taken_mono = 0.0
        self._started_at = time.time()
        self._integrations: Integrations | None = None
        self._judged_by: Config | None = None
        self.wanted = True
        """Whether somebody asked since the last one was taken."""

    def newest(self) -> Snapshot | None:
        """The newest snapshot, None before the first tick."""
        return self._newest

    def ready(self) -> str | None:
        """None while ticks are judged; else what is wrong."""
        if self._newest is None:
            return "no tick has been judged yet"
        if self._parts.ticker.broken:
            return self._parts.ticker.broken
        silent = time.monotonic() - self._taken_mono
        return f"nothing was judged for {silent:.0f} s" if silent > STALE else None

    def snapshot(self) -> Snapshot:
        """The newest snapshot; asking keeps them coming with every tick."""
        self.wanted = True
        if self._newest is None:
            return finished(self._take(time.time()))
        return self._newest

    def ticked(self, now: float) -> Iterator[None]:
        """A tick is done: take the snapshot if it is wanted, in pieces, between which others may run."""
        self.integrations().look(now)
        if self.wanted or abs(now - self._taken_at) >= REFRESH:
            self.wanted = False
            self._taken_at = now
            self._taken_mono = time.monotonic()
            self._newest = yield from self._take(now)

    def integrations(self) -> Integrations:
        """Made when first needed, since not all parts of a daemon are there when its camera is."""
        part, config = self._parts, self._parts.config
        if self._integrations is None:
            kinds = {collector.name: kind_of(collector) for collector in config.collectors}
            self._integrations = Integrations(part.store, part.intake, part.supervisor, config.collectors, kinds)
        if self._judged_by is not config:
            self._judged_by = config
            self._integrations.judged_by(config.rules, config.signals, config.gates)
        return self._integrations

    def _take(self, now: float) -> Pieces[Snapshot]:
        part = self._parts
        ticker = part.ticker
        rules = yield from board.rules(part.engine, now)
        alerts = yield from board.alerts(part.engine, now)
        series, left_out = yield from board.series(part.store, part.config.web.series_limit, now)
        integrations = yield from self.integrations().rows(now)
        oldest_age, oldest_source = board.oldest_input(ticker.judged)
        gates = tuple(gate.row for gate in ticker.judged)
        kinds = {collector.name: kind_of(collector) for collector in part.config.collectors}
        runs = part.desk.run_rows()
        return Snapshot(
            at=now,
            cutover=_cutover_row(part, runs),
            verdict=VerdictRow(
                verdict=ticker.ruling.verdict.word,
                reason=ticker.ruling.reason,
                gate=ticker.ruling.gate,
                since=ticker.ruled_since,
                oldest_age=oldest_age,
                oldest_source=oldest_source,
            ),
            gates=gates,
            rules=rules,
            sources=board.sources(part.supervisor, part.intake, kinds, now),
            waiting=(*part.desk.waiting_rows(), *_unsigned(gates, part.course)),
            decisions=part.desk.decision_rows(),
            runs=runs,
            points=part.desk.office.safety.points.rows(),
            alerts=alerts,
            sparks=ticker.sparks.rows(),
            series=series,
            series_left_out=left_out,
            integrations=integrations,
            links={"grafana": part.config.web.grafana} if part.config.web.grafana else {},
            events=tuple(part.journal.newest_events(EVENTS)),
            monitor=self._self_row(),
        )

    def _self_row(self) -> SelfRow:
        part = self._parts
        seq, head = part.journal.head
        troubles = [part.degraded, part.ticker.broken, part.journal.failing, *part.anchors.troubles()]
        if part.record is not None and part.record.report:
            troubles.append(part.record.report)
        troubles += part.switchboard.troubles
        stall = part.watchdog.newest
        if stall is not None and time.time() - stall.at < STALL_SHOWN:
            troubles.append(stall.words)
        if part.history.trouble:
            troubles.append(part.history.trouble)
        if part.journal.reserve_used:
            troubles.append("the disk is full and the journal lives from its reserve")
        return SelfRow(
            version=version(),
            started_at=self._started_at,
            tick=part.ticker.count,
            tick_seconds=part.ticker.seconds,
            loop_lag=part.ticker.lag,
            longest_piece=part.ticker.longest,
            series=part.store.size,
            quarantined=sum(door.refused.total() for door in part.intake.doors.values()),
            journal_seq=seq,
            journal_hash=head,
            journal_refused=part.journal.refused,
            reserve_used=part.journal.reserve_used,
            anchored_seq=part.anchors.noted.seq,
            anchored_hash=part.anchors.noted.hash,
            anchors=part.anchors.rows(),
            degraded="; ".join(trouble for trouble in troubles if trouble),
        )


def _cutover_row(part: Parts, runs: Sequence[RunRow]) -> CutoverRow:
    cutover, course = part.config.cutover, part.course
    took = part.rollback_clock.took(runs)
    return CutoverRow(
        name=cutover.name,
        environment=cutover.environment,
        strategy=cutover.strategy,
        stage=course.stage.name,
        stage_title=course.stage.title or course.stage.name,
        stage_index=course.index + 1,
        stage_count=len(course.stages),
        stage_since=course.stage_since,
        started_at=course.started_at,
        decide_by=decide_by(cutover, took.seconds),
        rollback_seconds=took.seconds,
        rollback_why=took.why,
        window_end=cutover.window.end if cutover.window is not None else None,
    )


def _unsigned(gates: Sequence[GateRow], course: Course) -> tuple[WaitingRow, ...]:
    return tuple(
        WaitingRow(
            kind="gate",
            id=gate.name,
            title=f"sign {gate.title}",
            detail=f"by the {gate.duty}",
            since=course.stage_since,
        )
        for gate in gates
        if gate.state == "unsigned" and gate.active and gate.required
    )


def kind_of(collector: object) -> str:
    """The kind under which a collector stands in the configuration."""
    config = getattr(type(collector), "__struct_config__", None)
    return str(config.tag) if config is not None else type(collector).__name__


def version() -> str:
    """Version of the installed golive."""
    return _VERSION
