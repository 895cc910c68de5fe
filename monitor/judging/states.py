"""The state machine of a rule, over all its groups at once: phase, timers and flags as columns.

OK -> PENDING -> BREACH -> RECOVERING -> OK, WARMUP first. What is not measured moves nothing: timers pause.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import F8, Bools, every, some
from monitor.model import Level

WARMUP, OK, PENDING, BREACH, RECOVERING = range(5)
PHASES = ("warmup", "ok", "pending", "breach", "recovering")


class Evidence(NamedTuple):
    """What one instant says about each group."""

    measured: Bools
    """The number was measured, fresh and from enough samples; without it nothing else here counts."""
    bad: Bools
    warn: Bools
    good: Bools
    """On the clear side."""
    fallen: Bools
    """Surely not on the clear side."""
    whole: bool
    """Whether all groups are measured."""


class States:
    """Columns, one entry a group."""

    def __init__(self) -> None:
        self.phase: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self.warn: Bools = np.zeros(0, np.bool_)
        self.timer: F8 = np.zeros(0)
        """Seconds of measured badness in PENDING, of measured goodness in RECOVERING."""
        self.since: F8 = np.zeros(0)
        """When the standing last changed."""
        self.calm = False
        """Whether every group is in the phase OK, so that without badness nothing can move."""

    def grow(self, size: int, now: float, phase: int) -> None:
        """Make room for new groups, which start in `phase`."""
        extra = size - len(self.phase)
        if extra > 0:
            self.calm = False
            self.phase = np.concatenate([self.phase, np.full(extra, phase, np.int8)])
            self.warn = np.concatenate([self.warn, np.zeros(extra, np.bool_)])
            self.timer = np.concatenate([self.timer, np.zeros(extra)])
            self.since = np.concatenate([self.since, np.full(extra, now)])

    def restart(self, now: float) -> None:
        """Warm up again: after arming and after a change of stage."""
        self.calm = False
        self.phase[:] = WARMUP
        self.warn[:] = False
        self.timer[:] = 0.0
        self.since[:] = now

    def step(self, evidence: Evidence, elapsed: float, hold: float, clear_hold: float) -> None:
        """Move on by `elapsed` seconds of measured time."""
        phase, measured = self.phase, evidence.measured
        if self.calm and not some(evidence.bad):
            self._warn(evidence)
            return
        bad, good = evidence.bad & measured, evidence.good & measured
        phase[(phase == WARMUP) & measured] = OK

        pending, breach, recovering = phase == PENDING, phase == BREACH, phase == RECOVERING
        ended = pending & measured & ~evidence.bad
        fell = recovering & measured & evidence.fallen
        begun = (phase == OK) & bad
        turned = breach & good
        running = (pending & bad) | (recovering & good)

        self.timer[running] += elapsed
        self.timer[begun | turned] = 0.0
        phase[ended] = OK
        phase[fell] = BREACH
        phase[begun] = PENDING
        phase[turned] = RECOVERING
        phase[(pending | begun) & bad & (self.timer >= hold)] = BREACH
        phase[((recovering & ~fell) | turned) & good & (self.timer >= clear_hold)] = OK
        self.calm = every(phase == OK)
        self._warn(evidence)

    def _warn(self, evidence: Evidence) -> None:
        self.warn = evidence.warn if evidence.whole else np.where(evidence.measured, evidence.warn, self.warn)

    def levels(self) -> npt.NDArray[np.int8]:
        """Level of each group: 0 OK, 1 WARN, 2 BREACH. PENDING shows as WARN, RECOVERING still as BREACH."""
        if self.calm:
            return self.warn.astype(np.int8)
        level: npt.NDArray[np.int8] = (self.warn | (self.phase == PENDING)).view(np.int8)
        np.copyto(level, np.int8(2), where=self.phase >= BREACH)
        return level

    def level(self, index: int) -> Level:
        """Level of one group."""
        phase = int(self.phase[index])
        if phase in (BREACH, RECOVERING):
            return Level.BREACH
        return Level.WARN if phase == PENDING or self.warn[index] else Level.OK
