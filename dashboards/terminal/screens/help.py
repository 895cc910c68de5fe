"""The help: every key of the screen it was opened from, made from the table of keys."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from dashboards.terminal.drawing.spans import Glyphs, Line, Span, wrap
from dashboards.terminal.keymap import Keymap
from dashboards.terminal.keys import EVERYWHERE, FRAME, LISTS, READING, Key, bindings
from dashboards.terminal.screens.overlay import Overlay
from dashboards.terminal.widgets.lines import LineView
from dashboards.terminal.widgets.painting import COMPONENTS

_LABEL = 11
_STATES = (
    ("OK", "within its limit"),
    ("WARN", "beyond its warning"),
    ("BREACH", "beyond its limit for long enough"),
    ("TOO FEW", "not enough samples or no full window yet"),
    ("STALE", "newest sample too old"),
    ("UNKNOWN", "cannot be seen: never the same as OK"),
    ("IDLE", "does not count in this stage"),
)


EXPLAIN = "explain"


def help_lines(keys: tuple[Key, ...], keymap: Keymap, width: int, glyphs: Glyphs) -> list[Line]:
    """Keys of this screen, keys of every screen, and what the states mean."""
    lines: list[Line] = []
    own = {key.key for key in keys}
    everywhere = tuple(key for key in (*EVERYWHERE, *FRAME) if key.key not in own)
    for title, group in (("THIS SCREEN", keys), ("EVERYWHERE", everywhere), ("LISTS", LISTS)):
        if group:
            lines.append((Span(title, "head"),))
            for key in group:
                lines += _entry(keymap.shown(key), "key", key.help, width, glyphs)
    lines.append((Span("STATES", "head"),))
    for word, text in _STATES:
        lines += _entry(word, "strong", text, width, glyphs)
    last = "Capital letters open a dialog or a side view; none acts by itself. With M the mouse selects text to copy."
    return [*lines, *wrap(last, width, glyphs)]


def _entry(word: str, role: str, text: str, width: int, glyphs: Glyphs) -> list[Line]:
    """A word and what it means, wrapped under itself."""
    label = word.ljust(_LABEL)
    room = width - _LABEL
    if len(word) >= _LABEL or room < _LABEL:
        return [(Span(word, role),), *(((Span("  "), *line)) for line in wrap(text, width - 2, glyphs))]
    first, *rest = wrap(text, room, glyphs)
    return [(Span(label, role), *first), *((Span(" " * _LABEL), *line) for line in rest)]


class Help(Overlay[str]):
    """Closes on escape or q; ? asks for the explanation of the number under the cursor: it then answers EXPLAIN."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    BINDINGS: ClassVar[list[BindingType]] = bindings(READING)

    def __init__(self, keys: tuple[Key, ...], keymap: Keymap, glyphs: Glyphs) -> None:
        super().__init__()
        self._keys = keys
        self._keymap = keymap
        self._glyphs = glyphs
        self._lines = LineView(glyphs, id="facts")
        self._again = False

    def compose(self) -> ComposeResult:
        """One list in a frame."""
        with Vertical(id="dialog") as box:
            box.border_title = "KEYS (? again: the number under the cursor)"
            yield self._lines

    def on_mount(self) -> None:
        """Draw once."""
        self._lines.show(lambda width: help_lines(self._keys, self._keymap, width, self._glyphs))
        self._lines.focus()

    def on_resize(self) -> None:
        """The list scrolls where it does not fit."""
        self._lines.styles.max_height = max(1, self.app.size.height - 2)

    def on_key(self, event: events.Key) -> None:
        """Tell `?` from the other keys that close."""
        self._again = event.key == "question_mark"

    def action_shut(self) -> None:
        """Close."""
        self.dismiss(EXPLAIN if self._again else "")
