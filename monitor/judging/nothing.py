"""The four kinds of nothing and what a rule's policy makes of each: flags, and what counts as measured. Pure."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from monitor.judging.buckets import BAD, BETWEEN, EXCUSED, GAP, GOOD
from monitor.judging.comparing import FOUND, Comparison
from monitor.judging.limits import Sides
from monitor.judging.rings import I8, Bools, some
from monitor.judging.rules import Rule
from monitor.judging.states import OK, WARMUP, States
from monitor.judging.table import BLANK_EMPTY, BLANK_ERROR, BLANK_NULL
from monitor.judging.windows import Estimates, Quality
from monitor.model import Flag, Level

NOTHING = {"hold": Flag.NONE, "ok": Flag.NONE, "insufficient": Flag.INSUFFICIENT, "unknown": Flag.UNKNOWN}
"""Flag of each policy."""
_UNMEASURED = np.int16(Flag.UNKNOWN | Flag.STALE | Flag.INSUFFICIENT)


class Control(Protocol):
    """A rule that proves the way to a source."""

    @property
    def proves(self) -> bool:
        """Whether it was measured and good at its newest tick."""
        ...


def unheard(size: int, *, silent: bool) -> npt.NDArray[np.int16]:
    """Flags of a rule none of whose series was ever heard; silent: for longer than its sources may need."""
    return np.full(size, Flag.UNKNOWN if silent else Flag.INSUFFICIENT, np.int16)


def flags(
    rule: Rule, quality: Quality, samples: I8, heard: Bools, comparison: Comparison | None
) -> tuple[npt.NDArray[np.int16], Bools]:
    """Flags of each group, and whether its number was measured: fresh, from enough samples, and comparable."""
    made = np.zeros(len(samples), np.int16)
    fresh = np.ones(len(samples), np.bool_)
    if quality.stale is not None:
        made[quality.stale] |= np.int16(Flag.STALE)
        fresh = ~quality.stale
        if quality.dead is not None:
            made[quality.dead] |= np.int16(Flag.UNKNOWN)
    empty = samples == 0
    made[fresh & empty] |= np.int16(NOTHING[rule.missing.no_data])
    made[fresh & ~empty & (samples < rule.min_count)] |= np.int16(Flag.INSUFFICIENT)
    measured = heard & ~empty
    if quality.blank is not None:
        blank = quality.blank
        made[blank == BLANK_EMPTY] |= np.int16(NOTHING[rule.missing.no_data])
        made[blank == BLANK_NULL] |= np.int16(NOTHING[rule.missing.null])
        made[blank == BLANK_ERROR] |= np.int16(Flag.UNKNOWN)
        measured = measured & (blank == 0)
    if comparison is not None:
        made[comparison.known != FOUND] |= np.int16(Flag.UNKNOWN)
    return made, measured & ((made & _UNMEASURED) == 0)


def never_measured(rule: Rule, states: States, flags: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Groups of which nothing was measured since arming are thin, unless the rule says that finding nothing is good."""
    waiting = states.phase == WARMUP
    if not some(waiting):
        return flags
    if rule.missing.no_data == "ok":
        excused = waiting & (flags == 0)
        states.phase[excused] = OK
        waiting = waiting & ~excused
    flags = flags.copy()
    flags[waiting & ((flags & np.int16(Flag.UNKNOWN | Flag.STALE | Flag.BLIND)) == 0)] |= np.int16(Flag.INSUFFICIENT)
    return flags


def marks(rule: Rule, made: Estimates, judged: Estimates, found: Sides) -> npt.NDArray[np.int8]:
    """What a closed bucket was for each group."""
    mark = np.where(found.bad, BAD, np.where(found.good, GOOD, BETWEEN)).astype(np.int8)
    mark[~judged.heard | (made.samples < max(rule.min_per_bucket, 1))] = GAP
    if rule.missing.no_data == "ok":
        mark[made.samples == 0] = EXCUSED
    return mark


def shown_as_breach(rule: Rule, quality: Quality | None, control: Control | None) -> Bools | None:
    """Groups that show as BREACH for an error, since the control proves the way to the source. Never measured."""
    if rule.missing.error != "breach" or quality is None or quality.blank is None:
        return None
    if control is None or not control.proves:
        return None
    failed: Bools = quality.blank == BLANK_ERROR
    return failed


def proves(measured: Bools, levels: npt.NDArray[np.int8]) -> bool:
    """Whether a rule is known not to be in breach anywhere."""
    return bool(measured.all()) and not bool((levels == Level.BREACH).any())
