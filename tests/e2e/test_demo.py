"""The demo as a user starts it: one process with children, a scenario, an exit code."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from monitor.deciding.state_lock import StateLock

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]

GOLIVE = [sys.executable, "-c", "from monitor.cli.main import main; main()", "demo"]


class Played(NamedTuple):
    """A demo that has ended."""

    code: int
    events: list[dict[str, Any]]
    errors: str
    seconds: float

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def states(self, kind: str) -> list[str]:
        return [event["state"] for event in self.of(kind)]

    @property
    def end(self) -> dict[str, Any]:
        return self.events[-1]


SCENARIOS = ("rollback", "calm", "blind", "trunk-loss", "queue-flood", "crm-down")


def play(scenario: str, directory: Path) -> Played:
    """Run a scenario to its end."""
    began = time.monotonic()
    done = subprocess.run(
        [*GOLIVE, "--scenario", scenario, "--headless", "--json", "--seed", "7", "--dir", str(directory)],
        capture_output=True,
        text=True,
        timeout=140,
        check=False,
    )
    seconds = time.monotonic() - began
    return Played(done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr, seconds)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Every scenario, all at once: they wait for wall time, not for the processor."""
    root = tmp_path_factory.mktemp("demos")
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        return dict(zip(SCENARIOS, pool.map(lambda name: play(name, root / name), SCENARIOS), strict=True))


