"""What makes watching easier and changes nothing: hold the display, zoom, the mouse, the palette, links to Grafana."""

from __future__ import annotations

import msgspec
from textual.widget import Widget

from dashboards.terminal.links import grafana
from dashboards.terminal.palette import Palette
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.travel import Travel
from dashboards.terminal.view import View
from dashboards.terminal.widgets.pane import Pane

ALWAYS = frozenset({"head", "banner", "message", "command", "filter", "crumbs", "foot"})
"""Parts of a screen that stay in sight whatever is zoomed."""


class Comfort(Travel):
    """Keys of every screen that act on the display alone."""

    held: View | None = None
    """The moment that is held still; None: the display moves."""
    mouse = True
    """Whether clicks come to us."""

    @property
    def view(self) -> View:
        """The present, or the moment that a person holds."""
        now, held = self.present, self.held
        if held is None:
            return now
        since = max(0.0, now.now - held.now)
        return msgspec.structs.replace(held, held=since, present=now, armed=now.armed, person=now.person)

    def action_pause(self) -> None:
        """Hold the display, or let it go on."""
        if self.held is None and self.present.snapshot is None:
            self.say("there is nothing to hold yet")
            return
        self.held = self.present if self.held is None else None
        self.draw()

    def action_zoom(self) -> None:
        """Give the focused pane all the room, or take it back."""
        frame = self.screen
        if not isinstance(frame, Frame):
            return
        aside = frame.query(".-aside")
        if aside:
            aside.remove_class("-aside")
            frame.query(".-zoomed").remove_class("-zoomed")
            return
        pane: Widget | None = frame.focused
        while pane is not None and not isinstance(pane, Pane):
            pane = pane.parent if isinstance(pane.parent, Widget) else None
        if pane is None:
            self.say("no pane has the cursor: tab goes to one")
            return
        _alone(pane, frame)
        self.call_after_refresh(self.draw)

    def action_mouse(self) -> None:
        """Leave the mouse to the terminal, or take it again."""
        driver = self._driver
        switch = getattr(driver, "_disable_mouse_support" if self.mouse else "_enable_mouse_support", None)
        if switch is None:
            self.say("this terminal has no mouse that could be left")
            return
        switch()
        self.mouse = not self.mouse
        self.say(
            "the mouse clicks here again" if self.mouse else "the mouse is the terminal's: select text; M takes it back"
        )

    def action_palette(self) -> None:
        """Find a key or command by its words."""
        if isinstance(self.screen, Frame):
            self.push_screen(Palette())

    def action_browse(self) -> None:
        """Copy and show where Grafana shows this."""
        frame = self.screen
        if not isinstance(frame, Frame):
            return
        link = grafana(self.view.snapshot, self.place.screen, frame.subject)
        if not link:
            self.say("no Grafana is configured: write its address as web.grafana in golive.yaml")
            return
        self.copy_to_clipboard(link)
        self.say(f"copied: {link}")


def _alone(pane: Widget, frame: Frame) -> None:
    """Put everything beside a pane aside, level by level."""
    part: Widget = pane
    while part is not frame:
        parent = part.parent
        if not isinstance(parent, Widget):
            return
        for sibling in parent.children:
            if sibling is not part and not (parent is frame and sibling.id in ALWAYS):
                sibling.add_class("-aside")
        part.add_class("-zoomed")
        part = parent
