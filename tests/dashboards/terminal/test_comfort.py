"""What makes watching easier and changes nothing: hold, zoom, mouse, palette, explanation, Grafana; and a lost daemon."""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.command import CommandPalette

from dashboards.terminal.drawing.spans import Glyphs, plain
from dashboards.terminal.links import grafana
from dashboards.terminal.lookup import Lookup
from dashboards.terminal.pages.canvas import Canvas
from dashboards.terminal.pages.metric import metrics_of, told
from dashboards.terminal.subject import Subject, of_group
from dashboards.terminal.view import View
from monitor.catalogue.inventory import CATALOGUE
from monitor.daemon.inspector import Inspector
from monitor.intake.intake import Intake
from monitor.judging.engine import Engine
from monitor.judging.explaining import Standards
from monitor.judging.store import Store
from monitor.serving.web_config import WebConfig
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.recorded_details import Answering
from tests.dashboards.terminal.stage import Clock, Recorded, shown, terminal, text
from tests.dashboards.terminal.test_drill import MOMENT

LINKED = msgspec.structs.replace(MOMENT, links={"grafana": "https://grafana.example/"})


async def test_a_held_display_stands_still_and_says_so_louder_than_anything() -> None:
    """While the display is held nothing on it moves but the banner, which counts and tells the verdict of the present."""
    source, clock = Recorded(recorded.FAILING), Clock()
    app = terminal(source, clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "p")
        source.now = msgspec.structs.replace(
            recorded.HEALTHY,
            at=recorded.AT + 30,
            verdict=msgspec.structs.replace(recorded.HEALTHY.verdict, since=recorded.AT + 20),
        )
        clock.seconds += 30
        held = await shown(app, pilot)
        on = await shown(app, pilot, "p")
    assert "DISPLAY HELD for 00:30, as of 02:00:00 UTC; now GO 10s; p goes on" in held
    assert "■ NO-GO  for 4m12s" in held
    assert "DISPLAY HELD" not in on
    assert "● GO" in on


async def test_a_held_display_does_not_hide_that_the_daemon_is_gone() -> None:
    """The banner of a lost daemon comes even while the display is held."""
    source, clock = Recorded(recorded.HEALTHY), Clock()
    app = terminal(source, clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "p")
        source.now = None
        clock.seconds += 2
        seen = await shown(app, pilot)
    assert "daemon gone since 02:00:00 UTC" in seen
    assert "DISPLAY HELD" in seen


async def test_what_is_signed_while_the_display_is_held_is_what_holds_now() -> None:
    """A dialog opened from a held display shows the present: a decision that ended meanwhile cannot be signed."""
    source = Recorded(recorded.FAILING)
    app = terminal(source, operator=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "6", "p")
        source.now = msgspec.structs.replace(recorded.HEALTHY, at=recorded.AT + 30)
        seen = await shown(app, pilot, "A")
    assert "this decision is no longer there" in seen
    assert source.acts == []


async def test_the_lag_of_the_display_is_shown_from_one_second_on() -> None:
    """The bottom line says live, then how many seconds what is shown is behind."""
    source, clock = Recorded(recorded.HEALTHY), Clock()
    app = terminal(source, clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        assert await shown(app, pilot)
        assert text(app).splitlines()[-1].endswith("live")
        source.now = None
        clock.seconds += 1.2
        seen = await shown(app, pilot)
        assert seen.splitlines()[-1].endswith("1s behind")
        source.now = msgspec.structs.replace(recorded.HEALTHY, at=recorded.AT + 2)
        assert (await shown(app, pilot)).splitlines()[-1].endswith("live")


@pytest.mark.parametrize("screen", ["1", "4", "6"])
async def test_zoom_gives_one_pane_all_the_room_and_takes_it_back(screen) -> None:
    """With `z` the header, the keys and one pane are left; again, and all is as it was."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 36)) as pilot:
        before = await shown(app, pilot, screen)
        zoomed = await shown(app, pilot, "z")
        after = await shown(app, pilot, "z")
    assert after == before
    assert zoomed.splitlines()[:2] == before.splitlines()[:2]
    assert zoomed.count("╭") == 1
    assert zoomed.splitlines()[-1] == before.splitlines()[-1]


async def test_zoomed_is_the_pane_that_has_the_cursor() -> None:
    """After tab it is the next pane that `z` enlarges."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await shown(app, pilot, "shift+tab", "z")
    assert "LAST EVENTS" in seen
    assert "GATES" not in seen


async def test_the_mouse_can_be_left_to_the_terminal(monkeypatch) -> None:
    """`M` lets the terminal select text, `M` again takes the clicks back, and each is said."""
    app, said = terminal(Recorded(MOMENT)), []
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot)
        monkeypatch.setattr(app._driver, "_disable_mouse_support", lambda: said.append("off"), raising=False)
        monkeypatch.setattr(app._driver, "_enable_mouse_support", lambda: said.append("on"), raising=False)
        left = await shown(app, pilot, "M")
        taken = await shown(app, pilot, "M")
    assert said == ["off", "on"]
    assert "the mouse is the terminal's: select text" in left
    assert "the mouse clicks here again" in taken


