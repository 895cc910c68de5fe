"""How somebody has arranged a table: filter, order, columns, sides; and the rows in that order. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar

import msgspec

from dashboards.terminal.drawing.table import Field, Table
from dashboards.terminal.query import NOTHING, Query, Value

T = TypeVar("T")
SIDES = {
    "both": ("old", "new"),
    "old": ("old",),
    "new": ("new",),
    "difference": ("difference",),
}
"""What `o` goes through, and the sides that are then shown."""
_DIGITS = re.compile(r"(\d{1,18})")


class Arrangement(msgspec.Struct, frozen=True, kw_only=True):
    """One person's choice on one screen."""

    query: Query = NOTHING
    sort: str = ""
    """Name of the field to sort by; empty: as the screen gives them, mostly worst first."""
    back: bool = False
    """Whether it is sorted the other way round than the field usually is."""
    faults: bool = False
    wide: bool = False
    hidden: frozenset[str] = frozenset()
    """Figures that are left out."""
    sides: str = "both"

    def fields(self, table: Table[T]) -> list[Field[T]]:
        """The fields to show, whatever the room."""
        return [
            field
            for field in table.fields
            if field.figure not in self.hidden
            and (self.wide or not field.wide)
            and (not field.side or field.side in SIDES[self.sides])
        ]

    def sorted_by(self, name: str) -> Arrangement:
        """Sort by this field; by the same one again: the other way round, and after that as the screen gives them."""
        if name != self.sort:
            return msgspec.structs.replace(self, sort=name, back=False)
        if not self.back:
            return msgspec.structs.replace(self, back=True)
        return msgspec.structs.replace(self, sort="", back=False)

    def sorted_beside(self, table: Table[T], by: int) -> Arrangement:
        """Sort by the shown field `by` places further on; going past either end is no order of its own."""
        names = ["", *(field.name for field in self.fields(table))]
        place = names.index(self.sort) if self.sort in names else 0
        return msgspec.structs.replace(self, sort=names[(place + by) % len(names)], back=False)

    def turned(self) -> Arrangement:
        """The next of both, old, new, difference."""
        order = list(SIDES)
        return msgspec.structs.replace(self, sides=order[(order.index(self.sides) + 1) % len(order)])


def columns(table: Table[T]) -> dict[str, Callable[[T], Value]]:
    """What a filter may ask for by name; a figure of both platforms under its own name means the new one."""
    named = {field.base: field.value for field in table.fields if field.side == "new"}
    return {**named, **{field.name: field.value for field in table.fields}}


def arrange(table: Table[T], rows: Sequence[T], chosen: Arrangement) -> list[T]:
    """The rows to show in their order; what has no value comes last either way. TooSlow when a pattern has no end."""
    kept = [row for row in rows if table.faulty(row)] if chosen.faults else rows
    words = [field.value for field in table.fields if field.worded]
    found = chosen.query.select(kept, columns(table), words)
    field = next((field for field in table.fields if field.name == chosen.sort), None)
    return found if field is None else _sorted(found, field, falling=field.falling is not chosen.back)


def _sorted(rows: Sequence[T], field: Field[T], *, falling: bool) -> list[T]:
    numbers: list[tuple[float, int]] = []
    texts: list[tuple[tuple[tuple[int, int | str], ...], int]] = []
    rest: list[T] = []
    for place, row in enumerate(rows):
        value = field.value(row)
        if isinstance(value, str):
            texts.append((_natural(value), place))
        elif value is None or math.isnan(value):
            rest.append(row)
        else:
            numbers.append((value, -place if falling else place))
    numbers.sort(reverse=falling)
    texts.sort(key=lambda pair: pair[0], reverse=falling)
    return [*(rows[abs(place)] for _, place in numbers), *(rows[place] for _, place in texts), *rest]


@lru_cache(maxsize=16384)
def _natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """Numbers in names count as numbers: sbc-2 before sbc-10."""
    parts = _DIGITS.split(text.casefold())
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts if part)
