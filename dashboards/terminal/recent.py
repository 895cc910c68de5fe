"""How far back a screen looks, and what it asks the daemon for that."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol, TypeVar
from urllib.parse import quote

from textual.app import App

from dashboards.terminal.drawing.phrases import clock, span
from dashboards.terminal.lookup import Answer, Looking
from dashboards.terminal.view import View

WINDOWS = (300.0, 900.0, 3600.0, 14400.0)
"""Seconds; behind the last comes the time since T0."""
PATH = "/api/v1/recent"
_WHOLE = 300.0
"""The time since T0 grows in steps of so many seconds, so that one answer serves for a while."""
_LEAST_OF = 0.9
"""Share of what was asked for from which on nothing is said about what is missing."""


APART = 20.0
"""Seconds between a snapshot and an answer from which on they tell of different moments: a step, an answer that is held,
and the time until it is asked for again are less than half of that."""


class Timed(Protocol):
    """An answer that says of which instant it is."""

    @property
    def at(self) -> float:
        """Unix seconds."""
        ...


T = TypeVar("T", bound=Timed)


class Window(NamedTuple):
    """One of the windows."""

    place: int = 1

    def next(self) -> Window:
        """The one that is longer; the shortest behind the last."""
        return Window((self.place + 1) % (len(WINDOWS) + 1))

    def seconds(self, view: View) -> float:
        """How long it is."""
        if self.place < len(WINDOWS):
            return WINDOWS[self.place]
        if view.snapshot is None:
            return WINDOWS[-1]
        return max(1, math.ceil((view.now - view.snapshot.cutover.started_at) / _WHOLE)) * _WHOLE

    @property
    def name(self) -> str:
        """What it is called."""
        return span(WINDOWS[self.place]).removesuffix("00m") if self.place < len(WINDOWS) else "since T0"

    def told(self, covered: float | None, view: View) -> str:
        """Its name, and how much of it the daemon remembers where that is less."""
        if covered is None:
            return f"window {self.name}"
        less = covered < _LEAST_OF * self.seconds(view)
        return f"window {self.name}, of which {span(covered)} is known" if less else f"window {self.name}"


def asked(
    app: App[object], view: View, kind: type[T], *place: str, seconds: float | None = None, split: bool = False
) -> Answer[T]:
    """What is known of this place of the daemon's recent past; asked for again while somebody looks.

    The daemon tells of the present only: beside a snapshot of another moment its answer would be about something else.
    """
    if not isinstance(app, Looking):
        return Answer(why="this program asks nobody")
    path = "/".join((PATH, *(quote(part, safe="") for part in place)))
    if seconds is not None:
        path += f"?seconds={seconds:.0f}{'&split=1' if split else ''}"
    answer = app.lookup.ask(path, kind)
    if answer.value is not None and view.snapshot is not None and abs(answer.value.at - view.snapshot.at) > APART:
        return Answer(why=f"not known of {clock(view.snapshot.at)} UTC: the daemon tells what it remembers as of now")
    return answer
