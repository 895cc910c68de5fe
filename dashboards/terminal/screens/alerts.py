"""Screen 5: what fires, who has it, who is kept from hearing of it, and what led there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import quote

from textual.binding import BindingType

from dashboards.terminal import alert_acts
from dashboards.terminal.drawing.alert_facts import below
from dashboards.terminal.drawing.alerts import TABLE as ALERT_TABLE
from dashboards.terminal.drawing.alerts import Entry, entries, heading
from dashboards.terminal.drawing.spans import Glyphs, Line
from dashboards.terminal.drawing.work import works
from dashboards.terminal.keys import ALERTS, LISTS, TABLE, Key, bindings
from dashboards.terminal.questions import Question
from dashboards.terminal.screens.runbooks import Runbooks
from dashboards.terminal.screens.table import TableScreen
from dashboards.terminal.subject import Subject, of_alert
from dashboards.terminal.view import View
from dashboards.terminal.widgets.lines import LineView
from monitor.serving.alert_rows import AlertDetail
from monitor.serving.snapshot import Snapshot

if TYPE_CHECKING:
    from dashboards.terminal.travel import Travel


class Rows(LineView, inherit_bindings=False):
    """The rows of this screen, on which G groups: end goes to the last."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        tuple(key._replace(key="end", shown="end") if key.shown == "G" else key for key in LISTS)
    )


class Alerts(TableScreen[Entry]):
    """One row an alert, or one a rule; mutes under which nothing fires stand at the end."""

    EMPTY = "nothing fires, nothing is muted"
    KEYS: ClassVar[tuple[Key, ...]] = (*ALERTS, *(key for key in TABLE if key.key != "f"))
    BINDINGS: ClassVar[list[BindingType]] = bindings(ALERTS)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs, ALERT_TABLE)
        self.grid.lines = Rows(glyphs, pick=True, id="table-lines")
        self._grouped = False

    @property
    def terminal(self) -> Travel:
        """The program that this is a screen of."""
        return cast("Travel", self.app)

    def rows(self, snapshot: Snapshot) -> Sequence[Entry]:
        """What needs somebody first."""
        return entries(snapshot, grouped=self._grouped)

    def heading(self) -> str:
        """How many there are of each kind."""
        snapshot = self.now.snapshot
        words = heading(snapshot, self.glyphs) if snapshot is not None else "ALERTS"
        return f"{words} {self.glyphs.dot} by rule" if self._grouped else words

    def row_title(self, row: Entry) -> str:
        """The alert."""
        return f"{row.row.title or row.row.name} {row.row.scope}".rstrip()

    def below(self, row: Entry, width: int) -> Sequence[Line]:
        """What the daemon knows of it beside the snapshot."""
        name = row.members[0].id if row.members else row.row.id
        answer = self.terminal.lookup.ask(f"/api/v1/alerts/{quote(name, safe='', errors='replace')}", AlertDetail)
        return below(row, answer, self.now, width, self.glyphs)

    def about(self, row: Entry) -> Subject | None:
        """The alert, down to the raw message behind it."""
        return None if row.resting else of_alert(row.members[0] if row.members else row.row)

    def own_keys(self) -> Iterable[tuple[str, str]]:
        """What can be done about the row under the cursor comes first."""
        row = self.listing.row
        words = {"a": "ack", "m": "unmute" if row is not None and row.muted else "mute"}
        if row is not None and self.now.person is not None and row.row.acked_by == self.now.person.name:
            words["a"] = "let go"
        offered = [key for key in ALERTS if row is not None or key.shown in "Gf"]
        return [(key.shown, words.get(key.shown, key.short)) for key in (*offered, TABLE[0]) if key.short]

    def _ask(self, question: Callable[[Entry, View], Question | str]) -> None:
        row = self.listing.row
        if row is None:
            self.say("no alert here")
            return
        chosen = row
        self.post_message(self.Asked(lambda view: question(chosen, view)))

    def action_acknowledge(self) -> None:
        """Open the dialog that takes the alert, or lets go of it."""
        self._ask(alert_acts.acknowledge)

    def action_mute(self) -> None:
        """Open the dialog that mutes it, or ends the mute."""
        self._ask(alert_acts.mute)

    def action_note(self) -> None:
        """Open the dialog for a note about it."""
        self._ask(alert_acts.note)

    def action_group(self) -> None:
        """One row a rule, or one an alert again."""
        self._grouped = not self._grouped
        self.renew()

    def action_runbook(self) -> None:
        """Go to the runbook that a trigger on it asks for."""
        row, snapshot = self.listing.row, self.now.snapshot
        if row is None or snapshot is None or not row.row.runbook:
            self.say("no trigger on this alert asks for a runbook")
            return
        name = row.row.runbook
        work = next((work for work in works(snapshot) if work.runbook == name), None)
        if work is None:
            self.say(f"{name} is not asked for now; :run {name} asks for it")
            return
        runbooks = self.terminal.frames["runbooks"]
        if isinstance(runbooks, Runbooks):
            runbooks.choose(work.id)
        self.terminal.action_go("runbooks")
