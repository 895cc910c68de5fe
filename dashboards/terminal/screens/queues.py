"""Screen 3: queues, old against new: which one is worse than on the old platform, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from dashboards.terminal.drawing.queues import TABLE as QUEUES
from dashboards.terminal.drawing.queues import about
from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.keys import SIDES, TABLE, WINDOW, Key, bindings
from dashboards.terminal.queues import QueueLine, queues, recently
from dashboards.terminal.recent import Window, asked
from dashboards.terminal.screens.table import TableScreen
from dashboards.terminal.subject import Subject, of_group
from dashboards.terminal.view import View
from monitor.serving.recent_rows import RecentQueue, RecentQueues
from monitor.serving.snapshot import Snapshot


class Queues(TableScreen[QueueLine]):
    """All queues, and below them the one under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = (*SIDES, *WINDOW, *TABLE)
    BINDINGS: ClassVar[list[BindingType]] = bindings((*SIDES, *WINDOW))
    EMPTY = "no queue is known: no source has told of one with the label `queue`"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs, QUEUES)
        self._window = Window()
        self._recent: RecentQueues | None = None

    def rows(self, snapshot: Snapshot) -> Sequence[QueueLine]:
        """From the snapshot; means and counts of the window from what the daemon remembers."""
        return recently(queues(snapshot), self._recent)

    def fill(self, view: View) -> None:
        """Draw with what was answered last."""
        answer = asked(self.app, RecentQueues, "queues", seconds=self._window.seconds(view)) if view.snapshot else None
        if answer is not None and answer.value is not self._recent:
            self._recent = answer.value
            self.listing.forget()
        super().fill(view)

    def heading(self) -> str:
        """How many queues stand where, and what the counts are over."""
        rows = self.listing.rows
        moved = sum((row.moved.value or 0.0) > 0 for row in rows)
        words = (
            f"QUEUES {len(rows)}, {moved} of them moved"
            if any(row.moved.value is not None for row in rows)
            else "QUEUES"
        )
        left = self.now.snapshot.series_left_out if self.now.snapshot else 0
        missing = f", {left} series are not shown: raise web.series_limit" if left > 1 else ""
        covered = self._recent.covered if self._recent else None
        return f"{words}{missing} {self.glyphs.dot} {self._window.told(covered, self.now)}"

    def row_title(self, row: QueueLine) -> str:
        """The queue's name."""
        return row.name

    def about(self, row: QueueLine) -> Subject:
        """The queue."""
        return of_group("queue", {"queue": row.name})

    def below(self, row: QueueLine, width: int) -> Sequence[Line]:
        """Why it is worse, how it went, whether its counts add up, its rules."""
        went = asked(self.app, RecentQueue, "queues", row.name).value
        recent = [part for part in self._recent.rows if part.queue == row.name] if self._recent else []
        covered = self._recent.covered if self._recent else 0.0
        return about(row, recent, went.lines if went else (), covered, width, self.now, self.glyphs)

    def action_sides(self) -> None:
        """Both platforms, one of them, or the difference."""
        self.rearrange(self.listing.arrangement.turned())

    def action_window(self) -> None:
        """Look further back, or less far."""
        self._window = self._window.next()
        self.renew()
