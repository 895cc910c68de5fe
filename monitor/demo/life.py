"""The passing of time in the simulated world: the centre steps on, and what happened is told by everybody who has a voice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from monitor.demo.calls import Moment
from monitor.demo.centre import Centre, Report
from monitor.demo.ledger import Ledger

TICK = 0.25
"""Seconds between two steps of the centre; what happened is told at this pace, or as soon as somebody asks."""
TICKS_A_SECOND = 4
"""Every so many ticks the platforms tell their counts."""


class Voice(Protocol):
    """Something that tells what happens."""

    def tell(self, moments: Iterable[Moment], reports: Iterable[Report]) -> None:
        """Tell what happened to calls and how they sounded since the last time."""
        ...

    def second(self, centre: Centre) -> None:
        """Tell how everything stands; once a second."""
        ...


class Life:
    """Steps the centre by the clock. The numbers go on being counted while nobody is heard: the silence is one of the wire."""

    def __init__(self, centre: Centre, clock: Callable[[], float] = time.time) -> None:
        """clock: unix seconds."""
        self.centre = centre
        self._clock = clock
        self.voices: list[Voice] = []
        self.ledger = Ledger()

    @property
    def silent(self) -> bool:
        """Whether nobody is heard now."""
        return bool(self.centre.trouble("silence"))

    def advance(self) -> None:
        """Let everything happen up to now and be told, so that who is asked answers with nothing left untold."""
        reports, moments = self.centre.step(self._clock()), self.centre.happened()
        self.ledger.note(moments)
        if not self.silent:
            for voice in self.voices:
                voice.tell(moments, reports)

    async def live(self, ending: asyncio.Event) -> None:
        """Go on until the end."""
        tick = 0
        while not ending.is_set():
            self.advance()
            if tick % TICKS_A_SECOND == 0 and not self.silent:
                for voice in self.voices:
                    voice.second(self.centre)
            tick += 1
            try:
                await asyncio.wait_for(ending.wait(), TICK)
            except TimeoutError:
                continue
