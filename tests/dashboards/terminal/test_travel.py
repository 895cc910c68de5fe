"""Going down from a row, up again, and back to where one was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dashboards.terminal.drawing.crumbs import crumbs
from dashboards.terminal.drawing.spans import Glyphs, line_cells, plain
from dashboards.terminal.subject import labels_of, of_gate, of_group
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.stage import Recorded, shown, terminal, text

NAMES = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True)
VALUES = st.from_regex(r"[^ =]{1,12}", fullmatch=True)


async def test_enter_goes_down_to_the_row_and_escape_up_again() -> None:
    """Enter on a gate opens its details with the way there above the keys; escape returns to the same gate."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        down = await shown(app, pilot, "j", "enter")
        up = await shown(app, pilot, "escape")
    assert " Board > Payment IVR" in down
    assert "SIGNALS" not in down
    assert "SIGNALS" in up
    assert "last good 98.7% at 01:14:55" in up


async def test_minus_returns_to_the_last_place_and_forth_again() -> None:
    """From details to another screen, `-` is back in the details, `-` again on that screen."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "enter")
        assert "TIMELINE" in await shown(app, pilot, "7")
        assert " Board > Abandon rate" in await shown(app, pilot, "minus")
        assert "TIMELINE" in await shown(app, pilot, "minus")


async def test_escape_closes_the_command_bar_before_it_goes_up() -> None:
    """With the command bar open in details, escape closes the bar and the details stay."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "enter", "colon", "=arm")
        assert " Board > Abandon rate" in await shown(app, pilot, "escape")
        assert "Board >" not in await shown(app, pilot, "escape")


async def test_a_row_that_leads_nowhere_says_so() -> None:
    """Where there is nothing to go down to, enter says it instead of doing nothing."""
    app = terminal(Recorded(None))
    async with app.run_test(size=(100, 30)) as pilot:
        assert "nothing to go down to here" in await shown(app, pilot, "enter")


async def test_a_click_selects_a_row_and_a_double_click_opens_it() -> None:
    """With the mouse: one click puts the cursor on a gate, two go down to it."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await shown(app, pilot)
        row = next(y for y, line in enumerate(seen.splitlines()) if "Service level" in line)
        await pilot.click(offset=(20, row))
        await pilot.pause()
        assert "71.0% < 75.0%" in text(app)
        await pilot.click(offset=(20, row), times=2)
        await pilot.pause()
        assert " Board > Service level" in text(app)


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_a_scope_is_read_back_as_the_labels_it_was_made_of(labels) -> None:
    """Labels that are spelled as rows spell them come back whole."""
    assert labels_of(of_group("group", labels).key) == labels


def test_a_value_with_a_space_in_it_stays_one_value() -> None:
    """A queue called `sales en` is not cut."""
    assert labels_of("queue=sales en site=porto") == {"queue": "sales en", "site": "porto"}
    assert labels_of("") == {}
    assert of_gate(recorded.FAILING_GATES[0]).labels == {"queue": "sales-en"}


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.integers(12, 160), st.booleans())
def test_the_crumbs_fit_their_line_and_end_where_one_is(parts, width, ascii_only) -> None:
    """Whatever the names, the crumbs are one line of at most the width; with room for it the last name is whole."""
    glyphs = Glyphs(ascii=ascii_only)
    line = crumbs(parts, width, glyphs)
    assert line_cells(line) <= width
    if parts[-1].isprintable() and parts[-1].strip() and cell_len(parts[-1]) < width - 6:
        assert plain(line).endswith(parts[-1].rstrip())


@pytest.mark.parametrize("size", [(40, 6), (60, 20), (240, 70)])
async def test_details_open_at_every_size(size) -> None:
    """From the smallest to the largest window, enter shows details and the verdict stays on top."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=size) as pilot:
        seen = await shown(app, pilot, "enter")
    assert "NO-GO" in seen.splitlines()[0] + seen.splitlines()[1]
    assert "Abandon rate" in seen
