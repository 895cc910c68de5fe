"""The common table room as people use it: keys, mouse, files, wide letters, thousands of rows."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from dashboards.terminal import export
from dashboards.terminal.drawing.spans import Glyphs, Span, line_cells
from dashboards.terminal.drawing.table import LEAST, headings, layout, line
from dashboards.terminal.view import View
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.probe import FIELDS, SOME, TRUNKS, Trunk, staged
from tests.dashboards.terminal.stage import shown, text

PLAIN = Glyphs()


async def used(pilot, app, *keys: str) -> str:
    """The probe screen after these keys."""
    await app.poll()
    app.action_go("probe")
    await pilot.pause()
    return await shown(app, pilot, *keys)


def order(seen: str) -> list[str]:
    """Names of the rows, from top to bottom."""
    return re.findall(r"(sbc-10|sbc-2|pstn|漢字トランク|trunk-\d+) +\S+ +\S+ +\S+ ", seen)


async def test_a_filter_narrows_while_one_types_and_stays_until_it_is_taken_away() -> None:
    """The rows follow each letter, the frame says what is left out, enter keeps it, esc brings all back."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        typing = await used(pilot, app, "slash", "=sbc !10")
        kept = await shown(app, pilot, "enter")
        gone = await shown(app, pilot, "slash", "escape")
    assert order(typing) == order(kept) == ["sbc-2"]
    assert "TRUNKS · 1 of 4 shown · filter: sbc !10" in kept
    assert order(gone) == ["sbc-10", "sbc-2", "pstn", "漢字トランク"]
    assert "filter" not in gone.splitlines()[2]


async def test_a_filter_that_is_wrong_says_so_and_hides_nothing() -> None:
    """An unknown column is named with the nearest one, and all rows are in sight."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        seen = await used(pilot, app, "slash", "=los:>1")
    assert "did you mean loss?" in seen
    assert len(order(seen)) == 4


async def test_a_filter_without_end_is_taken_away_and_all_rows_come_back() -> None:
    """The screen does not hang, says what happened, and hides nothing."""
    app, screen, _ = staged((Trunk("a" * 60 + "!"), *SOME))
    async with app.run_test(size=(100, 30)) as pilot:
        begun = time.process_time()
        seen = await used(pilot, app, "slash", "=~(a+)+$")
        assert time.process_time() - begun < 5
    assert "does not come to an end" in seen
    assert len(screen.listing.shown) == 5


async def test_a_filter_is_shown_as_it_was_typed_and_is_never_markup() -> None:
    """What a person types into a filter stands in the frame letter by letter."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        seen = await used(pilot, app, "slash", "=[red]x[/red][@click=app.leave]", "enter")
    assert "filter: [red]x[/red][@click=app.leave]" in seen


async def test_columns_sort_by_key_and_by_click_and_again_turns_round() -> None:
    """`>` goes through the columns, a click on a title sorts by it, a second one turns it round, a third ends it."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        by_state = await used(pilot, app, "greater_than_sign")
        titles = text(app).splitlines()[4]
        place = (titles.index("Loss"), 4)
        await pilot.click(offset=place)
        loss = await shown(app, pilot)
        await pilot.click(offset=place)
        back = await shown(app, pilot)
        await pilot.click(offset=place)
        usual = await shown(app, pilot)
    assert "by state" in by_state
    assert order(loss) == ["sbc-10", "sbc-2", "漢字トランク", "pstn"]
    assert "Loss↓" in loss
    assert order(back) == ["漢字トランク", "sbc-2", "sbc-10", "pstn"]
    assert "Loss↑" in back
    assert "turned round" in back
    assert order(usual) == ["sbc-10", "sbc-2", "pstn", "漢字トランク"]


async def test_the_column_to_sort_by_can_be_chosen_from_a_list() -> None:
    """`s` lists the columns by their titles; enter takes the one under the cursor; esc changes nothing."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        asked = await used(pilot, app, "s")
        chosen = await shown(app, pilot, "j", "j", "enter")
        left = await shown(app, pilot, "s", "j", "escape")
    assert "SORT BY" in asked
    assert "Calls old" in asked
    assert order(chosen) == ["pstn", "sbc-2", "sbc-10", "漢字トランク"]
    assert order(left) == order(chosen)


async def test_columns_can_be_switched_off_and_on() -> None:
    """`c` lists the figures; one that is switched off goes from the table, the frame counts it, and it can come back."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        without = await used(pilot, app, "c", "j", "j", "j", "space", "enter")
        again = await shown(app, pilot, "c", "j", "j", "j", "space", "enter")
        wide = await shown(app, pilot, "w")
    assert "Loss" not in without.splitlines()[4]
    assert "1 columns off" in without
    assert "Loss" in again.splitlines()[4]
    assert "Spare" not in again
    assert "Spare" in wide


async def test_faults_only_leaves_what_is_not_ok() -> None:
    """`f` hides the healthy rows and says so; `f` again brings them back."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        faults = await used(pilot, app, "f")
        everything = await shown(app, pilot, "f")
    assert order(faults) == ["sbc-10", "sbc-2"]
    assert "2 of 4 shown · faults only" in faults
    assert len(order(everything)) == 4


