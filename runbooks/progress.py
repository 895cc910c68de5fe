"""How far each step of a run has come, as the journal holds it; pure: built again from its lines after a crash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

import msgspec

from monitor.deciding.contracts import RunState
from monitor.deciding.entry import Entry
from monitor.serving.snapshot import CheckRow, StepRow, WaitingRow

StepState: TypeAlias = Literal[
    "next", "waiting", "running", "done", "failed", "parked", "skipped", "aborted", "undoing", "undone"
]
BEGUN: frozenset[StepState] = frozenset({"waiting", "running", "undoing"})
STUCK: frozenset[StepState] = frozenset({"failed", "parked", "undone"})
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
    by_hand: bool = False
    """Whether people do it and golive only asks."""
    undoing: bool = False
    """Whether it is about taking the step back, not about doing it."""
    before: str = ""
    """What it was before it was to be taken back."""
    undone: int = 0
    """How often it was taken back; the next sending is another one, under another key."""


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
    by_hand: str = ""
    """Who took it over; from then on golive sends nothing."""
    begins_at: float | None = None
    """When its first step begins, if a person started it."""
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
    groups: dict[str, list[str]] = {"done": [], "not known": [], "taken back": [], "not begun": []}
    words = {"done": "done", "next": "not begun", "skipped": "not begun", "undone": "taken back"}
    for name in names:
        groups[words.get(steps[name].state, "not known")].append(name)
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


def waiting_row(name: str, called: str, owner: str, progress: Progress, standing: Standing) -> WaitingRow:
    """A step that waits for a person. name: its run and itself."""
    return WaitingRow(
        kind="manual" if progress.state == "waiting" else "parked",
        id=name,
        title=called + (f" ({owner})" if owner else ""),
        detail=progress.question,
        since=progress.ended_at or progress.started_at or standing.started_at,
    )


def paused_row(run: str, runbook: str, standing: Standing) -> WaitingRow:
    """A run that waits for a person although none of its steps does."""
    title = f"{runbook} is paused: resume or abort"
    return WaitingRow(kind="parked", id=run, title=title, detail=standing.detail, since=standing.started_at)
