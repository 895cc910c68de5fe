"""The terminal program: polls a daemon, gives each frame to the screen in sight, sends what people decided."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import resources
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.widgets import Input

from dashboards.terminal.acts import IN_THE_PAST, Act, SnapshotSource
from dashboards.terminal.commands import parse
from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.keymap import USUAL, Keymap
from dashboards.terminal.keys import EVERYWHERE, bindings
from dashboards.terminal.link import Link
from dashboards.terminal.lookup import Lookup
from dashboards.terminal.orders import obey
from dashboards.terminal.past import PresentOnly
from dashboards.terminal.questions import Question
from dashboards.terminal.screens.dialog import Dialog
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.scrubbing import Scrubbing
from dashboards.terminal.stage_acts import note
from dashboards.terminal.theme import COLOUR_BLIND, DEFAULTS, MONO, THEMES
from dashboards.terminal.view import View

PERIOD = 0.25
"""Seconds between polls while the window has the focus; four times as long without."""


class Terminal(Scrubbing):
    """`source` and `clock` (monotonic seconds) are arguments, so that a recording needs neither daemon nor time."""

    CSS = (resources.files("dashboards.terminal") / "terminal.tcss").read_text(encoding="utf-8")
    TITLE = "golive"
    ENABLE_COMMAND_PALETTE = False  # ours opens by a key of the table
    BINDINGS: ClassVar[list[BindingType]] = bindings(EVERYWHERE)
    HORIZONTAL_BREAKPOINTS = [
        (0, "-line"),
        (40, "-tiny"),
        (60, "-narrow"),
        (100, "-wide"),
        (160, "-huge"),
    ]

    def __init__(
        self,
        source: SnapshotSource,
        *,
        operator: bool = False,
        glyphs: Glyphs = Glyphs(),  # noqa: B008 - an immutable tuple
        mono: bool = False,
        clock: Callable[[], float] = time.monotonic,
        period: float | None = PERIOD,
        keymap: Keymap = USUAL,
    ) -> None:
        self.link = Link(source, clock)
        lookup = Lookup(PresentOnly(source, self.link.past), clock)
        super().__init__(glyphs, lookup, keymap, ansi=True if mono else None)
        if operator:
            self.link.arm()
        self._period = period
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = MONO if mono else COLOUR_BLIND
        self.set_class(glyphs.ascii, "-ascii")
        self.set_class(mono, "-mono")

    @property
    def present(self) -> View:
        """This moment."""
        return self.link.view

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our variables under any theme."""
        return DEFAULTS

    async def on_mount(self) -> None:
        """The board first, and the first snapshot at once."""
        await self.settle()
        if self._period is not None:
            self.set_interval(self._period, self.tick)
            self.run_worker(self.poll())

    def tick(self) -> None:
        """Four times a second: ask for news when it is time, and let clocks run while none comes."""
        if self.link.due():
            self.run_worker(self.poll())
        elif self.link.view.gone or self.held:
            self.draw()

    async def poll(self) -> None:
        """Fetch one snapshot and draw it."""
        if words := await self.link.poll():
            self.say(words)
        self.draw()
        await self.look()

    async def on_event(self, event: events.Event) -> None:
        """Any key keeps an armed terminal armed, and takes the last message away."""
        if isinstance(event, events.Key):
            self.link.touched()
            self.say("")
        await super().on_event(event)

    def on_app_blur(self) -> None:
        """Poll once a second while nobody looks."""
        self.link.focused = False

    def on_app_focus(self) -> None:
        """Poll at full rate again."""
        self.link.focused = True

    def action_note(self) -> None:
        """Open the dialog for a note to the timeline."""
        if isinstance(self.screen, Frame):
            self.ask(note(self.link.view))

    def action_leave(self) -> None:
        """Leave; the daemon keeps running."""
        self.exit()

    def on_frame_asked(self, message: Frame.Asked) -> None:
        """Open the dialog that was asked for, or say why not."""
        self.ask(message.answer(self.link.view))

    def ask(self, question: Question | str) -> None:
        """Open a dialog; a text is said instead."""
        if isinstance(question, str) or self.link.view.past:
            self.say(question if isinstance(question, str) else IN_THE_PAST)
        else:
            self.push_screen(Dialog(question, self.link.view, self.glyphs), self.send)

    def send(self, act: Act | None) -> None:
        """Send what a dialog answered."""
        if act is not None:
            self.run_worker(self._send(act))

    async def _send(self, act: Act) -> None:
        self.say(f"sending: {act.says}")
        self.say(await self.link.send(act))
        await self.poll()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what was typed into the command bar."""
        if isinstance(self.screen, Frame) and event.input.id == "command":
            obey(self, parse(self.screen.close_command()))
