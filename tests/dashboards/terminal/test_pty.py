"""Hostile text through a real pty: whatever a name holds, the terminal gets not one byte of control from it (S6, S7).

Everything that the program writes is read by a strict parser of what a full-screen program needs; all else fails.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards.terminal.screens.deck import SCREENS
from monitor.serving.condition_rows import AnchorRow
from monitor.serving.snapshot import PointRow, Snapshot
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.moments import key, moment
from tests.dashboards.terminal.test_hostile import HOSTILE, replaced
from tests.rig.answering import Answering, answering
from tests.rig.window import UntowardError, Window, text_of

CORPUS = (
    *HOSTILE,
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]0;unterminated",
    "\x1bP+q544e\x1b\\ \x1b_apc\x1b\\ \x1b^pm\x1b\\ \x1bXsos\x1b\\",
    "\x9d52;c;ZXZpbA==\x9c",
    "\x1b[6n\x1b[c\x1b[5n\x1b[21t",
    "\x1b[?1049l\x1b[2J\x1b[1;1Hfake GO",
    "\x1b[31;5mred",
    "\x08\x08\x7f\x0e\x0f\x1b(0qqq",
    "a" + "\u0301" * 600,
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069bidi",
    "\u200b\u200c\u200d\u2060\ufeffzero",
    "[bold red]x[/] [@click=app.bell]y[/] $primary {0} %s",
    "\U000e0041\U000e0042tags \ufff9a\ufffab\ufffb",
    "👨‍👩‍👧‍👦🏳️‍🌈🇵🇹" * 20,
    "\U0001d518\U0001d52b\U0001d526 \ufdfd \ua9c5 \u0e33\u0e33",
)
CONTROL = [text for text in CORPUS if any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in text)]
SURE = "MARKER"
ESCAPE = 0.2
"""Seconds of quiet after the escape key, which else would begin a sequence with the next one."""


def encodable(text: str) -> str:
    """As JSON can carry it: a lone surrogate is none."""
    return text.encode("utf-8", "replace").decode()


def hostile(base: Snapshot, texts: list[str], mark: str) -> Snapshot:
    """A moment full of these texts, and a mark in its reason and environment that shows when it was painted."""
    fresh = itertools.cycle(encodable(text) for text in texts)
    bad: Snapshot = replaced(base, lambda: next(fresh))
    verdict = msgspec.structs.replace(bad.verdict, reason=f"{mark} {encodable(texts[0])}")
    return msgspec.structs.replace(bad, verdict=verdict)


def quick() -> Iterator[str]:
    """Marks, all different."""
    return (f"{SURE}{number}Z" for number in itertools.count(1))


MARKS = quick()


def painted(window: Window, server: Answering, snapshot: Snapshot, mark: str) -> None:
    """Give it this moment and wait until it is on the screen."""
    since = len(window.output)
    server.now = snapshot
    window.until(mark, since)
    window.settle()


@pytest.fixture(scope="module")
def server() -> Iterator[Answering]:
    """A daemon that answers."""
    with answering(recorded.HEALTHY) as running:
        yield running


@pytest.fixture(scope="module")
def window(server: Answering) -> Iterator[Window]:
    """`golive watch` on it."""
    running = Window("watch", server.url)
    running.until("GO")
    running.settle()
    yield running
    assert running.close() == 0
    text_of(running.output)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("screen", SCREENS)
def test_no_screen_writes_a_byte_of_control_from_data(window, server, screen) -> None:
    """Each screen, each text of the corpus in every place of it: the strict parser finds only what Textual needs."""
    window.press(key(screen))
    window.settle()
    for shift in range(0, len(CORPUS), 3):
        texts = [*CORPUS[shift:], *CORPUS[:shift]]
        mark = next(MARKS)
        since = len(window.output)
        painted(window, server, hostile(moment(screen), texts, mark), mark)
        for keys in ("j", "j", "G"):
            window.press(keys)
            window.settle(0.05)
        opened = len(window.output)
        window.press("?")
        window.until(" KEYS ", opened)
        window.settle()
        window.press("\x1b")
        window.settle(ESCAPE)
        text_of(window.output[since:])


@pytest.mark.timeout(240)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=12), st.sampled_from(sorted(SCREENS)))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_at_all_writes_a_byte_of_control(window, server, texts, screen) -> None:
    """Any texts, on any screen."""
    mark = next(MARKS)
    since = len(window.output)
    window.press(key(screen))
    painted(window, server, hostile(moment(screen), texts, mark), mark)
    text_of(window.output[since:])


def test_dialogs_write_no_byte_of_control_from_data(server) -> None:
    """An armed terminal, the dialogs that show a decision and a step with hostile texts everywhere."""
    person = b'{"name":"an\\u001b[31mna","role":"approver","duties":["x\\u009b2J"]}'
    server.others["/api/v1/me"] = (200, person)
    window = Window("watch", server.url, "--operator", environment={"GOLIVE_TOKEN": "x" * 40})
    try:
        for base, keys in ((recorded.FAILING, "AJ"), (recorded.PARKED, "YNRKHB")):
            mark = next(MARKS)
            painted(window, server, hostile(base, list(CORPUS), mark), mark)
            window.press(key("runbooks"))
            window.settle()
            for dialog in keys:
                window.press(dialog)
                window.settle(0.1)
                window.press("\x1b[6~")
                window.settle(0.05)
                window.press("\x1b")
                window.settle(ESCAPE)
    finally:
        code = window.close()
        del server.others["/api/v1/me"]
    assert code == 0
    text_of(window.output)


FULL = msgspec.structs.replace(
    recorded.FAILING,
    runs=recorded.PARKED.runs,
    monitor=msgspec.structs.replace(
        recorded.FAILING.monitor, degraded="d", anchors=(AnchorRow(name="a", kind="file", detail="d"),)
    ),
    points=(PointRow(name="p", state="open", after="freeze", scope=("s",), detail="d", by="b"),),
)
PLAIN = [
    ("status",),
    ("status", "--oneline"),
    ("status", "--plain"),
    ("status", "--json"),
    ("gate",),
    ("runbook", "reject", "no\x1b]0;x\x07", "--reason", "r"),
    ("runbook", "rearm", "no\x1b[2J", "--reason", "r"),
    ("collector", "transcript", "crm\x1b[31m"),
    ("metrics", "x\x1b[31m"),
    ("schema", "x\x1b[31m\u202e"),
]


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
def test_no_command_writes_a_byte_of_control_from_data(server, tmp_path, monkeypatch, words) -> None:
    """What a command prints into a terminal is text and line ends: no escape at all, whatever the daemon says."""
    monkeypatch.chdir(tmp_path)
    refusal = {"error": {"status": 409, "what": "\x1b]0;x\x07\x9b31m\u202e", "hint": "\x1b[2J\r\n"}}
    server.others["POST"] = (409, msgspec.json.encode(refusal))
    shifts = range(0, len(CORPUS), 9) if words[0] in ("status", "gate") else (0,)
    for shift in shifts:
        server.now = hostile(FULL, [*CORPUS[shift:], *CORPUS[:shift]], next(MARKS))
        window = Window(*words, environment={"GOLIVE_URL": server.url, "GOLIVE_TOKEN": "x" * 40})
        window.rest()
        assert window.output
        assert b"Traceback" not in window.output
        assert plainly(window.output)


def plainly(written: bytes) -> str:
    """Text and line ends only."""
    assert b"\x1b" not in written
    assert b"\t" not in written
    assert b"\r" not in written.replace(b"\r\n", b"")
    return text_of(written)


def test_the_stream_in_a_terminal_is_lines_and_nothing_else(server) -> None:
    """`golive watch --plain` (U12): no escape, no colour, no cursor move, one change a line, even where it could."""
    server.now = recorded.HEALTHY
    window = Window("watch", server.url, "--plain", environment={"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"})
    try:
        window.until("GO")
        mark = next(MARKS)
        painted(window, server, hostile(recorded.FAILING, list(CORPUS), mark), mark)
        for _ in range(5):
            window.read(2.0)
    finally:
        window.close()
    lines = plainly(window.output).split("\r\n")
    assert len(lines) > 4
    assert all(line == "" or line[2:3] == ":" for line in lines)


@pytest.mark.parametrize("text", CONTROL, ids=repr)
def test_the_parser_finds_each_of_them(text) -> None:
    """The reading can fail: every text of the corpus that holds a control character is untoward when it comes through raw."""
    raw = encodable(text).encode()
    with pytest.raises(UntowardError):
        text_of(b"\x1b[1;1H" + raw)


def test_file_names_and_configurations_write_no_byte_of_control(tmp_path: Path) -> None:
    """A hostile file name and hostile YAML are told as visible marks by `golive check`."""
    path = tmp_path / "a\x1b]0;x\x07\u202e.yaml"
    path.write_text(
        'schema: 1\ncutover: {name: "a\\e[31m"}\n"k\\x9b31m": 1\nrules: [{name: "\\u202ex", "q\\e]8;;x\\a": 1}]\n'
    )
    window = Window("check", str(path))
    assert window.rest() == 3
    assert plainly(window.output)
