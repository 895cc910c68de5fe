"""A rollback in one process, from edge to end: the desk, the runner, a journal; signed by two; ticks by the real clock.

As a program: `python -m tests.runbooks.rollback STATE RUNBOOK [answers.json]` goes on until the decision ends or is
paused, prints where it stands as one JSON line, and leaves. Killed in between, the next one goes on.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec

from monitor.deciding.desk import Desk
from monitor.deciding.journal import Journal
from monitor.documents.loading import load_text
from monitor.model import Truth
from monitor.serving.acts import Refusal
from monitor.serving.snapshot import DecisionRow, RunRow
from runbooks.book import Bound
from runbooks.model import Runbook
from runbooks.runner import Runner
from tests.monitor.deciding.world import ANNA, BEN, PEOPLE, Facts, trigger

TICK = 0.02
SIGNALS: dict[str, float | None] = {"legacy_up": 1.0, "legacy_share": 1.0, "legacy_ready": 1.0}


def runbook(text: str) -> Runbook:
    """Read a runbook as the book does; its findings fail the test."""
    loaded = load_text(text, "test.yaml", Runbook)
    assert loaded.value is not None, "\n".join(map(str, loaded.findings))
    return loaded.value


class Shelf:
    """A book of one runbook, which a test may exchange."""

    def __init__(self, runbook: Runbook) -> None:
        self.runbook = runbook

    def plan(self, name: str) -> Bound | None:
        return Bound(self.runbook, self.runbook.digest) if name == self.runbook.name else None

    async def refresh(self) -> None:
        """Nothing is on disk."""


class Rollback:
    """Ticks a desk with one trigger that is true, and signs what it asks."""

    def __init__(
        self, state: Path, book: Runbook, clock: Callable[[], float] = time.time, window: float = 0.0, **more: Any
    ) -> None:
        """more: fields of the trigger."""
        self.state = state
        self.clock = clock
        self.window = window
        self.more = more
        self.book = Shelf(book)
        self.name = book.name
        self.signals = dict(SIGNALS)
        self.stage = "pilot"
        self.parameters: dict[str, str] = {}
        self.events: list[tuple[str, str]] = []
        self.concluded = 0
        self.ticked = asyncio.Event()
        self.desk: Desk
        self.journal: Journal
        self._ticking: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        self.journal = await Journal.open(self.state / "journal.db", clock=self.clock)
        self.desk = Desk(
            triggers=[
                trigger(**{"runbook": self.name, "cooldown": 3600.0, "parameters": self.parameters, **self.more})
            ],
            people=PEOPLE,
            book=self.book,
            executor=Runner(self.journal, self.state, self.clock, undo_window=self.window),
            journal=self.journal,
            default_mode="approve",
            cutover_name="retail",
            config_digest="c1",
            clock=self.clock,
            on_event=lambda kind, _row, what: self.events.append((kind, what)),
            on_rolled_back=self._concluded,
        )
        await self.desk.start()
        self._ticking = asyncio.get_running_loop().create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        await self.desk.close()
        await self.journal.close()

    async def _concluded(self, _row: DecisionRow) -> None:
        self.concluded += 1

    async def _tick(self) -> None:
        while True:
            self.observe()
            facts = Facts(
                at=self.clock(),
                stage=self.stage,
                rules={"abandon": Truth.TRUE, "mos": Truth.TRUE},
                signals=dict(self.signals),
            )
            self.desk.consider(facts)
            self.ticked.set()
            await asyncio.sleep(TICK)

    def observe(self) -> None:
        """What is measured before a tick; by default what a test has set."""

    @property
    def decision(self) -> DecisionRow:
        return self.desk.decision_rows()[0]

    @property
    def run(self) -> RunRow:
        return self.desk.run_rows()[0]

    def step(self, name: str) -> Any:
        return next(step for step in self.run.steps if step.name == name)

    async def measure(self, **signals: float | None) -> None:
        """State signals, and wait until a tick has carried them."""
        self.signals.update(signals)
        self.ticked.clear()
        await asyncio.wait_for(self.ticked.wait(), 5)

    async def sign(self) -> None:
        """Have two people sign as soon as it asks."""
        await self.until(lambda: bool(self.desk.decision_rows()))
        for actor in (ANNA, BEN):
            row = self.decision
            if row.state in ("awaiting", "escalated"):
                await self.desk.approve(actor, row.id, row.digest, row.nonce, "as shown")

    async def until(self, condition: Any, within: float = 15.0) -> None:
        """Wait for a condition; what stands at the deadline fails the test."""
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, [row.state for row in self.desk.decision_rows()] + self.events
            await asyncio.sleep(TICK / 2)

    async def reaches(self, *states: str) -> DecisionRow:
        await self.until(lambda: bool(self.desk.decision_rows()) and self.decision.state in states)
        return self.decision


ENDS = ("rolled_back", "partial", "ineffective", "frozen")


async def main(state: Path, text: str, answers: dict[str, str]) -> None:
    """Go on until it ends or waits for a person for whom no answer was given."""
    async with Rollback(state, runbook(text)) as rollback:
        await rollback.sign()
        while True:
            await rollback.until(lambda: rollback.decision.state in ENDS or rollback.desk.waiting_rows())
            asked = [row for row in rollback.desk.waiting_rows() if row.id.partition("/")[2] in answers]
            for row in asked:
                run, _, step = row.id.partition("/")
                try:
                    await rollback.desk.act_on_step(BEN, run, step, "resolve", answers[step], "I looked")
                except Refusal as refusal:
                    sys.stderr.write(f"refused: {refusal.what}\n")
                await rollback.until(lambda row=row: row.id not in [w.id for w in rollback.desk.waiting_rows()])
            if not asked and (rollback.decision.state in ENDS or rollback.desk.waiting_rows()):
                break
        await rollback.reaches(*ENDS, "paused")
        sys.stdout.write(json.dumps({"decision": rollback.decision.state, "run": msgspec.to_builtins(rollback.run)}))


if __name__ == "__main__":
    asyncio.run(
        main(Path(sys.argv[1]), Path(sys.argv[2]).read_text(), json.loads(sys.argv[3]) if len(sys.argv) > 3 else {})
    )
