"""What pages of details are drawn with: facts, headings, tables, and rows that lead further down. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, heading, row, wrap
from dashboards.terminal.lookup import Answer, Lookup
from dashboards.terminal.subject import Subject
from dashboards.terminal.view import View

T = TypeVar("T")

LABEL = 12
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

    def pending(self, answer: Answer[T]) -> list[Item]:
        """One line in place of what is not there: on its way, or in words why not. Empty when it is there."""
        if answer.loading:
            return self.note("loading")
        return self.note(f"not shown: {answer.why}", "notice") if answer.why else []


def spelled(labels: Mapping[str, str]) -> str:
    """Labels as people read them."""
    return " ".join(f"{name}={value}" for name, value in labels.items() if value)
