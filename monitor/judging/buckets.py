"""M of the last N closed buckets, in three-valued logic: a bucket without data is neither good nor bad."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import Bools

GAP, GOOD, BAD, BETWEEN, EXCUSED = range(5)
"""What a closed bucket was. EXCUSED: empty where the rule says that nothing is good; it clears nothing."""


class Count(NamedTuple):
    """What the buckets say of each group."""

    bad: Bools
    """Enough of them are bad."""
    good: Bools
    """Enough are on the clear side, and not enough are bad."""
    fallen: Bools
    """Not enough can be on the clear side any more, whatever the gaps held."""
    sure: Bools
    """Whether `bad` is certain, whatever the gaps held."""


class Buckets:
    """The newest N closed buckets of each group, oldest first."""

    def __init__(self, need: int, n: int) -> None:
        self.need = need
        self.n = n
        self.closed = -1
        """Number of the first bucket that is not judged yet."""
        self.marks: npt.NDArray[np.int8] = np.zeros((1, n), np.int8)

    def restart(self, closed: int) -> None:
        """Count afresh from a bucket on."""
        self.marks[:] = GAP
        self.closed = closed

    def grow(self, size: int) -> None:
        """Make room for new groups."""
        extra = size - len(self.marks)
        if extra > 0:
            self.marks = np.concatenate([self.marks, np.zeros((extra, self.n), np.int8)])

    def unjudged(self, newest: int) -> range:
        """Numbers of the closed buckets that are still to be judged, when `newest` is the one that is filling."""
        return range(max(self.closed, newest - self.n), newest)

    def push(self, mark: npt.NDArray[np.int8]) -> None:
        """Take a closed bucket of all groups."""
        self.marks = np.concatenate([self.marks[:, 1:], mark[:, None]], axis=1)

    def count(self) -> Count:
        """Judge the buckets."""
        gaps = (self.marks == GAP).sum(axis=1)
        bad = (self.marks == BAD).sum(axis=1)
        good = (self.marks == GOOD).sum(axis=1)
        enough = bad >= self.need
        sure = enough | (bad + gaps < self.need)
        return Count(enough, (good >= self.need) & ~enough, good + gaps < self.need, sure)

    def told(self, index: int) -> str:
        """Why they decide nothing."""
        marks = self.marks[index].tolist()
        return f"{marks.count(BAD)} bad and {marks.count(GAP)} empty of {self.n} buckets, {self.need} bad ones decide"
