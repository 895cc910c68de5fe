"""What the target platform has kept of its calls, so that it can say how a span of the past was. Pure, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from monitor.demo.calls import Moment

KEPT = 20_000
"""Moments that are kept; a flood makes a hundred a second."""


class Past(NamedTuple):
    """One queue over one span; None where no call says anything about it."""

    answered: int
    abandoned: int
    in_time: int
    """Calls that left the queue, answered or not, within the threshold."""
    answer: float | None
    """Mean seconds of waiting of those who were answered."""
    handle: float | None
    """Mean seconds of talk of the calls that ended."""

    @property
    def left(self) -> int:
        """Calls that left the queue."""
        return self.answered + self.abandoned


class Ledger:
    """Takes moments in their order."""

    def __init__(self) -> None:
        self._moments: deque[Moment] = deque()
        self.since = float("-inf")
        """Unix seconds up to which moments were forgotten: spans that begin earlier cannot be told."""

    def note(self, moments: Iterable[Moment]) -> None:
        """Keep what happened on the target platform."""
        self._moments += (moment for moment in moments if moment.call.line.platform == "target")
        while len(self._moments) > KEPT:
            self.since = self._moments.popleft().at

    def past(self, queue: str, start: float, end: float, threshold: float) -> Past:
        """How a queue did in [start, end), unix seconds; threshold: of the service level, seconds."""
        found = [moment for moment in self._moments if moment.call.line.queue == queue and start <= moment.at < end]
        answers = [moment.seconds for moment in found if moment.kind == "answer"]
        losses = [moment.seconds for moment in found if moment.kind == "abandon"]
        talks = [moment.seconds for moment in found if moment.kind == "complete"]
        in_time = sum(seconds < threshold for seconds in (*answers, *losses))
        return Past(len(answers), len(losses), in_time, _mean(answers), _mean(talks))


def _mean(seconds: list[float]) -> float | None:
    return sum(seconds) / len(seconds) if seconds else None
