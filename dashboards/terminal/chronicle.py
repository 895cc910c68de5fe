"""The journal's public lines as far as this terminal has read them: the newest of each snapshot, older ones page by page.

Numbers alone do not tell whether a line is missing, since some lines are not public; what a page spans does.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence

import msgspec

from monitor.serving.snapshot import EventRow
from monitor.serving.timeline_rows import TimelinePage, TimelineRow

PAGE = 200
"""Lines that are asked for at once."""
MOST = 20_000
"""Lines that are kept; for older ones there is `golive audit show`."""
NEWEST = 2**53
"""As `before`: the newest end."""


def path(before: int, limit: int = PAGE) -> str:
    """Where the page of lines before a number is asked for."""
    return f"/api/v1/journal?before={before}&limit={limit}"


class Chronicle:
    """Lines by number, and the stretches of numbers in which nothing is missing; `asks` says which page is wanted next."""

    def __init__(self) -> None:
        self._lines: dict[int, TimelineRow] = {}
        self._order: list[int] = []
        self._known: list[tuple[int, int]] = []
        """Stretches without a hole, first to last number, in order and apart from each other."""
        self.revision = 0
        """Goes up with each change."""

    def __len__(self) -> int:
        return len(self._order)

    @property
    def oldest(self) -> TimelineRow | None:
        """The first line that is known."""
        return self._lines[self._order[0]] if self._order else None

    @property
    def full(self) -> bool:
        """Whether no older line is kept any more."""
        return len(self._order) >= MOST

    @property
    def more(self) -> bool:
        """Whether there may be older lines than those known."""
        return not self._known or self._known[0][0] > 1

    def hear(self, events: Sequence[EventRow]) -> None:
        """Newest lines as a snapshot tells them, without their links."""
        if not events:
            return
        names = EventRow.__struct_fields__
        new = [row for row in events if row.seq not in self._lines or self._lines[row.seq].at != row.at]
        self._add(TimelineRow(**{name: getattr(row, name) for name in names}) for row in new)
        self._cover(events[0].seq, events[-1].seq)

    def take(self, page: TimelinePage, before: int) -> None:
        """The page that was asked for with this `before`."""
        self._add(row for row in page.lines if self._lines.get(row.seq) != row)
        if page.lines:
            last = page.lines[-1].seq if before >= NEWEST else before - 1
            self._cover(page.lines[0].seq if page.more else 1, last)
        elif not page.more and before < NEWEST:
            self._cover(1, before - 1)

    def asks(self, *, deeper: bool) -> int | None:
        """The `before` of the page that is wanted: to close a hole, or to go deeper into the past; None: none."""
        if len(self._known) > 1:
            return self._known[-1][0]
        if deeper and self._known and self.more and not self.full:
            return self._known[0][0]
        return None

    def rows(self, until: float | None) -> list[TimelineRow]:
        """Newest first; only those written up to then (unix seconds) where a time is given."""
        found = (self._lines[seq] for seq in reversed(self._order))
        return [row for row in found if until is None or row.at <= until]

    def _add(self, rows: Iterable[TimelineRow]) -> None:
        for row in rows:
            known = self._lines.get(row.seq)
            if known is not None and known.at != row.at:
                self._forget()
            if row.seq not in self._lines:
                insort(self._order, row.seq)
            self._lines[row.seq] = row
            self.revision += 1
        while len(self._order) > MOST:
            del self._lines[self._order.pop(0)]
            self._known = [(max(low, self._order[0]), high) for low, high in self._known if high >= self._order[0]]

    def _cover(self, low: int, high: int) -> None:
        """Note that nothing is missing between two numbers."""
        if self.full and self._order:
            low = max(low, self._order[0])
        apart = [(first, last) for first, last in self._known if last < low - 1 or first > high + 1]
        joined = [pair for pair in self._known if pair not in apart]
        low = min([low, *(first for first, _ in joined)])
        high = max([high, *(last for _, last in joined)])
        self._known = sorted([*apart, (low, high)])

    def _forget(self) -> None:
        """Begin anew: it is another journal, since a line of the same number was written at another time."""
        self._lines.clear()
        self._order.clear()
        self._known.clear()


def event_of(row: TimelineRow) -> EventRow:
    """The line as the other screens know it."""
    return msgspec.convert({name: getattr(row, name) for name in EventRow.__struct_fields__}, EventRow)
