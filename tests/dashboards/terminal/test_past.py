"""The past on the screens: any moment, impossible to mistake for now, and nothing can be done in it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import random
import re
import select
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from dashboards.terminal.acts import IN_THE_PAST, Refused, Unreachable
from dashboards.terminal.commands import COMMANDS
from dashboards.terminal.recorder import Recorder
from dashboards.terminal.replay import Replay
from dashboards.terminal.screens.deck import SCREENS
from monitor.serving.past.archive import Archive, ArchiveError, Reading
from monitor.serving.past.moments import Marks, pack
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.bygone import Remembering, at, night, record
from tests.dashboards.terminal.moments import key
from tests.dashboards.terminal.stage import Clock, Recorded, shown, terminal, text

SIZES = ((30, 3), (40, 6), (60, 20), (80, 24), (100, 30), (160, 48), (240, 70))


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a night."""
    return record(tmp_path_factory.mktemp("past") / "night.past", night())


@pytest.fixture
def replay(tape: Path) -> Iterator[Replay]:
    """That record, opened."""
    opened = Replay(tape)
    yield opened
    opened.close()


@pytest.fixture
async def source(replay: Replay) -> Remembering:
    """A daemon that fails now, with the night behind it."""
    return Remembering(recorded.FAILING, replay)


async def settled(app, pilot) -> str:
    """The screen once no key is being answered any more."""
    await app.workers.wait_for_complete()
    await pilot.pause()
    return text(app)


@pytest.mark.parametrize("name", SCREENS)
async def test_every_screen_shows_that_moment_under_a_banner(source: Remembering, name: str) -> None:
    """After `,` every screen says PAST, which time and how long ago, keeps the verdict of now, and knows no LOCKED."""
    app = terminal(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, key(name), "comma")
        lines = (await settled(app, pilot)).splitlines()
    assert "NOW NO-GO 4m12s" in lines[0]
    assert "LOCKED" not in lines[0]
    assert lines[1].startswith(" THEN  ■ NO-GO")
    assert lines[2].startswith(" PAST 01:59:50 UTC, 10s ago")
    assert lines[-1].rstrip().endswith("PAST")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_the_past_is_told_at_every_size_and_without_colour(source, size, ascii_only) -> None:
    """Whatever the window and the look, the word PAST and the time stand there."""
    app = terminal(source, ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        await shown(app, pilot, "comma")
        seen = await settled(app, pilot)
    assert "PAST 01:59:50" in seen
    assert "LOCKED" not in seen
    assert size[0] < 40 or "NOW NO-GO" in seen
    assert not ascii_only or seen.isascii()


async def test_the_banner_fills_its_line_reversed(source: Remembering) -> None:
    """The banner is reversed over the whole width, in colour and in mono."""
    for mono in (False, True):
        app = terminal(source, mono=mono)
        async with app.run_test(size=(90, 30)) as pilot:
            await shown(app, pilot, "comma")
            await settled(app, pilot)
            strip = app.screen._compositor.render_strips(app.size)[2]
            assert sum(len(piece.text) for piece in strip if piece.style and piece.style.reverse) == 90


async def test_steps_go_ten_seconds_back_and_forth_and_end_where_the_record_ends(source: Remembering) -> None:
    """Six times `,` is a minute, `.` comes back; past the newest moment `.` says how to return and does not return itself."""
    app = terminal(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot)
        for _ in range(6):
            await pilot.press("comma")
            await settled(app, pilot)
        assert "PAST 01:59:00 UTC, 1m00s ago" in text(app)
        await pilot.press("full_stop")
        assert "PAST 01:59:10" in await settled(app, pilot)
        for _ in range(6):
            await pilot.press("full_stop")
            await settled(app, pilot)
        assert "PAST 01:59:50" in text(app)
        assert "newest moment of the record: - returns to now" in text(app)


async def test_a_held_key_is_added_up_and_never_lags_behind(source: Remembering) -> None:
    """Thirty presses while the daemon answers one question are few questions and five minutes."""
    app = terminal(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot)
        for _ in range(30):
            app.action_scrub(-1)
        assert "PAST 01:55:00" in await settled(app, pilot)
    assert sum(path.startswith("/api/v1/past") for path in source.asked) <= 3


async def test_notable_moments_are_stops_and_the_board_there_shows_what_changed(source: Remembering) -> None:
    """`{` from now goes to the newest notable line and says it; the breach of four minutes ago is a stop, where it began."""
    app = terminal(source)
    async with app.run_test(size=(160, 48)) as pilot:
        await shown(app, pilot, "left_curly_bracket")
        assert "approved rollback-voice: bridge agrees" in await settled(app, pilot)
        while "PAST 01:55:50" not in text(app):
            await pilot.press("left_curly_bracket")
            seen = await settled(app, pilot)
            assert "nothing notable" not in seen
        assert "01:55:49 verdict GO to NO-GO" in text(app)
        await pilot.press("right_curly_bracket")
        assert "PAST 01:57:30" in await settled(app, pilot)
        for _ in range(9):
            await pilot.press("left_curly_bracket")
            await settled(app, pilot)
        assert "nothing notable is recorded before this moment" in text(app)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("past 01:30", "PAST 01:30:00 UTC, 30m00s ago"),
        ("past -20m", "PAST 01:40:00 UTC, 20m00s ago"),
        ("past 20m", "PAST 01:40:00 UTC"),
        ("past 2026-11-21 01:00:07", "PAST 01:00:00 UTC"),
        ("past 2020-01-01 00:00", "the record begins here, at 01:00:00 UTC"),
        ("past", "past needs a time: past 02:14, or past -20m"),
        ("past yesterday", "'yesterday' is no time"),
        ("past 2030-01-01 00:00", "is not past yet"),
        ("now", "this is now"),
    ],
)
async def test_a_time_can_be_typed(source: Remembering, typed: str, words: str) -> None:
    """`:past` takes a time of day, a span or a date, and says what is wrong with anything else."""
    app = terminal(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "colon", f"={typed}")
        await pilot.press("enter")
        assert words in await settled(app, pilot)


