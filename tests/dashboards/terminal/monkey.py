"""A monkey at the keyboard: random keys, seeded, and what it may never bring about."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

from textual import events
from textual.command import CommandPalette
from textual.widgets import Input

from dashboards.terminal.app import Terminal
from dashboards.terminal.screens.frame import Frame

KEYS = [
    *"1234567890abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:?/-_.,<>!~",
    *("enter", "enter", "escape", "tab", "up", "down", "space", "backspace", "pagedown", "pageup", "home", "end"),
    *("ctrl+d", "ctrl+p", "f1", "delete", "left", "right"),
]
"""Everything but the keys that leave; enter twice, since it is what sends."""
NAMES = {
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "minus": "-",
}
_SPELLED = {char: name for name, char in NAMES.items()}
_LIST = {"up", "down", "pageup", "pagedown", "home", "end"}
_TURNS = 3
"""Turns of the loop after each key, in which what it posted is handled."""


def pressed(seed: int, count: int) -> Iterator[str]:
    """That many keys, the same ones for a seed."""
    dice = random.Random(seed)
    return (dice.choice(KEYS) for _ in range(count))


async def dispatch(app: Terminal, key: str) -> None:
    """One key through Textual's bindings to the actions, and into a field that has the focus; nothing is painted."""
    char = key if len(key) == 1 else " " if key == "space" else None
    name = _SPELLED.get(key, key)
    event = events.Key(name, char)
    app.link.touched()
    field = app.focused
    if isinstance(field, Input) and char is not None:
        await field._on_key(event)
    elif isinstance(app.screen, CommandPalette) and name in _LIST:
        pass  # Textual's own list cannot move before it was painted once
    else:
        await app._check_bindings(name)
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class Watched:
    """Where the monkey has been: it proves nothing about a screen that it never saw."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def look(self, app: Terminal) -> None:
        """Note what is in sight."""
        screen = app.screen
        self.seen[app.place.screen if isinstance(screen, Frame) else type(screen).__name__] += 1
