"""`name=value` words of a command line."""

from __future__ import annotations

from collections.abc import Sequence


def pairs(words: Sequence[str]) -> dict[str, str]:
    """Parameters by name; ValueError for a word that is none, and for a name that stands twice."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or name in found:
            raise ValueError(f"{word!r} is not name=value, once for each name")
        found[name] = value
    return found
