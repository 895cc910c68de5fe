"""A box in which a person chooses: one of a few, or which of many are on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from dashboards.terminal.drawing.spans import Column, Glyphs, Span, fit, row
from dashboards.terminal.keys import CHOICE, bindings
from dashboards.terminal.screens.overlay import Overlay
from dashboards.terminal.widgets.fixed import Fixed
from dashboards.terminal.widgets.lines import LineView, Rows
from dashboards.terminal.widgets.painting import COMPONENTS


class Option(NamedTuple):
    """One thing to choose. `key` is a letter that takes it at once; empty: only the cursor does."""

    name: str
    text: str
    key: str = ""


class Choice(Overlay[tuple[str, ...] | None]):
    """Answers with the names that were chosen, or None. With `several`, enter takes all that are on."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    BINDINGS: ClassVar[list[BindingType]] = bindings(CHOICE)

    def __init__(
        self, title: str, options: Sequence[Option], glyphs: Glyphs, *, on: Sequence[str] = (), several: bool = False
    ) -> None:
        super().__init__()
        self._title = title
        self._options = options
        self._glyphs = glyphs
        self._on = set(on)
        self._several = several
        self._list = LineView(glyphs, pick=True, id="facts")
        self._end = Fixed(glyphs)

    def compose(self) -> ComposeResult:
        """The list, and what the keys do."""
        with Vertical(id="dialog") as box:
            box.border_title = self._title
            yield self._list
            yield self._end

    def on_mount(self) -> None:
        """Stand on what is on now."""
        self._draw()
        self._list.focus()
        first = next((place for place, option in enumerate(self._options) if option.name in self._on), 0)
        if not self._several:
            self._list.place(first)

    def on_resize(self) -> None:
        """The list gives way, so that the keys are always in sight."""
        self._list.styles.max_height = max(1, self.app.size.height - 3)

    def _draw(self) -> None:
        plan = [Column("", 3), Column("", 0)]
        self._list.show(
            lambda width: Rows(self._options, lambda option: row(plan, self._cells(option), width, self._glyphs))
        )
        words = "space on or off   enter takes them   esc cancels" if self._several else "enter takes it   esc cancels"
        self._end.show(lambda width: ((Span(fit(words, width, self._glyphs), "dim"),),))

    def _cells(self, option: Option) -> Sequence[Span]:
        on = option.name in self._on
        mark = ("[x]" if on else "[ ]") if self._several else option.key or (self._glyphs.marked if on else "")
        return Span(mark, "key"), Span(option.text, "strong" if on else "")

    def action_switch(self) -> None:
        """Switch one; where only one can be chosen, take it."""
        if not self._several:
            self.action_choose()
            return
        self._on ^= {self._options[self._list.cursor].name}
        self._draw()

    def action_choose(self) -> None:
        """Take it, or all that are on."""
        if self._several:
            self.dismiss(tuple(option.name for option in self._options if option.name in self._on))
        else:
            self.dismiss((self._options[self._list.cursor].name,))

    def on_line_view_opened(self) -> None:
        """A double click takes."""
        self.action_switch()

    def on_key(self, event: events.Key) -> None:
        """A letter takes its option."""
        for option in self._options:
            if option.key and option.key == event.character:
                event.stop()
                self.dismiss((option.name,))

    def action_cancel(self) -> None:
        """Close; nothing is changed."""
        self.dismiss(None)
