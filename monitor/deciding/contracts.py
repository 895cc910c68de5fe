"""What deciding needs from runbooks, as protocols: it never sees a step's code, only orders, rows and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from monitor.deciding.entry import Entry
from monitor.deciding.facts import Facts
from monitor.serving.acts import Actor
from monitor.serving.snapshot import RunRow, StepRow, WaitingRow

RunState: TypeAlias = Literal["running", "paused", "verifying", "done", "aborted", "ineffective"]
RunAct: TypeAlias = Literal["abort", "pause", "resume", "takeover"]
StepAct: TypeAlias = Literal["retry", "skip", "resolve", "undo"]

Report: TypeAlias = Callable[[RunState, str], None]
"""Called by a run after it journalled a change of its state: the state, and why in words."""


class Plan(Protocol):
    """A runbook as deciding sees it."""

    @property
    def name(self) -> str:
        """Its name in the book."""
        ...

    @property
    def title(self) -> str:
        """One line for people."""
        ...

    @property
    def digest(self) -> str:
        """SHA-256 over everything it says: what an approval is bound to."""
        ...

    @property
    def preflight(self) -> tuple[str, ...]:
        """Expressions that must hold before the first step."""
        ...

    @property
    def pinned(self) -> dict[str, object]:
        """All of it, as plain data: what a run keeps, whatever happens to the file."""
        ...

    def filled(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """The parameters with defaults; ValueError says in words which is missing, unknown or malformed."""
        ...

    def spread(self, targets: Sequence[Mapping[str, str]]) -> Plan:
        """The same for several targets, one after the other; itself for one. Its digest stays."""
        ...

    def values(self, targets: Sequence[Mapping[str, str]]) -> dict[str, str]:
        """The parameters of the plan that is spread over these targets; none for none."""
        ...

    def steps(self, decision: str, parameters: Mapping[str, str]) -> tuple[StepRow, ...]:
        """What will be done, exactly as it will be sent, secrets masked."""
        ...


class Book(Protocol):
    """The runbooks there are."""

    def plan(self, name: str) -> Plan | None:
        """A runbook that can be run; None when there is none or its file has findings."""
        ...

    async def refresh(self) -> None:
        """Read again what has changed on disk."""
        ...


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be executed."""

    run: str
    decision: str
    runbook: str
    title: str
    digest: str
    requester: str
    reason: str
    parameters: dict[str, str]
    pinned: dict[str, object]
    mode: str = ""
    """auto, when no person started it; then its first step begins at once."""


class RunHandle(Protocol):
    """One execution of a runbook."""

    def look(self, facts: Facts) -> None:
        """Take a tick's facts; never blocks."""
        ...

    def row(self) -> RunRow:
        """The run as it stands."""
        ...

    def waiting(self) -> tuple[WaitingRow, ...]:
        """What it waits for a person to do."""
        ...

    async def act(self, actor: Actor, act: RunAct, reason: str) -> RunRow:
        """Steer it; Refusal when it cannot be done now."""
        ...

    async def act_on_step(self, actor: Actor, step: str, act: StepAct, outcome: str, reason: str) -> RunRow:
        """Steer one step; Refusal when it cannot be done now."""
        ...

    async def close(self) -> None:
        """Stop without a word to the journal: what was begun is found there at the next start."""
        ...


class Executor(Protocol):
    """Starts runs."""

    def start(self, order: Order, history: Sequence[Entry], hold: str, report: Report) -> RunHandle:
        """Start a run, or take up one that was interrupted.

        history: the journal's lines of this run so far. hold: why it must wait for a person before it does
        anything; empty when it may go on.
        """
        ...
