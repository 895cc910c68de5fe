"""The state machine of a rule, over all its groups at once: phase, timers and flags as columns.

OK -> PENDING -> BREACH -> RECOVERING -> OK, WARMUP first. What is not measured moves nothing: timers pause.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monitor.judging.rings import F8

Bools = npt.NDArray[np.bool_]

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


class States:
    """Columns, one entry a group."""

    def __init__(self) -> None:
        self.phase: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self.warn: Bools = np.zeros(0, np.bool_)
        self.timer: F8 = np.zeros(0)
        """Seconds of measured badness in PENDING, of measured goodness in RECOVERING."""
        self.since: F8 = np.zeros(0)
        """When the standing last changed."""

    def grow(self, size: int, now: float, phase: int) -> None:
        """Make room for new groups, which start in `phase`."""
        extra = size - len(self.phase)
        if extra > 0:
            self.phase = np.concatenate([self.phase, np.full(extra, phase, np.int8)])
            self.warn = np.concatenate([self.warn, np.zeros(extra, np.bool_)])
            self.timer = np.concatenate([self.timer, np.zeros(extra)])
            self.since = np.concatenate([self.since, np.full(extra, now)])

    def restart(self, now: float) -> None:
        """Warm up again: after arming and after a change of stage."""
        self.phase[:] = WARMUP
        self.warn[:] = False
        self.timer[:] = 0.0
        self.since[:] = now

    def step(self, evidence: Evidence, elapsed: float, hold: float, clear_hold: float) -> None:
        """Move on by `elapsed` seconds of measured time."""
        phase, measured = self.phase, evidence.measured
        bad, good = evidence.bad & measured, evidence.good & measured
        phase[phase == WARMUP] = OK

        ended = (phase == PENDING) & measured & ~evidence.bad
        fell = (phase == RECOVERING) & measured & ~evidence.good
        begun = (phase == OK) & bad
        turned = (phase == BREACH) & good
        running = ((phase == PENDING) & bad) | ((phase == RECOVERING) & good)

        self.timer[running] += elapsed
        self.timer[begun | turned] = 0.0
        phase[ended] = OK
        phase[fell] = BREACH
        phase[begun] = PENDING
        phase[turned] = RECOVERING
        phase[(phase == PENDING) & bad & (self.timer >= hold)] = BREACH
        phase[(phase == RECOVERING) & good & (self.timer >= clear_hold)] = OK
        self.warn = np.where(measured, evidence.warn, self.warn)

    def levels(self) -> npt.NDArray[np.int8]:
        """Level of each group: 0 OK, 1 WARN, 2 BREACH. PENDING shows as WARN, RECOVERING still as BREACH."""
        level = np.where(self.warn | (self.phase == PENDING), 1, 0).astype(np.int8)
        level[(self.phase == BREACH) | (self.phase == RECOVERING)] = 2
        return level
