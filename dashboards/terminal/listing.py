"""The state of one table between frames: rows as they are arranged, the one under the cursor, those that are marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from dashboards.terminal.arrangement import Arrangement, arrange
from dashboards.terminal.drawing.table import Table
from dashboards.terminal.processor_time import TooSlow
from dashboards.terminal.query import NOTHING
from monitor.serving.snapshot import Snapshot

T = TypeVar("T")


class Listing(Generic[T]):
    """Rows are made once a snapshot and arranged once a change; the cursor stays on its row by the row's key."""

    def __init__(self, table: Table[T]) -> None:
        self.table = table
        self.arrangement = Arrangement()
        self.marks: set[str] = set()
        self.rows: Sequence[T] = ()
        """All of them."""
        self.shown: list[T] = []
        """Those that fit the filter, in order."""
        self.place = 0
        """Where the cursor stands among them."""
        self._key = ""
        self._made_for: Snapshot | None = None
        self._arranged: Arrangement | None = None

    @property
    def row(self) -> T | None:
        """The row under the cursor."""
        return self.shown[self.place] if self.place < len(self.shown) else None

    @property
    def taken(self) -> list[T]:
        """The marked rows in sight, or else the one under the cursor."""
        marked = [row for row in self.shown if self.table.key(row) in self.marks]
        return marked or ([self.row] if self.row is not None else [])

    def forget(self) -> None:
        """Make the rows anew next time."""
        self._made_for = None

    def show(self, snapshot: Snapshot | None, make: Callable[[Snapshot], Sequence[T]]) -> str:
        """Bring the rows up to this snapshot; returns what a person must be told, mostly nothing."""
        if snapshot is not None and snapshot is not self._made_for:
            self.rows = make(snapshot)
            self._made_for, self._arranged = snapshot, None
        if self._arranged is self.arrangement:
            return ""
        trouble = ""
        try:
            self.shown = arrange(self.table, self.rows, self.arrangement)
        except TooSlow:
            self.arrangement = msgspec.structs.replace(self.arrangement, query=NOTHING)
            self.shown = arrange(self.table, self.rows, self.arrangement)
            trouble = "the filter's pattern does not come to an end: it is taken away, write a simpler one"
        self._arranged = self.arrangement
        self._find()
        return trouble

    def _find(self) -> None:
        """Nobody chose yet: the first row, whichever that is. Else the chosen one; when it is gone, what took its place."""
        if not self._key:
            self.place = 0
            return
        key = self.table.key
        found = (place for place, row in enumerate(self.shown) if key(row) == self._key)
        place = next(found, None)
        if place is None:
            self.move(min(self.place, len(self.shown) - 1))
        else:
            self.place = place

    def move(self, place: int) -> None:
        """Put the cursor on a row."""
        self.place = max(0, place)
        self._key = self.table.key(self.shown[self.place]) if self.place < len(self.shown) else ""

    def mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        if self.row is not None:
            self.marks ^= {self.table.key(self.row)}
