"""A few lines that always stand where they stand: header, banner, headings, the bottom line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.widgets.painting import Painter


class Fixed(Widget):
    """Draws what `show` gave it, as tall as that is; only lines that changed are painted again."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._painter = Painter(self, glyphs)
        self._make: Callable[[int], Sequence[Line]] = lambda _: ()
        self._lines: tuple[Line, ...] = ()

    def show(self, make: Callable[[int], Sequence[Line]]) -> None:
        """Draw `make(width)` from now on."""
        self._make = make
        lines = tuple(make(self.size.width or self.app.size.width))
        if len(lines) != len(self._lines):
            self._lines = lines
            self.refresh(layout=True)
            return
        changed = [y for y, (old, new) in enumerate(zip(self._lines, lines, strict=True)) if old != new]
        self._lines = lines
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def on_resize(self) -> None:
        """Draw for the new width."""
        self._lines = tuple(self._make(self.size.width))
        self.refresh()

    def notify_style_update(self) -> None:
        """Paint with the new theme."""
        super().notify_style_update()
        self._painter.forget()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """As many lines as there are at this width."""
        return len(self._make(width))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        line = self._lines[y] if y < len(self._lines) else ()
        return self._painter.strip(line, self.size.width)