async def test_the_cursor_stays_on_its_row_when_the_order_changes() -> None:
    """A row that moves takes the cursor with it; when it goes away the cursor stays where it was."""
    app, screen, source = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        assert "about sbc-2" in await used(pilot, app, "j")
        screen.given = SOME[::-1]
        source.now = msgspec.structs.replace(recorded.FAILING, at=recorded.AT + 1)
        assert "about sbc-2" in await shown(app, pilot)
        assert screen.listing.place == 2
        screen.given = (SOME[0], SOME[2], SOME[3])
        source.now = msgspec.structs.replace(recorded.FAILING, at=recorded.AT + 2)
        assert "about 漢字トランク" in await shown(app, pilot)
        await pilot.click(offset=(20, 5))
        assert "about sbc-10" in await shown(app, pilot)


async def test_enter_goes_down_to_the_row_under_the_cursor_and_esc_comes_back() -> None:
    """From any table enter opens the details of its row; esc is back on that row."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        down = await used(pilot, app, "j", "enter")
        back = await shown(app, pilot, "escape")
    assert "sbc-2" in down
    assert order(down) == []
    assert "about sbc-2" in back


async def test_rows_are_copied_as_words_and_the_terminal_is_told() -> None:
    """`y` copies the row under the cursor with its titles, or all marked rows; the screen shows what was copied."""
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        seen = await used(pilot, app, "y")
        assert app.clipboard == "State BREACH; Trunk sbc-10; Calls old 20; Calls new 412; Loss 0.09"
        assert "copied: State BREACH; Trunk sbc-10; Calls old 20" in seen
        seen = await shown(app, pilot, "space", "space", "y")
    assert "▸" in seen
    assert "2 rows copied" in seen
    assert [part.split(";")[1] for part in app.clipboard.splitlines()] == [" Trunk sbc-10", " Trunk sbc-2"]


@pytest.mark.parametrize("kind", list(export.KINDS))
async def test_what_is_shown_can_be_written_to_a_file_of_ones_own(kind, tmp_path, monkeypatch) -> None:
    """`x` asks for the kind, writes a file that only its owner may read, named by the time, and says where it is."""
    monkeypatch.chdir(tmp_path)
    app, _, _ = staged()
    async with app.run_test(size=(100, 30)) as pilot:
        asked = await used(pilot, app, "slash", "=sbc", "enter", "x")
        await pilot.press(kind[0])
        await pilot.pause()
        await app.workers.wait_for_complete()
        said = text(app)
    (path,) = tmp_path.iterdir()
    assert "EXPORT" in asked
    assert "CSV: the rows" in asked
    assert str(path)[:30] in said
    assert "0600" in said
    assert re.fullmatch(rf"golive-trunks-\d{{8}}T\d{{6}}Z\.{kind}", path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_text(encoding="utf-8")
    assert "sbc-10" in content
    assert "pstn" not in content
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(content)))
        assert rows[0] == {
            "state": "breach",
            "trunk": "sbc-10",
            "calls_old": "20",
            "calls_new": "412",
            "loss_ratio": "0.09",
        }
    elif kind == "json":
        whole = json.loads(content)
        assert (whole["schema"], whole["screen"], whole["filter"]) == (1, "trunks", "sbc")
        assert whole["at"] == "2026-11-21T02:00:00Z"
        assert whole["rows"][1]["loss_ratio"] == 0.004
    elif kind == "svg":
        assert content.startswith("<svg")
        assert not re.search(r"url\(\W*http", content)
    else:
        assert "NO-GO" in content
        assert "TRUNKS · 2 of 4 shown · filter: sbc" in content


async def test_a_folder_that_cannot_be_written_to_is_named(tmp_path, monkeypatch) -> None:
    """Nothing is lost in silence: the screen says that nothing was written, where and what to do."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    app, _, _ = staged()
    async with app.run_test(size=(120, 30)) as pilot:
        await used(pilot, app, "x", "c")
        await app.workers.wait_for_complete()
        assert "nothing was written" in text(app)


def test_two_files_of_one_second_do_not_overwrite_each_other(tmp_path) -> None:
    """The second file of a second gets a number; nothing is ever overwritten and no link is followed."""
    first = export.write(tmp_path, "queues", "csv", "a", recorded.AT)
    second = export.write(tmp_path, "queues", "csv", "b", recorded.AT)
    assert (first.name, second.name) == ("golive-queues-20261121T020000Z.csv", "golive-queues-20261121T020000Z-2.csv")
    assert first.read_text() == "a"
    (tmp_path / "golive-queues-20261121T020000Z-3.csv").symlink_to(tmp_path / "elsewhere")
    assert export.write(tmp_path, "queues", "csv", "c", recorded.AT).name.endswith("-4.csv")
    assert not (tmp_path / "elsewhere").exists()


