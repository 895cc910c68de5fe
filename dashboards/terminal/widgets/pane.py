"""A framed part of a screen: a title, a line that stays, and lines that scroll."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.widgets.fixed import Fixed
from dashboards.terminal.widgets.lines import LineView


class Pane(Vertical):
    """Its first title is one of our own words, since Textual reads titles as markup; `entitle` takes any text."""

    def __init__(self, title: str, glyphs: Glyphs, *, id: str, pick: bool = False) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self.border_title = title
        self._head = Fixed(glyphs)
        self.lines = LineView(glyphs, pick=pick, id=f"{id}-lines")
        self._title = title

    def compose(self) -> ComposeResult:
        """The heading over the lines."""
        yield self._head
        yield self.lines

    def entitle(self, title: str) -> None:
        """Put this text into the frame, letter by letter."""
        if title != self._title:
            self._title = title
            self.border_title = Content(title)

    def show(self, make: Callable[[int], Sequence[Line]], head: Callable[[int], Line] | None = None) -> None:
        """Draw these lines under this heading; the frame says how many are out of sight."""
        if head is not None:
            heading = head
            self._head.show(lambda width: (heading(width),))
        self.lines.show(make)
        below = self.lines.hidden_below
        words = f"{below} more below" if below else ""
        if words != self.border_subtitle:
            self.border_subtitle = words
