"""One queue on one platform: who waits, who talks, and the counts that a call centre lives by."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from monitor.demo.geography import PACE, Platform

UNREAD = 1000
"""Talks and answers kept until somebody reads them."""


class Phase(Enum):
    """Where a call is."""

    WAITING = "waiting"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Call:
    """One caller from the first ring to the end."""

    line: Line
    trunk: str
    arrived: float
    phase: Phase = Phase.WAITING
    ends: float = 0.0
    one_way: bool = False


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
    handled: int = 0
    waiting: deque[Call] = field(default_factory=deque)
    ringing: int = 0
    talks: deque[float] = field(default_factory=lambda: deque(maxlen=UNREAD))
    """Seconds of the talks that ended since they were last read."""
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=UNREAD))
    """Seconds that callers waited for the answers since they were last read."""
    outcomes: deque[tuple[float, str]] = field(default_factory=deque)
    """(time, quick, late or lost) of the calls that left the queue within the window."""

    @property
    def queued(self) -> int:
        """Calls that have neither an answer nor hung up."""
        return len(self.waiting) + self.ringing

    @property
    def free(self) -> int:
        """Agents who could take a call now."""
        return max(0, self.agents + self.staying - self.busy)

    @property
    def talking(self) -> int:
        """Calls with an agent."""
        return self.busy - self.ringing

    def drain(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """(seconds of talk, seconds of waiting) of each talk that ended and each answer since the last call."""
        talks, waits = tuple(self.talks), tuple(self.waits)
        self.talks.clear()
        self.waits.clear()
        return talks, waits

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
        return now - self.waiting[0].arrived if self.waiting else 0.0