@given(st.text(max_size=12) | st.sampled_from(["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1"]))  # noqa: RUF001 - wide signs
@settings(max_examples=200, deadline=None)
def test_no_cell_of_a_csv_file_is_a_formula(name) -> None:
    """Whatever a row is called, no spreadsheet finds a formula in the file, and the text can be read back."""
    content = export.as_csv(FIELDS, [Trunk(name, "ok", -5.0)])
    (row,) = csv.DictReader(io.StringIO(content))
    cell = row["trunk"]
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))  # noqa: RUF001 - wide signs
    assert row["calls_old"] == "-5.0"
    assert all(c.isprintable() for c in cell)


LOOKS = st.sampled_from([Glyphs(), Glyphs(ascii=True)])


@given(st.text(max_size=30), st.integers(12, 200), LOOKS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_row_fills_its_pane_exactly_whatever_its_name(name, width, glyphs, marked) -> None:
    """Combining marks, emoji, wide letters, control codes: titles and row have just the pane's width, columns aligned."""
    plan = layout(FIELDS, width, glyphs)
    drawn = line(plan, Trunk(name, "ok", 1.0, 2.0, 3.0), View(), glyphs, marked=marked)
    assert line_cells(drawn) == width or width < 22
    for heading in headings(plan, "trunk", back=False, glyphs=glyphs):
        assert line_cells(heading) == line_cells(drawn)


def test_where_room_is_short_whole_figures_give_way_by_rank() -> None:
    """The state and the name stay; a figure's two sides leave together; the name keeps a readable width."""
    names = {width: [field.name for field in layout(FIELDS[:-1], width, PLAIN).fields] for width in (20, 40, 46, 80)}
    assert names[20] == ["state", "trunk"]
    assert names[40] == ["state", "trunk", "calls_old", "calls_new"]
    assert names[80] == ["state", "trunk", "calls_old", "calls_new", "loss"]
    for width in range(22, 120):
        plan = layout(FIELDS, width, PLAIN)
        assert plan.columns[2].width >= LEAST
        fitting = {field.name for field in plan.fields}
        assert ("calls_old" in fitting) == ("calls_new" in fitting)


async def test_wide_letters_and_marks_keep_every_column_in_its_place() -> None:
    """Chinese, combining and emoji names: the numbers of all rows end in the same cell."""
    rows = tuple(
        Trunk(name, "ok", 1234.0, 5.0, 0.5)
        for name in ("plain", "漢字の待ち行列" * 4, "e\u0301" * 30, "👩‍👩‍👧 ❤️ 🇵🇹", "한국어")
    )
    app, _, _ = staged(rows)
    async with app.run_test(size=(90, 30)) as pilot:
        seen = await used(pilot, app)
    lines = [part for part in seen.splitlines() if "1234" in part]
    assert len(lines) == 5
    assert len({cell_len(part[: part.index("1234")]) for part in lines}) == 1


async def test_five_thousand_rows_draw_only_what_is_in_sight_and_nothing_twice() -> None:
    """Rows are made once a snapshot, drawn only where they can be seen, and the last is one key away."""
    drawn: list[str] = []
    rows = tuple(Trunk(f"trunk-{i}", "ok", float(i)) for i in range(5000))
    app, screen, source = staged(rows)
    name = FIELDS[1]

    def watch(row: Trunk, view: View, glyphs: Glyphs) -> Span:
        drawn.append(row.name)
        return name.draw(row, view, glyphs)

    screen.listing.table = TRUNKS._replace(fields=(FIELDS[0], name._replace(draw=watch), *FIELDS[2:]))
    async with app.run_test(size=(100, 30)) as pilot:
        await used(pilot, app)
        made = screen.made
        drawn.clear()
        for _ in range(3):
            app.draw()
        assert screen.made == made
        assert len(set(drawn)) < 40
        assert "trunk-4999" in await shown(app, pilot, "G")
        source.now = msgspec.structs.replace(recorded.FAILING, at=recorded.AT + 1)
        await shown(app, pilot)
        assert screen.made == made + 1


async def test_a_small_window_says_on_a_line_what_a_frame_would_have_said() -> None:
    """Without frames a filter that hides rows is told above them, and no rows at all are told in words."""
    app, screen, source = staged()
    async with app.run_test(size=(60, 20)) as pilot:
        seen = await used(pilot, app, "slash", "=pstn", "enter")
        nothing = await shown(app, pilot, "slash", "=zzz", "enter")
        screen.given = ()
        source.now = msgspec.structs.replace(recorded.FAILING, at=recorded.AT + 1)
        empty = await shown(app, pilot, "slash", "escape")
    assert "3 of 4" not in seen
    assert "1 of 4 shown · filter: pstnzzz" not in seen
    assert "1 of 4 shown · filter: pstn" in seen
    assert "none of 4 rows fits" in nothing
    assert "no trunk is known" in empty
