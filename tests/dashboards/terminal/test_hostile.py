"""Text from outside is shown as text: it is no markup, no control sequence, and breaks no column."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from dashboards.terminal.drawing.spans import Column, Glyphs, Span, clip, fit, line_cells, row, visible, wrap
from dashboards.terminal.screens.deck import SCREENS
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.moments import key
from tests.dashboards.terminal.stage import Recorded, shown, terminal

HOSTILE = (
    "[@click=app.approve]x[/]",
    "[/foo]",
    "[link=http://evil]y[/link]",
    "a\x1b]0;owned\x07b\x1b[2Jc",
    "\x9b31mred\x90q\x9c",
    "rtl\u202egnp.exe\u2066",
    "zero\u200bwidth\ufeff",
    "line\nbreak\r\u2028end\x00",
    "漢字の待ち行列" * 6,
    "e\u0301" * 40,
    "👩‍👩‍👧 ❤️ 🇵🇹",
    "\ud800lone",
    "x" * 4000,
)


def poison(value: Any, text: str) -> Any:
    """Every free text of a snapshot replaced by a hostile one; states and units stay."""
    return replaced(value, lambda: text)


def replaced(value: Any, fresh: Callable[[], str], path: str = "") -> Any:
    """Every free text of a snapshot replaced by the next one; states and units stay."""
    kept = {"state", "kind", "unit", "operator", "verdict", "mode", "action", "effect", "vote", "quality", "estimator"}
    if isinstance(value, msgspec.Struct):
        return type(value)(**{f: replaced(getattr(value, f), fresh, f) for f in value.__struct_fields__})
    if isinstance(value, tuple):
        return tuple(replaced(item, fresh, path) for item in value)
    if isinstance(value, dict):
        return {
            fresh() + key: fresh() if isinstance(item, str) else replaced(item, fresh) for key, item in value.items()
        }
    if isinstance(value, str) and value and path not in kept:
        return fresh()
    return value


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("moment", ["failing", "parked"])
async def test_hostile_rows_reach_no_screen_as_anything_but_text(moment, hostile) -> None:
    """On every screen and dialog: no control byte in the strips, no action or link on any cell, exact width, no crash."""
    source = Recorded(poison(recorded.MOMENTS[moment], hostile))
    for ascii_only in (False, True):
        app = terminal(source, operator=True, ascii_only=ascii_only)
        async with app.run_test(size=(100, 30)) as pilot:
            for keys in (*((key(name),) for name in SCREENS), (key("runbooks"), "A"), ("escape",), ("Y",)):
                seen = await shown(app, pilot, *keys)
                assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in seen)
                for strip in app.screen._compositor.render_strips(app.size):
                    assert strip.cell_length == 100
                    assert all(not segment.style or not segment.style.link for segment in strip)
                    assert all(not (segment.style and segment.style.meta.get("@click")) for segment in strip)
            await pilot.click(offset=(20, 5))
            await pilot.pause()
    assert source.acts == []


async def test_markup_in_a_name_is_shown_letter_by_letter() -> None:
    """A queue called like a Textual action appears as it is written."""
    snapshot: Snapshot = poison(recorded.FAILING, "[@click=app.approve]x[/]")
    app = terminal(Recorded(snapshot))
    async with app.run_test(size=(120, 36)) as pilot:
        assert "[@click=app.approve]x[/]" in await shown(app, pilot)


async def test_wide_letters_keep_the_columns_aligned() -> None:
    """With Chinese names the limit column stands in the same cells as without."""
    rows = (
        recorded.gate("a", "漢字の待ち行列", legacy=0.5, target=0.25, limit=0.08),
        recorded.gate("b", "plain", legacy=0.5, target=0.25, limit=0.08),
    )
    app = terminal(Recorded(msgspec.structs.replace(recorded.HEALTHY, gates=rows)))
    async with app.run_test(size=(100, 30)) as pilot:
        seen = await shown(app, pilot)
    lines = [line for line in seen.splitlines() if "≤8.0%" in line]
    assert len(lines) == 2
    assert len({cell_len(line[: line.index("≤8.0%")]) for line in lines}) == 1


TEXTS = st.text(max_size=60)
LOOKS = st.sampled_from([Glyphs(), Glyphs(ascii=True)])


@given(TEXTS, st.integers(0, 80), LOOKS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_fitted_text_is_exactly_as_wide_as_asked(text, width, glyphs, right) -> None:
    """Whatever the text, `fit` fills just its cells and lets no control character through."""
    out = fit(text, width, glyphs, right=right)
    assert cell_len(out) == width
    assert all(c.isprintable() for c in out)
    assert not glyphs.ascii or out.isascii()


@given(st.lists(TEXTS, min_size=3, max_size=3), st.integers(20, 120), LOOKS)
@settings(max_examples=150, deadline=None)
def test_a_row_is_exactly_as_wide_as_its_pane(texts, width, glyphs) -> None:
    """Three columns, one open, any texts: the line fills the pane."""
    plan = [Column("a", 6), Column("b", 0), Column("c", 5, right=True)]
    assert line_cells(row(plan, [Span(text) for text in texts], width, glyphs)) == width


@given(TEXTS, st.integers(8, 60), LOOKS)
@settings(max_examples=150, deadline=None)
def test_wrapped_text_loses_no_letter_and_fits(text, width, glyphs) -> None:
    """Wrapping keeps every visible character in order, and no line is wider than asked."""
    lines = wrap(text, width, glyphs)
    joined = "".join(span.text for line in lines for span in line)
    assert joined.replace(" ", "") == visible(text, glyphs).replace(" ", "")
    assert all(line_cells(line) <= width for line in lines)


@given(st.lists(TEXTS, max_size=5), st.integers(0, 60), LOOKS)
@settings(max_examples=150, deadline=None)
def test_a_clipped_line_is_never_wider_than_its_place(texts, width, glyphs) -> None:
    """Clipping any line of spans stays within the width."""
    line = tuple(Span(visible(text, glyphs)) for text in texts)
    assert line_cells(clip(line, width, glyphs)) <= width
