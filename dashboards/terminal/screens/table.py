"""The common room of all screens that are one table: filter, order, columns, marks, copying, exporting.

A screen derives from TableScreen, gives its table (drawing/table.py: fields, key, faulty) to `super().__init__` and overrides

- `rows(snapshot)`: the rows, worst first; called once a snapshot, so it may depend on nothing else but the screen's own
  choices, after a change of which the screen calls `renew()`;
- `heading()`: what stands in the frame before filter and order;
- `below(row, width)`: lines about the row under the cursor (none: the table has all the room);
- `about(row)`: the Subject that `enter` goes down to;
- `EMPTY`: the words for no rows at all.

Its own keys stand before those of TABLE in `KEYS`; its `BINDINGS` are its own keys only. The state is `self.listing`
(rows, arrangement, marks, row under the cursor); `arrangement.py` orders, `query.py` understands the filter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import ClassVar, Generic, TypeVar

import msgspec
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from dashboards.terminal.arrangement import Arrangement, columns
from dashboards.terminal.drawing.arranged import notes, told
from dashboards.terminal.drawing.spans import Glyphs, Line, Span, clip, visible
from dashboards.terminal.drawing.table import Layout, Table, field_at, headings, layout, line
from dashboards.terminal.export import KINDS
from dashboards.terminal.keys import TABLE, Key, bindings
from dashboards.terminal.listing import Listing
from dashboards.terminal.query import NOTHING, parse
from dashboards.terminal.screens.choice import Choice, Option
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.screens.taking import copy, save
from dashboards.terminal.subject import Subject
from dashboards.terminal.view import View
from dashboards.terminal.widgets.filter_bar import FilterBar
from dashboards.terminal.widgets.grid import Grid, Titles
from dashboards.terminal.widgets.lines import LineView, Rows
from dashboards.terminal.widgets.pane import Pane
from monitor.serving.snapshot import Snapshot

T = TypeVar("T")

SHORT = 14
"""Lines of the window below which titles and the lines about one row give way to rows."""


class TableScreen(Frame, Generic[T]):
    """One table, and below it what there is to say about one row."""

    EMPTY = "nothing to show"
    KEYS: ClassVar[tuple[Key, ...]] = TABLE
    BINDINGS: ClassVar[list[BindingType]] = bindings(TABLE)

    def __init__(self, glyphs: Glyphs, table: Table[T]) -> None:
        super().__init__(glyphs)
        self.listing = Listing(table)
        self.grid = Grid(glyphs, id="table")
        self._under = Pane("THIS ROW", glyphs, id="under")
        self._under.add_class("under")
        self._filter = FilterBar()

    def rows(self, snapshot: Snapshot) -> Sequence[T]:  # noqa: ARG002 - for a screen to use
        """All rows, worst first."""
        return ()

    def heading(self) -> str:
        """What the frame says."""
        return self.listing.table.name.upper()

    def about(self, row: T) -> Subject | None:  # noqa: ARG002 - for a screen to use
        """What `enter` goes down to."""
        return None

    @property
    def subject(self) -> Subject | None:
        """What the row under the cursor is about."""
        return self.about(self.listing.row) if self.listing.row is not None else None

    def row_title(self, row: T) -> str:
        """What the frame below says."""
        return self.listing.table.key(row)

    def below(self, row: T, width: int) -> Sequence[Line]:  # noqa: ARG002 - for a screen to use
        """What there is to say about the row under the cursor."""
        return ()

    def body(self) -> Iterable[Widget]:
        """The table, the row, the filter."""
        yield self.grid
        yield self._under
        yield self._filter

    def told(self) -> str:
        """The whole title: what is shown, and how it is arranged."""
        listing = self.listing
        return told(self.heading(), len(listing.rows), len(listing.shown), listing.arrangement, self.glyphs)

    def plan(self, width: int) -> Layout[T]:
        """The columns for this width."""
        return layout(self.listing.arrangement.fields(self.listing.table), width, self.glyphs)

    def renew(self) -> None:
        """Make the rows anew, after a choice of the screen's own that they depend on."""
        self.listing.forget()
        self.show(self.now)

    def fill(self, view: View) -> None:
        """Draw the table and what is said about the row under the cursor."""
        listing = self.listing
        if trouble := listing.show(view.snapshot, self.rows):
            self.say(trouble)
        short = self.app.size.height < SHORT
        self.grid.entitle(self.told())
        self.grid.tabulate(
            self._notes if self.narrow else _nothing,
            _nothing if short or not listing.shown else self._titles,
            partial(self._lines, view),
        )
        self.grid.lines.place(listing.place)
        row = listing.row
        said = row is not None and not short and bool(self.below(row, self.app.size.width))
        self._under.display = said
        if row is not None and said:
            chosen = row
            self._under.entitle(visible(self.row_title(row), self.glyphs))
            self._under.show(lambda width: self.below(chosen, width))

    def _notes(self, width: int) -> Sequence[Line]:
        listing = self.listing
        return notes(len(listing.rows), len(listing.shown), listing.arrangement, width, self.glyphs)

    def _titles(self, width: int) -> Sequence[Line]:
        chosen = self.listing.arrangement
        return headings(self.plan(width), chosen.sort, back=chosen.back, glyphs=self.glyphs)

    def _lines(self, view: View, width: int) -> Sequence[Line]:
        listing = self.listing
        if not listing.shown:
            words = f"none of {len(listing.rows)} rows fits" if listing.rows else self.EMPTY
            return [clip((Span(words, "dim"),), width, self.glyphs)]
        plan, key = self.plan(width), listing.table.key
        return Rows(listing.shown, lambda row: line(plan, row, view, self.glyphs, marked=key(row) in listing.marks))

    def rearrange(self, chosen: Arrangement) -> None:
        """Show the rows in another arrangement."""
        self.listing.arrangement = chosen
        self.show(self.now)

    def _change(self, **fields: object) -> None:
        self.rearrange(msgspec.structs.replace(self.listing.arrangement, **fields))

    def narrow_to(self, typed: str) -> None:
        """Filter by what was typed; what cannot be understood is said and hides nothing."""
        query = parse(typed, columns(self.listing.table))
        self.say(query if isinstance(query, str) else "")
        self._change(query=NOTHING if isinstance(query, str) else query)

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        """The cursor stands on another row."""
        if event.view is self.grid.lines:
            self.listing.move(event.index)
            self.show(self.now)

    def on_titles_clicked(self, event: Titles.Clicked) -> None:
        """Sort by the column that was clicked."""
        if field := field_at(self.plan(self.grid.lines.size.width), event.x):
            self.rearrange(self.listing.arrangement.sorted_by(field.name))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while one types."""
        if event.input is self._filter:
            self.narrow_to(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter."""
        if event.input is self._filter:
            event.stop()
            self._filter.shut()

    def action_filter(self) -> None:
        """Open the line for the filter."""
        self._filter.open()

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        listing = self.listing
        options = [Option(field.name, field.label) for field in listing.arrangement.fields(listing.table)]

        def chosen(names: tuple[str, ...] | None) -> None:
            if names:
                self.rearrange(listing.arrangement.sorted_by(names[0]))

        self.app.push_screen(Choice("SORT BY", options, self.glyphs, on=(listing.arrangement.sort,)), chosen)

    def action_beside(self, by: int) -> None:
        """Sort by the next column."""
        self.rearrange(self.listing.arrangement.sorted_beside(self.listing.table, by))

    def action_columns(self) -> None:
        """Choose the columns."""
        names = {field.figure: field.group or field.title for field in self.listing.table.fields}
        on = [name for name in names if name not in self.listing.arrangement.hidden]

        def chosen(kept: tuple[str, ...] | None) -> None:
            if kept:
                self._change(hidden=frozenset(names) - set(kept))

        options = [Option(name, title or name) for name, title in names.items()]
        self.app.push_screen(Choice("COLUMNS", options, self.glyphs, on=on, several=True), chosen)

    def action_faults(self) -> None:
        """Only what is not OK, or all again."""
        self._change(faults=not self.listing.arrangement.faults)

    def action_wide(self) -> None:
        """All columns, or the usual ones."""
        self._change(wide=not self.listing.arrangement.wide)

    def action_mark(self) -> None:
        """Mark the row, and go on to the next."""
        self.listing.mark()
        self.grid.lines.action_move(1)
        self.show(self.now)

    def action_copy(self) -> None:
        """Copy rows."""
        self.say(copy(self))

    def action_export(self) -> None:
        """Ask for the kind of file, then write it."""
        options = [Option(kind, text, kind[0]) for kind, text in KINDS.items()]

        async def write(kind: str) -> None:
            self.say(await save(self, kind))

        def chosen(kinds: tuple[str, ...] | None) -> None:
            if kinds:
                self.call_after_refresh(lambda: self.run_worker(write(kinds[0])))

        self.app.push_screen(Choice("EXPORT", options, self.glyphs), chosen)


def _nothing(_: int) -> Sequence[Line]:
    return ()
