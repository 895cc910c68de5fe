"""A table that reads well on a wall, on a phone and aloud: caption, column headings with scope, one heading a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from dashboards.web.markup import Child, Html, tag

_Row = TypeVar("_Row")


class Column(NamedTuple):
    """A column. `numeric` stands at the right."""

    title: str
    numeric: bool = False


class Line(NamedTuple):
    """One row: the first cell is its state, the second names it."""

    key: str
    """Tells it from the others of its table, so that a change of order keeps the reader's place."""
    cells: Sequence[Child]
    role: str = ""
    """A class for the whole row."""


def table(caption: str, columns: Sequence[Column], lines: Sequence[Line], *, headed: int = 1) -> Html:
    """The table. headed: which cell names its row. Roles are spelled out, since a phone shows rows as blocks."""
    head = tag(
        "tr",
        [tag("th", column.title, scope="col", role="columnheader", class_=_side(column)) for column in columns],
        role="row",
    )
    body = [
        tag("tr", [_cell(column, cell, at == headed) for at, (column, cell) in enumerate(zip(columns, line.cells, strict=True))],
            role="row", class_=line.role or None, data_key=line.key)
        for line in lines
    ]  # fmt: skip
    return tag(
        "table",
        tag("caption", caption, class_="aside"),
        tag("thead", head, role="rowgroup"),
        tag("tbody", body, role="rowgroup"),
        role="table",
    )


def _side(column: Column) -> str | None:
    return "number" if column.numeric else None


def _cell(column: Column, cell: Child, heads: bool) -> Html:  # noqa: FBT001 - one of two kinds
    if heads:
        return tag("th", cell, scope="row", role="rowheader", data_label=column.title)
    return tag("td", cell, role="cell", class_=_side(column), data_label=column.title)


def section(name: str, title: str, *children: Child, count: str = "") -> Html:
    """A region with its heading."""
    head = tag("h2", title, tag("span", f" {count}", class_="count") if count else None, id=f"{name}-title")
    return tag("section", head, *children, id=name, aria_labelledby=f"{name}-title")


def nothing(words: str) -> Html:
    """What stands where there is no row."""
    return tag("p", words, class_="none")


def bounded(rows: Sequence[_Row], most: int, what: str) -> tuple[Sequence[_Row], Html | None]:
    """At most so many rows, before any is drawn, and a sentence that counts the others."""
    over = len(rows) - most
    return rows[:most], tag("p", f"and {over} more {what}", class_="none") if over > 0 else None
