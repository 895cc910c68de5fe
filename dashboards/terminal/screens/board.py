"""Screen 1, the go/no-go board: may the cutover go on, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from dashboards.terminal import questions, stage_acts
from dashboards.terminal.drawing import board, channels, gates
from dashboards.terminal.drawing.header import NARROW
from dashboards.terminal.drawing.spans import Glyphs, Line, Span
from dashboards.terminal.keys import BOARD, Key, bindings
from dashboards.terminal.pages.canvas import Item
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.subject import Subject, of_event, of_gate, of_source, of_spark, of_waiting
from dashboards.terminal.view import View
from dashboards.terminal.widgets.lines import LineView, Rows
from dashboards.terminal.widgets.pane import Pane
from dashboards.terminal.widgets.picker import Picker
from monitor.serving.snapshot import GateRow, Snapshot


class Board(Frame):
    """Gates, the one under the cursor, sources; who is asked, signals, last events."""

    KEYS: ClassVar[tuple[Key, ...]] = BOARD
    BINDINGS: ClassVar[list[BindingType]] = bindings(BOARD)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._gates = Pane("GATES", glyphs, id="gates", pick=True)
        self._detail = Pane("THIS GATE", glyphs, id="detail")
        self._sources = Pane("SOURCES", glyphs, id="sources", pick=True)
        self._waiting = Pane("WAITING FOR A PERSON", glyphs, id="waiting", pick=True)
        self._signals = Pane("SIGNALS", glyphs, id="signals", pick=True)
        self._events = Pane("LAST EVENTS", glyphs, id="events", pick=True)
        self._all = Pane("BOARD", glyphs, id="all", pick=True)
        panes = (self._sources, self._waiting, self._signals, self._events, self._all)
        self._pickers: dict[Widget | None, Picker] = {pane.lines: Picker(pane.lines) for pane in panes}
        self._items: list[Item] = []
        self._faults = False
        self._rows: list[GateRow] = []
        self._chosen = ""

    def body(self) -> Iterable[Widget]:
        """Two columns of panes, or all of it in one."""
        yield Horizontal(
            Vertical(self._gates, self._detail, self._sources, id="left"),
            Vertical(self._waiting, self._signals, self._events, id="right"),
            id="body",
        )
        yield self._all

    @property
    def gate(self) -> GateRow | None:
        """The gate under the cursor."""
        return next((gate for gate in self._rows if gate.name == self._chosen), self._rows[0] if self._rows else None)

    @property
    def subject(self) -> Subject | None:
        """What the line under the cursor of the pane with the focus is about; of the gates unless another has it."""
        picker = self._pickers.get(self._all.lines if self.narrow else self.focused)
        if picker is not None:
            return picker.subject
        return of_gate(self.gate) if self.gate is not None else None

    def drawn_from(self) -> Sequence[GateRow]:
        """The gates."""
        return self._rows

    def fill(self, view: View) -> None:
        """Draw every pane that can be seen."""
        snapshot = view.snapshot
        if snapshot is None:
            return
        order = gates.worst_first(snapshot.gates)
        self._rows = [gate for gate in order if gates.faulty(gate)] if self._faults else order
        if self.narrow:
            self._all.show(partial(self._all_lines, snapshot, view))
            self._pickers[self._all.lines].keep([item.leads for item in self._items])
            return
        chosen = self.gate
        glyphs = self.glyphs
        self._gates.show(
            self._gate_rows, lambda width: gates.table_heading(gates.plan(self._rows, width, glyphs), glyphs)
        )
        if chosen is not None:
            self._gates.lines.place(self._rows.index(chosen))
        self._detail.show(lambda width: gates.detail(chosen, view, width, glyphs))
        self._sources.show(
            lambda width: Rows(channels.ways(snapshot), lambda row: channels.way_line(row, view, width, glyphs))
        )
        self._waiting.show(partial(self._waits, snapshot, view))
        self._signals.show(lambda width: Rows(snapshot.sparks, lambda row: board.spark_line(row, width, glyphs)))
        events = snapshot.events[::-1]
        self._events.show(lambda width: Rows(events, lambda row: board.event_line(row, width, glyphs)))
        self._keep(self._sources, map(of_source, snapshot.sources))
        self._keep(self._waiting, map(of_waiting, snapshot.waiting))
        self._keep(self._signals, map(of_spark, snapshot.sparks))
        self._keep(self._events, map(of_event, events))

    def _keep(self, pane: Pane, subjects: Iterable[Subject]) -> None:
        self._pickers[pane.lines].keep(list(subjects))

    def own_keys(self) -> Iterable[tuple[str, str]]:
        """Signing is offered where there is something to sign, moving the cutover where there is a stage to move to."""
        signs = self.gate is not None and self.gate.kind == "signed"
        if self.narrow:
            signs = any(row.state == "unsigned" for row in self._rows)
        places = {row.place for row in self.now.snapshot.stages} if self.now.snapshot else set()
        offered = {"S": signs, "V": "next" in places, "L": "present" in places, "K": "past" in places}
        return [(key.shown, key.short) for key in BOARD if offered.get(key.shown, True)]

    def _gate_rows(self, width: int) -> Sequence[Line]:
        if not self._rows:
            words = "no gate is faulty" if self._faults else "no gate is configured"
            return [(Span(words, "dim"),)]
        layout = gates.plan(self._rows, width, self.glyphs)
        return Rows(self._rows, lambda gate: gates.gate_line(gate, self.now, layout, self.glyphs))

    def _waits(self, snapshot: Snapshot, view: View, width: int) -> Sequence[Line]:
        if not snapshot.waiting:
            return [(Span("nothing waits", "dim"),)]
        return [board.waiting_line(row, view, width, self.glyphs) for row in snapshot.waiting]

    def _all_lines(self, snapshot: Snapshot, view: View, width: int) -> list[Line]:
        self._items = self._everything(snapshot, view, width)
        return [item.line for item in self._items]

    def _everything(self, snapshot: Snapshot, view: View, width: int) -> list[Item]:
        """One list for narrow windows, each line with what it is about."""
        glyphs = self.glyphs
        layout = gates.plan(self._rows, width, glyphs)
        waits = [Item(board.waiting_line(row, view, width, glyphs), of_waiting(row)) for row in snapshot.waiting]
        rows = [Item(gates.gate_line(gate, view, layout, glyphs), of_gate(gate)) for gate in self._rows]
        if self.app.size.width < NARROW:
            worst = rows[0].leads if rows else None
            return [Item(gates.counts(snapshot.gates, glyphs), worst), *waits, *rows]
        items: list[Item] = [Item(gates.table_heading(layout, glyphs)), *rows]
        if waits:
            items += [*_title("WAITING FOR A PERSON"), *waits]
        items += _title("SOURCES")
        items += [Item(board.source_line(row, view, width, glyphs), of_source(row)) for row in snapshot.sources]
        items += [Item(channels.channel_line(row, view, width, glyphs)) for row in snapshot.channels]
        items += _title("LAST EVENTS")
        return [*items, *(Item(board.event_line(row, width, glyphs), of_event(row)) for row in snapshot.events[::-1])]

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        """Show the gate that the cursor stands on."""
        if event.view is self._gates.lines and event.index < len(self._rows):
            self._chosen = self._rows[event.index].name
            self.show(self.now)
        elif event.view in self._pickers:
            self._pickers[event.view].moved()

    def action_faults(self) -> None:
        """Show only what is not OK, or all again."""
        self._faults = not self._faults
        self.say("faults only: f shows all again" if self._faults else "")
        self.show(self.now)

    def action_advance(self) -> None:
        """Open the dialog that agrees to go on."""
        self.post_message(self.Asked(stage_acts.advance))

    def action_hold(self) -> None:
        """Open the dialog that holds this stage."""
        self.post_message(self.Asked(stage_acts.hold))

    def action_back(self) -> None:
        """Open the dialog that goes back a stage."""
        self.post_message(self.Asked(stage_acts.back))

    def action_sign(self) -> None:
        """Open the dialog that signs this gate."""
        unsigned = (row for row in self._rows if row.state == "unsigned")
        gate = next(unsigned, None) if self.narrow else self.gate
        self.post_message(self.Asked(lambda view: questions.sign(gate, view)))


def _title(text: str) -> list[Item]:
    return [Item(()), Item((Span(text, "head"),))]