@pytest.mark.parametrize("way", [("minus",), ("escape",), ("colon", "=now", "enter")], ids=str)
async def test_one_key_leads_back_to_now(source: Remembering, way: tuple[str, ...]) -> None:
    """`-`, esc and `:now` show the present again."""
    app = terminal(source, operator=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "comma")
        await settled(app, pilot)
        seen = await shown(app, pilot, *way)
    assert "PAST" not in seen
    assert "ARMED anna" in seen


async def test_the_past_is_never_left_by_itself(source: Remembering) -> None:
    """However long, through news, lost and found daemons and other screens, the moment stays until a person leaves it."""
    clock = Clock()
    app = terminal(source, clock=clock)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "comma")
        await settled(app, pilot)
        source.now = None
        clock.seconds += 100
        lost = await shown(app, pilot)
        assert "NOW UNKNOWN: daemon gone" in lost
        assert "PAST 01:59:50" in lost
        source.now = at(recorded.HEALTHY, -200)
        clock.seconds += 2000
        for name in SCREENS:
            seen = await shown(app, pilot, key(name))
            assert "PAST 01:59:50 UTC, 3m30s ago" in seen
            assert "NOW GO" in seen


async def test_an_answer_that_comes_after_leaving_does_not_bring_the_past_back(source: Remembering) -> None:
    """Who presses `,` and then `-` on a slow line is in the present."""
    gate = asyncio.Event()
    direct = source.read

    async def slow(path: str) -> bytes:
        await gate.wait()
        return await direct(path)

    source.read = slow  # type: ignore[method-assign] # a slow line
    for first in (True, False):
        app = terminal(source)
        async with app.run_test(size=(120, 36)) as pilot:
            await shown(app, pilot)
            if not first:
                app.action_scrub(-1)
                await settled(app, pilot)
                gate.clear()
            app.action_scrub(-1)
            await pilot.pause()
            app.to_now()
            gate.set()
            assert "PAST" not in await settled(app, pilot)


@pytest.mark.parametrize(
    "typed", ["arm", "note hello", "run rollback-voice", "break-glass rollback-voice", "point p passed"]
)
async def test_what_acts_is_refused_in_one_sentence(source: Remembering, typed: str) -> None:
    """Commands that act say that this is the past, and nothing is sent."""
    app = terminal(source, operator=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "comma")
        await settled(app, pilot)
        await shown(app, pilot, "colon", f"={typed}")
        await pilot.press("enter")
        assert IN_THE_PAST in await settled(app, pilot)
    assert source.acts == []
    assert typed.split(maxsplit=1)[0] in COMMANDS


async def test_no_key_opens_a_dialog_in_the_past(source: Remembering) -> None:
    """An armed approver on a moment in which the decision waited: every capital is refused in one sentence."""
    app = terminal(source, operator=True)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "6", "comma")
        await settled(app, pilot)
        for capital in "AJ":
            await pilot.press(capital)
            assert IN_THE_PAST in await settled(app, pilot)
    assert source.acts == []


