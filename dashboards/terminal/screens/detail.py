"""Details of one thing, opened from any screen: `enter` goes further down, `esc` up."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.lookup import Lookup
from dashboards.terminal.pages.atlas import page
from dashboards.terminal.pages.canvas import Canvas, Item
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.subject import Subject
from dashboards.terminal.view import View
from dashboards.terminal.widgets.lines import LineView
from dashboards.terminal.widgets.pane import Pane


class Detail(Frame):
    """The page of the last subject of the trail."""

    def __init__(self, glyphs: Glyphs, lookup: Lookup) -> None:
        super().__init__(glyphs)
        self._lookup = lookup
        self._pane = Pane("DETAIL", glyphs, id="page", pick=True)
        self._items: list[Item] = []
        self._chosen: dict[tuple[str, str], tuple[str, str] | None] = {}
        """For each place the row that a person left the cursor on; None: a line that leads nowhere."""
        self.trail: tuple[Subject, ...] = ()
        self.from_screen = ""
        """The name of the screen that the trail began on."""

    def body(self) -> Iterable[Widget]:
        """One list."""
        yield self._pane

    @property
    def here(self) -> Subject | None:
        """What the page is about."""
        return self.trail[-1] if self.trail else None

    @property
    def subject(self) -> Subject | None:
        """What the line under the cursor leads to."""
        cursor = self._pane.lines.cursor
        return self._items[cursor].leads if cursor < len(self._items) else None

    def go(self, screen: str, trail: tuple[Subject, ...]) -> None:
        """Be about the last of the trail; the cursor returns to the row that one came back from."""
        if len(self.trail) > len(trail) > 0 and self.trail[: len(trail)] == trail:
            self._chosen[trail[-1].place] = self.trail[len(trail)].place
        self.from_screen, self.trail = screen, trail
        self._pane.border_title = trail[-1].kind.upper() if trail else "DETAIL"
        self._pane.lines.restart()

    def crumbs(self) -> tuple[str, ...]:
        """The way down."""
        return (self.from_screen.capitalize(), *(subject.title for subject in self.trail))

    def fill(self, view: View) -> None:
        """Draw the page of this moment."""
        if self.here is not None and view.snapshot is not None:
            self._pane.show(self._lines)
            self._keep_cursor()

    def _lines(self, width: int) -> list[Line]:
        if self.here is None:
            return []
        self._items = page(self.here, Canvas(self.now, self._lookup, width, self.glyphs))
        return [item.line for item in self._items]

    def _keep_cursor(self) -> None:
        """The cursor begins on the first row that leads on, and stays on its row when others come and go."""
        if self.here is None:
            return
        lines, items = self._pane.lines, self._items
        if self.here.place not in self._chosen:
            lines.place(next((index for index, item in enumerate(items) if item.leads), 0))
            return
        wanted = self._chosen[self.here.place]
        now = self.subject
        if wanted is None or (now is not None and now.place == wanted):
            return
        found = next((index for index, item in enumerate(items) if item.leads and item.leads.place == wanted), None)
        if found is not None:
            lines.place(found)

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        """Remember the row that the cursor stands on."""
        if event.view is self._pane.lines and self.here is not None:
            subject = self.subject
            self._chosen[self.here.place] = subject.place if subject is not None else None
