"""The worst scores of the last half hour, so that bad calls can be looked at one by one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from monitor.judging.rings import F8, I8

BAD = 3.6
"""Scores from which on nobody looks: below it some users are dissatisfied (ITU-T G.109, by the formula of G.107)."""
SPAN = 1800.0
"""Seconds for which a score is remembered."""
KEPT = 300
"""Scores that are remembered, the worst of all."""
_AT_ONCE = 20
"""The most that are taken of one delivery."""


class Score(NamedTuple):
    """One bad report."""

    value: float
    at: float
    row: int


class WorstCalls:
    """Takes deliveries of scores as the table does."""

    def __init__(self) -> None:
        self._scores: list[Score] = []

    def take(self, rows: I8, values: F8, times: F8) -> None:
        """Keep what is bad: rows of the table, scores, unix seconds."""
        bad = np.flatnonzero(values < BAD)
        if not len(bad):
            return
        if len(bad) > _AT_ONCE:
            bad = bad[np.argpartition(values[bad], _AT_ONCE)[:_AT_ONCE]]
        self._scores += map(Score, values[bad].tolist(), times[bad].tolist(), rows[bad].tolist())
        if len(self._scores) > 2 * KEPT:
            newest = max(score.at for score in self._scores)
            self._scores = self.worst(newest)[:KEPT]

    def worst(self, now: float) -> list[Score]:
        """Those of the last half hour, worst first."""
        return sorted(score for score in self._scores if score.at > now - SPAN)
