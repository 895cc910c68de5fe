"""The command bar: what was typed, understood or refused with the nearest word."""

from __future__ import annotations

from difflib import get_close_matches

import msgspec

from dashboards.terminal.keys import screens

COMMANDS = (
    "arm",
    "lock",
    "board",
    "calls",
    "queues",
    "integrations",
    "runbooks",
    "timeline",
    "note",
    "run",
    "break-glass",
    "point",
    "past",
    "now",
    "help",
    "quit",
)
_TEXTS = {
    "note": "a note needs its text: note TEXT",
    "past": "past needs a time: past 02:14, or past -20m",
}
"""Commands that take a text, and what is said without one."""
_POINT = "point needs its name and what it is: point NAME passed, or point NAME open"
LENGTH = 500
"""Longest command that is read."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """An understood command."""

    verb: str
    text: str = ""
    """The note's text, the runbook's name, or what a screen is filtered by."""
    parameters: dict[str, str] = {}


def parse(typed: str) -> Command | str:
    """Understand a command; a text instead says what is wrong and what to type."""
    words = typed[:LENGTH].strip().lstrip(":").split()
    if not words:
        return "type a command: " + ", ".join(COMMANDS)
    verb, rest = words[0], words[1:]
    if verb == "q":
        verb = "quit"
    if verb not in COMMANDS:
        near = get_close_matches(verb, COMMANDS, n=1)
        return f"no command {verb!r}" + (f"; did you mean {near[0]}?" if near else f"; there are {', '.join(COMMANDS)}")
    if verb in _TEXTS:
        return Command(verb=verb, text=" ".join(rest)) if rest else _TEXTS[verb]
    if verb in ("run", "break-glass"):
        return _run(verb, rest)
    if verb == "point":
        known = len(rest) == 2 and rest[1] in ("passed", "open")  # noqa: PLR2004 - its name and its state
        return Command(verb=verb, text=rest[0], parameters={"state": rest[1]}) if known else _POINT
    plain = not rest or verb in screens()
    return Command(verb=verb, text=" ".join(rest)) if plain else f"{verb} takes nothing after it"


def _run(verb: str, words: list[str]) -> Command | str:
    if not words:
        return f"{verb} needs a runbook: {verb} NAME [parameter=value ...]"
    parameters = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or not name:
            return f"{word!r} is not a parameter: write parameter=value"
        if name in parameters:
            return f"parameter {name!r} is given twice"
        parameters[name] = value
    return Command(verb=verb, text=words[0], parameters=parameters)
