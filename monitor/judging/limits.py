"""On which side of a rule's limits a number lies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from monitor.judging.rings import F8, Bools
from monitor.judging.rules import Rule
from monitor.judging.windows import Estimates

_COMPARE: dict[str, Callable[[F8, float], Bools]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


class Sides(NamedTuple):
    """For each group; NaN is on no side."""

    bad: Bools
    warn: Bools
    good: Bools


def compare(operator: str, value: F8, limit: float) -> Bools:
    """Whether each value stands so to the limit."""
    return _COMPARE[operator](value, limit)


def sides(rule: Rule, judged: Estimates, measure: F8, floor: float | None) -> Sides:
    """Where bounds exist, the one nearest to good must be bad, and the farthest (or the value itself) good to clear.

    floor: a measure on the good side of it is good whatever it compares to; None for no such.
    """
    nearest, farthest = judged.value, judged.value
    if judged.low is not None and judged.high is not None:
        nearest, farthest = (judged.low, judged.high) if rule.worse_high else (judged.high, judged.low)
        if rule.clear_by == "point":
            farthest = judged.value
    bad = compare(rule.operator, nearest, rule.breach)
    warn = bad if rule.warn is None else compare(rule.operator, nearest, rule.warn)
    good = compare(OPPOSITE[rule.operator], farthest, rule.breach if rule.clear is None else rule.clear)
    if floor is not None:
        harmless = compare(OPPOSITE[rule.operator], measure, floor)
        bad, warn, good = bad & ~harmless, warn & ~harmless, good | harmless
    return Sides(bad, warn, good)
