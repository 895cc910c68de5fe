"""The newest samples as they came, whatever the store made of them: what a person reads when a number looks wrong.

One ring of columns for all series: keeping costs a copy, finding a comparison of the whole column. A series that speaks
seldom beside one that floods is pushed out; `reach` says how far back the ring goes, so that nobody takes a gap for silence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import F8, I8

KEPT = 131_072
"""Samples that are kept: 4 MB; at a thousand a second two minutes."""


class Kept(NamedTuple):
    """Samples of one series, newest receipt first."""

    values: F8
    times: F8
    received: F8
    owners: I8
    """Number of the collector that handed each over."""


class Tail:
    """A ring of samples of all series."""

    def __init__(self, kept: int = KEPT) -> None:
        self._handles: npt.NDArray[np.int32] = np.full(kept, -1, np.int32)
        self._values: F8 = np.zeros(kept)
        self._times: F8 = np.zeros(kept)
        self._received: F8 = np.zeros(kept)
        self._owners: npt.NDArray[np.uint8] = np.zeros(kept, np.uint8)
        self._next = 0
        self._full = False

    def keep(self, owner: int, handles: I8, values: F8, times: F8, received: F8) -> None:
        """Keep copies of these columns; of more than the ring holds the newest."""
        size = len(self._handles)
        count = min(len(handles), size)
        at = (
            (self._next + np.arange(count)) % size
            if self._next + count > size
            else slice(self._next, self._next + count)
        )
        for ring, column in (
            (self._handles, handles),
            (self._values, values),
            (self._times, times),
            (self._received, received),
        ):
            ring[at] = column[-count:]
        self._owners[at] = owner
        self._full = self._full or self._next + count >= size
        self._next = (self._next + count) % size

    def of(self, handle: int, most: int) -> Kept:
        """The newest samples of a series, at most so many."""
        places = np.flatnonzero(self._handles == handle)
        order = np.argsort(-((places - self._next) % len(self._handles)), kind="stable")[:most]
        places = places[order]
        return Kept(
            self._values[places], self._times[places], self._received[places], self._owners[places].astype(np.int64)
        )

    @property
    def reach(self) -> float | None:
        """Receipt of the oldest sample that is kept, unix seconds; None while nothing was let go."""
        return float(self._received[self._next]) if self._full else None