async def test_the_wheel_scrolls_what_it_is_over() -> None:
    """Turning the wheel over a long list brings further lines in sight."""
    gates = tuple(recorded.gate(f"g{i}", f"Gate number {i}") for i in range(200))
    app = terminal(Recorded(msgspec.structs.replace(recorded.HEALTHY, gates=gates)))
    async with app.run_test(size=(120, 36)) as pilot:
        assert "OK       Gate number 0 " in await shown(app, pilot)
        for _ in range(10):
            view = app.screen.query_one("#gates-lines")
            view.post_message(events.MouseScrollDown(view, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False))
        await pilot.pause()
        assert "OK       Gate number 0 " not in await shown(app, pilot)


async def until(app, pilot, holds: Callable[[str], bool]) -> str:
    """The screen once this holds of it; Textual searches in a task of its own."""
    end = time.monotonic() + 30
    while not holds(seen := text(app)):
        assert time.monotonic() < end, seen
        await pilot.pause(0.02)
    return seen


async def palette(app, pilot, typed: str) -> str:
    """The palette's answer to what was typed, once it came to rest."""
    await shown(app, pilot, "ctrl+p")
    assert isinstance(app.screen, CommandPalette)
    await until(app, pilot, lambda seen: "key f" in seen)
    for char in typed:
        app.post_message(events.Key(char, char))
    return await until(app, pilot, lambda seen: typed in seen and "open the dialog" not in seen.splitlines()[4])


@pytest.mark.parametrize("look", ["colour-blind", "ascii"])
async def test_the_palette_finds_a_key_by_its_words_and_presses_it(look) -> None:
    """ctrl+p lists what the screen can do; words narrow it, enter does it; in ASCII no other character is drawn."""
    app = terminal(Recorded(recorded.FAILING), ascii_only=look == "ascii")
    async with app.run_test(size=(120, 40)) as pilot:
        seen = await palette(app, pilot, "not OK")
        assert "show only gates that are not OK" in seen
        assert look != "ascii" or seen.isascii()
        assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in seen)
        await pilot.press("enter")
        await pilot.pause()
        after = await shown(app, pilot)
    assert "Jitter p95" not in after
    assert "Abandon rate" in after


@pytest.mark.parametrize("opens", [("question_mark",), ("ctrl+p",), ("x",), ("question_mark", "question_mark")])
async def test_what_lies_over_a_screen_closes_once_however_fast_keys_follow(opens) -> None:
    """Escape pressed three times at once closes the help, the palette, a choice or the explanation, and nothing below."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot, *opens)
        for _ in range(3):
            app.post_message(events.Key("escape", None))
        await pilot.pause()
        assert app.is_running
        assert "GATES" in await shown(app, pilot)


async def test_a_command_from_the_palette_is_typed_and_not_done() -> None:
    """A word of the command bar that the palette finds waits in the bar for what belongs to it."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 40)) as pilot:
        await shown(app, pilot)
        app.screen.open_command("note ")  # type: ignore[attr-defined]
        seen = await shown(app, pilot, "=x")
        assert " note x" in seen
        assert "note x" not in await shown(app, pilot, "escape")


