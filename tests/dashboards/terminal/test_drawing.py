"""Drawing without a screen: phrases, sparks, keys, commands, the stream for screen readers."""

from __future__ import annotations

import asyncio
import itertools
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.binding import Binding

from dashboards.terminal.acts import Act, Unreachable
from dashboards.terminal.app import Terminal
from dashboards.terminal.commands import Command, parse
from dashboards.terminal.drawing.board import source_line, spark
from dashboards.terminal.drawing.footer import footer
from dashboards.terminal.drawing.gates import gate_line, plan, worst_first
from dashboards.terminal.drawing.header import HUGE, NARROW, TINY, WIDE, banner, header, one_line
from dashboards.terminal.drawing.phrases import against, compared, countdown, elapsed, limit, span
from dashboards.terminal.drawing.spans import Glyphs, line_cells, plain
from dashboards.terminal.drawing.work import works
from dashboards.terminal.keymap import USUAL
from dashboards.terminal.keys import BOARD, DIALOG, EVERYWHERE, LISTS, RUNBOOKS, TIMELINE
from dashboards.terminal.plain import PACE, changes, stream
from dashboards.terminal.readout import MOST
from dashboards.terminal.report import report
from dashboards.terminal.screens.board import Board
from dashboards.terminal.screens.frame import everywhere
from dashboards.terminal.screens.help import help_lines
from dashboards.terminal.screens.runbooks import Runbooks, offers
from dashboards.terminal.screens.timeline import Timeline
from dashboards.terminal.screenshot import picture
from dashboards.terminal.theme import DEFAULTS, ROLES
from dashboards.terminal.view import Person, View
from dashboards.terminal.widgets.lines import LineView
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded

PLAIN = Glyphs()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (41.9, "41s"),
        (252, "4m12s"),
        (2280, "38m"),
        (3720, "1h02m"),
        (273_600, "3d04h"),
        (9e6, "104d"),
        (-5, "0s"),
    ],
)
def test_spans_take_at_most_five_cells(seconds, text) -> None:
    """A time in state is short enough for its column and still says its unit."""
    assert span(seconds) == text
    assert len(span(seconds)) <= 5


def test_clocks_count_down_and_up() -> None:
    """Time left ends in a word, time passed carries days."""
    assert countdown(451) == "07:31"
    assert countdown(4350) == "1:12:30"
    assert countdown(0.4) == "expired"
    assert elapsed(6127) == "01:42:07"
    assert elapsed(90_000) == "1d 01:00:00"


@pytest.mark.parametrize(("operator", "good"), [(">", "≤8.0%"), (">=", "<8.0%"), ("<", "≥8.0%"), ("<=", ">8.0%")])
def test_a_limit_shows_its_good_side(operator, good) -> None:
    """The column says what must hold, the evidence what was broken."""
    assert limit(operator, 0.08, "ratio", PLAIN) == good
    assert against(0.118, operator, 0.08, "ratio") == f"11.8% (bad {operator} 8.0%)"
    assert against(None, operator, 0.08, "ratio") == f"no data (bad {operator} 8.0%)"


def test_target_against_legacy_is_a_word() -> None:
    """Better and worse follow the side that is bad; without both numbers nothing is claimed."""
    assert compared(0.06, 0.12, ">") == "worse"
    assert compared(4.0, 4.1, "<") == "better"
    assert compared(1.0, 1.0, "<") == "same"
    assert compared(None, 1.0, "<") == "-"


