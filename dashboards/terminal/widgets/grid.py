"""A pane with a table in it: what is left out, titles that can be clicked, rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.events import Click
from textual.message import Message

from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.widgets.fixed import Fixed
from dashboards.terminal.widgets.pane import Pane


class Titles(Fixed):
    """The titles of the columns."""

    class Clicked(Message):
        """Somebody clicked at this cell."""

        def __init__(self, x: int) -> None:
            super().__init__()
            self.x = x

    def on_click(self, event: Click) -> None:
        """Say where."""
        event.stop()
        self.post_message(self.Clicked(event.x))


class Grid(Pane):
    """Rows under titles; above them a line on what is out of sight, where there is no frame to say it."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        super().__init__("TABLE", glyphs, id=id, pick=True)
        self._notes = Fixed(glyphs)
        self._titles = Titles(glyphs)

    def compose(self) -> ComposeResult:
        """Notes and titles over the lines."""
        yield self._notes
        yield self._titles
        yield self.lines

    def tabulate(
        self,
        notes: Callable[[int], Sequence[Line]],
        titles: Callable[[int], Sequence[Line]],
        rows: Callable[[int], Sequence[Line]],
    ) -> None:
        """Draw these rows under these titles."""
        self._notes.show(notes)
        self._titles.show(titles)
        self.show(rows)
