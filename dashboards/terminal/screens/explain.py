"""The answer to `??`: what the number under the cursor is, and why it matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.keys import READING, bindings
from dashboards.terminal.lookup import Lookup
from dashboards.terminal.pages.canvas import Canvas
from dashboards.terminal.pages.metric import explanation, metrics_of
from dashboards.terminal.screens.overlay import Overlay
from dashboards.terminal.subject import Subject
from dashboards.terminal.view import View
from dashboards.terminal.widgets.lines import LineView
from dashboards.terminal.widgets.painting import COMPONENTS


class Explain(Overlay[None]):
    """Closes on escape, ? or q."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    BINDINGS: ClassVar[list[BindingType]] = bindings(READING)

    def __init__(self, subjects: Sequence[Subject], lookup: Lookup, glyphs: Glyphs) -> None:
        super().__init__()
        self._subjects = subjects
        """What the row under the cursor is about, then what the page is about."""
        self._lookup = lookup
        self._glyphs = glyphs
        self._lines = LineView(glyphs, id="facts")
        self.now = View()

    def compose(self) -> ComposeResult:
        """One text in a frame."""
        with Vertical(id="dialog") as box:
            box.border_title = "WHAT THIS NUMBER IS"
            yield self._lines

    def on_mount(self) -> None:
        """Ready to be scrolled."""
        self._lines.focus()

    def on_resize(self) -> None:
        """The text scrolls where it does not fit."""
        self._lines.styles.max_height = max(1, self.app.size.height - 2)

    def show(self, view: View) -> None:
        """Draw what is known at this moment."""
        self.now = view
        self._lines.show(self._text)

    def _text(self, width: int) -> list[Line]:
        canvas = Canvas(self.now, self._lookup, width, self._glyphs)
        if not self._subjects:
            return [item.line for item in canvas.note("put the cursor on a row, then ask again", "notice")]
        having = (subject for subject in self._subjects if metrics_of(subject, self.now.snapshot))
        return [item.line for item in explanation(next(having, self._subjects[0]), canvas)]

    def action_shut(self) -> None:
        """Close."""
        self.dismiss()
