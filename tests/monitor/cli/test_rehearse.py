"""`golive runbook rehearse`: all of a run but its effects, proved to reach nobody and to start nothing."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from monitor.deciding.ledger import show, verify
from runbooks.sealed import SealedError, sealed
from tests.rig.namespace import without_network
from tests.rig.programs import program
from tests.runbooks.target import served

MAIN = "from monitor.cli.main import main; main()"
RUNBOOK = """\
name: mine
title: Everything that can be sent
scope: queue {queue}
parameters: {queue: {pattern: "[a-z]+"}}
endpoints: {routing: "http://HOST"}
allow_hosts: ["HOST", "127.0.0.1:1883"]
preflight: [legacy_up >= 1]
steps:
  - name: floor
    action: manual
    effect: checked
    owner: wfm-lead
    takes: 2m
    instructions: Bring {queue} back.
    confirm: "type:AGENTS"
    proves: agents
    probe: {signal: ready >= 1}
  - name: move
    action: http
    effect: keyed
    moves: calls
    needs: [floor]
    request: {method: PUT, url: "{routing}/apply/{queue}", headers: {Authorization: {file: token}}, json: {to: legacy}}
    expect: {json: {to: legacy}}
    retry: {times: 1, wait: 20s}
    probe: {url: "{routing}/state/{queue}", expect: {json: {to: legacy}}}
    undo: {method: PUT, url: "{routing}/apply/{queue}", json: {to: target}}
  - {name: tell, action: mqtt, effect: once, broker: {host: 127.0.0.1}, topic: "cc/{queue}", json: {to: legacy}}
  - {name: rest, action: wait, effect: read, span: 20s}
  - {name: look, action: verify, effect: read, that: [legacy_share >= 0.95], hold: 30s}
verify: [legacy_share >= 0.95]
verify_hold: 60s
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one runbook and the token it sends, as a user has them."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "token").write_text("hunter2-hunter2-hunter2")
    (tmp_path / "token").chmod(0o600)
    write(tmp_path, "127.0.0.1:8931")
    return tmp_path


def write(folder: Path, host: str) -> None:
    (folder / "runbooks" / "mine.yaml").write_text(RUNBOOK.replace("HOST", host))


def rehearse(folder: Path, *words: str, typed: str = "", before: tuple[str, ...] = ()) -> tuple[int, str, str]:
    command = [*before, sys.executable, "-c", MAIN, "runbook", "rehearse", "mine", "queue=sales", *words]
    done = subprocess.run(command, cwd=folder, input=typed, capture_output=True, text=True, timeout=50, check=False)
    return done.returncode, done.stdout, done.stderr


async def at_the_prompt(folder: Path) -> asyncio.subprocess.Process:
    """A rehearsal that waits for its person."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MAIN, "runbook", "rehearse", "mine", "queue=sales"),
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    while b"asks:" not in await process.stdout.readline():
        pass
    return process


def states(out: str) -> list[str]:
    return [step["state"] for step in json.loads(out)["steps"]]


@pytest.mark.real
def test_a_rehearsal_sends_no_packet_and_starts_no_process(folder: Path) -> None:
    """In a namespace without network, under strace: done, and not one connect, execve or socket beyond this machine."""
    trace = folder / "trace"
    calls = "trace=connect,execve,execveat,fork,vfork,sendto,sendmsg,sendmmsg,socket"
    before = (*without_network(), program("strace"), "-f", "-qq", "-o", str(trace), "-e", calls)
    code, out, err = rehearse(folder, "--yes", "--fast", "--json", before=before)
    assert code == 0, err
    assert json.loads(out)["state"] == "done"
    lines = trace.read_text().splitlines()
    assert len([line for line in lines if "execve(" in line]) == 1, "the interpreter itself, which strace starts"
    assert len([line for line in lines if "exited" not in line]) > 1, "strace has seen calls"
    forbidden = re.compile(r"\b(connect|execveat|v?fork)\(|AF_INET|AF_INET6|AF_PACKET|AF_NETLINK|sa_family")
    assert [line for line in lines if forbidden.search(line)] == []


async def test_the_target_of_a_rehearsed_request_hears_nothing(folder: Path) -> None:
    """The request is shown as it would be sent, secrets masked, to a server that is there and never asked."""
    async with served() as target:
        await asyncio.to_thread(write, folder, target.host)
        code, out, err = await asyncio.to_thread(rehearse, folder, "--yes", "--fast", "--json")
        assert code == 0, err
        heard = (target.requests, target.headers)
    assert heard == ([], [])
    report = json.loads(out)
    assert states(out) == ["done"] * 5
    decision = re.search(r"Idempotency-Key: (rehearsal-\w+)/move", err)
    assert decision is not None
    assert report["steps"][1]["request"] == (
        f'PUT {target.base}/apply/sales Authorization: *** {{"to":"legacy"}} (Idempotency-Key: {decision[1]}/move)'
    )
    assert "hunter2" not in out + err
    assert report["hosts"] == [target.host, "127.0.0.1:1883"] or report["hosts"] == ["127.0.0.1:1883", target.host]
    assert (report["rehearsal"], report["timed"], report["takes"]) == (True, False, 180.0)


def test_every_line_of_a_rehearsal_says_that_it_is_one(folder: Path) -> None:
    """On the screen and in a journal of its own, which can be proved whole; the daemon's journal is not touched."""
    code, out, err = rehearse(folder, "--yes", "--fast")
    assert (code, err) == (0, "")
    assert [line for line in out.splitlines() if not line.startswith("REHEARSAL ")] == []
    assert [path.name for path in (folder / "state").iterdir()] == ["rehearsals"]
    path = folder / "state" / "rehearsals" / "journal.db"
    assert verify(path).ok
    entries = show(path, 0, 1000)
    assert entries
    assert {(entry.via, entry.what.split()[0]) for entry in entries} == {("rehearsal", "REHEARSAL")}
    assert {entry.object.partition("-2")[0] for entry in entries if entry.kind in ("run", "step")} == {"run-rehearsal"}
    assert (entries[-1].kind, entries[-1].state) == ("rehearsal", "done")


