"""A daemon without network, disk and waiting: the real parts, composed as the daemon composes them, on a script's time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from monitor.daemon.alerting import Alerting
from monitor.daemon.course import Course
from monitor.daemon.helm import Helm
from monitor.daemon.pages import pages_of
from monitor.daemon.reporter import Reporter
from monitor.daemon.safety import safety_of
from monitor.daemon.sparks import Sparks
from monitor.daemon.ticker import Ticker
from monitor.deciding.alert_desk import AlertDesk
from monitor.deciding.desk import Desk
from monitor.deciding.journal import Journal
from monitor.intake.intake import Intake
from monitor.judging.derived import DerivedFigures
from monitor.judging.engine import Engine
from monitor.judging.scoping import all_scope_labels, scope_words
from monitor.judging.store import Store
from monitor.model import Labels
from monitor.notify.message import Message
from monitor.notify.sent import Sent
from monitor.scenarios.feeding import Feeder, arrivals, patience
from monitor.scenarios.recorded import weeks_of
from monitor.scenarios.rehearsal import Rehearsal
from monitor.scenarios.setting import Setting
from monitor.scenarios.simulated_loop import SimulatedLoop
from monitor.scenarios.statements import StepDoes
from monitor.serving.acts import Actor
from monitor.serving.snapshot import DecisionRow, Snapshot


class Rig:
    """One cutover in one scenario. `open` it, `tick` it, `close` it."""

    engine: Engine
    derived: DerivedFigures
    course: Course
    desk: Desk
    alert_desk: AlertDesk
    ticker: Ticker
    helm: Helm
    feeder: Feeder
    journal: Journal

    def __init__(self, setting: Setting, loop: SimulatedLoop) -> None:
        self.setting = setting
        self.loop = loop
        self.elapsed = 0.0
        """Seconds since the scenario began."""
        self.pages: list[Message] = []
        """All pages so far."""
        self.outcomes: dict[str, StepDoes] = {step.step: step for step in setting.scenario.steps}
        self.shown: dict[float, tuple[DecisionRow, ...]] = {}
        """Decisions as they were shown at the instants that a signature refers to."""
        self.actors = {
            person.name: Actor(name=person.name, role=person.role, duties=person.duties)
            for person in setting.config.people
        }

    @property
    def now(self) -> float:
        """The script's wall clock, unix seconds."""
        return self.setting.scenario.start + self.elapsed

    async def open(self) -> None:
        """Start at 0s: armed, nothing heard."""
        self.journal = await Journal.open(None, clock=lambda: self.now, monotonic=lambda: self.elapsed)
        coming = iter(arrivals(self.setting))
        await self._assemble(lambda intake: Feeder(self.setting, intake, coming, None))

    async def restart(self) -> None:
        """Stop and start again: what is in the journal stays, what was heard is gone."""
        await self.desk.close()
        old = self.feeder
        await self._assemble(lambda intake: Feeder(self.setting, intake, old.upcoming, old.waiting))

    async def close(self) -> None:
        """Stop every task."""
        await self.desk.close()
        await self.journal.close()

    async def _assemble(self, feeder: Callable[[Intake], Feeder]) -> None:
        setting, config = self.setting, self.setting.config
        store = Store(setting.catalogue)
        intake = Intake(store)
        self.feeder = feeder(intake)
        self.engine = Engine(
            config.rules,
            config.signals,
            store,
            patience=patience(setting),
            delays={intake.doors[name].number: source.delay for name, source in setting.sources.items()},
            history=weeks_of(setting.scenario.recorded, config.cutover),
        )
        self.derived = DerivedFigures(config.derived, store)
        self.course = Course(config.stages, config.gates, self.journal, self._clock, self._arm)
        await self.course.start()
        self.desk = self._make_desk()
        self.alert_desk = AlertDesk(self.journal, config.cutover.name, self._clock, lambda: self.elapsed)
        self.ticker = self._make_ticker(intake, store)
        alerting = self._alerting(intake)
        self.helm = Helm(
            self.desk,
            self.course,
            self.journal,
            _nobody_looks,
            self.ticker.open_gates,
            alerting.desk,
            alerting.details.of,
        )
        await alerting.desk.start()
        await self.desk.start()

    def _arm(self, stage: str, now: float) -> None:
        self.derived.arm(now)
        self.engine.arm(stage, now)

    def _clock(self) -> float:
        return self.now

    def _make_desk(self) -> Desk:
        setting, config = self.setting, self.setting.config
        return Desk(
            triggers=config.triggers,
            people=config.people,
            book=setting.book,
            executor=Rehearsal(self.journal, self._clock, self.outcomes),
            journal=self.journal,
            default_mode=config.cutover.default_mode,
            cutover_name=config.cutover.name,
            config_digest=setting.digest,
            clock=self._clock,
            on_event=lambda kind, row, what: self.ticker.pages.decision(kind, row, what, self.now),
            on_rolled_back=self._rolled_back,
            monotonic=lambda: self.elapsed,
            scopes=all_scope_labels(config.triggers, config.rules, config.signals),
            safety=safety_of(
                config, self.journal, self._clock, lambda row, words: self.ticker.pages.point(row, words, self.now)
            ),
            environment=config.cutover.environment,
        )

    def _make_ticker(self, intake: Intake, store: Store) -> Ticker:
        setting, config = self.setting, self.setting.config
        return Ticker(
            engine=self.engine,
            derived=self.derived,
            intake=intake,
            course=self.course,
            desk=self.desk,
            journal=self.journal,
            gates=config.gates,
            catalogue=setting.catalogue,
            independence={
                intake.doors[name].number: source.independence or name for name, source in setting.sources.items()
            },
            pages=pages_of(
                config,
                Reporter(config, self.engine, store, intake, self.course),
                self.pages.append,
                self.alert_desk,
            ),
            sparks=Sparks(config.signals, setting.catalogue),
            clock=self._clock,
            on_tick=lambda _now: (),
        )

    def _alerting(self, intake: Intake) -> Alerting:
        setting = self.setting
        pages, desk = self.ticker.pages, self.alert_desk
        return Alerting(lambda: setting.config, setting.catalogue, self.engine, intake, pages, desk, Sent())

    async def _rolled_back(self, row: DecisionRow) -> None:
        runbook = self.setting.book.get(row.runbook)
        back_to = runbook.back_to if runbook is not None else None
        await self.course.rolled_back(back_to or "", f"{row.runbook} is verified")

    async def tick(self, elapsed: float) -> None:
        """Turn the clock, hand over what has arrived, judge, and let everything that follows happen."""
        self.elapsed = self.loop.elapsed = elapsed
        await self.loop.settled()
        self.feeder.feed(elapsed)
        await self.ticker.tick(self.now)
        self.ticker.count += 1
        await self.loop.settled()

    def decision(self, name: str, labels: Labels = ()) -> DecisionRow | None:
        """The newest decision of a trigger, or of a runbook by its name, in a scope."""
        return newest(self.desk.decision_rows(), name, labels)


def meant(rows: Iterable[DecisionRow], name: str, labels: Labels) -> list[DecisionRow]:
    """Those that a trigger opened or joined, or that would run a runbook of this name, and that are asked for in a scope."""
    scope = scope_words(labels)
    mine = [row for row in rows if name in ("", row.runbook, *row.trigger.split(", "))]
    return [row for row in mine if not labels or scope in row.scopes]


def newest(rows: tuple[DecisionRow, ...], name: str, labels: Labels = ()) -> DecisionRow | None:
    """The newest of these decisions that a trigger opened or joined, or that would run this runbook."""
    return max(meant(rows, name, labels), key=lambda row: row.opened_at, default=None)


def _nobody_looks() -> Snapshot:
    """What an act answers with, which a script does not read."""
    return cast("Snapshot", None)