async def test_random_keys_in_the_past_send_nothing(source: Remembering) -> None:
    """Armed, with the right word for every dialog within reach: 150 random keys while looking back change nothing."""
    dice = random.Random(11)
    keys = ["A", "J", "P", "B", "T", "H", "U", "E", "R", "K", "Y", "N", "S", "1", "6", "7", "j", "k", "enter", "tab"]
    keys += ["comma", "full_stop", "left_curly_bracket", "right_curly_bracket", "space", "f", "s", "x"]
    app = terminal(source, operator=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await shown(app, pilot, "comma")
        await settled(app, pilot)
        for _ in range(150):
            await pilot.press(dice.choice(keys))
            if not app.view.past:
                await pilot.press("comma")
                await settled(app, pilot)
    assert source.acts == []


async def test_details_are_not_asked_of_the_present_while_the_past_is_shown(source: Remembering) -> None:
    """A detail that only a daemon knows is said to be not in the record, instead of showing how it is now."""
    app = terminal(source)
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "comma")
        await settled(app, pilot)
        with pytest.raises(Refused, match="record holds what the screens showed"):
            await app.lookup._source.read("/api/v1/transcripts/crm")
        app.to_now()
        with pytest.raises(Refused, match="nothing is at"):
            await app.lookup._source.read("/api/v1/transcripts/crm")
    assert source.asked[-1] == "/api/v1/transcripts/crm"


async def test_a_hole_in_the_record_is_said(tmp_path: Path) -> None:
    """Where the daemon was down the board of before is shown with the words that nothing was recorded after it."""
    path = tmp_path / "holed"
    await asyncio.to_thread(record, path, [at(recorded.HEALTHY, 3600), at(recorded.FAILING, 600)])
    replay = await asyncio.to_thread(Replay, path)
    app = terminal(Remembering(recorded.FAILING, replay))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "colon", "=past 01:30")
        await pilot.press("enter")
        seen = await settled(app, pilot)
        assert "PAST 01:00:00" in seen
        assert "nothing was recorded after 01:00:00 until 01:50:00 UTC" in seen
        await pilot.press("full_stop")
        seen = await settled(app, pilot)
        assert "PAST 01:50:00" in seen
        assert "nothing was recorded in the 50m00s between" in seen
    replay.close()


async def test_a_moment_of_another_version_is_said_and_the_one_before_stays(tmp_path: Path) -> None:
    """What cannot be read is a sentence; the screen keeps what it showed."""
    path = tmp_path / "mixed"

    def mixed() -> Replay:
        record(path, [at(recorded.HEALTHY, 30), at(recorded.FAILING, 10)])
        archive = Archive(path, limit=64 << 20)
        fields = {**msgspec.to_builtins(recorded.HEALTHY), "schema": 9, "cutover": "renamed"}
        archive.put(recorded.AT - 20, zlib.compress(msgspec.json.encode(fields)))
        archive.close()
        return Replay(path)

    replay = await asyncio.to_thread(mixed)
    app = terminal(Remembering(recorded.FAILING, replay))
    async with app.run_test(size=(140, 36)) as pilot:
        await shown(app, pilot, "comma")
        await settled(app, pilot)
        await pilot.press("comma")
        seen = await settled(app, pilot)
    assert "PAST 01:59:50" in seen
    assert "this moment cannot be shown: this moment was recorded with schema 9, this golive reads 1" in seen
    replay.close()


async def test_a_daemon_without_a_past_is_said() -> None:
    """An older daemon, or one that keeps no record, is a sentence and the present stays."""
    app = terminal(Recorded(recorded.FAILING))
    async with app.run_test(size=(120, 36)) as pilot:
        await shown(app, pilot, "comma")
        seen = await settled(app, pilot)
    assert "the past cannot be looked at: nothing is at /api/v1/past" in seen
    assert "LOCKED anna" in seen


async def test_a_record_is_played_on_the_same_screens_without_a_daemon(replay: Replay) -> None:
    """It begins at its end, says RECORD and its date, goes back, and has no present to return to."""
    app = terminal(replay)  # type: ignore[arg-type] # another source
    async with app.run_test(size=(120, 36)) as pilot:
        first = await settled(app, pilot)
        back = await shown(app, pilot, "colon", "=past -20m", "enter")
        back = await settled(app, pilot)
        left = await shown(app, pilot, "colon", "=now", "enter")
    assert "RECORD" in first.splitlines()[0]
    assert " PAST 2026-11-21 01:59:50 UTC" in first
    assert "THEN  ■ NO-GO" in first
    assert " PAST 2026-11-21 01:39:50 UTC" in back
    assert "THEN  ● GO" in back
    assert "there is no present in it" in left
    assert "PAST 2026-11-21 01:39:50" in left


async def test_a_record_answers_nothing_but_its_past(replay: Replay) -> None:
    """No snapshot of now, nobody signed in, no detail, and no act."""
    with pytest.raises(Unreachable, match="no daemon behind it"):
        await replay.snapshot()
    with pytest.raises(Refused, match="what the screens showed"):
        await replay.read("/api/v1/transcripts/crm")
    assert await replay.me() is None


