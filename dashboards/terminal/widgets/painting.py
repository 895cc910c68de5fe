"""Turns a line of roles into a strip of styled cells; the one place where text meets the terminal."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from dashboards.terminal.drawing.spans import Glyphs, Line, visible
from dashboards.terminal.theme import ROLES

COMPONENTS = frozenset(f"line--{role}" for role in ROLES)
"""Every screen carries these classes once; a set of its own for each widget made starting twice as slow."""


class Painter:
    """Paints lines for one widget, with the styles that terminal.tcss gives its screen."""

    def __init__(self, widget: Widget, glyphs: Glyphs) -> None:
        self._widget = widget
        self._glyphs = glyphs
        self._styles: dict[str, Style] = {}

    def forget(self) -> None:
        """Read the stylesheet again, after the theme changed."""
        self._styles.clear()

    def strip(self, line: Line, width: int, *, cursor: bool = False) -> Strip:
        """The line as exactly `width` cells; whatever the text is, no control character is in it."""
        base = self._widget.rich_style
        if cursor:
            base += self._style("cursor")
        segments = [
            Segment(visible(span.text, self._glyphs), base + self._style(span.role) if span.role else base)
            for span in line
        ]
        return Strip(segments).adjust_cell_length(width, base)

    def _style(self, role: str) -> Style:
        style = self._styles.get(role)
        if style is None:
            style = self._widget.screen.get_component_rich_style(f"line--{role}", partial=True)
            self._styles[role] = style
        return style
