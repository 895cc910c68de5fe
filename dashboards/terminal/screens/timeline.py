"""Screen 7: what happened, newest first."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from dashboards.terminal.drawing.board import timeline_line
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.view import View
from dashboards.terminal.widgets.lines import Rows
from dashboards.terminal.widgets.pane import Pane


class Timeline(Frame):
    """The public part of the journal, as far as the snapshot carries it."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._pane = Pane("TIMELINE, newest first, UTC", glyphs, id="timeline")

    def body(self) -> Iterable[Widget]:
        """One list."""
        yield self._pane

    def fill(self, view: View) -> None:
        """Draw the events."""
        events = view.snapshot.events[::-1] if view.snapshot else ()
        self._pane.show(lambda width: Rows(events, lambda row: timeline_line(row, view, width, self.glyphs)))
