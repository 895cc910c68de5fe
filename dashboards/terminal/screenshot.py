"""Pictures of the terminal, made by the terminal: `python -m dashboards.terminal.screenshot snapshot.json out.svg`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from dashboards.terminal.acts import Act, Unreachable
from dashboards.terminal.app import Terminal
from dashboards.terminal.export import self_contained
from dashboards.terminal.view import Person
from monitor.serving.snapshot import Snapshot

SIZE = (120, 36)


class Still:
    """A snapshot source that stands still."""

    def __init__(self, snapshot: Snapshot, person: Person | None = None) -> None:
        self._snapshot = snapshot
        self._person = person

    async def snapshot(self) -> Snapshot:
        """The one moment."""
        return self._snapshot

    async def me(self) -> Person | None:
        """Who is shown at the keyboard."""
        return self._person

    async def read(self, path: str) -> bytes:
        """A picture has no details beyond its snapshot."""
        raise Unreachable(f"a picture does not answer {path}")

    async def act(self, act: Act) -> None:
        """Nothing is sent from a picture."""


async def picture(snapshot: Snapshot, screen: str, size: tuple[int, int], person: Person | None = None) -> str:
    """A screen of this moment, by its name, as SVG, which asks no other host for anything."""
    app = Terminal(Still(snapshot, person), clock=lambda: 0.0, period=None)
    async with app.run_test(size=size) as pilot:
        await app.poll()
        app.action_go(screen)
        await pilot.pause()
        app.draw()
        await pilot.pause()
        return self_contained(app.export_screenshot(title="golive watch"))


def screenshot(snapshot: Snapshot, screen: str = "board", size: tuple[int, int] = SIZE) -> str:
    """The same, outside an event loop."""
    return asyncio.run(picture(snapshot, screen, size))


def main(arguments: list[str]) -> int:
    """Write one picture; 2 when called wrongly."""
    if len(arguments) not in (2, 3):
        sys.stderr.write("usage: python -m dashboards.terminal.screenshot SNAPSHOT.json OUT.svg [SCREEN]\n")
        return 2
    snapshot = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Snapshot)
    screen = arguments[2] if len(arguments) == 3 else "board"  # noqa: PLR2004 - with a screen's name
    Path(arguments[1]).write_text(screenshot(snapshot, screen), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
