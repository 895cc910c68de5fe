"""Keys: what is bound is in the help, what is in the help is bound, nothing clashes, and a person may choose others (U8)."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.terminal.drawing.spans import Glyphs, line_cells, plain
from dashboards.terminal.keymap import (
    USUAL,
    Keymap,
    KeymapError,
    chosen,
    clashes,
    contexts,
    listed,
    named,
    read,
    spelled,
)
from dashboards.terminal.keys import BOARD, EVERYWHERE, FRAME, LISTS, identity, tables
from dashboards.terminal.screens.deck import SCREENS
from dashboards.terminal.screens.help import help_lines
from monitor.cli.keys import keys as command
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.moments import key, moment
from tests.dashboards.terminal.stage import Recorded, shown, terminal

OF_THE_LIBRARY = frozenset(
    {"up", "down", "left", "right", "home", "end", "ctrl+pageup", "ctrl+pagedown", "super+c", "ctrl+c", "escape"}
)
"""Keys of Textual's own lists and texts: arrows beside ours, copying what the mouse selected."""


@pytest.mark.parametrize("name", SCREENS)
async def test_what_is_bound_on_a_screen_is_in_its_help_and_the_other_way_round(name) -> None:
    """On every screen each key that does something stands in the help, and each line of the help does something."""
    app = terminal(Recorded(moment(name)))
    async with app.run_test(size=(160, 60)) as pilot:
        await shown(app, pilot, key(name))
        bound = set(app.screen.active_bindings) | {k for place in app.screen.active_bindings for k in place.split(",")}
        screen = app.frames[name]
        told = {one for line in (*screen.KEYS, *FRAME, *LISTS, *EVERYWHERE) for one in line.key.split(",")}
    assert told <= bound | OF_THE_LIBRARY
    assert bound <= told | OF_THE_LIBRARY


async def test_the_help_can_be_read_to_its_end_in_a_small_window() -> None:
    """At 60x20 the help scrolls with the keys of lists, and its last line comes in sight."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(60, 20)) as pilot:
        first = await shown(app, pilot, "question_mark")
        last = await shown(app, pilot, "G")
    assert "THIS SCREEN" in first
    assert "mouse selects text" not in first
    assert "mouse selects text" in last


@given(st.integers(8, 160), st.booleans())
def test_the_help_fits_any_width_and_loses_no_word(width, ascii_only) -> None:
    """Long lines are wrapped under themselves, never cut."""
    lines = help_lines(BOARD, USUAL, width, Glyphs(ascii=ascii_only))
    assert all(line_cells(line) <= max(width, 20) for line in lines)
    words = re.sub(r"\s+", "", "".join(plain(line) for line in lines))
    for entry in BOARD:
        assert re.sub(r"\s+", "", entry.help) in words


def test_the_usual_keys_clash_neither_with_each_other_nor_with_tmux_screen_or_the_terminal() -> None:
    """No key does two things on one screen, and none is one that tmux, screen or a terminal takes for itself."""
    assert clashes() == []
    assert set(SCREENS) <= set(contexts())


def test_every_key_has_an_identity_of_its_own() -> None:
    """A file of keys can name each of them, and no two by the same name."""
    names = [identity(entry) for table in tables().values() for entry in table]
    assert None not in names
    assert len(names) == len(set(names))


def written(tmp_path: Path, text: str) -> Path:
    """A file of keys."""
    path = tmp_path / "keys.yaml"
    path.write_text(text, encoding="utf-8")
    return path


async def test_a_person_may_choose_other_keys(tmp_path) -> None:
    """With a file the new key works, the usual one does not, and bottom line and help show the new one."""
    keymap = await asyncio.to_thread(lambda: read(written(tmp_path, 'board: {f: "f9,!"}\neverywhere: {"?": f1}\n')))
    app = terminal(Recorded(recorded.FAILING), keymap=keymap)
    async with app.run_test(size=(120, 36)) as pilot:
        assert "Jitter p95" in await shown(app, pilot, "f")
        assert "Jitter p95" not in await shown(app, pilot, "f9")
        assert " f9 faults only" in await shown(app, pilot, "exclamation_mark")
        assert re.search(r"f9 +show only gates", await shown(app, pilot, "f1"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("board: {f: ctrl+b}", "is the prefix of tmux"),
        ("board: {f: j}", "would be both"),
        ("board: {q: x}", "keys.yaml:1:12: board.q: board has no key 'q'; it has f, S"),
        ("bord: {f: x}", "there is no place 'bord'"),
        ("board: {f: 'no key'}", "is no key"),
        ("board: [f]", "keys.yaml:1:8"),
        ("board: {f: x", "keys.yaml:"),
        ("- a", "keys.yaml:1:1"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_says_where_and_why(tmp_path, text, words) -> None:
    """Each mistake is told with its place and what to write instead; nothing is half used."""
    with pytest.raises(KeymapError, match=re.escape(words)):
        read(written(tmp_path, text))


def test_the_file_is_looked_for_where_configuration_stands(tmp_path, monkeypatch) -> None:
    """Without a path the file of XDG_CONFIG_HOME counts where there is one; a path that is not there is a mistake."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert chosen(None) == USUAL
    (tmp_path / "golive").mkdir()
    written(tmp_path / "golive", "board: {f: f9}")
    assert chosen(None).of(BOARD[0]) == "f9"
    with pytest.raises(KeymapError, match="nowhere"):
        chosen(tmp_path / "nowhere.yaml")


def test_the_command_lists_every_key_and_finds_clashes(tmp_path, capsys) -> None:
    """`golive keys` shows all of them, `--json` as one object, `--check` answers by its exit code."""
    assert command() == 0
    text = capsys.readouterr().out
    for _, _, now, help_text in listed():
        assert re.search(rf"^  {re.escape(now)} +{re.escape(help_text)}$", text, re.MULTILINE)
    assert command(as_json=True) == 0
    whole = json.loads(capsys.readouterr().out)
    assert len(whole["keys"]) == len(list(listed()))
    assert whole["clashes"] == []
    assert command(check=True, file=written(tmp_path, "board: {f: j}")) == 1
    assert "would be both" in capsys.readouterr().err
    assert command(check=True, file=written(tmp_path, "board: {f: f9}")) == 0


@given(st.sampled_from([entry.shown for table in tables().values() for entry in table]))
def test_a_key_is_spelled_as_it_is_named(usual) -> None:
    """What a person writes for a key is what the help shows for it."""
    assert spelled(named(usual)) in (usual, usual.lower())
    assert Keymap({}).keys == {}
