"""The help: every key of the screen it was opened from, made from the table of keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from dashboards.terminal.drawing.spans import Column, Glyphs, Line, Span, row
from dashboards.terminal.keys import EVERYWHERE, FRAME, LISTS, Key
from dashboards.terminal.screens.overlay import Overlay
from dashboards.terminal.widgets.lines import LineView
from dashboards.terminal.widgets.painting import COMPONENTS

_STATES = (
    ("OK", "within its limit"),
    ("WARN", "beyond its warning"),
    ("BREACH", "beyond its limit for long enough"),
    ("TOO FEW", "not enough samples or no full window yet"),
    ("STALE", "newest sample too old"),
    ("UNKNOWN", "cannot be seen: never the same as OK"),
    ("IDLE", "does not count in this stage"),
)


def help_lines(keys: tuple[Key, ...], width: int, glyphs: Glyphs) -> list[Line]:
    """Keys of this screen, keys of every screen, and what the states mean."""
    plan = [Column("", 7), Column("", 0)]
    lines: list[Line] = []
    for title, group in (("THIS SCREEN", keys), ("EVERYWHERE", (*EVERYWHERE, *FRAME)), ("LISTS", LISTS)):
        if group:
            lines.append((Span(title, "head"),))
            lines += [row(plan, [Span(key.shown, "key"), Span(key.help)], width, glyphs) for key in group]
    lines.append((Span("STATES", "head"),))
    plan = [Column("", 9), Column("", 0)]
    lines += [row(plan, [Span(word, "strong"), Span(text)], width, glyphs) for word, text in _STATES]
    lines.append((Span("Capital letters open a dialog; none acts by itself. Copy text with shift and the mouse."),))
    return lines


class Help(Overlay[None]):
    """Closes on escape, ? or q."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q", "dismiss", "close", show=False)]

    def __init__(self, keys: tuple[Key, ...], glyphs: Glyphs) -> None:
        super().__init__()
        self._keys = keys
        self._glyphs = glyphs
        self._lines = LineView(glyphs, id="facts")

    def compose(self) -> ComposeResult:
        """One list in a frame."""
        with Vertical(id="dialog") as box:
            box.border_title = "KEYS"
            yield self._lines

    def on_mount(self) -> None:
        """Draw once."""
        self._lines.show(lambda width: help_lines(self._keys, width, self._glyphs))
        self._lines.focus()
