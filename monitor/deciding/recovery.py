"""Coming back after a stop: decisions and their runs' lines as the journal has them, and what must wait for a person."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from monitor.deciding.causes import Cause
from monitor.deciding.decision import BY_HAND, Decision, State
from monitor.deciding.entry import Entry
from monitor.deciding.journal import Journal
from monitor.deciding.voting import fresh
from monitor.units import format_duration

RESUME_WITHIN = 120.0
"""Seconds since a run's last line after which it does not go on by itself."""


def steady() -> float:
    """Seconds on a clock that nobody can set and that goes on while the machine sleeps, where there is one."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


async def decisions(journal: Journal) -> list[Decision]:
    """Every decision as it last was, in the order of opening."""
    newest: dict[str, Decision] = {}
    for entry in await journal.entries(kind="decision"):
        newest[entry.object] = msgspec.convert(entry.data, Decision)
    return list(completed(newest.values()))


def completed(decisions: Iterable[Decision]) -> Iterator[Decision]:
    """Decisions as an earlier version wrote them, with the causes and targets that it did not write down."""
    opened = Counter[str]()
    for decision in decisions:
        opened.update(decision.triggers)
        if decision.causes or decision.targets:
            yield decision
            continue
        causes = tuple(Cause(trigger=name, epoch=opened[name]) for name in decision.triggers if name != BY_HAND)
        targets = (decision.parameters,) if decision.material.runbook_digest else ()
        yield msgspec.structs.replace(decision, causes=causes, targets=targets)


async def history(journal: Journal, run: str) -> list[Entry]:
    """A run's lines and its steps', in order."""
    lines = await journal.entries(kind="run", object=run)
    lines += [line for line in await journal.entries(kind="step") if line.object.startswith(f"{run}/")]
    return sorted(lines, key=lambda line: line.seq)


def hold(decision: Decision, lines: Sequence[Entry], digest: str, now: float, mono: float) -> str:
    """Why an interrupted run must wait for a person before it sends anything; empty when it may go on by itself.

    digest: the runbook's as it is on disk now; empty when it cannot be read.
    """
    if digest != decision.material.runbook_digest:
        return "the runbook was changed while the run was interrupted"
    if age := stale(decision, lines, now):
        return f"the run was interrupted {format_duration(age)} ago"
    signed = decision.mode != "auto" and decision.state is not State.VERIFYING
    if signed and len(fresh(decision.votes, now, mono)) < len(decision.votes):
        return "the approval has expired while the run was interrupted"
    return ""


def stale(decision: Decision, lines: Iterable[Entry], now: float) -> float:
    """Seconds since the last line when a run may not go on by itself any more; 0 when it may.

    A clock that stands before the last line is no clock to trust: that is stale too.
    """
    last = max((line.at for line in lines), default=decision.changed_at)
    age = now - last
    if 0 <= age <= RESUME_WITHIN or decision.state is State.VERIFYING:
        return 0.0
    return max(abs(age), 1.0)
