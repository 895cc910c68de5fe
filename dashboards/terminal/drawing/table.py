"""Tables of any length as data: fields, which of them fit, headings, one line a row. Knows no screen and no clock.

A field says how a row's cell is drawn and, apart from that, its value, by which it is sorted, filtered and exported. Fields
of one `group` stand under a common title; `side` makes two or three fields one figure of both platforms, of which
`arrangement` shows old, new, both or the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, fit, line_cells, row, visible, widths
from dashboards.terminal.query import Value
from dashboards.terminal.view import View

T = TypeVar("T")
Width: TypeAlias = int | Callable[[Glyphs], int]

LEAST, MOST = 10, 44
"""Cells that a column which takes what is left never goes below, as long as another one can be left out, and never above,
so that numbers stand beside the name that they belong to."""


class Field(NamedTuple, Generic[T]):
    """One column of a table."""

    name: str
    """One word: what a filter and an exported file call it."""
    title: str
    value: Callable[[T], Value]
    """What it is sorted, filtered and exported by: a number in its base unit, a text, or None when there is none."""
    draw: Callable[[T, View, Glyphs], Span]
    width: Width = 0
    """Cells; 0 takes what is left."""
    right: bool = False
    falling: bool = False
    """Whether the greatest comes first when one sorts by it."""
    group: str = ""
    """Title over it and its neighbours of the same group."""
    side: str = ""
    """old, new or difference when it is part of a figure of both platforms."""
    base: str = ""
    """Name of the whole figure, by which people choose columns and which in a filter means its new side."""
    rank: int = 0
    """Where room is short the greatest rank is left out first; 0 never is."""
    wide: bool = False
    """Whether it is shown in wide tables only."""
    unit: str = ""
    """Unit of its value, for the head of an exported file."""
    worded: bool = False
    """Whether a word of a filter without a column is looked for in it."""

    @property
    def figure(self) -> str:
        """The name under which people choose it."""
        return self.base or self.name

    @property
    def label(self) -> str:
        """Its title where no heading stands over it."""
        return f"{self.group} {self.title}".strip() if self.side else self.title


class Table(NamedTuple, Generic[T]):
    """What a table shows of its rows."""

    name: str
    """What an exported file is called."""
    fields: tuple[Field[T], ...]
    key: Callable[[T], str]
    """What a row is known by while its place and numbers change."""
    faulty: Callable[[T], bool]
    """Whether a row stays when only faults are shown."""


class Layout(NamedTuple, Generic[T]):
    """The fields that fit a pane, and where."""

    width: int
    fields: tuple[Field[T], ...]
    columns: tuple[Column, ...]
    """With a first one of one cell for the mark of chosen rows."""
    rest: int
    """Cells to the right of all columns."""


def layout(fields: Sequence[Field[T]], width: int, glyphs: Glyphs) -> Layout[T]:
    """As many fields as fit `width`; what is left out goes by rank, a figure's two sides together."""
    kept = list(fields)
    while _needs(kept, glyphs) > width and (greatest := max((field.rank for field in kept), default=0)):
        kept = [field for field in kept if field.rank < greatest]
    columns = [Column("", 1), *(Column(field.title, _cells(field, glyphs), right=field.right) for field in kept)]
    exact = [
        column._replace(width=cells if column.width else min(cells, MOST))
        for column, cells in zip(columns, widths(columns, width), strict=True)
    ]
    rest = width - sum(column.width for column in exact) - len(exact) + 1
    return Layout(width, tuple(kept), tuple(exact), max(0, rest))


def _cells(field: Field[T], glyphs: Glyphs) -> int:
    return field.width if isinstance(field.width, int) else field.width(glyphs)


def _needs(fields: Sequence[Field[T]], glyphs: Glyphs) -> int:
    return 1 + sum(1 + (_cells(field, glyphs) or LEAST) for field in fields)


def headings(plan: Layout[T], sort: str, *, back: bool, glyphs: Glyphs) -> tuple[Line, ...]:
    """One line of titles, and one of groups above it where there are any; an arrow marks the column that sorts."""
    titles: list[Span] = [Span("")]
    for field, column in zip(plan.fields, plan.columns[1:], strict=True):
        if field.name == sort:
            arrow = glyphs.falling if field.falling is not back else glyphs.rising
            titles.append(Span(fit(field.title, column.width - 1, glyphs).rstrip() + arrow, "sorted"))
        else:
            titles.append(Span(field.title, "head"))
    line = _laid(plan, titles, glyphs)
    return (_groups(plan, glyphs), line) if any(field.group for field in plan.fields) else (line,)


def _groups(plan: Layout[T], glyphs: Glyphs) -> Line:
    out: list[Span] = [Span(" ")]
    pairs = zip(plan.fields, plan.columns[1:], strict=True)
    for group, members in groupby(pairs, key=lambda pair: pair[0].group):
        columns = [column for _, column in members]
        cells = sum(column.width for column in columns) + len(columns) - 1
        right = len(columns) == 1 and columns[0].right
        out += [Span(" "), Span(fit(group, cells, glyphs, right=right), "dim")]
    return (*out, Span(" " * max(0, plan.width - line_cells(tuple(out)))))


def _laid(plan: Layout[T], cells: Sequence[Span], glyphs: Glyphs) -> Line:
    """Cells in their columns, and nothing to the right of them."""
    line = row(plan.columns, cells, plan.width, glyphs)
    return (*line, Span(" " * plan.rest)) if plan.rest else line


def line(plan: Layout[T], item: T, view: View, glyphs: Glyphs, *, marked: bool = False) -> Line:
    """One row."""
    mark = Span(glyphs.marked if marked else "", "key")
    cells = [mark, *(field.draw(item, view, glyphs) for field in plan.fields)]
    return _laid(plan, cells, glyphs)


def field_at(plan: Layout[T], x: int) -> Field[T] | None:
    """The field whose title stands at this cell of the heading."""
    end = 0
    for field, column in zip((None, *plan.fields), plan.columns, strict=True):
        end += column.width + 1
        if x < end:
            return field
    return None


def spelled(fields: Sequence[Field[T]], item: T, view: View, glyphs: Glyphs) -> str:
    """A row in one line of words, to be pasted elsewhere."""
    cells = ((field.label, field.draw(item, view, glyphs).text.strip()) for field in fields)
    return visible("; ".join(f"{label} {text}".strip() for label, text in cells if text), glyphs)
