"""Screen 7, timeline and audit: who did what when, the whole journal page by page, and the proof of its chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from dashboards.terminal.chronicle import MOST, NEWEST, Chronicle, event_of, path
from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.drawing.timeline import TABLE as LINES
from dashboards.terminal.drawing.timeline import below, proved, verdict_on
from dashboards.terminal.handover import SHIFT, handover, plain
from dashboards.terminal.keys import TABLE, TIMELINE, Key, bindings
from dashboards.terminal.lookup import ONCE, RENEW, Answer, Looking
from dashboards.terminal.screens.reading import Reading
from dashboards.terminal.screens.table import TableScreen
from dashboards.terminal.subject import Subject, of_event
from dashboards.terminal.view import View
from monitor.serving.snapshot import Snapshot
from monitor.serving.timeline_rows import Proof, TimelinePage, TimelineRow

_NEAR = 60
"""Lines from the end of the list at which the next page is asked for."""


class Timeline(TableScreen[TimelineRow]):
    """Public lines of the journal, newest first; what is older comes when one goes down to it."""

    KEYS: ClassVar[tuple[Key, ...]] = (*TIMELINE, *TABLE)
    BINDINGS: ClassVar[list[BindingType]] = bindings(TIMELINE)
    EMPTY = "nothing is written in the journal yet"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs, LINES)
        self._chronicle = Chronicle()
        self._drawn = -1
        self._taken: TimelinePage | None = None
        self._proof: Proof | None = None
        self._asked = 0
        """How often a proof was asked for; each gets an answer of its own."""
        self._proving = False
        self._handing: float | None = None
        """Since when lines are gathered for a hand-over, unix seconds; None: nobody asked for one."""
        self._silent = ""
        """Why older lines cannot be had."""

    def rows(self, snapshot: Snapshot) -> Sequence[TimelineRow]:
        """What is known of the journal; in the past, what was written until then."""
        self._chronicle.hear(snapshot.events)
        self._drawn = self._chronicle.revision
        return self._chronicle.rows(snapshot.at if self.now.past else None)

    def fill(self, view: View) -> None:
        """Take what was answered, draw, ask for what is missing."""
        if view.snapshot is not None:
            self._read_on(view)
            self._check()
        if self._drawn != self._chronicle.revision:
            self.listing.forget()
        super().fill(view)

    def _ask(self, where: str, kind: type, renew: float) -> Answer[object]:
        app = self.app
        return app.lookup.ask(where, kind, renew) if isinstance(app, Looking) else Answer(why="nobody to ask")

    def _read_on(self, view: View) -> None:
        if not view.past:
            self._take(NEWEST, RENEW)
        deeper = self.listing.place >= len(self.listing.shown) - _NEAR or self._wanted_for_handover()
        wanted = self._chronicle.asks(deeper=deeper)
        if wanted is not None:
            self._take(wanted, ONCE)
        if self._handing is not None and not (wanted is not None and self._wanted_for_handover()):
            self._hand_over(view, self._handing)

    def _take(self, before: int, renew: float) -> None:
        answer = self._ask(path(before), TimelinePage, renew)
        self._silent = answer.why
        if isinstance(answer.value, TimelinePage) and answer.value is not self._taken:
            self._taken = answer.value
            self._chronicle.take(answer.value, before)

    def _check(self) -> None:
        if not self._proving:
            return
        answer = self._ask(f"/api/v1/journal/proof?asked={self._asked}", Proof, ONCE)
        if isinstance(answer.value, Proof):
            self._proof, self._proving = answer.value, False
            self.say(verdict_on(self._proof), "notice" if self._proof.ok else "alarm")
        elif answer.why and not answer.why.startswith("unreachable"):
            self._proving = False
            self.say(f"the chain is not checked: {answer.why}")

    def heading(self) -> str:
        """How many lines are known, how far back, and what the last check of the chain found."""
        count = len(self.listing.rows)
        words = f"TIMELINE {self.glyphs.dot} newest first, UTC {self.glyphs.dot} {count:,} lines"
        if self._chronicle.full:
            words += f", the newest {MOST:,}: golive audit show has all"
        elif self._chronicle.more:
            words += ", older ones on the way down" if not self._silent else f", older ones: {self._silent}"
        if self._proving:
            return f"{words} {self.glyphs.dot} checking the chain"
        return f"{words} {self.glyphs.dot} {proved(self._proof)}" if self._proof is not None else words

    def row_title(self, row: TimelineRow) -> str:
        """Its number."""
        return f"LINE {row.seq}"

    def about(self, row: TimelineRow) -> Subject:
        """The line, and the instant that it tells of."""
        return of_event(event_of(row))

    def below(self, row: TimelineRow, width: int) -> Sequence[Line]:
        """The line in full, with its link of the chain."""
        return below(row, width, self.glyphs)

    def action_verify(self) -> None:
        """Have the daemon check the whole chain."""
        self._asked += 1
        self._proving = True
        self.show(self.now)

    def action_handover(self) -> None:
        """Gather the lines of the last shift, then show the hand-over."""
        if self.now.snapshot is None:
            self.say("nothing to hand over: there is no snapshot yet")
            return
        self._handing = self.now.snapshot.at - SHIFT
        self.say("gathering the lines of the last shift")
        self.show(self.now)

    def _wanted_for_handover(self) -> bool:
        oldest = self._chronicle.oldest
        return self._handing is not None and not self._silent and (oldest is None or oldest.at > self._handing)

    def _hand_over(self, view: View, since: float) -> None:
        self._handing = None
        self.say("")
        if view.snapshot is None:
            return
        lines = self._chronicle.rows(view.snapshot.at if view.past else None)[::-1]
        oldest = self._chronicle.oldest
        whole = not self._chronicle.more or (oldest is not None and oldest.at <= since)
        told = plain(handover(view.snapshot, [row for row in lines if row.at >= since], SHIFT, whole=whole))
        self.call_after_refresh(lambda: self.app.push_screen(Reading("HAND-OVER", told, self.glyphs)))