def family(parent: int) -> set[int]:
    """Live descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
                if fields[0] != "Z":
                    parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    while more := {pid for pid, up in parents.items() if up in found | {parent}} - found:
        found |= more
    return found


def living(pids: set[int]) -> set[int]:
    left = set()
    for pid in pids:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z":
                left.add(pid)
    return left


def gone(pids: set[int], seconds: float) -> bool:
    """Whether these processes end within some seconds."""
    deadline = time.monotonic() + seconds
    while living(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not living(pids)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any], Path]]:
    """A calm demo that has said where it listens."""
    directory = tmp_path / "deep" / "state"
    process = subprocess.Popen(
        [*GOLIVE, "--scenario", "calm", "--headless", "--json", "--dir", str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield process, json.loads(process.stdout.readline()), directory
    finally:
        process.kill()
        process.communicate()


def test_rollback_ends_rolled_back_with_the_legacy_stage_at_go(played: dict[str, Played]) -> None:
    """The whole story within 60 s: trouble, proposal, two signatures, steps, verified, the legacy verdict stands."""
    demo = played["rollback"]
    assert demo.code == 0, (demo.end, demo.errors)
    assert demo.end["ok"]
    states = demo.states("decision")
    assert states[0] == "awaiting"
    assert states[-1] == "rolled_back"
    assert demo.of("decision")[-1]["at"] - demo.events[0]["at"] < 60
    assert "NO-GO" in demo.states("verdict")
    assert demo.states("verdict")[-1] == "GO"
    assert demo.of("stage")[-1]["object"] == "legacy"
    assert [event["who"] for event in demo.of("decision") if event["who"] in ("anna", "ben")] == ["anna", "ben"]
    done = [event["object"].split("/")[1] for event in demo.of("step") if event["state"] == "done"]
    assert done == ["agents-back", "sales-back", "support-back", "back-office-back", "drained"]


SOURCES = ("ami", "mqtt", "sip_quality", "amazon_connect", "push", "http")
HEARD = {
    "golive_queue_contacts_answered_total": ("legacy", "target"),
    "golive_queue_contacts_waiting": ("legacy", "target"),
    "golive_queue_abandonment_ratio": ("legacy", "target"),
    "golive_agents": ("legacy", "target"),
    "golive_media_mos_count": ("legacy", "target"),
    "golive_agents_ready_ratio": ("",),
    "golive_integration_up": ("legacy", "target"),
}
"""What is heard, of which platform."""


def heard(page: str) -> set[tuple[str, str]]:
    """Metric and platform of every line of /metrics that holds a number."""
    found = re.findall(r"^(golive_\w+)\{([^}]*)\} [^N]", page, re.MULTILINE)
    return {(name, next(iter(re.findall(r'platform="(\w+)"', labels)), "")) for name, labels in found}


def test_both_platforms_are_heard_by_every_kind_of_collector(
    running: tuple[subprocess.Popen[str], dict[str, Any], Path],
) -> None:
    """Each kind is there and well, both platforms are heard with their calls, agents and quality, and nothing is refused."""
    process, first, _ = running
    wanted = {(metric, platform) for metric, platforms in HEARD.items() for platform in platforms}
    deadline = time.monotonic() + 60
    known: set[tuple[str, str]] = set()
    while wanted - known:
        assert time.monotonic() < deadline, wanted - known
        assert process.poll() is None, wanted - known
        with contextlib.suppress(OSError):  # it has just ended, and the next look says what is missing
            known |= heard(text(f"{first['url']}/metrics"))
        time.sleep(0.5)
    sources = call(f"{first['url']}/api/v1/snapshot")["sources"]
    assert {source["kind"] for source in sources} == set(SOURCES)
    assert {source["state"] for source in sources} == {"ok"}
    assert {source["name"]: source["refused"] for source in sources if source["refused"]} == {}


def test_calm_never_proposes_anything(played: dict[str, Played]) -> None:
    """45 to 75 s of GO, no decision, exit code 0."""
    demo = played["calm"]
    assert demo.code == 0, (demo.end, demo.errors)
    assert 45 <= demo.seconds <= 75
    assert not demo.of("decision")
    assert not {"NO-GO", "UNKNOWN"} & set(demo.states("verdict"))


def test_blind_pages_and_never_rolls_back(played: dict[str, Played]) -> None:
    """All sources dead: UNKNOWN, one page at least, nothing executed, 45 to 75 s."""
    demo = played["blind"]
    assert demo.code == 0, (demo.end, demo.errors)
    assert 45 <= demo.seconds <= 75
    assert demo.states("verdict")[-1] == "UNKNOWN"
    assert any("UNKNOWN" in event["what"] for event in demo.of("notify"))
    assert not demo.of("decision")
    assert not demo.of("step")


def test_trunk_loss_is_proposed_and_withdrawn(played: dict[str, Played]) -> None:
    """A trunk that heals by itself: NO-GO, a proposal that nobody signs, withdrawn, GO again."""
    demo = played["trunk-loss"]
    assert demo.code == 0, (demo.end, demo.errors)
    assert demo.states("decision")[0] == "awaiting"
    assert demo.states("decision")[-1] == "withdrawn"
    assert not demo.of("step")
    assert demo.states("verdict")[-1] == "GO"


@pytest.mark.parametrize(("scenario", "rule"), [("queue-flood", "abandon_target"), ("crm-down", "integration_target")])
def test_trouble_that_a_rollback_would_not_mend_proposes_none(
    played: dict[str, Played], scenario: str, rule: str
) -> None:
    """The gate breaks and heals, and no rollback is proposed."""
    demo = played[scenario]
    assert demo.code == 0, (demo.end, demo.errors)
    assert "NO-GO" in demo.states("verdict")
    assert demo.states("verdict")[-1] == "GO"
    broken = {event["object"].split(":")[0] for event in demo.of("transition") if event["state"] == "breach"}
    assert rule in broken
    assert not demo.of("decision")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_line_is_an_event_in_order(played: dict[str, Played], scenario: str) -> None:
    """The first line says where it listens, the last how it ended, each has a time; no journal line comes twice."""
    events = played[scenario].events
    assert (events[0]["event"], events[-1]["event"]) == ("demo", "end")
    assert events[0]["url"].endswith(f":{events[0]['port']}")
    assert all(isinstance(event["at"], float) for event in events)
    numbers = [event["seq"] for event in events if "seq" in event]
    assert numbers == sorted(set(numbers))
    assert not played[scenario].errors


def test_without_json_a_person_reads_sentences(tmp_path: Path) -> None:
    """A line an event, with the time of day first; a signal ends it with code 1 and a last sentence."""
    process = subprocess.Popen([*GOLIVE, "--headless", "--dir", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        first = process.stdout.readline()
        assert first[2] == first[5] == ":"
        assert "scenario rollback" in first
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 1
    assert rest.splitlines()[-1].endswith("it was stopped before the scenario ended")


@contextlib.contextmanager
def terminal(*options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A demo on a pseudo-terminal of 120 by 40; its screen is given as a descriptor."""
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = subprocess.Popen(
        [*GOLIVE, *options],
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
        start_new_session=True,
    )
    os.close(keyboard)
    try:
        yield process, screen
    finally:
        process.kill()
        process.wait()
        os.close(screen)


def test_the_terminal_shows_the_board_and_ends_everything(tmp_path: Path) -> None:
    """With a terminal the board comes up armed for anna; leaving it ends every process with code 0."""
    with terminal("--dir", str(tmp_path / "state")) as (process, screen):
        shown = read_until(screen, ("Packet loss", "anna", "edge-target"), 60)
        assert "Traceback" not in shown
        children = family(process.pid)
        assert len(children) == 3
        os.write(screen, b"q")
        assert seen_within(screen, lambda: process.poll() is not None, 20)
        assert process.returncode == 0
        assert gone(children, 2.0)


def call(url: str, body: dict[str, str] | None = None, token: str = "") -> dict[str, Any]:
    """Ask a server of the demo."""
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own address on loopback
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - the same
        found: dict[str, Any] = json.loads(answer.read())
        return found


