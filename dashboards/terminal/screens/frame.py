"""What all screens have: header, banner, message, command bar, bottom line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from dashboards.terminal.drawing.alerts import count
from dashboards.terminal.drawing.crumbs import crumbs
from dashboards.terminal.drawing.footer import footer
from dashboards.terminal.drawing.header import TINY, WIDE, banner, header, held, one_line
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, fit
from dashboards.terminal.keymap import USUAL
from dashboards.terminal.keys import EVERYWHERE, FRAME, Key, bindings
from dashboards.terminal.questions import Question
from dashboards.terminal.screens import page
from dashboards.terminal.subject import Subject
from dashboards.terminal.view import View
from dashboards.terminal.widgets.fixed import Fixed
from dashboards.terminal.widgets.painting import COMPONENTS


class Frame(Screen[None]):
    """Base of the screens; a screen fills `body` and says its own keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)
    BINDINGS: ClassVar[list[BindingType]] = bindings(FRAME)
    KEYS: ClassVar[tuple[Key, ...]] = ()

    class Asked(Message):
        """A key asked for an act: the dialog to open, or why there is none."""

        def __init__(self, answer: Callable[[View], Question | str]) -> None:
            super().__init__()
            self.answer = answer

    class Entered(Message):
        """A person goes down to this."""

        def __init__(self, subject: Subject) -> None:
            super().__init__()
            self.subject = subject

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs
        self.keymap = USUAL
        """Which keys a person chose instead of the usual ones."""
        self.now = View()
        self._message: Line = ()
        self._head = Fixed(glyphs, id="head")
        self._banner = Fixed(glyphs, id="banner")
        self._said = Fixed(glyphs, id="message")
        self._way = Fixed(glyphs, id="crumbs")
        self._foot = Fixed(glyphs, id="foot")

    def compose(self) -> ComposeResult:
        """Header first, keys last."""
        yield self._head
        yield self._banner
        yield from self.body()
        yield self._said
        yield Input(placeholder=": type a command, esc closes", id="command", max_length=500, select_on_focus=False)
        yield self._way
        yield self._foot

    def body(self) -> Iterable[Widget]:
        """The screen's own part."""
        return ()

    def fill(self, view: View) -> None:
        """Draw the screen's own part."""

    @property
    def subject(self) -> Subject | None:
        """What the row under the cursor is about; a screen with rows says so."""
        return None

    def drawn_from(self) -> Sequence[msgspec.Struct]:
        """The rows that it draws from, for a file of them; none: its lines are taken."""
        return ()

    def crumbs(self) -> tuple[str, ...]:
        """The way down to this; empty on the screens that one begins from."""
        return ()

    def action_enter(self) -> None:
        """Go down to what the row under the cursor is about."""
        subject = self.subject
        if subject is None:
            self.say("nothing to go down to here: put the cursor on a row")
        else:
            self.post_message(self.Entered(subject))

    def on_line_view_opened(self) -> None:
        """A double click goes down as enter does."""
        self.action_enter()

    def action_copy(self) -> None:
        """Copy what is shown."""
        text = page.text(self)
        self.app.copy_to_clipboard(text)
        self.say(f"copied: {text.count(chr(10))} lines of this screen")

    def action_export(self) -> None:
        """Ask for the kind of file, then write it."""
        page.export(self)

    def keys(self) -> Iterable[tuple[str, str]]:
        """Key and word of the bottom line: only what does something here and now."""
        own = self.keymap.relabelled(self.KEYS, self.own_keys())
        return [*own, *self.keymap.relabelled(EVERYWHERE, everywhere(self.now))]

    def own_keys(self) -> Iterable[tuple[str, str]]:
        """The screen's own part of that."""
        return [(key.shown, key.short) for key in self.KEYS if key.short]

    def on_mount(self) -> None:
        """The command bar takes no part in tabbing until it is opened."""
        self.query_one("#command", Input).can_focus = False

    def show(self, view: View) -> None:
        """Draw a frame."""
        self.now = view
        if not self.is_mounted:
            return
        self._head.show(self._header)
        self._banner.show(
            lambda width: tuple(
                line(view, width, self.glyphs) for line in (banner, held) if line(view, width, self.glyphs)
            )
        )
        self._said.show(lambda _: (self._message,) if self._message else ())
        way = self.crumbs()
        self._way.show(lambda width: (crumbs(way, width, self.glyphs),) if way else ())
        keys = list(self.keys())
        self._foot.show(lambda width: (footer(keys, view, width, self.glyphs),))
        self.fill(view)

    def _header(self, width: int) -> tuple[Line, ...]:
        if width < TINY:
            return (one_line(self.now, width, self.glyphs),)
        return header(self.now, width, self.glyphs)

    @property
    def narrow(self) -> bool:
        """Whether there is room for one pane only."""
        return self.app.size.width < WIDE

    def say(self, text: str, role: str = "notice") -> None:
        """Show a message until the next key; an empty one takes it away."""
        width = self.app.size.width
        line: Line = (Span(fit(f" {text}", width, self.glyphs), role),) if text else ()
        if line != self._message:
            self._message = line
            self._said.show(lambda _: (self._message,) if self._message else ())

    @property
    def commanding(self) -> bool:
        """Whether the command bar is open."""
        return self.query_one("#command", Input).has_class("-open")

    def open_command(self, typed: str = "") -> None:
        """Open the command bar, with something typed already."""
        bar = self.query_one("#command", Input)
        bar.value = typed
        bar.can_focus = True
        bar.add_class("-open")
        bar.focus()
        bar.cursor_position = len(typed)

    def close_command(self) -> str:
        """Close the command bar; returns what was typed."""
        bar = self.query_one("#command", Input)
        typed = bar.value
        bar.clear()
        bar.remove_class("-open")
        if bar.has_focus:
            self.focus_next()
        bar.can_focus = False
        return typed


def everywhere(view: View) -> list[tuple[str, str]]:
    """Keys of every screen; the runbooks' key counts what waits there for a person."""
    asked = sum(row.kind != "gate" for row in view.snapshot.waiting) if view.snapshot else 0
    words = {"6": f"Runbooks({asked})"} if asked else {}
    if fires := count(view.snapshot):
        words["5"] = f"Alerts({fires})"
    return [(key.shown, words.get(key.shown, key.short)) for key in EVERYWHERE if key.short]
