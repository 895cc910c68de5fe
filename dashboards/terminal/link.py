"""The terminal's end of the line to a daemon: when to ask, what came, what was sent."""

from __future__ import annotations

from collections.abc import Callable

from dashboards.terminal.acts import IN_THE_PAST, Act, Refused, SnapshotSource, Unreachable
from dashboards.terminal.past import Past
from dashboards.terminal.view import Feed, View

UNFOCUSED = 4
"""Ticks between two polls while the window has no focus."""


class Link:
    """One poll at a time; failures are states, never exceptions. `clock` gives monotonic seconds."""

    def __init__(self, source: SnapshotSource, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock
        self._feed = Feed()
        self._ticks = 0
        self._polling = False
        self.focused = True
        self.past = Past(source)

    @property
    def view(self) -> View:
        """The moment that is shown: this one, or one of the past."""
        return self.past.view(self.live)

    @property
    def live(self) -> View:
        """This moment, whatever is shown."""
        return self._feed.view(self._clock())

    def due(self) -> bool:
        """Whether this tick is one to poll at."""
        self._ticks += 1
        return not self._polling and (self.focused or self._ticks % UNFOCUSED == 0)

    async def poll(self) -> str:
        """Fetch one snapshot; returns what a person should read about it, mostly nothing."""
        self._polling = True
        try:
            self._feed.took(await self._source.snapshot(), self._clock())
            if self._feed.person is None:
                self._feed.person = await self._source.me()
        except Unreachable as error:
            self._feed.failed(str(error))
        except Refused as error:
            return f"not signed in: {error.what} {error.hint}".rstrip()
        finally:
            self._polling = False
        return ""

    async def send(self, act: Act) -> str:
        """Send one act; returns what became of it, in words. From the past nothing is sent."""
        if self.past.moment is not None:
            return IN_THE_PAST
        try:
            await self._source.act(act)
        except Refused as error:
            return f"refused: {error.what} {error.hint}".rstrip()
        except Unreachable as error:
            return f"not known whether it arrived, look before you repeat it: {error}"
        return act.says

    def touched(self) -> None:
        """A key was pressed."""
        self._feed.touched(self._clock())

    def arm(self) -> None:
        """Let keys act."""
        self._feed.arm(self._clock())

    def lock(self) -> None:
        """Let no key act."""
        self._feed.armed = False