async def test_two_question_marks_explain_the_number_under_the_cursor() -> None:
    """`??` tells definition, unit, source, limit and why it matters; escape closes it."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await shown(app, pilot, "question_mark", "question_mark")
        seen = await shown(app, pilot)
        closed = await shown(app, pilot, "escape")
    for words in (
        "golive_queue_abandonment_ratio",
        "Share of contacts that were abandoned.",
        "lower is better",
        "mqtt-target (1 series)",
        "breaches",
        "customers are hurt first",
    ):
        assert words in seen, words
    assert "SIGNALS" in closed


def test_a_queue_is_explained_by_the_metrics_of_the_rules_on_it() -> None:
    """Where a row names no metric of its own, those that judge it are explained."""
    assert metrics_of(of_group("queue", {"queue": "sales-en"}), MOMENT) == ("golive_queue_abandonment_ratio",)
    assert metrics_of(of_group("queue", {"queue": "other"}), MOMENT) == ()


async def test_a_row_without_a_metric_is_said_to_have_none() -> None:
    """On a signed gate `??` says that no metric stands there."""
    app = terminal(Answering(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await shown(app, pilot, "question_mark", "question_mark")
    assert "no metric stands in this row" in seen


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_metric_is_explained_in_words_that_fit(name) -> None:
    """U9: each metric of the catalogue, as the daemon explains it, is drawn with all its parts."""
    store = Store(CATALOGUE)
    standards = Standards(CATALOGUE, (), (), (), ())
    inspector = Inspector(store, Intake(store), Engine((), (), store), standards, lambda: 0.0)
    row = next(row for row in inspector.metrics().metrics if row.name == name)
    canvas = Canvas(View(), Lookup(Recorded(None), Clock()), 76, Glyphs())
    lines = [plain(item.line) for item in told(row, canvas)]
    labels = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert labels == ["metric", "is", "unit", "kind", "can", "source", "limit", "matters"]
    assert all(len(line) <= 76 for line in lines)


async def test_the_link_to_grafana_is_copied_and_shown() -> None:
    """`b` gives the dashboard of what is under the cursor, with its cutover and queue."""
    app = terminal(Recorded(LINKED))
    async with app.run_test(size=(140, 36)) as pilot:
        seen = await shown(app, pilot, "b")
        assert app.clipboard.startswith("https://grafana.example/d/golive-overview?var-cutover=Voice+wave+3")
    assert "copied: https://grafana.example/d/golive-overview?" in seen


async def test_without_a_grafana_the_key_says_how_to_have_one() -> None:
    """Where none is configured `b` says which line of the configuration is missing."""
    app = terminal(Recorded(MOMENT))
    async with app.run_test(size=(120, 36)) as pilot:
        assert "write its address as web.grafana" in await shown(app, pilot, "b")


LABELS = st.dictionaries(st.sampled_from(["queue", "platform", "trunk"]), st.text(max_size=10), max_size=3)


@given(LABELS, st.sampled_from(["queue", "trunk", "integration", "series"]))
def test_no_label_can_break_out_of_the_link(labels, kind) -> None:
    """Whatever a queue is called, the link stays one address of the configured Grafana."""
    link = grafana(LINKED, "queues", of_group(kind, labels))
    assert link.startswith("https://grafana.example/d/golive-")
    assert link.isascii()
    assert link.isprintable()
    assert " " not in link


def test_a_past_instant_is_linked_with_its_surroundings() -> None:
    """From a sample the link opens the quarter hour on either side."""
    link = grafana(LINKED, "board", Subject(kind="sample", key="x", title="x", at=recorded.AT))
    assert f"from={int((recorded.AT - 900) * 1000)}" in link


@pytest.mark.parametrize(
    "address", ["grafana.example", "javascript:alert(1)", "https://a b", "https://x/?q=1", "https://u@x"]
)
def test_an_address_that_is_none_is_refused_by_the_configuration(address) -> None:
    """`golive check` finds a Grafana address that a terminal could not link to."""
    with pytest.raises(ValueError, match="is not an address"):
        WebConfig(grafana=address)


def test_an_address_of_grafana_may_have_a_port_and_a_path() -> None:
    """Grafana behind a path of a proxy is fine."""
    assert WebConfig(grafana="https://ops.example:3000/grafana").grafana.endswith("/grafana")


async def test_what_is_shown_can_be_copied_from_every_screen() -> None:
    """`y` takes header, way and every line of the panes, those below the edge too, without a control character."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await shown(app, pilot, "enter", "y")
        copied = app.clipboard
    assert "copied: " in seen
    assert "Board > Abandon rate" in copied
    assert "abandon: breaches above 8.0% at once." in copied
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs") for c in copied)


@pytest.mark.parametrize(("kind", "words"), [("t", "THE SAME RULE ELSEWHERE"), ("s", "<svg")])
async def test_what_is_shown_can_be_written_to_a_file(tmp_path, monkeypatch, kind, words) -> None:
    """`x` asks for the kind, writes a file that only its owner reads, and shows its path."""
    monkeypatch.chdir(tmp_path)
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(160, 36)) as pilot:
        await shown(app, pilot, "enter", "x", kind)
        seen = await until(app, pilot, lambda seen: "written, for your eyes only" in seen)
    assert str(tmp_path)[:20] in seen
    found = await asyncio.to_thread(lambda: list(tmp_path.iterdir()))
    assert len(found) == 1
    written = await asyncio.to_thread(found[0].read_text)
    assert words in written
    assert (await asyncio.to_thread(found[0].stat)).st_mode & 0o777 == 0o600
    assert 'url("http' not in written


async def test_a_click_selects_a_row_of_a_table_and_a_double_click_opens_it() -> None:
    """On a table the mouse does what the cursor and enter do."""
    app = terminal(Answering(MOMENT))
    async with app.run_test(size=(120, 36)) as pilot:
        seen = await shown(app, pilot, "4")
        row = next(y for y, line in enumerate(seen.splitlines()) if "idp-sso" in line)
        await pilot.click(offset=(20, row))
        assert "╭─ idp-sso target" in await shown(app, pilot)
        await pilot.click(offset=(20, row), times=2)
        assert " Integrations > idp-sso target" in await shown(app, pilot)
