"""The heartbeat: every 250 ms freeze what was heard, judge it, decide, and take the snapshot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain

from monitor.daemon import board, chronicle
from monitor.daemon.clock_watch import ClockWatch
from monitor.daemon.course import Course
from monitor.daemon.facts import TickFacts
from monitor.daemon.gaps import Gaps
from monitor.daemon.pages import Pages
from monitor.daemon.sparks import Sparks
from monitor.daemon.witness import Sight
from monitor.daemon.worst import Worst
from monitor.deciding.desk import Desk
from monitor.deciding.journal import Journal
from monitor.intake.intake import Intake
from monitor.judging.derived import DerivedFigures
from monitor.judging.engine import Engine
from monitor.judging.verdict import Ruling, of_gate, rule_on
from monitor.model import Metric, Verdict
from monitor.plan import Gate
from monitor.text import clean

log = logging.getLogger("golive.daemon")

PERIOD = 0.25
"""Seconds between ticks."""
SLICE = 0.001
"""Seconds of judging after which others get the loop."""


class Ticker:
    """One tick after another; holds what the newest tick found out."""

    def __init__(
        self,
        *,
        engine: Engine,
        derived: DerivedFigures,
        intake: Intake,
        course: Course,
        desk: Desk,
        journal: Journal,
        gates: tuple[Gate, ...],
        catalogue: Mapping[str, Metric],
        independence: Mapping[int, str],
        pages: Pages,
        sparks: Sparks,
        clock: Callable[[], float],
        on_tick: Callable[[float], Iterable[None]],
    ) -> None:
        self.engine = engine
        self.derived = derived
        self.intake = intake
        self.course = course
        self.desk = desk
        self.journal = journal
        self.gates = gates
        self.catalogue = catalogue
        self.independence = independence
        self.pages = pages
        self.sparks = sparks
        self.clock = clock
        self.on_tick = on_tick
        self.judged: list[board.JudgedGate] = []
        self.ruling = Ruling(Verdict.UNKNOWN, "nothing was judged yet", "")
        self.ruled_since = self.began = clock()
        self.count = 0
        self.seconds = 0.0
        """How long the newest tick took."""
        self.lag = 0.0
        """How late the newest tick began."""
        self.longest = 0.0
        """The longest stretch for which a tick of the last half minute kept the loop to itself, seconds."""
        self._worst = Worst()
        self._gaps = Gaps()
        self._longest = 0.0
        self.turn = asyncio.Lock()
        """Held while a tick is under way: who has it may change what is judged."""
        self.broken = ""
        """Why the newest tick failed, in words; empty when it did not."""

    async def run(self) -> None:
        """Tick until cancelled. A tick that fails is said and the next one tries again."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        watch = ClockWatch(self.clock)
        while True:
            due += PERIOD
            await asyncio.sleep(max(due - loop.time(), 0.0))
            self.lag = max(loop.time() - due, 0.0)
            if self.lag > PERIOD:
                due = loop.time()
            if told := watch.look():
                self.journal.append("clock", "engine", told, state="jumped")
            begun = time.perf_counter()
            try:
                async with self.turn:
                    await self.tick(self.clock())
            except Exception as error:
                if not self.broken:
                    log.exception("a tick failed; the verdict is UNKNOWN until one succeeds")
                self._failed(f"a tick failed: {type(error).__name__}: {clean(str(error), 200)}")
            else:
                self.broken = ""
            self.count += 1
            self.seconds = time.perf_counter() - begun

    async def tick(self, now: float) -> None:
        """Judge everything at one instant (unix seconds)."""
        self._freeze()
        self._longest = 0.0
        await self._share(chain(self.intake.flushing(), self.derived.compute(now), self.engine.judge(now)))
        await asyncio.sleep(0)
        # From here to the verdict nobody else runs: a change of stage in between would make one of two stages.
        began = time.perf_counter()
        facts = TickFacts(self.engine, self.course.stage.name, now, self.independence)
        doors = list(self.intake.doors.values())
        self.judged = [board.gate(self.engine, gate, self.course, doors, now) for gate in self.gates]
        if self.judged and (silent := board.unheard(doors, self.began, now)) is not None:
            self.judged.append(silent)
        for gap in self._gaps.settle(self.intake, now):
            self.journal.append("source", "engine", gap.what, object=gap.object, state="gap", at=now)
        if self.judged and (holed := self._gaps.gate(self.intake, self.engine.judges, now)) is not None:
            self.judged.append(holed)
        rules = {name: judge.rule for name, judge in self.engine.judges.items()}
        for told in chronicle.transitions(self.engine.transitions, rules, dict(self.catalogue)):
            self.journal.append("transition", "engine", told.what, object=told.object, state=told.state, at=now)
        self.desk.consider(facts)
        waiting = [self.course.held] if self.course.held else []
        waiting += [reason] if (reason := self.desk.holding()) else []
        self.sparks.take(self.engine.readings, now)
        ruling = rule_on((gate.state for gate in self.judged), waiting)
        since = self.ruled_since if self.count and ruling.verdict is self.ruling.verdict else now
        self.pages.look(Sight(now, ruling, since, self.judged, self.desk.decision_rows))
        self._rule(ruling, now)
        self._longest = max(self._longest, time.perf_counter() - began)
        await asyncio.sleep(0)
        await self._share(self.on_tick(now))
        self._thaw()
        self.longest = self._worst.note(self._longest, time.monotonic())

    def _freeze(self) -> None:
        """What comes in from now on, samples and new series alike, waits for the next tick."""
        self.intake.frozen = True
        self.engine.store.hold()

    def _thaw(self) -> None:
        self.intake.frozen = False
        self.engine.store.release()

    async def _share(self, work: Iterable[None]) -> None:
        """Do the work, and let others have the loop after each slice of time; notes the longest stretch without."""
        began = time.perf_counter()
        for _ in work:
            spent = time.perf_counter() - began
            if spent > SLICE:
                self._longest = max(self._longest, spent)
                await asyncio.sleep(0)
                began = time.perf_counter()
        self._longest = max(self._longest, time.perf_counter() - began)

    def _failed(self, why: str) -> None:
        """Say UNKNOWN everywhere. What cannot even be said any more ends the daemon: a dead one is missed, a mute one is not."""
        self.broken = why
        self._thaw()
        now = self.clock()
        self._rule(Ruling(Verdict.UNKNOWN, why, ""), now)
        for _ in self.on_tick(now):
            pass

    def _rule(self, ruling: Ruling, now: float) -> None:
        before = self.ruling
        if self.broken and ruling.verdict is not Verdict.UNKNOWN:
            # The tick that failed may fail again: one whole tick must pass before its verdict counts.
            return
        self.ruling = ruling
        if self.count and before.verdict is ruling.verdict:
            return
        self.ruled_since = now
        came_from = before.verdict.word if self.count else "start"
        what = f"verdict {came_from} → {ruling.verdict.word}: {ruling.reason}"
        self.journal.append("verdict", "engine", what, object=ruling.gate, state=ruling.verdict.word, at=now)
        self.pages.verdict(ruling, now)

    def open_gates(self) -> list[str]:
        """Gates that are not GO."""
        return [gate.state.name for gate in self.judged if gate.state.active and of_gate(gate.state) is not Verdict.GO]