@given(st.lists(st.none() | st.floats(), max_size=80), st.integers(0, 60), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_sparkline_is_one_cell_a_point_and_shows_gaps(points, width, ascii_only) -> None:
    """Any numbers, infinities and gaps too: as many cells as points in sight, a gap exactly where there is no number."""
    glyphs = Glyphs(ascii=ascii_only)
    bars = spark(points, width, glyphs)
    newest = points[-width:] if width else []
    assert len(bars) == len(newest)
    for point, bar in zip(newest, bars, strict=True):
        assert (bar == glyphs.gap) == (point is None or not math.isfinite(point))


def test_the_worst_gate_comes_first_and_idle_ones_last() -> None:
    """The board's order is the verdict's order of badness."""
    names = [gate.name for gate in worst_first(recorded.FAILING_GATES)]
    assert names[:3] == ["abandon", "ivr", "screen-pop"]
    assert names[-1] == "reconcile"


def test_numbers_are_never_cut() -> None:
    """The columns of numbers are as wide as the widest of them, the names give way."""
    wide = recorded.gate("band", "Bandwidth", legacy=2.5e5, target=123456.0, limit=1e5, unit="bytes_per_second")
    layout = plan((wide,), 62, PLAIN)
    text = plain(gate_line(wide, View(now=recorded.AT), layout, PLAIN))
    for number in ("2.00Mbit/s", "988kbit/s"):
        assert number in text


def test_one_line_fits_a_status_bar() -> None:
    """Environment, verdict, since when, why, age, what waits: in the words of the manual."""
    view = View(snapshot=recorded.FAILING, now=recorded.AT)
    text = plain(one_line(view, 160, PLAIN))
    assert text == "PROD eu-west NO-GO 4m12s sales-en abandon 11.8% > 8.0% (84 calls) age 41s wait 2"


def test_every_role_is_styled_and_every_variable_has_a_default() -> None:
    """The stylesheet knows each role of the drawing, and no colour that the theme does not have."""
    for role in ROLES:
        assert f".line--{role} {{" in Terminal.CSS
    for word in Terminal.CSS.split():
        if word.startswith("$"):
            assert word.strip("$;") in DEFAULTS


def test_breakpoints_are_the_same_in_code_and_stylesheet() -> None:
    """Drawing and layout change at the same widths."""
    assert [at for at, _ in Terminal.HORIZONTAL_BREAKPOINTS or ()] == [0, TINY, NARROW, WIDE, HUGE]


@pytest.mark.parametrize(
    ("owner", "table"),
    [(Terminal, EVERYWHERE), (Board, BOARD), (Runbooks, RUNBOOKS), (Timeline, TIMELINE), (LineView, LISTS)],
)
def test_every_binding_is_in_the_help_and_every_line_of_it_is_bound(owner, table) -> None:
    """Help and bindings are one table, each action exists, and nothing takes a key of tmux, screen or flow control."""
    bound = [binding for binding in owner.BINDINGS if isinstance(binding, Binding)]
    assert [(b.key, b.description) for b in bound] == [(key.key, key.help) for key in table]
    lines = [plain(line) for line in help_lines((*BOARD, *RUNBOOKS, *TIMELINE), USUAL, 300, PLAIN)]
    for key in table:
        assert f"{key.shown.ljust(11)}{key.help}" in lines
        action = key.action.split("(")[0]
        assert hasattr(owner, f"action_{action.removeprefix('app.')}")
        assert not {f"ctrl+{c}" for c in "absqzoj"} & set(key.key.split(","))
    assert all(key.key[0].isupper() == ("dialog" in key.help) for key in (*RUNBOOKS, *BOARD))
    assert DIALOG[0].key == "escape"


@pytest.mark.parametrize(
    ("moment", "keys"),
    [("failing", "AJT"), ("running", "PBH"), ("parked", "PBHRKYN"), ("healthy", "")],
)
def test_only_keys_that_do_something_are_offered(moment, keys) -> None:
    """The bottom line follows the state of the chosen decision or run."""
    found = works(recorded.MOMENTS[moment])
    assert offers(found[0] if found else None) == frozenset(keys)


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("arm", Command(verb="arm")),
        (":quit", Command(verb="quit")),
        ("q", Command(verb="quit")),
        ("integrations crm !ok", Command(verb="integrations", text="crm !ok")),
        ("note all quiet", Command(verb="note", text="all quiet")),
        ("run rb a=1 b=", Command(verb="run", text="rb", parameters={"a": "1", "b": ""})),
    ],
)
def test_commands_are_understood(typed, command) -> None:
    """What the help names can be typed."""
    assert parse(typed) == command


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "type a command"),
        ("bord", "did you mean board"),
        ("arm now", "takes nothing after it"),
        ("note", "note TEXT"),
        ("run", "run NAME"),
        ("run rb a", "write parameter=value"),
        ("run rb a=1 a=2", "given twice"),
    ],
)
def test_what_is_no_command_says_what_to_type(typed, words) -> None:
    """A mistake costs nothing and teaches the word."""
    assert words in str(parse(typed))


