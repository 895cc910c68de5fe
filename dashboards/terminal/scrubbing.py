"""Going back and forth in time: keys and commands that put a moment of the past before every screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dashboards.terminal.comfort import Comfort
from dashboards.terminal.link import Link
from dashboards.terminal.screens.frame import Frame


class Scrubbing(Comfort):
    """Knows when one is. Presses that come while a moment is fetched are added up: a held key never lags behind."""

    link: Link

    begins_at: float | None = None
    """Where a record begins to be shown, unix seconds; None: at its end."""
    _steps = 0
    _stops = 0
    _walking = False

    async def settle(self) -> None:
        """Make all screens known, and show a record's first sight."""
        await super().settle()
        if self.link.past.recorded:
            self.run_worker(self._go(lambda: self.link.past.jump(self.begins_at)))

    def action_scrub(self, steps: int) -> None:
        """Ten seconds back or forth."""
        if isinstance(self.screen, Frame):
            self._steps += steps
            self._walk()

    def action_notable(self, steps: int) -> None:
        """To a notable moment."""
        if isinstance(self.screen, Frame):
            self._stops += steps
            self._walk()

    def _walk(self) -> None:
        if not self._walking:
            self._walking = True
            self.run_worker(self._walked())

    async def _walked(self) -> None:
        try:
            while self._steps or self._stops:
                await self._go(self._next)
        finally:
            self._walking = False

    async def _next(self) -> str:
        """What was pressed since the last answer."""
        if self._steps:
            steps, self._steps = self._steps, 0
            return await self.link.past.step(steps, self.link.live.now)
        stops, self._stops = self._stops, 0
        return await self.link.past.notable(stops)

    def jump(self, at: float) -> None:
        """To a moment of the past, unix seconds."""
        self.run_worker(self._go(lambda: self.link.past.jump(at)))

    async def _go(self, how: Callable[[], Awaitable[str]]) -> None:
        before = self.link.past.moment
        words = await how()
        if before is not self.link.past.moment:
            self.held = None
            self.lookup.forget()
            self.draw()
        self.say(words)

    def to_now(self) -> None:
        """Back to now."""
        self._steps = self._stops = 0
        words = self.link.past.leave()
        self.lookup.forget()
        self.draw()
        self.say(words)

    def action_pause(self) -> None:
        """Hold the present still; a moment of the past is still already."""
        if self.link.past.moment is not None:
            self.say("a moment of the past stands still already: , and . go on")
        else:
            super().action_pause()

    def action_last(self) -> None:
        """Out of the past, or to the last place."""
        if self.view.past and not self.view.recorded:
            self.to_now()
        else:
            super().action_last()

    def action_close(self) -> None:
        """Close the command bar, go up, or leave the past, whichever there is first."""
        screen = self.screen
        top = isinstance(screen, Frame) and not screen.commanding and not self.place.trail
        super().action_close()
        if top and self.view.past and not self.view.recorded:
            self.to_now()
