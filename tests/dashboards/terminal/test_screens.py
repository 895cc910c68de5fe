"""Every screen at every size, as text."""

from __future__ import annotations

import re

import msgspec
import pytest

from dashboards.terminal.drawing.marks import GATES, SOURCES, STEPS, WORK
from dashboards.terminal.screens.deck import SCREENS
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.moments import key, moment
from tests.dashboards.terminal.stage import Clock, Recorded, shown, terminal, text

SIZES = ((40, 6), (60, 20), (80, 24), (100, 30), (160, 48), (240, 70))
LOOKS = ("colour-blind", "mono", "mono-ascii")


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_the_screen_answers_at_every_size(name, size, look, screen) -> None:
    """At each size and look the screen shows its header and its content, cut cleanly, never refusing to start."""
    app = terminal(Recorded(moment(name)), ascii_only=look == "mono-ascii", mono=look == "mono")
    async with app.run_test(size=size) as pilot:
        seen = await shown(app, pilot, key(name))
    lines = seen.splitlines()
    assert "PROD eu-west" in lines[0]
    assert "LOCKED" in lines[0]
    assert "NO-GO" in lines[0] + lines[1]
    assert "sales-en" in lines[1]
    if look == "mono-ascii":
        assert seen.isascii()
    assert seen == screen


@pytest.mark.parametrize("name", ["healthy", "blind", "running", "parked"])
@pytest.mark.parametrize("pressed", ["1", "6"])
async def test_the_moment_can_be_told_from_the_screen(name, pressed, screen) -> None:
    """A healthy, blind, running and parked cutover each look as recorded at 100x40."""
    app = terminal(Recorded(recorded.MOMENTS[name]))
    async with app.run_test(size=(100, 40)) as pilot:
        assert await shown(app, pilot, pressed) == screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_approval_dialog_shows_what_is_signed_and_where_to_type(size, screen) -> None:
    """At every size the dialog names the runbook to type, its field and how to get out."""
    app = terminal(Recorded(recorded.FAILING), operator=True)
    async with app.run_test(size=size) as pilot:
        seen = await shown(app, pilot, "6", "A")
    assert "Type rollback-voice to approve" in seen
    assert "type it here" in seen
    assert "esc cancel" in seen
    assert seen == screen


