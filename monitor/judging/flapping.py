"""Groups that go into and out of BREACH too often to tell each time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import I8, Bools

HOUR = 3600.0


class Flapping:
    """The newest changes of each group; columns only once there is a first one."""

    def __init__(self, limit: int) -> None:
        self.limit = max(limit, 1)
        self._times: npt.NDArray[np.float64] | None = None
        self._until = -np.inf

    def note(self, groups: I8, size: int, now: float) -> None:
        """These groups went into or out of BREACH."""
        times = self._times
        if times is None:
            times = np.full((size, self.limit + 1), -np.inf)
        elif len(times) < size:
            times = np.concatenate([times, np.full((size - len(times), self.limit + 1), -np.inf)])
        times[groups, :-1] = times[groups, 1:]
        times[groups, -1] = now
        self._times, self._until = times, now + HOUR

    def mask(self, size: int, now: float) -> Bools | None:
        """Which groups changed more than the limit within an hour; None for none."""
        if self._times is None or now > self._until:
            return None
        made = np.zeros(size, np.bool_)
        made[: len(self._times)] = self._times[:, 0] > now - HOUR
        return made if made.any() else None
