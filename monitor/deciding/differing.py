"""What changed between two runbooks, in lines that a person can read in a dialog. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor.text import clean

MOST = 24
"""Lines that are shown; what is beyond is counted."""
_WIDTH = 120


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """`- path: old` and `+ path: new` for every value that differs, in the order of the document."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    lines: list[str] = []
    for path in dict.fromkeys((*old, *new)):
        if old.get(path) == new.get(path):
            continue
        if path in old:
            lines.append(f"- {path}: {clean(old[path], _WIDTH)}")
        if path in new:
            lines.append(f"+ {path}: {clean(new[path], _WIDTH)}")
    return tuple(lines) if len(lines) <= MOST else (*lines[:MOST], f"and {len(lines) - MOST} more lines")


def _leaves(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value, 1):
            name = part.get("name") if isinstance(part, Mapping) else None
            yield from _leaves(part, f"{path}[{name or number}]")
    elif value not in (None, ""):
        yield path, str(value)
