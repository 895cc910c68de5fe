"""What the palette finds: every key of the screen in sight and of every screen, and the words of the command bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from textual import work
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.css.query import NoMatches

from dashboards.terminal.commands import COMMANDS
from dashboards.terminal.keys import EVERYWHERE, FRAME
from dashboards.terminal.screens.frame import Frame


class Offer(NamedTuple):
    """One thing that can be done from here."""

    text: str
    help: str
    run: Callable[[], Any]


class Commands(Provider):
    """Offers made from the table of keys, so that nothing is missing and nothing is stale."""

    def offers(self) -> Iterator[Offer]:
        """All of them, the screen's own first."""
        frame = self.screen
        if not isinstance(frame, Frame):
            return
        own = {key.key for key in frame.KEYS}
        for key in (*frame.KEYS, *(key for key in FRAME if key.key not in own)):
            yield Offer(key.help, f"key {key.shown} {key.short}".rstrip(), partial(frame.run_action, key.action))
        for key in EVERYWHERE:
            if key.action not in ("palette", "close"):
                yield Offer(key.help, f"key {key.shown} {key.short}".rstrip(), partial(self.app.run_action, key.action))
        for word in COMMANDS:
            yield Offer(f":{word}", "command bar", partial(_type, frame, word))

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for offer in self.offers():
            yield DiscoveryHit(offer.text, offer.run, text=offer.text, help=offer.help)

    async def search(self, query: str) -> Hits:
        """What fits."""
        matcher = self.matcher(query)
        for offer in self.offers():
            score = matcher.match(f"{offer.text} {offer.help}")
            if score > 0:
                yield Hit(score, offer.text, offer.run, text=offer.text, help=offer.help)


def _type(frame: Frame, word: str) -> None:
    """Open the command bar with the word in it: what it needs beside can be typed, and nothing is done yet."""
    frame.open_command(f"{word} ")


class Palette(CommandPalette):
    """Textual's, over our offers; it closes once, however fast keys follow each other."""

    def __init__(self) -> None:
        super().__init__(providers=[Commands], placeholder="type what you want to do")

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, unless it is closed already: what lies below must stay."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)  # noqa: SLF001 - Textual gives no other way to it
    async def _gather_commands(self, search_value: str) -> None:
        """Textual's search, which asks for its list: once the palette is closed that is gone, and so is the search."""
        try:
            await _GATHER(self, search_value)
        except NoMatches:
            if self.is_current:
                raise


_GATHER = CommandPalette._gather_commands.__wrapped__  # type: ignore[attr-defined] # noqa: SLF001 - what `work` was put around
