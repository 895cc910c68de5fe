"""Where each part of a value stood in its file, so that a later check points at the right line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from monitor.documents.finding import Finding, Place

Path: TypeAlias = tuple[str | int, ...]
"""The way to a part of a value: attribute names and list positions, such as ("rules", 2, "breach")."""


@dataclass(slots=True)
class Positions:
    """The place of a value and of everything in it. List positions count what is in the value."""

    place: Place
    children: dict[str | int, Positions] = field(default_factory=dict)
    dropped: list[str | None] = field(default_factory=list)
    """Names of list entries that did not fit the schema and so are not in the value; None where unreadable."""

    def at(self, path: Path) -> Place:
        """The place of a part; of its nearest surrounding part when it was left to its default."""
        here = self
        for step in path:
            below = here.children.get(step)
            if below is None:
                break
            here = below
        return here.place

    def dropped_at(self, path: Path) -> tuple[str | None, ...]:
        """Names of the entries of a list that are not in the value because they hold mistakes."""
        here = self
        for step in path:
            below = here.children.get(step)
            if below is None:
                return ()
            here = below
        return tuple(here.dropped)

    def finding(self, path: Path, what: str, hint: str = "") -> Finding:
        """A problem of a part, at its place."""
        return self.at(path).finding(what, hint)
