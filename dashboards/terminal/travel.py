"""Going from place to place: screens by number, down into details and up again, back to the last place."""

from __future__ import annotations

from typing import NamedTuple

from textual.app import App

from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.keymap import Keymap
from dashboards.terminal.lookup import Lookup
from dashboards.terminal.screens.deck import deck
from dashboards.terminal.screens.detail import Detail
from dashboards.terminal.screens.dialog import Dialog
from dashboards.terminal.screens.explain import Explain
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.screens.help import EXPLAIN, Help
from dashboards.terminal.screens.table import TableScreen
from dashboards.terminal.subject import Subject
from dashboards.terminal.view import View

HOME = "board"
"""The screen that is shown first."""
DEEPEST = 12
"""Steps of a trail; going further down lets go of the first."""


class Place(NamedTuple):
    """A screen, or details that were reached from it."""

    screen: str
    trail: tuple[Subject, ...] = ()


class Travel(App[None], inherit_bindings=False):
    """Knows where one is. Exactly one frame is on the stack of screens, below dialogs."""

    def __init__(self, glyphs: Glyphs, lookup: Lookup, keymap: Keymap, *, ansi: bool | None) -> None:
        super().__init__(ansi_color=ansi)
        self.glyphs = glyphs
        self.lookup = lookup
        self.frames = deck(glyphs)
        self.detail = Detail(glyphs, lookup)
        self.chosen_keys = keymap
        for frame in (*self.frames.values(), self.detail):
            frame.keymap = keymap
        self.set_keymap(dict(keymap.keys))
        self.place = self._last = Place(HOME)

    @property
    def present(self) -> View:
        """This moment; the terminal knows it."""
        return View()

    @property
    def view(self) -> View:
        """What the screens show: the present, unless a person holds it still."""
        return self.present

    async def settle(self) -> None:
        """Make all screens known and show the first."""
        for name, frame in (*self.frames.items(), ("detail", self.detail)):
            self.install_screen(frame, name)
        await self.push_screen(HOME)

    def draw(self) -> None:
        """Give this moment to what is in sight."""
        view, present = self.view, self.present
        for screen in self.screen_stack:
            if isinstance(screen, Dialog):
                screen.show(present)
            elif isinstance(screen, Frame | Explain):
                screen.show(view)

    async def look(self) -> None:
        """Fetch what the screen in sight asked for, and draw it."""
        if await self.lookup.fetch():
            self.draw()

    def say(self, text: str) -> None:
        """Show a message on the screen in sight."""
        for screen in self.screen_stack:
            if isinstance(screen, Frame):
                screen.say(text)

    def arrive(self, place: Place) -> None:
        """Be at a place; the one before becomes the last."""
        if not isinstance(self.screen, Frame):
            return
        self._last, self.place = self.place, place
        target: Frame = self.frames[place.screen]
        if place.trail:
            target = self.detail
            self.detail.go(place.screen, place.trail)
        if target is not self.screen:
            self.screen.say("")
            self.switch_screen(target)
        self.call_after_refresh(self.arrived)

    def arrived(self) -> None:
        """Draw the new place, and ask for what it lacks without waiting for the next tick."""
        self.draw()
        self.run_worker(self.look())

    def on_frame_entered(self, message: Frame.Entered) -> None:
        """Go down."""
        trail = (*self.place.trail, message.subject)
        self.arrive(Place(self.place.screen, trail[-DEEPEST:]))

    def narrow(self, text: str) -> None:
        """Filter the screen in sight by what was typed behind its name."""
        frame = self.frames[self.place.screen]
        if isinstance(frame, TableScreen):
            frame.narrow_to(text)
        else:
            self.say(f"{self.place.screen} has no filter")

    def action_go(self, name: str) -> None:
        """Another screen."""
        if self.place != Place(name):
            self.arrive(Place(name))

    def action_last(self) -> None:
        """To the last place."""
        self.arrive(self._last)

    def action_close(self) -> None:
        """Close the command bar, or go up one step."""
        screen = self.screen
        if not isinstance(screen, Frame):
            return
        screen.say("")
        if screen.commanding:
            screen.close_command()
        elif self.place.trail:
            self.arrive(Place(self.place.screen, self.place.trail[:-1]))

    def action_command(self) -> None:
        """Open the command bar."""
        if isinstance(self.screen, Frame):
            self.screen.open_command()

    def action_help(self) -> None:
        """Explain the keys of the screen in sight; asked again, the number under its cursor."""
        if isinstance(self.screen, Frame):
            self.push_screen(Help(self.screen.KEYS, self.chosen_keys, self.glyphs), self._explain)

    def _explain(self, answer: str | None) -> None:
        frame = self.screen
        if answer == EXPLAIN and isinstance(frame, Frame):
            subject = frame.subject or (self.detail.here if frame is self.detail else None)
            self.push_screen(Explain(subject, self.lookup, self.glyphs))
            self.call_after_refresh(self.arrived)
