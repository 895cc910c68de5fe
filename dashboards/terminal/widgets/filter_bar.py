"""The line in which a filter is typed."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from dashboards.terminal.query import LENGTH


class FilterBar(Input):
    """Out of sight and out of the way of tabbing until it is opened. Closes on escape and enter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "take the filter away", show=False)]

    class Left(Message):
        """A person left it without enter."""

    def __init__(self) -> None:
        super().__init__(
            placeholder="/ word  !word  ~pattern  column:word  column:>value   enter keeps it, esc takes it away",
            id="filter",
            max_length=LENGTH,
            select_on_focus=False,
        )
        self.can_focus = False

    def open(self) -> None:
        """Show it, with what was typed before."""
        self.can_focus = True
        self.add_class("-open")
        self.focus()
        self.cursor_position = len(self.value)

    def shut(self) -> None:
        """Hide it; what was typed stays."""
        self.remove_class("-open")
        if self.has_focus:
            self.screen.focus_next()
        self.can_focus = False

    def action_leave(self) -> None:
        """Take the filter away."""
        self.value = ""
        self.shut()
        self.post_message(self.Left())
