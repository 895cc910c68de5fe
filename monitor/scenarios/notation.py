"""Series in promtool's shorthand, and the points that promtool has no word for: empty, null, error. Pure.

A number and `xN` is the number and N more; with a step between them, each one further on. A word or `_` and `xN` is
N of them. `4.2x3 3.1-0.1x2 _x6 null stale` is four times 4.2, then 3.1 3.0 2.9, six gaps, a null, a silent source.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TypeAlias

MOST_POINTS = 100_000
"""Points of one series."""


class Gap(Enum):
    """A point without a number."""

    SILENCE = "_"
    """This series has no sample; its source goes on."""
    EMPTY = "empty"
    """The source answers that it found nothing."""
    NULL = "null"
    """The source answers that it cannot compute the number."""
    ERROR = "error"
    """The source cannot be asked."""
    STALE = "stale"
    """The whole source is silent, while others go on."""


Point: TypeAlias = "float | Gap"

_NUMBER = r"(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[iI]nf|[nN]a[nN])"
_ITEM = re.compile(
    rf"(?:(?P<gap>_|empty|null|error|stale)|(?P<value>[+-]?{_NUMBER})(?P<step>[+-]{_NUMBER})?)(?:x(?P<times>\d{{1,9}}))?",
    re.ASCII,
)
_WORD = re.compile(r"\S+")


class NotationError(ValueError):
    """Points that cannot be read; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


def expand(text: str) -> tuple[Point, ...]:
    """Every point of a series; NotationError says which part is none."""
    points: list[Point] = []
    for word in _WORD.finditer(text):
        column = word.start() + 1
        match = _ITEM.fullmatch(word.group())
        if match is None or (match["step"] and not match["times"]):
            shown = word.group()[:40]
            raise NotationError(
                f"{shown!r} is no point: write 4.2, 4.2x3, 0+1x9, _, _x6, empty, null, error or stale", column
            )
        times = int(match["times"] or 0)
        if len(points) + times >= MOST_POINTS:
            raise NotationError(f"more than {MOST_POINTS:,} points in one series", column)
        if match["gap"]:
            points += [Gap(match["gap"])] * (times if match["times"] else 1)
        else:
            points += _values(float(match["value"]), float(match["step"] or 0.0), times)
    return tuple(points)


def _values(value: float, step: float, times: int) -> list[Point]:
    """The value and `times` more; added up one by one, so that the last digits are promtool's."""
    made: list[Point] = [value]
    for _ in range(times):
        value += step
        made.append(value)
    return made