def text(url: str) -> str:
    """A page of the daemon."""
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address on loopback
        return str(answer.read(), "utf-8")


def test_ben_signs_second_and_the_traffic_moves_back(tmp_path: Path) -> None:
    """At the terminal the proposal waits for you; once you signed, ben does, and the calls go back for real."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api/v1"

    def decision() -> dict[str, Any]:
        with contextlib.suppress(OSError):
            return next(iter(call(f"{api}/snapshot")["decisions"]), {})
        return {}

    with terminal("--dir", str(tmp_path / "state"), "--port", str(port)) as (_, screen):
        assert seen_within(screen, lambda: decision().get("state") == "awaiting", 90)
        assert not seen_within(screen, lambda: decision()["votes"], 3)
        routing = re.search(r"carrier: (\S+)", (tmp_path / "state/runbooks/voice-back-to-legacy.yaml").read_text())
        assert routing
        assert {route["to"] for route in call(f"{routing[1]}/routes")["routes"].values()} == {"target"}
        token = (tmp_path / "state/people/anna.token").read_text().strip()
        asked = decision()
        body = {"digest": asked["digest"], "nonce": asked["nonce"], "reason": "I read it"}
        call(f"{api}/decisions/{asked['id']}/approve", body, token)
        assert seen_within(screen, lambda: decision()["state"] == "rolled_back", 40)
        assert [vote["person"] for vote in decision()["votes"]] == ["anna", "ben"]
        routes = call(f"{routing[1]}/routes")
        assert {route["to"] for route in routes["routes"].values()} == {"legacy"}
        assert routes["repeated"] == 0


def read_until(screen: int, words: tuple[str, ...], seconds: float) -> str:
    """What a pseudo-terminal shows, until all the words were there."""
    deadline = time.monotonic() + seconds
    shown = ""
    while not all(word in shown for word in words):
        assert time.monotonic() < deadline, shown[-2000:]
        if select.select([screen], [], [], 0.2)[0]:
            try:
                shown += os.read(screen, 65536).decode(errors="replace")
            except OSError:  # nobody holds the other end any more: it has ended
                pytest.fail(f"the program ended: {shown[-2000:]}")
    return shown


def seen_within(screen: int, holds: Callable[[], object], seconds: float) -> bool:
    """Whether something comes true in time; reads the screen meanwhile, since a full pseudo-terminal would hold it."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        if select.select([screen], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                os.read(screen, 65536)
    return True


def test_the_port_and_the_directory_are_ours(tmp_path: Path) -> None:
    """--port is where the daemon answers, --dir is where its state lies, and SIGTERM ends everything, leaving no port, with code 1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    directory = tmp_path / "mine"
    process = subprocess.Popen(
        [*GOLIVE, "--headless", "--json", "--port", str(port), "--dir", str(directory)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        assert (first["event"], first["port"], first["url"]) == ("demo", port, f"http://127.0.0.1:{port}")
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass
        assert (directory / "golive.yaml").exists()
        children = family(process.pid)
        assert len(children) == 2
        # The daemon, the broker, three PBXs, the cloud, the systems and the pager; telephones report over UDP.
        written = (directory / "golive.yaml").read_text()
        ports = {int(found) for found in re.findall(r"(?:port: |127\.0\.0\.1:)(\d+)", written)}
        assert len(ports) == 9
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
        assert process.returncode == 1
        assert json.loads(rest.splitlines()[-1])["ok"] is False
        assert gone(children, 1.0)
        for left in ports:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(type=kind) as again:
                    again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
                    again.bind(("127.0.0.1", left))
    finally:
        process.kill()
        process.communicate()


def test_no_process_outlives_kill_9(running: tuple[subprocess.Popen[str], dict[str, Any], Path]) -> None:
    """When the demo is killed without a chance to say goodbye, its children end by themselves and free the directory."""
    process, _, directory = running
    children = family(process.pid)
    assert len(children) == 2
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert gone(children, 15.0)
    StateLock.acquire(directory, time.time()).release()


def test_a_second_demo_in_the_same_directory_is_refused(
    running: tuple[subprocess.Popen[str], dict[str, Any], Path],
) -> None:
    """The directory of a demo at work is held: exit code 4, and the first one goes on."""
    process, _, directory = running
    done = subprocess.run(
        [*GOLIVE, "--headless", "--dir", str(directory)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 4
    assert "held" in done.stderr
    assert process.poll() is None


def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """Files that the demo did not write are never touched: exit code 2."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    done = subprocess.run(
        [*GOLIVE, "--headless", "--dir", str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """The demo never talks to somebody else's server: exit code 1, and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*GOLIVE, "--headless", "--port", str(port), "--dir", str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
