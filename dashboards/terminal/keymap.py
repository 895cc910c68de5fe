"""Other keys than the usual ones: the file `keys.yaml`, what is wrong with it, and which key does what after it. Pure.

board: {f: ctrl+f}          # the place, the usual key as `golive keys` shows it, and the key instead
everywhere: {"-": backspace, p: "p,f9"}
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from dashboards.terminal.keys import CHOICE, DIALOG, EVERYWHERE, FRAME, LISTS, READING, TEXT, Key, identity, tables
from monitor.documents.loading import load

_KEY = re.compile(r"(?:(?:ctrl|shift|alt|super)\+)*(?:[a-z0-9_]+|[^\s,])", re.IGNORECASE)
_TAKEN = {
    "ctrl+a": "the prefix of screen",
    "ctrl+b": "the prefix of tmux",
    "ctrl+s": "stops the output of many terminals",
    "ctrl+q": "starts the output of many terminals",
    "ctrl+z": "puts a program into the background",
    "ctrl+o": "swallowed by some terminals",
    "ctrl+j": "the same as enter in a terminal",
    "ctrl+m": "the same as enter in a terminal",
    "ctrl+i": "the same as tab in a terminal",
    "ctrl+h": "the same as backspace in many terminals",
    "ctrl+left_square_bracket": "the same as escape in a terminal",
    "ctrl+backslash": "ends programs",
}
"""Keys that never or not always reach a program, and why."""
_NAMES = {
    "-": "minus",
    "?": "question_mark",
    ":": "colon",
    "/": "slash",
    "<": "less_than_sign",
    ">": "greater_than_sign",
    ",": "comma",
    ".": "full_stop",
    "{": "left_curly_bracket",
    "}": "right_curly_bracket",
    "[": "left_square_bracket",
    "]": "right_square_bracket",
    "^p": "ctrl+p",
    "esc": "escape",
    "pgdn": "pagedown",
    "pgup": "pageup",
    "!": "exclamation_mark",
    "+": "plus",
    "=": "equals_sign",
    "_": "underscore",
    "~": "tilde",
    "'": "apostrophe",
    '"': "quotation_mark",
    ";": "semicolon",
    "@": "at",
    "#": "number_sign",
    "$": "dollar_sign",
    "%": "percent_sign",
    "&": "ampersand",
    "*": "asterisk",
    "(": "left_parenthesis",
    ")": "right_parenthesis",
    "\\": "backslash",
    "|": "vertical_line",
    "`": "grave_accent",
    "^": "circumflex_accent",
}
"""What is written -> what the terminal library calls it."""


class KeymapError(ValueError):
    """A file of keys that cannot be used; `problems` says each mistake with its place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Keymap(NamedTuple):
    """Keys by the identity of what they do; what is not named keeps its usual ones."""

    keys: Mapping[str, str] = {}

    def of(self, key: Key) -> str:
        """The keys that do it, by commas, as the terminal library names them."""
        return self.keys.get(identity(key) or "", key.key)

    def shown(self, key: Key) -> str:
        """The key that a person reads."""
        other = self.keys.get(identity(key) or "")
        return key.shown if other is None else spelled(other.partition(",")[0])

    def relabelled(self, keys: Iterable[Key], words: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Usual keys with their words, as they are to be pressed now."""
        now = {key.shown: self.shown(key) for key in keys}
        return [(now.get(shown, shown), word) for shown, word in words]


USUAL = Keymap()


def spelled(key: str) -> str:
    """A key as a person reads it."""
    return next((shown for shown, name in _NAMES.items() if name == key), key)


def named(key: str) -> str:
    """A key as the terminal library calls it; what is written with ctrl+ in front keeps that."""
    head, plus, last = key.rpartition("+")
    if key in _NAMES:
        return _NAMES[key]
    return f"{head}+{_NAMES.get(last, last)}" if plus and last else key


def path() -> Path:
    """Where the file is unless the command line says otherwise."""
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")  # noqa: PTH111, PTH118 - a home that is not there is no error here
    return Path(home) / "golive" / "keys.yaml"


def chosen(where: Path | None) -> Keymap:
    """The keys of this file, or of the usual one where there is one; KeymapError when it cannot be used."""
    if where is not None:
        return read(where)
    return read(path()) if path().is_file() else USUAL


def read(where: Path) -> Keymap:
    """Understand a file. Blocks on the disk.

    Raises:
        KeymapError: it cannot be read, names places or keys that are not there, or makes two things of one key.
    """
    loaded = load(where, dict[str, dict[str, str]])
    if loaded.value is None:
        raise KeymapError([str(finding) for finding in loaded.findings])
    keys: dict[str, str] = {}
    problems: list[str] = []
    for place, pairs in loaded.value.items():
        for usual, other in pairs.items():
            why = _mistake(place, usual, other)
            if why:
                problems.append(str(loaded.positions.finding((place, usual), why)))
            else:
                keys[f"{place}.{usual}"] = ",".join(named(part.strip()) for part in other.split(","))
    if not problems:
        problems = [f"{where}: {clash}" for clash in clashes(Keymap(keys))]
    if problems:
        raise KeymapError(problems)
    return Keymap(keys)


def _mistake(place: str, usual: str, other: str) -> str:
    """What is wrong with one line of the file; empty when it can be used."""
    if place not in tables():
        return f"there is no place {place!r}; there are {', '.join(tables())}"
    if usual not in [key.shown for key in tables()[place]]:
        return f"{place} has no key {usual!r}; it has {', '.join(key.shown for key in tables()[place])}"
    if not all(_KEY.fullmatch(part.strip()) for part in other.split(",")):
        return f"{other!r} is no key; write one such as f9 or ctrl+f"
    return ""


def contexts() -> dict[str, tuple[Key, ...]]:
    """Keys that hold at the same time, by the screen or box in which they do. Loads the screens."""
    from dashboards.terminal.screens.deck import SCREENS  # they in turn need this module

    made = {name: (*screen.KEYS, *FRAME, *LISTS, *EVERYWHERE) for name, screen in SCREENS.items()}
    return made | {
        "choice": (*CHOICE, *LISTS),
        "dialog": DIALOG,
        "reading": (*READING, *LISTS),
        "text": (*TEXT, *LISTS),
    }


def clashes(keymap: Keymap = USUAL) -> list[str]:
    """Keys that would do two things at once, and keys that do not reach a program, each in a sentence."""
    found = []
    for place, keys in contexts().items():
        taken: dict[str, Key] = {}
        for key in keys:
            for one in keymap.of(key).split(","):
                other = taken.setdefault(one, key)
                if other.action != key.action:
                    found.append(f"{place}: {spelled(one)} would be both {other.help!r} and {key.help!r}")
                if one in _TAKEN:
                    found.append(f"{place}: {spelled(one)} for {key.help!r} is {_TAKEN[one]}")
    return list(dict.fromkeys(found))


def listed(keymap: Keymap = USUAL) -> Iterable[tuple[str, str, str, str]]:
    """Place, usual key, key and meaning of everything."""
    for place, table in tables().items():
        for key in table:
            yield place, key.shown, keymap.shown(key), key.help