@given(st.text(max_size=700))
@settings(max_examples=200, deadline=None)
def test_no_text_breaks_the_command_bar(typed) -> None:
    """Whatever is typed, there is an answer."""
    assert isinstance(parse(typed), (str, Command))


def test_the_stream_tells_each_change_once_and_the_worst_first() -> None:
    """Going from healthy to failing is heard as the verdict, what waits, then the gates; nothing changed is silence."""
    heard = [change.text for change in changes(recorded.HEALTHY, recorded.FAILING)]
    assert heard[0] == "verdict NO-GO: sales-en abandon 11.8% > 8.0% (84 calls)"
    assert heard[1] == "waits for a person: approval rollback-voice 1 of 2 signed, until 02:07:31 UTC"
    assert "gate Abandon rate BREACH 11.8%, limit <=8.0%, queue=sales-en" in heard
    assert list(changes(recorded.FAILING, recorded.FAILING)) == []


class Tape:
    """A source that plays snapshots, one a call, and then stays away."""

    def __init__(self, *snapshots: Snapshot | None) -> None:
        self._snapshots = list(snapshots)

    async def snapshot(self) -> Snapshot:
        """The next one."""
        now = self._snapshots.pop(0) if len(self._snapshots) > 1 else self._snapshots[0]
        if now is None:
            raise Unreachable("connection refused")
        return now

    async def me(self) -> Person | None:
        """Nobody."""
        return None

    async def read(self, path: str) -> bytes:
        """Never called."""
        raise AssertionError(path)

    async def act(self, act: Act) -> None:
        """Never called."""
        raise AssertionError(act)


async def listen(tape: Tape, lines: int) -> list[tuple[float, str]]:
    """What is read out, with the seconds at which it is."""
    heard: list[tuple[float, str]] = []
    seconds = 0.0

    async def pause(by: float) -> None:
        nonlocal seconds
        seconds += by
        if len(heard) >= lines:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await stream(tape, lambda line: heard.append((seconds, line)), pause, Glyphs(ascii=True))
    return heard


async def test_the_stream_reads_one_line_a_second_without_cursor_moves() -> None:
    """Every line comes at least a second after the one before and holds no control character."""
    heard = await listen(Tape(recorded.HEALTHY, recorded.FAILING), 20)
    assert all(line.isprintable() for _, line in heard)
    assert all(b - a >= PACE for (a, _), (b, _) in itertools.pairwise(heard))


async def test_the_stream_says_that_the_daemon_is_gone_and_back_once() -> None:
    """Silence is told, once; the return too."""
    later = msgspec.structs.replace(recorded.HEALTHY, at=recorded.AT + 9)
    quiet = [None] * 30
    heard = [line for _, line in await listen(Tape(recorded.HEALTHY, *quiet, later), 19)]
    assert sum("daemon gone since 02:00:00 UTC, what was read is old" in line for line in heard) == 1
    assert sum("daemon is back" in line for line in heard) == 1


async def test_a_flood_of_changes_is_bounded_and_says_what_was_left_out() -> None:
    """Five hundred gates that change at once cost a bounded queue, and the listener hears how many were dropped."""
    many = tuple(recorded.gate(f"g{i}", f"G{i}", "breach") for i in range(500))
    heard = await listen(Tape(msgspec.structs.replace(recorded.HEALTHY, gates=many)), MOST)
    assert "changes were not read out" in heard[2][1]


