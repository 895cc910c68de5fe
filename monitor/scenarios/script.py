"""A script as values: scenarios with their configuration, series, and what is said at which instant."""

from __future__ import annotations

from dataclasses import dataclass, field

from monitor.model import Labels
from monitor.scenarios.notation import Point
from monitor.scenarios.recorded import Stated
from monitor.scenarios.statements import Statement, StepDoes

START = 1_772_409_600.0
"""2026-03-02T00:00:00Z, a Monday: where a scenario's clock stands at 0s unless it says `start`."""
TICK = 1.0
EVERY = 15.0
"""Seconds between points where neither the script nor a collector says."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """YAML inside a script."""

    text: str
    """With an empty line for each line of the script before it, so that findings point into the script."""
    line: int
    name: str = ""
    """Of a runbook."""
    steps: tuple[str, ...] = ()
    """Of a runbook that names its steps on its first line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A source: what its samples have in common. Spans in seconds; None: as the configuration says, or default."""

    name: str
    every: float | None = None
    max_age: float | None = None
    delay: float = 0.0
    """Its samples arrive so much after their own time, by design."""
    late: float = 0.0
    """They arrive so much later than that."""
    ahead: float = 0.0
    """Its clock is ahead by so much."""
    independence: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series: its first point is at 0s, the others follow every `every` seconds; None: as often as its source."""

    metric: str
    labels: Labels
    points: tuple[Point, ...]
    every: float | None
    source: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something said at an instant, or of every tick between two; seconds since the start."""

    at: float
    until: float
    statement: Statement
    line: int


@dataclass(slots=True, kw_only=True)
class Scenario:
    """One story."""

    file: str
    title: str
    line: int
    config: list[Fragment] = field(default_factory=list)
    """The file's own, then the scenario's: a section that a later one states replaces the earlier one."""
    runbooks: list[Fragment] = field(default_factory=list)
    start: float = START
    tick: float = TICK
    feeds: dict[str, Feed] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    steps: list[StepDoes] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    recorded: Stated = field(default_factory=dict)
    """What a rule's number was in recorded weeks, by rule and group."""
    refused: list[tuple[int, str]] = field(default_factory=list)
    """Words that must stand in what is found wrong with the configuration, each with its line."""

    @property
    def end(self) -> float:
        """The last instant that something is said about."""
        return max((moment.until for moment in self.moments), default=0.0)