def test_a_person_answers_with_the_word_that_a_step_asks_for(folder: Path) -> None:
    """Another word is refused and asked again; the answer counts under the rehearser's name."""
    code, out, _ = rehearse(folder, "--fast", typed="dnoe\ndone agents are back\ndone AGENTS 84 of 84\n")
    assert code == 0
    assert "one of these words first: done, not_done, abort" in out
    assert "refused: step floor: to confirm, begin with the word AGENTS" in out
    assert "AGENTS 84 of 84" in out


@pytest.mark.parametrize(
    ("words", "typed", "code", "ends"),
    [
        (("--fail", "move"), "done AGENTS\nretry the carrier is back\n", 0, ["done"] * 5),
        (("--fail", "move"), "done AGENTS\nskip\n", 0, ["done", "skipped", "done", "done", "done"]),
        (("--fail", "move"), "done AGENTS\n", 9, ["done", "failed", "aborted", "aborted", "aborted"]),
        (("--park", "tell"), "done AGENTS\ndone I saw it\n", 0, ["done"] * 5),
        (("--park", "tell", "--yes"), "", 9, ["done", "done", "parked", "aborted", "aborted"]),
        (("--fail", "floor", "--yes"), "", 9, ["failed", "aborted", "aborted", "aborted", "aborted"]),
        (("--fail", "verification", "--yes"), "", 9, ["done"] * 5),
    ],
)
def test_what_goes_wrong_can_be_rehearsed(
    folder: Path, words: tuple[str, ...], typed: str, code: int, ends: list[str]
) -> None:
    """A step that fails or parks asks what a real run would ask, and the answer does what it would do."""
    found, out, err = rehearse(folder, "--fast", "--json", *words, typed=typed)
    assert (found, states(out)) == (code, ends), err
    if "verification" in words:
        assert json.loads(out)["state"] == "ineffective"


def test_a_request_that_could_not_be_sent_fails_in_the_rehearsal(folder: Path) -> None:
    """A token file that is not there is found before the night."""
    (folder / "token").unlink()
    code, out, err = rehearse(folder, "--yes", "--fast", "--json")
    assert (code, states(out)[1]) == (9, "failed")
    assert "could not be sent: file token: No such file or directory" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("queue=SALES",), 2, "once for each name"),
        (("--fail", "nothing"), 2, "has no step nothing"),
        (("--park", "floor"), 2, "it can fail, but not be parked"),
        (("--config", "nowhere.yaml"), 3, "nowhere.yaml"),
    ],
)
def test_a_wrong_call_begins_nothing(folder: Path, words: tuple[str, ...], code: int, says: str) -> None:
    """What cannot be rehearsed is said, and no journal is begun."""
    found, _, err = rehearse(folder, *words)
    assert (found, says in err) == (code, True), err
    assert not (folder / "state").exists()


def test_a_runbook_with_a_mistake_is_not_rehearsed(folder: Path) -> None:
    """Its mistake is named with its line instead."""
    path = folder / "runbooks" / "mine.yaml"
    path.write_text(path.read_text().replace("proves: agents", ""))
    code, _, err = rehearse(folder, "--yes")
    assert code == 3
    assert "moves calls before it is proved that agents are there" in err


def test_the_seal_stops_whatever_tries_to_reach_out() -> None:
    """Should a step ever try, the process refuses: connections, look-ups and programs; opened again, all is as before."""
    with sealed():
        with pytest.raises(SealedError):
            urllib.request.urlopen("http://127.0.0.1:9/")
        with pytest.raises(SealedError):
            subprocess.run(["true"], check=False)
    assert subprocess.run(["true"], check=False).returncode == 0


async def test_two_rehearsals_at_once_are_one(folder: Path) -> None:
    """The second is told who holds the folder, and its lines do not mix with the first one's."""
    first = await at_the_prompt(folder)
    code, _, err = await asyncio.to_thread(rehearse, folder, "--yes")
    assert (code, "another rehearsal is under way" in err) == (4, True)
    await first.communicate(b"abort enough\n")
    assert first.returncode == 9


async def test_ctrl_c_ends_a_rehearsal_at_once_and_its_journal_is_whole(folder: Path) -> None:
    """At a prompt nobody has to press Enter first; what was written until then can be proved."""
    process = await at_the_prompt(folder)
    process.send_signal(signal.SIGINT)
    out, _ = await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 9
    assert b"REHEARSAL broken off" in out
    path = folder / "state" / "rehearsals" / "journal.db"
    verdict = await asyncio.to_thread(verify, path)
    assert (verdict.ok, verdict.entries > 2) == (True, True)


def test_the_list_says_what_was_never_rehearsed(folder: Path) -> None:
    """Each runbook with its last rehearsal, and whether it was changed since."""

    def listed() -> str:
        words = [sys.executable, "-c", MAIN, "runbook", "list"]
        out = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=50, check=True).stdout
        return next(line for line in out.splitlines() if line.startswith("mine "))

    assert listed().endswith("; never rehearsed")
    assert rehearse(folder, "--yes", "--fast")[0] == 0
    assert re.search(r"; rehearsed \d{4}-\d\d-\d\d \d\d:\d\dZ, done in 0s$", listed())
    write(folder, "127.0.0.1:8932")
    assert listed().endswith("done in 0s, before it was changed")
