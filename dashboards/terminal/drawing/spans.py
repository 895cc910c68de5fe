"""Lines as data: text with a role, cut and padded to exact cells, so that drawing is testable without a screen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size, split_text

from monitor.text import LINE_LENGTH, clean

_SELECTORS = re.compile("[\ufe00-\ufe0f]")


class Span(NamedTuple):
    """A piece of a line. `role` names a style of terminal.tcss (`.line--<role>`), never a colour."""

    text: str
    role: str = ""


Line: TypeAlias = tuple[Span, ...]


class Glyphs(NamedTuple):
    """Which characters may be used, and what stands in for the others."""

    ascii: bool = False

    @property
    def dot(self) -> str:
        """Separator between the pieces of a line."""
        return "-" if self.ascii else "·"

    @property
    def ellipsis(self) -> str:
        """End of a text that was cut."""
        return "~" if self.ascii else "…"

    @property
    def at_most(self) -> str:
        """Sign of an upper limit."""
        return "<=" if self.ascii else "≤"

    @property
    def at_least(self) -> str:
        """Sign of a lower limit."""
        return ">=" if self.ascii else "≥"

    @property
    def bars(self) -> str:
        """Levels of a sparkline, lowest first."""
        return "_.-=*#" if self.ascii else "▁▂▃▄▅▆▇█"

    @property
    def gap(self) -> str:
        """A point of a sparkline without data."""
        return " " if self.ascii else "┈"

    @property
    def marked(self) -> str:
        """A row that a person has marked."""
        return "*" if self.ascii else "▸"

    @property
    def rising(self) -> str:
        """A column that sorts, least first."""
        return "^" if self.ascii else "↑"

    @property
    def falling(self) -> str:
        """A column that sorts, greatest first."""
        return "v" if self.ascii else "↓"

    @property
    def up(self) -> str:
        """A number that is higher than on the other platform, where higher is worse."""
        return "^" if self.ascii else "▲"

    @property
    def down(self) -> str:
        """A number that is lower than on the other platform, where lower is worse."""
        return "v" if self.ascii else "▼"

    @property
    def old(self) -> str:
        """Behind a number that is too old to hold."""
        return "?" if self.ascii else "◌"


def visible(text: str, glyphs: Glyphs) -> str:
    """The last gate before the terminal: no control character passes, whatever was cleaned before.

    Variation selectors go too, since terminals disagree about their width. In ASCII, letters lose their
    accents and what has no ASCII form becomes a question mark a cell.
    """
    if text.isascii() and text.isprintable():
        return text
    shown = _SELECTORS.sub("", text)
    if not shown.isprintable():
        shown = clean(shown, LINE_LENGTH)
    return _ascii(shown) if glyphs.ascii else shown


def _ascii(text: str) -> str:
    out = []
    for char in text:
        if char.isascii():
            out.append(char)
            continue
        plain = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
        width = cell_len(char)
        out.append(plain if plain and len(plain) == width else "?" * width)
    return "".join(out)


def fit(text: str, width: int, glyphs: Glyphs, *, right: bool = False) -> str:
    """Make text exactly `width` cells: padded with spaces, or cut with an ellipsis; wide characters stay whole."""
    if width <= 0:
        return ""
    shown = visible(text, glyphs)
    cells = cell_len(shown)
    if cells > width:
        shown = set_cell_size(shown, width - 1).rstrip() + glyphs.ellipsis
        cells = cell_len(shown)
    pad = " " * (width - cells)
    return pad + shown if right else shown + pad


def line_cells(line: Line) -> int:
    """Width of a line in cells."""
    return sum(cell_len(span.text) for span in line)


def clip(line: Line, width: int, glyphs: Glyphs) -> Line:
    """Cut a line to at most `width` cells, ending in an ellipsis when something was lost."""
    if line_cells(line) <= width:
        return line
    out: list[Span] = []
    room = width
    for span in line:
        cells = cell_len(span.text)
        if cells < room:
            out.append(span)
            room -= cells
        else:
            out.append(Span(fit(span.text + " ", room, glyphs), span.role))
            break
    return tuple(out)


def join(parts: Iterable[Line], glyphs: Glyphs) -> Line:
    """Put parts on one line with a dot between; empty parts are left out."""
    out: list[Span] = []
    for part in parts:
        if not any(span.text for span in part):
            continue
        if out:
            out.append(Span(f" {glyphs.dot} ", "dim"))
        out.extend(part)
    return tuple(out)


def spread(left: Line, right: Line, width: int, glyphs: Glyphs) -> Line:
    """Put one part at the left end and one at the right; the right one is never cut."""
    room = width - line_cells(right)
    cut = clip(left, max(0, room - 1), glyphs)
    return (*cut, Span(" " * max(0, room - line_cells(cut))), *right)


def wrap(text: str, width: int, glyphs: Glyphs, role: str = "") -> list[Line]:
    """Break text into lines of at most `width` cells, at spaces where it can."""
    lines: list[Line] = []
    rest = visible(text, glyphs)
    width = max(8, width)
    while cell_len(rest) > width:
        head, _ = split_text(rest, width)
        space = head.rfind(" ")
        cut = space if space > width // 3 else len(head)
        lines.append((Span(rest[:cut].rstrip(), role),))
        rest = rest[cut:].lstrip()
    lines.append((Span(rest, role),))
    return lines


class Column(NamedTuple):
    """A column of a table: `width` 0 takes what is left; right-aligned for numbers."""

    title: str
    width: int
    right: bool = False


def widths(columns: Sequence[Column], width: int) -> tuple[int, ...]:
    """Widths in cells so that all columns, one space apart, fill `width`; the open columns share the rest evenly."""
    fixed = sum(column.width for column in columns) + max(0, len(columns) - 1)
    opened = [index for index, column in enumerate(columns) if not column.width]
    left = max(0, width - fixed)
    out = [column.width for column in columns]
    for place, index in enumerate(opened):
        out[index] = left // len(opened) + (1 if place < left % len(opened) else 0)
    return tuple(out)


def row(columns: Sequence[Column], cells: Sequence[Span], width: int, glyphs: Glyphs) -> Line:
    """One line of a table, exactly `width` cells wide as long as the fixed columns fit."""
    out: list[Span] = []
    for column, cells_wide, span in zip(columns, widths(columns, width), cells, strict=True):
        if out:
            out.append(Span(" "))
        out.append(Span(fit(span.text, cells_wide, glyphs, right=column.right), span.role))
    return tuple(out)


def heading(columns: Sequence[Column], width: int, glyphs: Glyphs) -> Line:
    """The titles over a table's columns."""
    return row(columns, [Span(column.title, "head") for column in columns], width, glyphs)


def plain(line: Line) -> str:
    """A line's text alone, without trailing space."""
    return "".join(span.text for span in line).rstrip()
