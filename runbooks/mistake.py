"""A problem of a runbook, found before anything is sent."""

from __future__ import annotations

from typing import NamedTuple


class Mistake(NamedTuple):
    """One problem: the way to it inside the document (inside the step, where a step found it), what it is, what to do."""

    path: tuple[str | int, ...]
    what: str
    hint: str = ""