async def test_a_window_of_one_line_still_gives_the_verdict() -> None:
    """Below 40 columns one line says environment, verdict and since when."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(34, 2)) as pilot:
        seen = await shown(app, pilot)
    assert seen.startswith("PROD eu-west NO-GO 4m12s")
    assert seen.strip().count("\n") == 0


async def test_before_the_first_snapshot_the_screen_says_so() -> None:
    """Without a daemon the program starts, says UNKNOWN and why, and offers its keys."""
    app = terminal(Recorded(None))
    async with app.run_test(size=(100, 30)) as pilot:
        seen = await shown(app, pilot)
    assert "UNKNOWN no snapshot yet" in seen
    assert "no daemon yet: connection refused" in seen
    assert "q leave" in seen


def test_states_differ_in_shape_and_word_without_colour() -> None:
    """Within a table no two states share their word, and no bad state shares its ASCII code with a good one."""
    for table in (GATES, SOURCES, STEPS, WORK):
        words = [entry.word for entry in table.values()]
        assert len(set(words)) == len(words)
        good = {entry.code for entry in table.values() if entry.role == "ok"}
        assert not good & {entry.code for entry in table.values() if entry.role != "ok"}


async def test_the_state_of_each_row_is_readable_from_text_alone() -> None:
    """In mono and ASCII every gate and every source line begins with a code and a word for its state."""
    app = terminal(Recorded(recorded.FAILING), ascii_only=True)
    async with app.run_test(size=(160, 48)) as pilot:
        seen = await shown(app, pilot)
    for row in recorded.FAILING.gates:
        state = GATES[row.state if row.active else "idle"]
        assert re.search(rf"{re.escape(state.code)} {state.word} +{re.escape(row.title)}", seen), row.name
    for name, word in (("mqtt-legacy", "ok"), ("crm-probe", "retrying"), ("ivr-probe", "empty")):
        assert re.search(rf"{re.escape(SOURCES[word].code)} {SOURCES[word].word} +{name}", seen)


async def test_a_state_of_a_newer_daemon_shows_its_own_word_and_never_ok() -> None:
    """A gate state that this version does not know is shown as unknown with its word."""
    gates = (msgspec.structs.replace(recorded.HEALTHY_GATES[0], state="quarantined"),)
    app = terminal(Recorded(msgspec.structs.replace(recorded.HEALTHY, gates=gates)), ascii_only=True)
    async with app.run_test(size=(100, 30)) as pilot:
        seen = await shown(app, pilot)
    assert re.search(r"\[\?\?\] QUARANT", seen)


async def test_a_lost_daemon_shows_within_two_seconds_and_heals_by_itself() -> None:
    """The banner comes within 2 s of the last news, ages grow, the verdict is no longer in its colour; then all is back."""
    source, clock = Recorded(recorded.HEALTHY), Clock()
    app = terminal(source, clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        assert "daemon gone" not in await shown(app, pilot)
        source.now = None
        clock.seconds += 1.0
        assert "daemon gone" not in await shown(app, pilot)
        clock.seconds += 0.99
        lost = await shown(app, pilot)
        clock.seconds += 60
        later = await shown(app, pilot)
        source.now = msgspec.structs.replace(recorded.HEALTHY, at=recorded.AT + 70)
        clock.seconds += 1
        back = await shown(app, pilot)
    assert "daemon gone since 02:00:00 UTC, 1s ago; what you see is old: connection refused" in lost
    assert "oldest 9s mqtt-target" in lost
    assert "◌1m07s" in later
    assert "62s behind" in later
    assert "daemon gone" not in back
    assert "live" in back


async def test_a_daemon_whose_tick_stands_still_is_not_taken_for_live() -> None:
    """The same snapshot again and again is no news: the banner says that the tick stands still."""
    clock = Clock()
    app = terminal(Recorded(recorded.HEALTHY), clock=clock)
    async with app.run_test(size=(160, 36)) as pilot:
        await shown(app, pilot)
        clock.seconds += 5
        assert "its tick stands still" in await shown(app, pilot)


async def test_what_is_wrong_with_the_monitor_itself_is_on_every_screen() -> None:
    """A degraded daemon says so under the header."""
    monitor = msgspec.structs.replace(recorded.MONITOR, degraded="journal disk is full")
    app = terminal(Recorded(msgspec.structs.replace(recorded.HEALTHY, monitor=monitor)))
    async with app.run_test(size=(80, 24)) as pilot:
        for key in "167":
            assert "monitor not whole: journal disk is full" in await shown(app, pilot, key)


async def test_the_board_shows_faults_only_and_all_again() -> None:
    """`f` leaves the gates that are not OK, `f` again brings the others back."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        faults = await shown(app, pilot, "f")
        everything = await shown(app, pilot, "f")
    assert "Jitter p95" not in faults
    assert "Abandon rate" in faults
    assert "Jitter p95" in everything


async def test_the_cursor_explains_the_gate_it_stands_on() -> None:
    """Down moves to the next gate and the pane below tells its reason; a resort keeps the cursor on that gate."""
    source = Recorded(recorded.FAILING)
    app = terminal(source)
    async with app.run_test(size=(120, 40)) as pilot:
        seen = await shown(app, pilot, "j")
        assert "last good 98.7% at 01:14:55" in seen
        gates = tuple(
            msgspec.structs.replace(row, state="ok") if row.name == "abandon" else row for row in recorded.FAILING_GATES
        )
        source.now = msgspec.structs.replace(recorded.FAILING, gates=gates, at=recorded.AT + 1)
        assert "last good 98.7% at 01:14:55" in await shown(app, pilot)


async def test_five_hundred_gates_scroll_and_say_what_is_out_of_sight() -> None:
    """A long board draws what fits, tells how many are below, and its end can be reached with one key."""
    gates = tuple(recorded.gate(f"g{i}", f"Gate number {i}") for i in range(500))
    app = terminal(Recorded(msgspec.structs.replace(recorded.HEALTHY, gates=gates)))
    async with app.run_test(size=(100, 30)) as pilot:
        first = await shown(app, pilot)
        last = await shown(app, pilot, "G")
    assert "Gate number 0 " in first
    assert re.search(r"48\d more below", first)
    assert "Gate number 499" in last
    assert "more below" not in last.splitlines()[15]


async def test_the_window_may_change_its_size_at_any_time() -> None:
    """From two panes to one line and back, each size shows the verdict."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(160, 48)) as pilot:
        await shown(app, pilot)
        for width, height in ((20, 1), (80, 24), (45, 8), (240, 70)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            assert "NO-GO" in text(app)
