"""Screen 1, the go/no-go board: may the cutover go on, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from dashboards.terminal import questions
from dashboards.terminal.drawing import board, gates
from dashboards.terminal.drawing.header import NARROW
from dashboards.terminal.drawing.spans import Glyphs, Line, Span
from dashboards.terminal.keys import BOARD, Key, bindings
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.subject import Subject, of_gate
from dashboards.terminal.view import View
from dashboards.terminal.widgets.lines import LineView, Rows
from dashboards.terminal.widgets.pane import Pane
from monitor.serving.snapshot import GateRow, Snapshot


class Board(Frame):
    """Gates, the one under the cursor, sources; who is asked, signals, last events."""

    KEYS: ClassVar[tuple[Key, ...]] = BOARD
    BINDINGS: ClassVar[list[BindingType]] = bindings(BOARD)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._gates = Pane("GATES", glyphs, id="gates", pick=True)
        self._detail = Pane("THIS GATE", glyphs, id="detail")
        self._sources = Pane("SOURCES", glyphs, id="sources")
        self._waiting = Pane("WAITING FOR A PERSON", glyphs, id="waiting")
        self._signals = Pane("SIGNALS", glyphs, id="signals")
        self._events = Pane("LAST EVENTS", glyphs, id="events")
        self._all = Pane("BOARD", glyphs, id="all")
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
        """The gate under the cursor."""
        gate = self.gate
        return of_gate(gate) if gate is not None else None

    def fill(self, view: View) -> None:
        """Draw every pane that can be seen."""
        snapshot = view.snapshot
        if snapshot is None:
            return
        order = gates.worst_first(snapshot.gates)
        self._rows = [gate for gate in order if gates.faulty(gate)] if self._faults else order
        if self.narrow:
            self._all.show(partial(self._everything, snapshot, view))
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
            lambda width: Rows(snapshot.sources, lambda row: board.source_line(row, view, width, glyphs))
        )
        self._waiting.show(partial(self._waits, snapshot, view))
        self._signals.show(lambda width: Rows(snapshot.sparks, lambda row: board.spark_line(row, width, glyphs)))
        events = snapshot.events[::-1]
        self._events.show(lambda width: Rows(events, lambda row: board.event_line(row, width, glyphs)))

    def own_keys(self) -> Iterable[tuple[str, str]]:
        """Signing is offered where there is something to sign."""
        signs = self.gate is not None and self.gate.kind == "signed"
        if self.narrow:
            signs = any(row.state == "unsigned" for row in self._rows)
        return [(key.shown, key.short) for key in BOARD if key.shown != "S" or signs]

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

    def _everything(self, snapshot: Snapshot, view: View, width: int) -> Sequence[Line]:
        glyphs = self.glyphs
        layout = gates.plan(self._rows, width, glyphs)
        waits = [board.waiting_line(row, view, width, glyphs) for row in snapshot.waiting]
        rows = [gates.gate_line(gate, view, layout, glyphs) for gate in self._rows]
        if self.app.size.width < NARROW:
            return [gates.counts(snapshot.gates, glyphs), *waits, *rows]
        lines: list[Line] = [gates.table_heading(layout, glyphs), *rows]
        if waits:
            lines += [(), (Span("WAITING FOR A PERSON", "head"),), *waits]
        lines += [(), (Span("SOURCES", "head"),)]
        lines += [board.source_line(row, view, width, glyphs) for row in snapshot.sources]
        lines += [(), (Span("LAST EVENTS", "head"),)]
        return [*lines, *(board.event_line(row, width, glyphs) for row in snapshot.events[::-1])]

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        """Show the gate that the cursor stands on."""
        if event.view is self._gates.lines and event.index < len(self._rows):
            self._chosen = self._rows[event.index].name
            self.show(self.now)

    def action_faults(self) -> None:
        """Show only what is not OK, or all again."""
        self._faults = not self._faults
        self.say("faults only: f shows all again" if self._faults else "")
        self.show(self.now)

    def action_sign(self) -> None:
        """Open the dialog that signs this gate."""
        unsigned = (row for row in self._rows if row.state == "unsigned")
        gate = next(unsigned, None) if self.narrow else self.gate
        self.post_message(self.Asked(lambda view: questions.sign(gate, view)))
