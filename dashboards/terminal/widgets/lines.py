"""A list of any length that draws only the lines in sight, and paints only those that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Generic, TypeVar, overload

from textual import events
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.keys import LISTS, bindings
from dashboards.terminal.widgets.painting import Painter

T = TypeVar("T")


class Rows(Sequence[Line], Generic[T]):
    """Rows that become lines when somebody looks at them."""

    def __init__(self, items: Sequence[T], draw: Callable[[T], Line]) -> None:
        self._items = items
        self._draw = draw

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> Line: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...
    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [self._draw(item) for item in self._items[index]]
        return self._draw(self._items[index])

    def __iter__(self) -> Iterator[Line]:
        return map(self._draw, self._items)


class LineView(ScrollView, can_focus=True):
    """Lines with a cursor (`pick`), or just to be scrolled."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(LISTS)

    class Moved(Message):
        """The cursor stands on another line."""

        def __init__(self, view: LineView, index: int) -> None:
            super().__init__()
            self.view = view
            self.index = index

    class Opened(Message):
        """A person clicked a line twice."""

    def __init__(self, glyphs: Glyphs, *, pick: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._painter = Painter(self, glyphs)
        self._make: Callable[[int], Sequence[Line]] = lambda _: ()
        self._rows: Sequence[Line] = ()
        self._painted: dict[int, Line] = {}
        self._pick = pick
        self.cursor = 0

    def show(self, make: Callable[[int], Sequence[Line]]) -> None:
        """Draw `make(width)` from now on; called each frame."""
        self._make = make
        width = self.size.width
        rows = make(width)
        if len(rows) != len(self._rows):
            self._rows = rows
            self.virtual_size = Size(width, len(rows))
            self.cursor = max(0, min(self.cursor, len(rows) - 1))
            self.refresh(layout=True)
            return
        self._rows = rows
        for y in self._in_sight():
            if self._painted.get(y) != rows[y]:
                self.refresh_line(y)

    @property
    def rows(self) -> Sequence[Line]:
        """All lines, as they were last drawn."""
        return self._rows

    def _in_sight(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(top + self.size.height, len(self._rows)))

    @property
    def hidden_below(self) -> int:
        """How many lines lie below the last in sight."""
        return max(0, len(self._rows) - self.scroll_offset.y - self.size.height)

    def place(self, index: int) -> None:
        """Put the cursor on a line and bring it in sight."""
        index = max(0, min(index, len(self._rows) - 1))
        if index == self.cursor:
            return
        old, self.cursor = self.cursor, index
        self.refresh_line(old)
        self.refresh_line(index)
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if not top <= index < top + height:
            self.scroll_to(y=index if index < top else index - height + 1, animate=False, immediate=True)

    def restart(self) -> None:
        """Be a new list: the cursor and what is in sight begin at the top."""
        self.cursor = 0
        self._painted.clear()
        self.scroll_to(y=0, animate=False, immediate=True)
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor on a line; a second one right after it opens what stands there."""
        index = event.y + self.scroll_offset.y
        if not self._pick or index >= len(self._rows):
            return
        self._go(index, 0)
        if event.chain == 2:  # noqa: PLR2004 - a double click
            self.post_message(self.Opened())

    def action_move(self, by: int) -> None:
        """A line up or down."""
        self._go(self.cursor + by, by)

    def action_page(self, by: int) -> None:
        """A page up or down."""
        self._go(self.cursor + by * max(1, self.size.height), by * max(1, self.size.height))

    def action_end(self, where: int) -> None:
        """To the first or last line."""
        self._go(len(self._rows) if where > 0 else 0, where * len(self._rows))

    def _go(self, index: int, by: int) -> None:
        if not self._pick:
            self.scroll_to(y=self.scroll_offset.y + by, animate=False, immediate=True)
            return
        before = self.cursor
        self.place(index)
        if self.cursor != before:
            self.post_message(self.Moved(self, self.cursor))

    def on_resize(self) -> None:
        """Draw for the new width."""
        self._rows = self._make(self.size.width)
        self.virtual_size = Size(self.size.width, len(self._rows))
        self._painted.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        """Paint with the new theme."""
        super().notify_style_update()
        self._painter.forget()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """As many lines as there are at this width."""
        return max(1, len(self._make(width)))

    def render_line(self, y: int) -> Strip:
        """Paint the line at this place of the window."""
        index = y + self.scroll_offset.y
        if index >= len(self._rows):
            return self._painter.strip((), self.size.width)
        line = self._rows[index]
        if len(self._painted) > 4 * max(1, self.size.height):
            self._painted.clear()
        self._painted[index] = line
        return self._painter.strip(line, self.size.width, cursor=self._pick and self.has_focus and index == self.cursor)
