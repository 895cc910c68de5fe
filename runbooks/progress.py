"""How far each step of a run has come, as the journal holds it; pure: built again from its lines after a crash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from monitor.deciding.contracts import RunState
from monitor.deciding.entry import Entry
from monitor.serving.snapshot import CheckRow, StepRow

StepState: TypeAlias = Literal["next", "waiting", "running", "done", "failed", "parked", "skipped", "aborted"]
BEGUN: frozenset[StepState] = frozenset({"waiting", "running"})
STUCK: frozenset[StepState] = frozenset({"failed", "parked"})
PASSED: frozenset[StepState] = frozenset({"done", "skipped"})
FINAL: frozenset[RunState] = frozenset({"done", "aborted", "ineffective"})

replace = msgspec.structs.replace


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One step."""

    state: StepState = "next"
    started_at: float | None = None
    since: float | None = None
    """When the first of the tries began that its deadline is counted from; a person's retry counts from anew."""
    ended_at: float | None = None
    attempt: int = 0
    outcome: str = ""
    question: str = ""
    """What a person is asked while it waits or is parked."""
    by: str = ""
    """Who answered for it."""
    insisted: bool = False
    """Whether a person had it go on although a step it needs was skipped."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The run as a whole."""

    state: RunState = "running"
    decision: str
    runbook: str
    digest: str
    started_at: float
    ended_at: float | None = None
    detail: str = ""
    aborting: str = ""
    """Who asked for an abort; a crash before it was carried out does not take that back."""
    verify: tuple[CheckRow, ...] = ()


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """A run as its lines tell it."""

    standing: Standing | None
    steps: dict[str, Progress]


def recalled(lines: Iterable[Entry]) -> Recalled:
    """Read a run's lines, in order: the newest of each step and of the run itself holds."""
    standing: Standing | None = None
    steps: dict[str, Progress] = {}
    for line in lines:
        if line.kind == "run":
            standing = msgspec.convert(line.data, Standing)
        else:
            steps[line.object.partition("/")[2]] = msgspec.convert(line.data, Progress)
    return Recalled(standing=standing, steps=steps)


def half_done(names: Iterable[str], steps: Mapping[str, Progress]) -> str:
    """What an aborted run leaves behind, in words."""
    groups: dict[str, list[str]] = {"done": [], "not known": [], "not begun": []}
    for name in names:
        state = steps[name].state
        groups["done" if state == "done" else "not begun" if state in ("next", "skipped") else "not known"].append(name)
    return "; ".join(f"{word}: {', '.join(found)}" for word, found in groups.items() if found)


def step_row(row: StepRow, progress: Progress, *, aborted: bool) -> StepRow:
    """A step's plan and progress in one row."""
    return replace(
        row,
        state="aborted" if aborted and progress.state == "next" else progress.state,
        started_at=progress.started_at,
        ended_at=progress.ended_at,
        attempt=progress.attempt,
        outcome=progress.outcome,
        question=progress.question,
    )
