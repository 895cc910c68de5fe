"""One queue on one platform: who waits, who talks, and the counts that a call centre lives by."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, NamedTuple, TypeAlias

from monitor.demo.geography import PACE, Platform


class Phase(Enum):
    """Where a call is."""

    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


@dataclass(slots=True)
class Audio:
    """Sums over the quality reports of one call; seconds and ratios."""

    reports: int = 0
    jitter: float = 0.0
    loss: float = 0.0
    round_trip: float = 0.0

    def add(self, jitter: float, loss: float, round_trip: float) -> None:
        """Take one more report."""
        self.reports += 1
        self.jitter += jitter
        self.loss += loss
        self.round_trip += round_trip


@dataclass(slots=True, eq=False)
class Call:
    """One caller from the first ring to the end."""

    line: Line
    trunk: str
    arrived: float
    phase: Phase = Phase.WAITING
    ends: float = 0.0
    one_way: bool = False
    number: int = 0
    """Calls are numbered from 1."""
    answered: float = 0.0
    audio: Audio = field(default_factory=Audio)
    """What was measured of it so far."""


Kind: TypeAlias = Literal["join", "answer", "abandon", "complete"]


class Moment(NamedTuple):
    """Something that happened to a call."""

    kind: Kind
    at: float
    call: Call
    total: int
    """How many of its kind the queue has had with this one; of an abandon, how many as short, or as long, as this one."""
    seconds: float = 0.0
    """Of waiting, for an answer and an abandon; of talk, for a complete."""

    @property
    def short(self) -> bool:
        """Whether it lasted no longer than somebody who never meant to wait."""
        return self.seconds <= PACE.short


@dataclass(slots=True)
class Line:
    """A queue on one platform. Its counts only grow; `offered` is always answered + abandoned + still queued."""

    platform: Platform
    site: str
    queue: str
    agents: int = 0
    staying: int = 0
    """Agents who have moved to the other platform but stay until the callers they leave behind are served."""
    busy: int = 0
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short: int = 0
    """Of the abandoned those who never meant to wait."""
    handled: int = 0
    waiting: deque[Call] = field(default_factory=deque)
    rung: dict[Call, None] = field(default_factory=dict)
    """Calls that ring at an agent's telephone, in their order."""
    outcomes: deque[tuple[float, str]] = field(default_factory=deque)
    """(time, quick, late or lost) of the calls that left the queue within the window."""

    @property
    def queued(self) -> int:
        """Calls that have neither an answer nor hung up."""
        return len(self.waiting) + self.ringing

    @property
    def ringing(self) -> int:
        """Calls that ring at an agent's telephone."""
        return len(self.rung)

    @property
    def seated(self) -> int:
        """Agents who are here: logged in, or still with a caller after they were moved."""
        return max(self.agents + self.staying, self.busy)

    @property
    def free(self) -> int:
        """Agents who could take a call now."""
        return max(0, self.agents + self.staying - self.busy)

    @property
    def talking(self) -> int:
        """Calls with an agent."""
        return self.busy - self.ringing

    def left(self, at: float, outcome: str) -> None:
        """Note how a call left the queue."""
        self.outcomes.append((at, outcome))

    def shares(self, now: float) -> tuple[int, float, float] | None:
        """(calls, abandonment, service level) over the window; None when no call left the queue in it."""
        while self.outcomes and self.outcomes[0][0] <= now - PACE.window:
            self.outcomes.popleft()
        count = len(self.outcomes)
        if not count:
            return None
        lost = sum(1 for _, outcome in self.outcomes if outcome == "lost")
        quick = sum(1 for _, outcome in self.outcomes if outcome == "quick")
        return count, lost / count, quick / count

    def oldest(self, now: float) -> float:
        """Seconds the longest waiting caller has waited."""
        first = min((call.arrived for call in (*self.rung, *self.waiting)), default=now)
        return now - first
