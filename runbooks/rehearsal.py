"""A run that is rehearsed: the real runner, record and journal; nothing is sent, and the answers are made up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from monitor.deciding.contracts import Order, RunState
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.judging.expressions import Expression
from monitor.judging.scopes import ALL, Calls
from monitor.model import Labels, Truth
from monitor.serving.snapshot import EvidenceRow
from monitor.units import format_duration
from runbooks.actions.manual import Manual
from runbooks.actions.wait import Wait
from runbooks.context import Context
from runbooks.effect import Outcome, Retry
from runbooks.model import AnyStep, Runbook
from runbooks.readiness import unready
from runbooks.record import Record
from runbooks.resumption import take_up
from runbooks.run import Run
from runbooks.simulated import simulated
from runbooks.steering import Steering

MARK = "REHEARSAL"
"""What every line of a rehearsal begins with, and what its ids begin with in small letters."""
FOLDER = "rehearsals"
"""The folder inside the state directory that holds the journal of rehearsals, apart from that of real runs."""
VERIFICATION = "verification"
"""What stands for the runbook's own verification among the steps that are made to fail."""
TICK = 0.05


class Mishaps(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong on purpose."""

    fails: frozenset[str] = frozenset()
    """Steps that fail, known to have failed, until a person tries them again."""
    parks: frozenset[str] = frozenset()
    """Steps of which nobody knows whether they took effect."""
    fast: bool = False
    """Whether waits end at once; such a rehearsal measures no time."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A rehearsal's last line, as data."""

    runbook: str
    digest: str
    state: RunState
    seconds: float
    timed: bool


class MarkedJournal(Journal):
    """A journal in which no line can be taken for one of a real run."""

    def append(self, kind: str, who: str, what: str, **more: Any) -> asyncio.Future[Entry]:  # noqa: ANN401 - as the journal takes it
        """Write a line, marked."""
        return super().append(kind, who, f"{MARK} {what}", **{**more, "via": MARK.lower()})


class _Unmeasured(msgspec.Struct, frozen=True, kw_only=True):
    """Facts of a world in which nothing is measured: every rule and signal is unknown."""

    at: float
    stage: str = "rehearsal"

    def rule(self, name: str, scope: Labels = ALL) -> Truth:  # noqa: ARG002 - every rule is
        return Truth.UNKNOWN

    def signal(self, name: str) -> float | None:  # noqa: ARG002 - every signal is
        return None

    def judged(self, expression: Expression) -> bool:  # noqa: ARG002 - none is
        return False

    def calls(self, expression: Expression, by: tuple[str, ...]) -> Calls:  # noqa: ARG002 - nothing calls
        return Calls()

    def evidence(self, rules: Iterable[str], scopes: Sequence[Labels] = ()) -> tuple[EvidenceRow, ...]:  # noqa: ARG002 - there is none
        return ()

    def sources(self, rules: Iterable[str], scope: Labels = ALL) -> frozenset[str]:  # noqa: ARG002 - there are none
        return frozenset()

    def flapping(self, rules: Iterable[str], scope: Labels = ALL) -> tuple[str, ...]:  # noqa: ARG002 - none does
        return ()


class Rehearsal:
    """One rehearsal of one runbook. `start` it, steer it like a run, `close` it."""

    steering: Steering
    _record: Record

    def __init__(
        self,
        runbook: Runbook,
        parameters: Mapping[str, str],
        journal: MarkedJournal,
        *,
        base: Path,
        mishaps: Mishaps,
        who: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """base: the folder that secrets' files are relative to. parameters: filled. who: the person at the prompt."""
        self.runbook = runbook
        self.parameters = dict(parameters)
        self.mishaps = mishaps
        self.who = who
        self.state: RunState = "running"
        self._journal = journal
        self._base = base
        self._clock = clock
        self._struck = set(mishaps.fails | mishaps.parks)
        self._began = 0.0
        self._ticking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._began = time.monotonic()
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self._clock()))
        decision = f"{MARK.lower()}-{stamp}_{self._journal.head[0]}"
        order = Order(
            run=f"run-{decision}",
            decision=decision,
            runbook=self.runbook.name,
            title=self.runbook.title,
            digest=self.runbook.digest,
            requester=self.who,
            reason=MARK.lower(),
            parameters=self.parameters,
            pinned={},
        )
        self._record = Record(order, self._stand_in(), (), self._journal, self._clock)
        self.steering = Steering(Run(self._record, self._base, "", self._reported, take_up))
        self._ticking = asyncio.get_running_loop().create_task(self._tick(), name="rehearsal")

    def context(self, step: AnyStep) -> Context:
        """What a step's texts are filled with."""
        return self._record.context(step)

    def struck(self, step: str) -> bool:
        """Whether a step is made to go wrong as things stand."""
        return step in self._struck

    def relent(self, step: str) -> None:
        """From now on a step ends well: a person deals with it."""
        self._struck.discard(step)

    async def close(self) -> Measured:
        """Stop, and write down how it ended and how long it took."""
        measured = Measured(
            runbook=self.runbook.name,
            digest=self.runbook.digest,
            state=self.state,
            seconds=round(time.monotonic() - self._began, 3),
            timed=not self.mishaps.fast,
        )
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        await self.steering.close()
        await self._journal.append(
            MARK.lower(),
            self.who,
            f"of {self.runbook.name} ended {self.state} after {format_duration(measured.seconds)}",
            object=self.runbook.name,
            state=self.state,
            data=msgspec.to_builtins(measured),
        )
        return measured

    def _reported(self, state: RunState, _detail: str) -> None:
        self.state = state

    async def _tick(self) -> None:
        while True:
            self.steering.look(_Unmeasured(at=self._clock()))
            await asyncio.sleep(TICK)

    def _stand_in(self) -> Runbook:
        """The runbook with steps that touch nothing. Its verification holds at once, or, made to fail, never."""
        steps = tuple(self._step(step) for step in self.runbook.steps)
        verify: dict[str, Any] = {"verify": (), "verify_hold": 0.0}
        if VERIFICATION in self.mishaps.fails:
            verify = {"verify_within": 0.0}
        return msgspec.structs.replace(self.runbook, steps=steps, **verify)

    def _step(self, step: AnyStep) -> AnyStep:
        if isinstance(step, Manual):
            return msgspec.structs.replace(step, probe=None)
        if isinstance(step, Wait) and not self.mishaps.fast and step.name not in self._struck:
            return step
        retry = Retry(times=step.retry.times, wait=0.0) if self.mishaps.fast else step.retry
        return simulated(step, self._ends, probe=None, retry=retry)

    async def _ends(self, step: AnyStep, context: Context) -> Outcome:
        if why := await unready(step, context):
            return Outcome(kind="failed", detail=f"could not be sent: {why}", sent=False)
        if step.name in self._struck:
            kind: Literal["failed", "unknown"] = "unknown" if step.name in self.mishaps.parks else "failed"
            return Outcome(kind=kind, detail="the rehearsal has it fail" if kind == "failed" else _UNKNOWN)
        return Outcome(kind="done", detail="not sent; the rehearsal takes the answer for good")


_UNKNOWN = "the rehearsal lets nobody know whether it took effect"
