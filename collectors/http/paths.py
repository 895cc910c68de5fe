"""Places inside a JSON answer, and whether an answer has what is expected. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_STEP = re.compile(r"(?:^|\.)([^.\[\]]+)|\[(\d{1,6})\]")


class PathError(ValueError):
    """A path that cannot be read, or a place that is not there."""


def steps(path: str) -> tuple[str | int, ...]:
    """`contacts[0].id` as ("contacts", 0, "id"); PathError for what is no path."""
    found: list[str | int] = []
    end = 0
    for match in _STEP.finditer(path):
        if match.start() != end:
            break
        found.append(match[1] if match[1] is not None else int(match[2]))
        end = match.end()
    if not found or end != len(path):
        raise PathError(f"{path!r} is no path: write names and numbers, such as contacts[0].id")
    return tuple(found)


def at(data: Any, path: str) -> Any:  # noqa: ANN401 - JSON is any of its types
    """What stands at a place; PathError says where the way ends."""
    here, gone = data, ""
    for step in steps(path):
        shown = f"[{step}]" if isinstance(step, int) else (f".{step}" if gone else step)
        inside = isinstance(here, list) if isinstance(step, int) else isinstance(here, Mapping)
        try:
            here = here[step] if inside else _missing()
        except (KeyError, IndexError):
            raise PathError(f"{gone}{shown} is not there") from None
        gone += shown
    return here


def _missing() -> Any:  # noqa: ANN401 - it only raises
    raise KeyError


def differs(found: Any, wanted: Any, where: str = "") -> str:  # noqa: ANN401 - JSON is any of its types
    """How an answer falls short of what is expected; empty when it does not.

    Of an object every key that is expected must be there, of a list every element, at its place; more may be.
    """
    here = where or "the body"
    if isinstance(wanted, Mapping):
        return _object(found, wanted, where, here)
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        if not isinstance(found, list) or len(found) < len(wanted):
            return f"{here} is no list of at least {len(wanted)}"
        return next((why for n, item in enumerate(wanted) if (why := differs(found[n], item, f"{where}[{n}]"))), "")
    same = found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
    return "" if same else f"{here} is {found!r:.60}, expected {wanted!r:.60}"


def _object(found: Any, wanted: Mapping[str, Any], where: str, here: str) -> str:  # noqa: ANN401 - the same
    if not isinstance(found, Mapping):
        return f"{here} is no object"
    for key, value in wanted.items():
        place = f"{where}.{key}" if where else str(key)
        why = differs(found[key], value, place) if key in found else f"{place} is missing"
        if why:
            return why
    return ""
