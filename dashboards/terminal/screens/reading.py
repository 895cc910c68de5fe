"""A text to read over the screen, such as the hand-over: scrolls, can be copied, closes on escape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from dashboards.terminal.drawing.spans import Glyphs, Line, wrap
from dashboards.terminal.keys import TEXT, bindings
from dashboards.terminal.screens.overlay import Overlay
from dashboards.terminal.widgets.lines import LineView
from dashboards.terminal.widgets.painting import COMPONENTS


class Reading(Overlay[None]):
    """Lines of text, wrapped to the window; headings of Markdown stand out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    BINDINGS: ClassVar[list[BindingType]] = bindings(TEXT)

    def __init__(self, title: str, text: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._glyphs = glyphs
        self._lines = LineView(glyphs, id="facts")

    def compose(self) -> ComposeResult:
        """One list in a frame."""
        with Vertical(id="dialog", classes="reading") as box:
            box.border_title = self._title
            box.border_subtitle = "y copies all of it, esc closes"
            yield self._lines

    def on_mount(self) -> None:
        """Draw once."""
        self._lines.show(self._wrapped)
        self._lines.focus()

    def _wrapped(self, width: int) -> Sequence[Line]:
        made: list[Line] = []
        for line in self._text.splitlines():
            made += wrap(line, width, self._glyphs, "strong" if line.startswith("#") else "") if line else [()]
        return made

    def action_copy(self) -> None:
        """The whole text to the terminal's clipboard."""
        self.app.copy_to_clipboard(self._text)

    def action_close_reading(self) -> None:
        """Close."""
        self.dismiss(None)
