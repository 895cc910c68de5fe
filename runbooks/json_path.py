"""The way to one value inside JSON: `data.items[0].state`, `$.a["odd key"]`. No wildcards, no filters, no code. Pure."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

import msgspec

Path: TypeAlias = tuple[str | int, ...]

LENGTH = 200
_PART = re.compile(r'\.?([A-Za-z_@][A-Za-z0-9_@-]*)|\[([0-9]{1,6})\]|\[("(?:[^"\\]|\\.)*")\]')


class Absent(Exception):  # noqa: N818 - an answer, not a fault
    """There is nothing at the end of the way; says where it broke off."""


def parse(text: str) -> Path:
    """Read a way; ValueError says what is wrong with it."""
    if len(text) > LENGTH:
        raise ValueError(f"the path is longer than {LENGTH} characters")
    rest, place = text.removeprefix("$"), 0
    parts: list[str | int] = []
    while place < len(rest):
        match = _PART.match(rest, place)
        bare_start = not parts and not text.startswith("$")
        if match is None or (match[1] and (rest[place] == ".") == bare_start):
            raise ValueError(f"{text!r} is not a path such as data.items[0].state")
        name, index, quoted = match.groups()
        parts.append(name or (int(index) if index else _quoted(text, quoted)))
        place = match.end()
    if not parts:
        raise ValueError("the path is empty")
    return tuple(parts)


def _quoted(text: str, quoted: str) -> str:
    try:
        return msgspec.json.decode(quoted, type=str)
    except msgspec.DecodeError as error:
        raise ValueError(f"{text!r}: {quoted} is not a key") from error


def look(data: Any, path: Path) -> Any:  # noqa: ANN401 - JSON is any of its types
    """The value at the end of a way; Absent when there is none."""
    for number, part in enumerate(path):
        inside = isinstance(data, dict) if isinstance(part, str) else isinstance(data, list)
        if not inside or (part not in data if isinstance(part, str) else part >= len(data)):
            raise Absent(shown(path[: number + 1]))
        data = data[part]
    return data


def shown(path: Path) -> str:
    """A way as people write it."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_@][A-Za-z0-9_@-]*", part):
            text += f".{part}" if text else part
        else:
            text += f"[{msgspec.json.encode(part).decode()}]"
    return text
