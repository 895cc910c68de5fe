"""A page of details: lines, some of which lead further down. Pure; how each kind of thing is told is in its own module."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, heading, row, wrap
from dashboards.terminal.lookup import Lookup
from dashboards.terminal.subject import Subject
from dashboards.terminal.view import View

LABEL = 11
"""Cells of the words in front of facts."""


class Item(NamedTuple):
    """A line, and what `enter` on it goes down to."""

    line: Line
    leads: Subject | None = None


class Canvas(NamedTuple):
    """What every page is drawn with."""

    view: View
    lookup: Lookup
    width: int
    glyphs: Glyphs

    def fact(self, label: str, text: str, role: str = "", leads: Subject | None = None) -> list[Item]:
        """A word and what it is, wrapped under itself; empty when there is nothing to say."""
        if not text:
            return []
        lines = wrap(text, self.width - LABEL, self.glyphs, role)
        words = [label, *[""] * (len(lines) - 1)]
        return [Item((Span(w.ljust(LABEL), "dim"), *line), leads) for w, line in zip(words, lines, strict=True)]

    def title(self, text: str) -> list[Item]:
        """A heading inside a page, with an empty line above."""
        return [Item(()), Item((Span(text, "head"),))]

    def note(self, text: str, role: str = "dim") -> list[Item]:
        """A sentence of ours, wrapped."""
        return [Item(line) for line in wrap(text, self.width, self.glyphs, role)]

    def table(self, columns: Sequence[Column], rows: Iterable[tuple[Sequence[Span], Subject | None]]) -> list[Item]:
        """A heading and rows; nothing at all without a row."""
        lines = [Item(row(columns, cells, self.width, self.glyphs), leads) for cells, leads in rows]
        return [Item(heading(columns, self.width, self.glyphs)), *lines] if lines else []