def test_an_empty_record_is_said(tmp_path: Path) -> None:
    """A file without a moment is a sentence before a screen opens."""
    Archive(tmp_path / "empty", limit=1 << 20).close()
    with pytest.raises(ArchiveError, match="is empty"):
        Replay(tmp_path / "empty")


async def test_what_a_terminal_sees_can_be_recorded_and_played(tmp_path: Path) -> None:
    """A moment each ten seconds and at each notable line; the file plays, and the words at the end say how."""
    source = Recorded(recorded.HEALTHY)
    recorder = await asyncio.to_thread(Recorder, source, tmp_path / "mine.past")
    for ago in range(300, 230, -1):
        source.now = at(recorded.HEALTHY if ago > 252 else recorded.FAILING, ago)
        await recorder.snapshot()
        if recorder._writing is not None:
            await recorder._writing
    await recorder.close()

    def recorded_there() -> Marks:
        reading = Reading.of(tmp_path / "mine.past")
        told = reading.marks()
        reading.close()
        return told

    told = await asyncio.to_thread(recorded_there)
    assert 8 <= told.moments <= 10
    assert recorder.written == told.moments
    assert {mark.seq for mark in told.marks} >= {1280, 1281}
    assert f"golive replay {tmp_path / 'mine.past'}" in recorder.told()


async def test_a_disk_that_fails_costs_moments_and_never_the_terminal(tmp_path: Path) -> None:
    """The snapshot comes whatever the file does; what is missing is counted and told."""
    source = Recorded(recorded.HEALTHY)
    recorder = await asyncio.to_thread(Recorder, source, tmp_path / "mine.past")
    recorder._archive._database.execute("DROP TABLE moment")
    assert await recorder.snapshot() == recorded.HEALTHY
    assert recorder._writing is not None
    await recorder._writing
    await recorder.close()
    assert recorder.unwritten == 1
    assert "1 moments could not be written" in recorder.told()


def test_a_file_that_is_no_record_is_not_written_into(tmp_path: Path) -> None:
    """`watch --record` on a wrong name harms nothing."""
    path = tmp_path / "letter.txt"
    path.write_text("dear anna, " * 100)
    with pytest.raises(ArchiveError):
        Recorder(Recorded(recorded.HEALTHY), path)
    assert path.read_text().startswith("dear anna")


@pytest.mark.parametrize("arguments", [["replay", "{tape}"], ["replay", "{tape}", "--at", "01:30"]], ids=str)
def test_the_command_shows_a_record_in_a_real_terminal(tape: Path, arguments: list[str]) -> None:
    """`golive replay FILE` in a pty draws the moment, goes back with `,`, and q ends it with code 0."""
    code = "from monitor.cli.main import main; main()"
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8", COLUMNS="120", LINES="36")
        words = [word.format(tape=tape) for word in arguments]
        os.execv(sys.executable, [sys.executable, "-c", code, *words])  # noqa: S606 - the child becomes the program under test
    output = b""

    def until(words: bytes) -> None:
        nonlocal output
        end = time.monotonic() + 30
        while words not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", output):
            assert time.monotonic() < end, output[-800:]
            if select.select([master], [], [], 0.1)[0]:
                output += os.read(master, 1 << 16)

    until(b"PAST 2026-11-21 01:30:00" if "--at" in arguments else b"PAST 2026-11-21 01:59:50")
    os.write(master, b",")
    until(b"1:29:50" if "--at" in arguments else b"1:59:40")
    os.write(master, b"q")
    with contextlib.suppress(OSError):
        while os.read(master, 1 << 16):
            pass
    _, status = os.waitpid(pid, 0)
    os.close(master)
    assert os.waitstatus_to_exitcode(status) == 0


def test_any_moment_of_a_day_costs_the_terminal_one_question(tmp_path: Path) -> None:
    """U14: to scrub to any minute of 24 h is one answer with one snapshot in it, unpacked once."""
    path = tmp_path / "day"
    archive = Archive(path, limit=1 << 30, dense_for=1e9)
    body = pack(recorded.FAILING)
    with archive._database as database:
        rows = ((recorded.AT - 10 * step, int(step % 6 == 0), body) for step in range(8640))
        database.executemany("INSERT INTO moment (at, minute, body) VALUES (?, ?, ?)", rows)
    archive.close()
    replay = Replay(path)
    source = Remembering(recorded.FAILING, replay)

    async def scrub() -> None:
        app = terminal(source)
        for minute in range(0, 1440, 60):
            before = len(source.asked)
            await app.link.past.jump(recorded.AT - 60 * minute)
            assert app.link.past.moment is not None
            assert app.link.past.moment.at == recorded.AT - 60 * minute
            assert len(source.asked) == before + 1

    asyncio.run(scrub())
    replay.close()
