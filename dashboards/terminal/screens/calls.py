"""Screen 2: call quality by trunk, site, device or codec, old against new: where is it bad, since when, how bad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from dashboards.terminal.calls import CallLine, calls
from dashboards.terminal.drawing.calls import about, table
from dashboards.terminal.drawing.phrases import span
from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.keys import CALLS, SIDES, TABLE, WINDOW, Key, bindings
from dashboards.terminal.recent import Window, asked
from dashboards.terminal.screens.table import TableScreen
from dashboards.terminal.subject import Kind, Subject, of_group
from dashboards.terminal.view import View
from monitor.serving.recent_rows import RecentCalls, RecentGroup
from monitor.serving.snapshot import Snapshot

_KINDS: dict[str, Kind] = {"trunk": "trunk", "site": "site", "codec": "codec", "device": "device", "queue": "queue"}


class Calls(TableScreen[CallLine]):
    """All groups of calls, and below them the one under the cursor."""

    KEYS: ClassVar[tuple[Key, ...]] = (*CALLS, *SIDES, *WINDOW, *TABLE)
    BINDINGS: ClassVar[list[BindingType]] = bindings((*CALLS, *SIDES, *WINDOW))
    EMPTY = "no call is known: no source has told of call quality with this label"

    def __init__(self, glyphs: Glyphs) -> None:
        self._by, self._split = "trunk", False
        super().__init__(glyphs, table(self._by, split=self._split))
        self._window = Window()
        self._recent: RecentCalls | None = None
        self._why = ""

    def rows(self, snapshot: Snapshot) -> Sequence[CallLine]:
        """Groups with their rules from the snapshot, numbers from what the daemon remembers."""
        return calls(snapshot, self._by, self._recent)

    def fill(self, view: View) -> None:
        """Draw with what was answered last."""
        if view.snapshot is not None:
            seconds = self._window.seconds(view)
            answer = asked(self.app, RecentCalls, "calls", self._by, seconds=seconds, split=self._split)
            self._why = answer.why
            if answer.value is not self._recent and not answer.loading:
                self._recent = answer.value
                self.listing.forget()
        super().fill(view)

    def heading(self) -> str:
        """What it is grouped by, and what the numbers are over."""
        recent, dot = self._recent, self.glyphs.dot
        words = f"CALLS BY {self._by.upper()} {len(self.listing.rows)}"
        if recent is None:
            return f"{words} {dot} {self._why or 'loading'}"
        words += f" {dot} {self._window.told(recent.covered, self.now)}"
        if recent.left_out:
            words += f", {recent.left_out} rows left out"
        if 0 < recent.loss_covered < recent.covered - 1:
            words += f", loss of {span(recent.loss_covered)}"
        return words

    def row_title(self, row: CallLine) -> str:
        """The group's name."""
        return f"{self._by} {row.group} {row.direction}".rstrip()

    def about(self, row: CallLine) -> Subject:
        """The trunk, site, device or codec."""
        kind: Kind = _KINDS.get(self._by, "group")
        labels = {self._by: row.group} | ({"direction": row.direction} if row.direction else {})
        return of_group(kind, labels, ("golive_media_mos",))

    def below(self, row: CallLine, width: int) -> Sequence[Line]:
        """Its rules, its scores minute by minute, its worst reports."""
        went = asked(self.app, RecentGroup, "calls", self._by, row.group).value
        return about(row, went, width, self.now, self.glyphs)

    def action_group(self) -> None:
        """Group by the next label that calls have here."""
        known = (self._recent.groupings if self._recent else ()) or (self._by,)
        place = known.index(self._by) if self._by in known else -1
        self._regroup(known[(place + 1) % len(known)], split=self._split)

    def action_split(self) -> None:
        """Each direction for itself, or both together."""
        self._regroup(self._by, split=not self._split)

    def _regroup(self, by: str, *, split: bool) -> None:
        self._by, self._split = by, split
        self.listing.table = table(by, split=split)
        self.renew()

    def action_sides(self) -> None:
        """Both platforms, one of them, or the difference."""
        self.rearrange(self.listing.arrangement.turned())

    def action_window(self) -> None:
        """Look further back, or less far."""
        self._window = self._window.next()
        self.renew()
