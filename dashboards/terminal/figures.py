"""Numbers of both platforms side by side: what is known, whether it still holds, and which of two is worse.

Counts of several series are added up and the longest of several waits is the longest of all; ratios and percentiles of
several series are never averaged: there is no number then, and the reason says so.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from typing import NamedTuple

from monitor.serving.snapshot import RuleRow, SeriesRow

_PAST: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
OLD, NEW = "legacy", "target"
"""The platforms as series name them; screens call them old and new."""
_NOTICED = 0.05
"""Share of the old number by which the new one must differ at least to be called better or worse."""
_LEAST = {"ratio": 0.01, "seconds": 1.0, "count": 1.0, "score": 0.1}
"""By unit, the least difference that is one; a figure may name a smaller one."""


class Figure(NamedTuple):
    """One number of one platform."""

    value: float | None = None
    fresh: bool = False
    """Whether it may be taken for the present: every series that it is made of is."""
    age: float | None = None
    """Seconds since the oldest of its newest samples, at the time of the snapshot."""
    why: str = ""
    """Why there is no number, or why it no longer holds."""


NONE = Figure()


def of(rows: Iterable[SeriesRow], how: str) -> Figure:
    """One figure of these series; how: `sum`, `max` or `one`."""
    known = list(rows)
    if not known:
        return NONE
    age = max(row.age for row in known)
    off = next((row for row in known if row.quality != "fresh"), None)
    values = [row.value for row in known if row.value is not None]
    if how == "one" and len(known) > 1:
        return Figure(None, off is None, age, f"{len(known)} series, and such numbers are not averaged")
    if not values:
        return Figure(None, fresh=False, age=age, why="no number")
    value = max(values) if how == "max" else sum(values)
    return Figure(value, off is None, age, "" if off is None else off.quality)


class Pair(NamedTuple):
    """One figure on both platforms."""

    old: Figure = NONE
    new: Figure = NONE
    unit: str = ""
    low: bool = True
    """Whether less is better."""
    least: float = 0.0
    """The least difference that counts; 0: what is usual for the unit; infinite: more is neither better nor worse."""
    past: RuleRow | None = None
    """A rule on this metric past whose limit the new number is, be it that it judges more than this row together."""
    hard: bool = False
    """Whether that is its limit of a breach, not of a warning."""

    @property
    def difference(self) -> float | None:
        """New less old, where both are known and hold."""
        if self.old.value is None or self.new.value is None or not (self.old.fresh and self.new.fresh):
            return None
        return self.new.value - self.old.value

    @property
    def word(self) -> str:
        """The new platform is better, worse or the same; empty where nothing can be said."""
        apart = self.difference
        if apart is None or self.old.value is None or math.isinf(self.least):
            return ""
        if abs(apart) < max(self.least or _LEAST.get(self.unit, 0.0), _NOTICED * abs(self.old.value)):
            return "same"
        return "worse" if (apart > 0) == self.low else "better"

    @property
    def worse(self) -> bool:
        """Whether the new platform is worse by more than one would overlook."""
        return self.word == "worse"


def bound_of(pair: Pair) -> float:
    """The limit that the new number is past."""
    if pair.past is None:
        return math.nan
    return pair.past.breach if pair.hard or pair.past.warn is None else pair.past.warn


def held_against(pair: Pair, rules: Iterable[RuleRow]) -> Pair:
    """The same with the first rule past whose limit the new number is, a breach before a warning."""
    value = pair.new.value
    if value is None or not pair.new.fresh:
        return pair
    known = [rule for rule in rules if rule.operator in _PAST]
    for rule in known:
        if _PAST[rule.operator](value, rule.breach):
            return pair._replace(past=rule, hard=True)
    for rule in known:
        if rule.warn is not None and _PAST[rule.operator](value, rule.warn):
            return pair._replace(past=rule)
    return pair


def unfilled(pair: Pair) -> bool:
    """Whether neither platform has a number."""
    return pair.old.value is None and pair.new.value is None
