"""Why a group stands as it does, in words a supervisor understands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from monitor.judging.comparing import FOUND
from monitor.judging.judged import Judged, Transition
from monitor.judging.nothing import shown_as_breach
from monitor.judging.table import BLANK_EMPTY, BLANK_ERROR, BLANK_NULL
from monitor.model import Standing
from monitor.units import format_duration, format_value


def why(judged: Judged, index: int) -> str:
    """Why nothing is known of a group, in one clause; empty when it was measured."""
    if judged.broken:
        return f"rule broken: {judged.broken}"
    if not judged.active:
        return "not judged in this stage"
    if bool(judged.resting[index]):
        excluding = judged.excluding
        return f"rests while {excluding.text}" if judged.open and excluding else "outside opening hours"
    if bool(judged.measured[index]):
        return ""
    return _silence(judged, index) or _too_little(judged, index)


def _silence(judged: Judged, index: int) -> str:
    """What the source did not say."""
    quality, newest = judged.quality, float(judged.newest[index])
    blank = 0 if quality is None or quality.blank is None else int(quality.blank[index])
    if blank == BLANK_ERROR:
        shown = shown_as_breach(judged.rule, quality, judged.control)
        proof = f", and {judged.rule.control} is good: shown as breach" if shown is not None else ""
        return f"the source could not be asked{proof}"
    if quality is None or (math.isinf(newest) and not blank):
        return "never heard"
    if quality.stale is not None and bool(quality.stale[index]):
        if math.isinf(newest):
            return "never heard"
        limit = format_duration(float(quality.limit[index]))
        return f"stale: newest sample {format_duration(max(judged.at - newest, 0.0))} old, limit {limit}"
    return {BLANK_NULL: "the source cannot compute it", BLANK_EMPTY: "the source found nothing"}.get(blank, "")


def _too_little(judged: Judged, index: int) -> str:
    """What was said, and is not enough."""
    rule = judged.rule
    left = judged.armed_at + rule.warmup - judged.reader.start(judged.at - judged.delay)
    if left > 0:
        return f"first window is whole in {format_duration(math.ceil(left))}"
    samples = int(judged.samples[index])
    if samples < rule.min_count:
        return f"{samples} of {rule.min_count} {judged.reader.noun}"
    if judged.comparison is not None and int(judged.comparison.known[index]) != FOUND:
        return judged.comparison.why(index, judged.at)
    if judged.buckets is not None and not bool(judged.buckets.count().sure[index]):
        return judged.buckets.told(index)
    return "no number"


def measure(judged: Judged, index: int) -> str:
    """How a group's value came about where the number alone does not say: bounds, baseline. Empty otherwise."""
    words = []
    if judged.bounds is not None:
        low, high = (format_value(float(bound[index]), judged.unit) for bound in judged.bounds)
        words.append(f"between {low} and {high} with {judged.rule.confidence:g} confidence a side")
    if judged.comparison is not None and (told := judged.comparison.told(index)):
        base = format_value(float(judged.comparison.base[index]), judged.reader.unit)
        raw = format_value(float(judged.measure[index]), judged.reader.unit)
        words.append(f"{raw} against {base} of {told}")
    return ", ".join(words)


def transitions(judged: Judged, moved: Sequence[tuple[int, float]], before: npt.NDArray[np.int8]) -> list[Transition]:
    """What is handed on of groups that changed: each with the instant at which its standing before began."""
    indices, sinces = [index for index, _ in moved], [since for _, since in moved]
    unit, made = judged.unit, []
    warn, breach = judged.limits
    at, rule, names = judged.at, judged.rule, judged.names
    columns = (before, judged.standings, judged.value, judged.samples, judged.newest, judged.measured)
    rows = zip(*(column[indices].tolist() for column in columns), strict=True)
    for index, since, (was, now, value, samples, newest, measured) in zip(indices, sinces, rows, strict=True):
        after = STANDINGS[now]
        age = at - newest
        made.append(
            Transition(
                rule.name,
                names[index],
                STANDINGS[was],
                after,
                at,
                value,
                samples,
                breach if after is _BREACH else warn,
                age if math.isfinite(age) else math.nan,
                rule.window,
                since,
                unit,
                "" if measured and not judged.broken else why(judged, index),
                "" if judged.flapping is None else _flapping(judged, index),
            )
        )
    return made


def _flapping(judged: Judged, index: int) -> Literal["", "begins", "goes on"]:
    if judged.flapping is None or not judged.flapping[index]:
        return ""
    before = judged.flapped
    return "goes on" if before is not None and index < len(before) and before[index] else "begins"


_BREACH = Standing.BREACH
STANDINGS = tuple(Standing)
"""By number."""
