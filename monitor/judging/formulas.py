"""Key figures of a queue, each from counts by one written definition, so that two platforms can be compared.

Counts are those of one span of time: contacts are counted when they are offered, answered or lost. NaN stands for a
count that is not known and for a figure that cannot be computed; neither is ever 0 or infinity.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

F8 = npt.NDArray[np.float64]

Definition: TypeAlias = Literal["ignore", "negative", "positive", "answered_only", "wfm"]
"""How a service level treats those who gave up waiting; the five are different numbers for one and the same day."""


class Counts(NamedTuple):
    """One entry a queue. T is the threshold of the service level, s the time of a short abandon."""

    offered: F8
    """Contacts that entered the queue."""
    answered: F8
    answered_in_time: F8
    """Answered within T of entering the queue."""
    abandoned: F8
    """All who gave up waiting, the short ones too."""
    abandoned_in_time: F8
    """Gave up within T."""
    short: F8
    """Gave up within s: wrong numbers and second thoughts, which say nothing about the service."""


def share(part: npt.ArrayLike, whole: npt.ArrayLike) -> F8:
    """A part of a whole, 0 to 1.

    NaN where the whole is zero or less, and where either is unknown or negative. Contacts are counted when
    something happens to them, so one that entered before the span and was answered in it can make the part the
    greater of the two; that reads 1.
    """
    parts, wholes = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    known = (wholes > 0) & (parts >= 0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio = np.minimum(parts / wholes, 1.0)
    return np.where(known, ratio, np.nan)


def service_level(definition: Definition, counts: Counts) -> F8:
    """Share of contacts that were served in time, 0 to 1; NaN where the denominator is zero or unknown.

    ignore         answered_in_time / (offered - abandoned_in_time)    Cisco service level type 1
    negative       answered_in_time / offered                          Cisco type 2
    positive       (answered_in_time + abandoned_in_time) / offered    Cisco type 3, Amazon Connect SERVICE_LEVEL
    answered_only  answered_in_time / answered                         Asterisk ServicelevelPerf
    wfm            answered_in_time / (answered + abandoned - short)   usual in workforce management
    """
    return share(served(definition, counts), judged(definition, counts))


def served(definition: Definition, counts: Counts) -> F8:
    """The numerator of a service level: contacts that count as served in time."""
    if definition == "positive":
        return counts.answered_in_time + counts.abandoned_in_time
    return counts.answered_in_time


def judged(definition: Definition, counts: Counts) -> F8:
    """The denominator of a service level: contacts that it is taken over."""
    if definition == "ignore":
        return counts.offered - counts.abandoned_in_time
    if definition == "answered_only":
        return counts.answered
    if definition == "wfm":
        return counts.answered + counts.abandoned - counts.short
    return counts.offered


def abandonment(offered: npt.ArrayLike, abandoned: npt.ArrayLike, short: npt.ArrayLike) -> F8:
    """Share of contacts that gave up waiting, 0 to 1: (abandoned - short) / (offered - short).

    Short abandons count on neither side. With short = 0 it is Amazon Connect's figure. NaN where nothing but short
    abandons was offered, or a count is unknown.
    """
    left_soon = np.asarray(short, np.float64)
    return share(np.asarray(abandoned, np.float64) - left_soon, np.asarray(offered, np.float64) - left_soon)


def average(total: npt.ArrayLike, contacts: npt.ArrayLike) -> F8:
    """Seconds a contact; NaN without contacts, and where either is unknown or negative.

    ASA is the waits of answered contacts over the answered ones; AHT is talk, hold and after-contact work over the
    handled ones.
    """
    totals, numbers = np.asarray(total, np.float64), np.asarray(contacts, np.float64)
    known = (numbers > 0) & (totals >= 0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = totals / numbers
    return np.where(known & np.isfinite(mean), mean, np.nan)


def occupancy(talk: npt.ArrayLike, hold: npt.ArrayLike, after_work: npt.ArrayLike, idle: npt.ArrayLike) -> F8:
    """Share of the time at work with contacts, 0 to 1: (talk + hold + after_work) / (the same + idle).

    All in agent seconds of one span. NaN where nobody was logged in, and where one of them is unknown or negative.
    """
    times = [np.asarray(time, np.float64) for time in (talk, hold, after_work, idle)]
    known = np.all(np.broadcast_arrays(*[time >= 0 for time in times]), axis=0)
    busy = times[0] + times[1] + times[2]
    return np.where(known, share(busy, busy + times[3]), np.nan)


def deviation(target: npt.ArrayLike, legacy: npt.ArrayLike) -> F8:
    """How far the target lies from the legacy platform: (target - legacy) / legacy, signed.

    NaN where the legacy number is zero, since nothing is a share of nothing, and where either is unknown.
    """
    new, old = np.asarray(target, np.float64), np.asarray(legacy, np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratio = (new - old) / old
    return np.where(np.isfinite(ratio), ratio, np.nan)
