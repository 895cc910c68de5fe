"""A screen of the common table room for its tests: trunks with numbers of both platforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from dashboards.terminal.drawing.spans import Glyphs, Line, Span
from dashboards.terminal.drawing.table import Field, Table
from dashboards.terminal.query import Value
from dashboards.terminal.screens.table import TableScreen
from dashboards.terminal.subject import Subject, of_group
from dashboards.terminal.view import View
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.stage import Recorded, terminal


class Trunk(NamedTuple):
    """One row."""

    name: str
    state: str = "ok"
    old: float | None = None
    new: float | None = None
    loss: float | None = None


def number(name: str, title: str, rank: int, *, side: str = "", base: str = "", group: str = "") -> Field[Trunk]:
    """A column of numbers; `name` is the attribute unless the figure has sides."""
    attribute = side or name

    def value(row: Trunk) -> Value:
        found: float | None = getattr(row, attribute)
        return found

    def draw(row: Trunk, _view: View, _glyphs: Glyphs) -> Span:
        found = value(row)
        return Span("-" if found is None else f"{found:g}")

    return Field(name, title, value, draw, 7, right=True, falling=True, rank=rank, side=side, base=base, group=group)


FIELDS: tuple[Field[Trunk], ...] = (
    Field(
        "state", "State", lambda row: row.state, lambda row, _v, _g: Span(row.state.upper(), row.state), 8, worded=True
    ),
    Field("trunk", "Trunk", lambda row: row.name, lambda row, _v, _g: Span(row.name, "strong"), worded=True),
    number("calls_old", "old", 1, side="old", base="calls", group="Calls"),
    number("calls_new", "new", 1, side="new", base="calls", group="Calls"),
    number("loss", "Loss", 2)._replace(unit="ratio"),
    number("spare", "Spare", 3)._replace(value=lambda _row: 1.0, draw=lambda _r, _v, _g: Span("1"), wide=True),
)
TRUNKS = Table("trunks", FIELDS, key=lambda row: row.name, faulty=lambda row: row.state != "ok")


class Probe(TableScreen[Trunk]):
    """Shows what a test puts into `given`."""

    EMPTY = "no trunk is known"
    given: tuple[Trunk, ...] = ()

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(glyphs, TRUNKS)
        self.made = 0

    def rows(self, snapshot: Snapshot) -> Sequence[Trunk]:
        """What the test gave."""
        del snapshot
        self.made += 1
        return self.given

    def heading(self) -> str:
        """Our word."""
        return "TRUNKS"

    def about(self, row: Trunk) -> Subject:
        """A trunk."""
        return of_group("trunk", {"trunk": row.name})

    def below(self, row: Trunk, width: int) -> Sequence[Line]:
        """One line."""
        del width
        return ((Span(f"about {row.name}"),),)


SOME = (
    Trunk("sbc-10", "breach", 20, 412, 0.09),
    Trunk("sbc-2", "warn", 30, 390, 0.004),
    Trunk("pstn", "ok", 201, None, None),
    Trunk("漢字トランク", "ok", None, 5, 0.0),
)


def staged(rows: tuple[Trunk, ...] = SOME, **looks):
    """A terminal with the screen in it, and the screen: go there with `app.action_go("probe")`."""
    source = Recorded(recorded.FAILING)
    app = terminal(source, **looks)
    screen = Probe(app.glyphs)
    screen.given = rows
    app.frames["probe"] = screen
    return app, screen, source
