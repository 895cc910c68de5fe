"""The parts of `golive doctor` that look at this machine, each shown what is wrong."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.deciding.state_lock import StateLock, held_by
from monitor.doctor import state
from monitor.doctor.clock import clock_checks
from monitor.doctor.reaching import Place, reach_all
from monitor.doctor.report import Line, report, spelled, summary
from monitor.doctor.state import state_checks
from monitor.doctor.surroundings import terminal_checks
from monitor.intake.probing import DAY, SKEW_FAIL, SKEW_WARN, Check, certificate, clock, fail, ok, sentence
from monitor.outbound.addresses import Target
from tests.rig.mosquitto import free_port


def by_name(checks: list[Check]) -> dict[str, Check]:
    """Checks by what they are about."""
    return {check.what: check for check in checks}


def test_a_state_directory_as_golive_makes_it_is_well(tmp_path: Path) -> None:
    """Lock, rights, writing and room are ok, the disk's time is said, and nothing is left behind."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    found = by_name(state_checks(folder))
    assert set(found) == {"lock", "rights", "write", "disk"}
    assert {found[name].state for name in ("lock", "rights")} == {"ok"}
    assert list(folder.iterdir()) == []


def test_who_holds_the_state_is_named_and_not_disturbed(tmp_path: Path) -> None:
    """The running daemon keeps its lock, and another look finds it again."""
    folder = tmp_path / "state"
    lock = StateLock.acquire(folder, 1_795_294_500.0)
    for _ in range(2):
        check = by_name(state_checks(folder))["lock"]
        assert "process" in check.words
        assert "since 2026-11-21 20:55:00Z" in check.words
    lock.release()
    assert held_by(folder) is None
    assert by_name(state_checks(folder))["lock"].words == f"no daemon holds {folder}"
    StateLock.acquire(folder, 0.0).release()


def test_a_directory_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Looking makes nothing: golive makes it when it starts."""
    folder = tmp_path / "a" / "state"
    found = by_name(state_checks(folder))
    assert found["directory"].state == "ok"
    assert not folder.parent.exists()
    (tmp_path / "file").write_text("x")
    assert by_name(state_checks(tmp_path / "file"))["directory"].state == "fail"


def test_files_that_others_may_read_are_named(tmp_path: Path) -> None:
    """Token hashes and journal are for their owner alone; each file that is not is a line with the command to mend it."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    (folder / "tokens.json").write_text("{}")
    (folder / "tokens.json").chmod(0o644)
    found = [check for check in state_checks(folder) if check.what == "rights"]
    assert [check.next for check in found] == [f"chmod 700 {folder}", f"chmod 600 {folder / 'tokens.json'}"]
    assert {check.state for check in found} == {"warn"}


@pytest.mark.parametrize(("free", "expected"), [(10, "fail"), (500, "warn"), (50_000, "ok")])
def test_room_on_the_disk_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, expected: str) -> None:
    """Less than the reserve needs fails; little is a warning."""
    usage = type("Usage", (), {"free": free * state.MIB})()
    monkeypatch.setattr("monitor.doctor.state.shutil.disk_usage", lambda _: usage)
    assert by_name(state_checks(tmp_path))["disk"].state == expected


async def test_a_clock_that_runs_is_ok_and_one_that_was_never_set_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's clock runs evenly; one in 1970 is told so."""
    found = await clock_checks()
    assert found[0].words == "runs evenly"
    assert all(check.state != "fail" for check in found)
    monkeypatch.setattr("monitor.doctor.clock.time.time", lambda: 1000.0)
    (check,) = await clock_checks()
    assert check.state == "fail"


