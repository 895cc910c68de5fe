"""`golive keys`: every key of the terminal, made from the table that the terminal itself uses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from dashboards.terminal.keymap import USUAL, KeymapError, chosen, clashes, listed, path


class KeyLine(msgspec.Struct, frozen=True):
    """One key."""

    place: str
    usual: str
    key: str
    help: str


class Listing(msgspec.Struct, frozen=True):
    """All keys, and what is wrong with them."""

    schema: int
    keys: list[KeyLine]
    clashes: list[str]


def keys(
    *,
    check: bool = False,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
    file: Annotated[Path | None, Parameter(name="--keys")] = None,
) -> int:
    """List every key of the terminal by place, and find keys that clash with each other, tmux, screen or the terminal.

    Examples: `golive keys`; `golive keys --check --keys my-keys.yaml`; `golive keys --json`.

    A file of keys says `place: {usual key: other key}`, such as `board: {f: ctrl+f}`. Exit codes: 0; 1 when keys clash or
    the file cannot be used.

    Parameters
    ----------
    check:
        Only say what is wrong.
    as_json:
        One JSON object.
    file:
        The file of keys; default: keys.yaml in ~/.config/golive, where there is one.
    """
    keymap, problems = USUAL, []
    try:
        keymap = chosen(file)
    except KeymapError as error:
        problems = error.problems
    problems = problems or clashes(keymap)
    if as_json:
        lines = [KeyLine(*line) for line in listed(keymap)]
        sys.stdout.write(msgspec.json.encode(Listing(1, lines, problems)).decode() + "\n")
        return 1 if problems else 0
    if not check:
        place = ""
        for where, usual, now, text in listed(keymap):
            if where != place:
                sys.stdout.write(("\n" if place else "") + f"{where}\n")
                place = where
            sys.stdout.write(f"  {now:<10} {text}{f' (usually {usual})' if usual != now else ''}\n")
    for problem in problems:
        sys.stderr.write(f"error: {problem}\n")
    if problems:
        sys.stderr.write("next: mend the file; golive keys lists places and usual keys\n")
    elif check:
        used = file or (path() if path().is_file() else None)
        sys.stdout.write(f"no two keys clash{f', with {used}' if used else ''}\n")
    return 1 if problems else 0
