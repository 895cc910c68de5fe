"""What is missing for good: said once in the journal, and a gate of its own while a rule's window reaches back to it.

A rule over a window with a hole in it would judge what happened to arrive. Its own state stays what the data says,
since a breach is one on half the data too and triggers need it; but the verdict is UNKNOWN, which never says GO.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from monitor.daemon.board import JudgedGate
from monitor.intake.intake import Door, Intake
from monitor.intake.numbers import Numbers
from monitor.intake.sequences import Gap
from monitor.judging.judge import Judge
from monitor.judging.verdict import GateState
from monitor.model import Standing
from monitor.serving.snapshot import GateRow

TOLERATED = 0.001
"""Share of a window's messages that may be missing unheeded: QoS 0 loses some as a matter of course, and an estimate
over the others does not move by what a limit is set for."""
DARK = 0.01
"""Share of a window's time for which nobody listened, where nobody knows how many messages went with it."""
SAY_EVERY = 10.0
"""Seconds between two lines about one collector's gaps."""

LOOK_EVERY = 1.0
"""Seconds between looks at all windows while something is missing."""


class Told(NamedTuple):
    """A journal line to be."""

    what: str
    object: str


class _Said(NamedTuple):
    at: float
    total: int
    newest: Gap | None


class _Worst(NamedTuple):
    share: float
    door: Door
    missing: int
    ended: float


class Gaps:
    """Looked at with each tick."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, bool], _Said] = {}
        self._gate: JudgedGate | None = None
        self._looked = 0.0

    def settle(self, intake: Intake, now: float) -> list[Told]:
        """Count what became certain; the lines that say so."""
        told = []
        for shared, numbers in intake.numbers.items():
            numbers.settle(now)
            for counted in (False, True):
                newest = next((gap for gap in reversed(numbers.gaps) if bool(gap.size) is counted), None)
                before = self._said.get((shared, counted), _Said(now - SAY_EVERY, 0, None))
                if newest is None or newest == before.newest or now - before.at < SAY_EVERY:
                    continue
                name = intake.keeper(shared).name
                told.append(Told(_line(name, newest, numbers.total - before.total), name))
                self._said[shared, counted] = _Said(now, numbers.total, newest)
        return told

    def gate(self, intake: Intake, judges: Mapping[str, Judge], now: float) -> JudgedGate | None:
        """UNKNOWN while the window of an active rule has a hole that matters; None else."""
        if any(numbers.gaps for numbers in intake.numbers.values()) and abs(now - self._looked) >= LOOK_EVERY:
            self._looked = now
            self._gate = _gate(intake, [judge for judge in judges.values() if judge.active], now)
        return self._gate


def _gate(intake: Intake, judges: list[Judge], now: float) -> JudgedGate | None:
    first = min((_start(judge, now) for judge in judges), default=now)
    doors = [door for door in intake.doors.values() if any(gap.ended > first for gap in door.numbers.gaps)]
    found = [worst for judge in judges for worst in _holes(doors, judge, now)] if doors else []
    if not found:
        return None
    worst = max(found, key=lambda hole: hole.share)
    missing = f"{worst.missing:,} messages are" if worst.missing else "an unknown number of messages is"
    reason = f"Gaps: {missing} missing from {worst.door.name} at {_clock(worst.ended)}, {worst.share:.1%} of a window"
    state = GateState("gaps", "Gaps", True, True, Standing.UNKNOWN, False, reason)  # noqa: FBT003 - a record's fields
    row = GateRow(name="gaps", title="Gaps", kind="judged", state="unknown", required=True, active=True, reason=reason)
    return JudgedGate(state, row, None, "")


def _start(judge: Judge, now: float) -> float:
    """From when on what came counts for a rule."""
    return max(judge.reader.start(now - judge.delay), judge.armed_at)


def _holes(doors: list[Door], judge: Judge, now: float) -> Iterator[_Worst]:
    owners = judge.reader.owners()
    start = _start(judge, now)
    for door in doors:
        if owners >> door.number & 1:
            missing, share, ended = missing_since(door.numbers, start, now)
            if share > TOLERATED:
                yield _Worst(share, door, missing, ended)


def missing_since(numbers: Numbers, start: float, now: float) -> tuple[int, float, float]:
    """Messages missing from (start, now], the share of it that is missing, and when the newest gap ended."""
    inside = [gap for gap in numbers.gaps if gap.ended > start]
    if not inside:
        return 0, 0.0, 0.0
    missing = sum(gap.size for gap in inside)
    share = missing / (missing + numbers.heard_since(start)) if missing else 0.0
    dark = sum(min(gap.ended, now) - max(gap.began, start) for gap in inside if not gap.size)
    dark = min(1.0, dark / max(now - start, 1.0))
    return missing, max(share, dark if dark > DARK else 0.0), max(gap.ended for gap in inside)


def _line(name: str, gap: Gap, lost: int) -> str:
    """A journal line: what became certain since the last one, and when the newest of it was."""
    between = f"between {_clock(gap.began)} and {_clock(gap.ended)}"
    if not gap.size:
        return f"source {name}: what was published {between} is lost, nobody knows how much"
    return f"source {name}: gap of {lost:,} messages {between}"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(min(max(at, 0.0), 4e10), UTC).strftime("%H:%M:%S")