def test_the_report_says_the_same_as_the_board() -> None:
    """`golive status` carries verdict, gates, what waits, runbooks and sources as plain text."""
    text = "\n".join(report(recorded.FAILING, 100, Glyphs(ascii=True)))
    assert text.isascii()
    for words in ("NO-GO", "[BR] BREACH   Abandon rate", "rollback-voice", "RETRYING crm-probe", "Legal sign-off"):
        assert words in text
    assert "LOCKED" not in text


async def test_a_picture_is_made_by_the_program_and_asks_no_other_host() -> None:
    """The SVG shows the board and loads nothing from elsewhere."""
    svg = await picture(recorded.FAILING, "board", (120, 36))
    assert svg.startswith("<svg")
    assert "BREACH" in svg
    assert "url(" not in svg.replace("url(#", "")


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (-1.0, ""),
        (0.0, "too late to decide a rollback since"),
        (239.0, "one takes 4m00s (the last run of voice-back)"),
        (241.0, ""),
    ],
)
def test_the_board_says_when_it_is_too_late_to_roll_back(late: float, told: str) -> None:
    """From the last instant until the window's end a line says so on every screen, with the reason."""
    base = recorded.HEALTHY
    cutover = msgspec.structs.replace(
        base.cutover,
        decide_by=base.at - late,
        rollback_why="the last run of voice-back",
        window_end=base.at - late + 240,
    )
    view = View(snapshot=msgspec.structs.replace(base, cutover=cutover), now=base.at)
    line = banner(view, 160, PLAIN)
    assert told in "".join(span.text for span in line)
    assert bool(line) is bool(told)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"gaps": 4882, "gap_count": 4882, "gap_at": 1_795_313_649.0}, "gap 4,882 at 02:14:09"),
        ({"gaps": 5000, "gap_count": 4882, "gap_at": 1_795_313_649.0}, "gap 4,882 at 02:14:09, 5,000 in all"),
        ({"gaps": 0, "gap_count": 0, "gap_at": 1_795_313_649.0}, "gap of unknown size at 02:14:09"),
        ({"gaps": 7}, "7 lost"),
    ],
)
def test_a_gap_is_shown_with_its_size_and_time(missing: dict[str, Any], words: str) -> None:
    """What a source lost stands in its line: how many, when, and what it lost before that."""
    line = source_line(recorded.source("edge", **missing), View(now=recorded.AT), 100, PLAIN)
    assert words in plain(line)


@pytest.mark.parametrize("age", [1.0, None])
@pytest.mark.parametrize("width", [100, 120, 130, 160, 240])
def test_the_reason_is_never_pushed_out_by_names_of_sources(width: int, age: float | None) -> None:
    """Five collectors feed the oldest figure: one is named, the others counted, and the reason stands whole."""
    verdict = msgspec.structs.replace(
        recorded.FAILING.verdict,
        reason="Packet loss trunk=sbc-berlin 7.4% >= 1.0%",
        oldest_age=age,
        oldest_source="pbx-porto,pbx-berlin,pbx-dublin,acd-target,carrier",
    )
    view = View(snapshot=msgspec.structs.replace(recorded.FAILING, verdict=verdict), now=recorded.AT)
    line = plain(header(view, width, PLAIN)[1])
    assert verdict.reason in line
    assert "wait" in line
    assert "pbx-berlin" not in line
    assert ("pbx-porto +4" in line) == (width >= 120)


@given(st.integers(20, 200), st.integers(0, 14))
@settings(max_examples=100, deadline=None)
def test_the_bottom_line_always_offers_the_help(width, more) -> None:
    """However many keys a screen has, what does not fit can be looked up: `?` is in sight, and the line fits."""
    keys = [(chr(97 + i), f"word{i}") for i in range(more)] + everywhere(View(snapshot=recorded.FAILING))
    line = footer(keys, View(snapshot=recorded.FAILING, now=recorded.AT), width, PLAIN)
    assert "?" in plain(line)
    assert line_cells(line) <= width
