"""Screens that are no tables can be written as rows too, for a spreadsheet or a program."""

from __future__ import annotations

import csv
import io
import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dashboards.terminal.export import csv_of, records_of
from dashboards.terminal.screens.frame import Frame
from dashboards.terminal.screens.page import content
from monitor.serving.snapshot import EventRow
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.stage import Recorded, shown, terminal


async def told(kind: str, *keys: str) -> str:
    """What the file of this kind says of the screen after these keys."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, *keys)
        assert isinstance(app.screen, Frame)
        return content(app.screen, kind)


async def test_the_board_is_its_gates() -> None:
    """A row a gate, numbers in base units, and only the faulty ones while only those are shown."""
    rows = list(csv.DictReader(io.StringIO(await told("csv", "1"))))
    assert {row["name"] for row in rows} == {gate.name for gate in recorded.FAILING.gates}
    abandon = next(row for row in rows if row["title"] == "Abandon rate")
    assert (abandon["target"], abandon["limit"], abandon["unit"]) == ("0.118", "0.08", "ratio")
    faulty = list(csv.DictReader(io.StringIO(await told("csv", "1", "f"))))
    assert 0 < len(faulty) < len(rows)


async def test_a_run_is_its_steps() -> None:
    """The steps of the decision under the cursor, with what would be sent, and of which cutover they are."""
    told_json = json.loads(await told("json", "6"))
    assert told_json["environment"] == "PROD eu-west"
    assert [row["number"] for row in told_json["rows"]] == [1, 2, 3, 4, 5, 6]
    assert "request" in told_json["rows"][0]


async def test_details_are_the_lines_of_their_panes() -> None:
    """What has no rows of its own is written line by line."""
    rows = list(csv.DictReader(io.StringIO(await told("csv", "1", "enter"))))
    assert set(rows[0]) == {"pane", "line"}
    assert any(row["line"].strip() for row in rows)


@given(st.text(), st.text(), st.floats())
def test_whatever_a_row_says_it_is_one_line_of_harmless_cells(who: str, what: str, at: float) -> None:
    """No control character, no formula, no number that is none; what is nested is one text."""
    row = EventRow(seq=1, at=at, kind="note", who=who, what=what, object="x")
    (found,) = csv.DictReader(io.StringIO(csv_of(list(EventRow.__struct_fields__), records_of([row]))))
    assert all(cell.isprintable() for cell in found.values())
    assert not any(found[name].lstrip(" ").startswith(("=", "+", "-", "@")) for name in ("who", "what"))


def test_what_is_nested_is_one_text() -> None:
    """A list or a record in a cell is JSON, a truth value a word, nothing stays nothing."""

    class Nested(msgspec.Struct):
        many: tuple[str, ...]
        sure: bool
        none: float | None = None

    assert records_of([Nested(("a", "b"), sure=True)]) == [{"many": '["a","b"]', "sure": "true", "none": None}]
