"""Every screen, by the name that keys and commands use."""

from __future__ import annotations

from dashboards.terminal.drawing.spans import Glyphs
from dashboards.terminal.screens.board import Board
from dashboards.terminal.screens.calls import Calls
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.screens.integrations import Integrations
from dashboards.terminal.screens.queues import Queues
from dashboards.terminal.screens.runbooks import Runbooks
from dashboards.terminal.screens.timeline import Timeline

SCREENS: dict[str, type[Frame]] = {
    "board": Board,
    "calls": Calls,
    "queues": Queues,
    "integrations": Integrations,
    "runbooks": Runbooks,
    "timeline": Timeline,
}


def deck(glyphs: Glyphs) -> dict[str, Frame]:
    """One of each."""
    return {name: screen(glyphs) for name, screen in SCREENS.items()}