async def test_a_clock_that_somebody_sets_meanwhile_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second forward while we look is said with its size."""
    import time

    real, asked = time.time, []

    def jumps() -> float:
        asked.append(1)
        return real() + (0.5 if len(asked) > 2 else 0.0)

    monkeypatch.setattr("monitor.doctor.clock.time.time", jumps)
    found = await clock_checks()
    assert found[0].state == "warn"
    assert "+0.5" in found[0].words


@given(st.floats(-1e6, 1e6), st.floats(0, 2))
def test_another_clock_is_judged_by_how_far_it_is_off(ahead: float, precision: float) -> None:
    """ok within a second, a failure from five on, a warning between; what the other side rounds is forgiven."""
    check = clock(1e9 + ahead, 1e9, "x", precision)
    off = max(abs((1e9 + ahead) - 1e9) - precision, 0.0)
    assert check.state == ("fail" if off >= SKEW_FAIL else "warn" if off >= SKEW_WARN else "ok")


@pytest.mark.parametrize(("days", "expected"), [(-3, "fail"), (0.5, "fail"), (5, "warn"), (90, "ok")])
def test_a_certificate_that_ends_soon_is_said(days: float, expected: str) -> None:
    """One that ends within the day fails, within two weeks is a warning."""
    check = certificate(1e9 + days * DAY, 1e9, "x")
    assert check is not None
    assert check.state == expected
    assert certificate(None, 1e9, "x") is None


async def test_targets_are_connected_to_and_nothing_is_sent() -> None:
    """One that listens, one that does not, a name that nobody has, a name without a port: four lines, and no byte arrives."""
    arrived: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            arrived.append(await reader.read(100))
        except ConnectionError:
            arrived.append(b"")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    closed = free_port()
    places = [
        Place(Target("http", "127.0.0.1", port), port, "rollback"),
        Place(Target("http", "127.0.0.1", closed), closed, "rollback"),
        Place(Target("https", "no-such-host.invalid", 443), 443, "rollback"),
        Place(Target("http", "127.0.0.1", 0), None, "rollback"),
    ]
    found = await reach_all(places, what="target")
    server.close()
    await server.wait_closed()
    assert [check.state for check in found] == ["ok", "fail", "fail", "ok"]
    assert "the rollback would stop there" in found[1].words
    assert set(arrived) <= {b""}


async def test_a_target_that_does_not_speak_tls_fails_in_words() -> None:
    """A handshake is made where https is spoken: a plain port behind an https name is found."""

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (check,) = await reach_all([Place(Target("https", "127.0.0.1", port), port, "rollback")], what="target")
    server.close()
    assert check.state == "fail"


@pytest.mark.parametrize(
    ("environment", "what", "expected"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "colours", "ok"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "colours", "warn"),
        ({"TERM": "dumb"}, "colours", "warn"),
        ({"COLUMNS": "60", "LINES": "20"}, "size", "warn"),
        ({"COLUMNS": "120", "LINES": "40"}, "size", "ok"),
    ],
)
def test_what_the_terminal_cannot_show_is_said(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], what: str, expected: str
) -> None:
    """Colours and size are judged by what the board needs."""
    for name in ("TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert by_name(terminal_checks())[what].state == expected


def test_a_report_is_ok_when_nothing_failed() -> None:
    """Warnings do not count; what to do stands under its line; the last line counts."""

    def line(state: Any) -> Line:
        return Line(subject="edge", what="broker", state=state, words="words", next="do" if state != "ok" else "")

    assert report([line("ok"), line("warn")]).ok
    assert not report([line("ok"), line("fail")]).ok
    assert list(spelled(line("fail")))[1].strip() == "next: do"
    assert summary(report([line("ok"), line("warn"), line("fail")])) == "1 ok, 1 to look at, 1 failed"


def test_our_errors_become_a_line_with_what_to_do() -> None:
    """What an error says after next: is what to do; without it there is advice all the same."""
    check = sentence("login", OSError("refused; next: check the password"))
    assert (check.words, check.next) == ("refused", "check the password")
    assert sentence("login", TimeoutError()).words == "TimeoutError"
    assert sentence("login", TimeoutError()).next
    assert ok("a", "b").state == "ok"
    assert fail("a", "\x1b[31mred", "c").words == "\\x1b[31mred"


def test_the_doctor_finds_a_port_that_is_taken(tmp_path: Path) -> None:
    """Somebody listens where golive should: that is found before the start."""
    import msgspec

    from monitor.config_file import read
    from monitor.doctor.surroundings import web_checks
    from tests.monitor.config_base import BASE

    (tmp_path / "golive.yaml").write_text(BASE[: BASE.index("triggers:")] + BASE[BASE.index("notify:") :])
    config = read(tmp_path / "golive.yaml").value
    assert config is not None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        web = msgspec.structs.replace(config.web, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        busy = msgspec.structs.replace(config, web=web)
        (check,) = web_checks(busy, tmp_path / "state")
        assert check.state == "fail"
        lock = StateLock.acquire(tmp_path / "state", 1.0)
        assert web_checks(busy, tmp_path / "state")[0].state == "ok"
        lock.release()
    assert web_checks(busy, tmp_path / "state")[0].state == "ok"


async def test_a_port_that_the_running_daemon_has_is_well(tmp_path: Path) -> None:
    """Telephones report to a socket that golive itself holds: the doctor beside it does not call that a failure."""
    from collectors.sip_quality.collector import SipQuality
    from collectors.sip_quality.listening import Listen
    from monitor.doctor.examination import _source

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        listen = (Listen(port=line.getsockname()[1]),)
        source = SipQuality(name="phones", every=5.0, listen=listen, allow=("127.0.0.1",))
        (alone,) = await _source(source, tmp_path, tmp_path / "state")()
        lock = await asyncio.to_thread(StateLock.acquire, tmp_path / "state", 1.0)
        (beside,) = await _source(source, tmp_path, tmp_path / "state")()
        await asyncio.to_thread(lock.release)
    assert (alone.state, beside.state) == ("fail", "ok")
    assert "in use while the daemon runs" in beside.words
