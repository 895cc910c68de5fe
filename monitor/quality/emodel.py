"""One opinion of every call: the E-model of ITU-T G.107, so that two platforms compare.

R = 93.2 - Id - Ie,eff, with the standard's default values for everything that a network monitor cannot hear.

The delay impairment Id is the simplified one of Cole and Rosenbluth by default: it is what most products
compute, so that golive's numbers can be held against theirs, and it is never milder than the full Idd of
G.107 (clause 7.4), so that it warns earlier. The full one is there as `delay_impairment_full`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from monitor.quality.codecs import G711, Codec

BASE = 93.2
"""Ro - Is with all default values of G.107."""
_KNEE = 177.3
"""Milliseconds of one-way delay from which conversation suffers (Cole and Rosenbluth)."""
_FULL_FROM = 100.0
"""Milliseconds below which the full Idd is zero: mT of G.107 for sT = 1."""
_DIP = 6.5
"""Below this R the cubic of G.107 Annex B falls under 1; MOS is 1 there."""
_BEST_R, _BEST_MOS = 100.0, 4.5
_WORST_MOS = 1.0

_BANDS = (
    (90.0, "very satisfied"),
    (80.0, "satisfied"),
    (70.0, "some users dissatisfied"),
    (60.0, "many users dissatisfied"),
    (50.0, "nearly all users dissatisfied"),
)
"""ITU-T G.109 Table 1."""


def delay_impairment(delay: float) -> float:
    """Points of R lost to a one-way delay in seconds, by the simplified formula."""
    ms = delay * 1000.0
    return 0.024 * ms + 0.11 * max(0.0, ms - _KNEE)


def delay_impairment_full(delay: float) -> float:
    """Points of R lost to a one-way delay in seconds, Idd of G.107 with sT = 1 and mT = 100 ms."""
    ms = delay * 1000.0
    if ms <= _FULL_FROM:
        return 0.0
    x = math.log2(ms / _FULL_FROM)
    sixth = 1.0 / 6.0
    return 25.0 * (math.pow(1.0 + x**6, sixth) - 3.0 * math.pow(1.0 + (x / 3.0) ** 6, sixth) + 2.0)


def loss_impairment(loss: float, codec: Codec = G711, burst: float = 1.0) -> float:
    """Points of R lost to the codec and to packet loss, Ie,eff of G.107 (clause 7.5).

    loss: share of packets that were not played, 0 to 1, what the jitter buffer threw away included.
    burst: BurstR, mean length of a run of losses against that of random loss; 1 is random.
    """
    percent = loss * 100.0
    return codec.impairment + (95.0 - codec.impairment) * percent / (percent / burst + codec.robustness)


def rating(
    delay: float,
    loss: float,
    *,
    codec: Codec = G711,
    burst: float = 1.0,
    impairment: Callable[[float], float] = delay_impairment,
) -> float:
    """R, 0 to 100, from the one-way delay in seconds and the loss as a share of 1.

    burst: at least 1. impairment: the delay's cost; see the module for the choice.
    """
    return max(0.0, min(_BEST_R, BASE - impairment(delay) - loss_impairment(loss, codec, burst)))


def mos(r: float) -> float:
    """The mean opinion score that a rating R stands for, 1 to 4.5 (G.107 Annex B)."""
    if r <= _DIP:
        return _WORST_MOS
    if r >= _BEST_R:
        return _BEST_MOS
    return max(_WORST_MOS, 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6)


def rating_of(score: float) -> float | None:
    """The rating R of a mean opinion score, by bisection; None above 4.5 or below 1, which no R has."""
    if not _WORST_MOS <= score <= _BEST_MOS:
        return None
    low, high = _DIP, _BEST_R
    for _ in range(60):
        middle = (low + high) / 2
        if mos(middle) < score:
            low = middle
        else:
            high = middle
    return high


def band(r: float) -> str:
    """What users say of a rating R (ITU-T G.109)."""
    return next((words for least, words in _BANDS if r >= least), "not recommended")


def mouth_to_ear(round_trip: float, jitter: float, packet: float = 0.020, codec: Codec = G711) -> float:
    """One-way delay in seconds: half the round trip, a jitter buffer, one packet and the look-ahead.

    The buffer is taken as twice the jitter, which is what adaptive buffers settle at; no source reports it.
    """
    return round_trip / 2 + 2 * jitter + packet + codec.look_ahead
