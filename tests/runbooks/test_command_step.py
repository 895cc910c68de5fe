"""The command step against hostile programs: one argument list, one process group, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.secrets import SecretRef
from monitor.template import TemplateError
from runbooks import steering
from runbooks.actions.command import Check, Command, CommandExpect, argument
from runbooks.conduct import probed
from runbooks.context import Context
from runbooks.keeper import descendants
from runbooks.process import GRACE, KEPT, Ended, Kept, empty_folder, run
from runbooks.setting import Setting
from tests.monitor.deciding.world import BEN
from tests.rig.waiting import until
from tests.runbooks.rollback import Rollback, runbook

VALUES = {"queue": "sales", "decision": "d1", "run": "r1", "step": "move"}


def script(folder: Path, text: str, name: str = "tool") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def python(folder: Path, text: str, name: str = "tool") -> str:
    path = folder / name
    path.write_text(f"#!{sys.executable} -IS\n{text}\n")
    path.chmod(0o755)
    return str(path)


def step(*argv: str, effect: Any = "once", **more: Any) -> Command:
    return Command(name="move", effect=effect, argv=argv, **more)


def context(folder: Path, **values: str) -> Context:
    return Context(values={**VALUES, **values}, base=folder)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_it_gets_its_arguments_an_empty_folder_and_only_the_environment_that_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arguments arrive one by one; nothing of golive's own environment, no input and no open file comes along."""
    monkeypatch.setenv("GOLIVE_TOKEN", "canary-1")
    monkeypatch.setenv("SITE", "porto")
    (tmp_path / "token").write_text("canary-2")
    (tmp_path / "token").chmod(0o600)
    log = tmp_path / "log"
    tool = script(
        tmp_path, f'exec >{log}; printf "<%s>" "$@"; echo; env; ls -A; pwd; cat; echo input ended; ls /proc/self/fd'
    )
    move = step(
        *(tool, "--queue", "{queue}", "a b;$(id)", "to={queue}"),
        effect="keyed",
        environment={"TOKEN": SecretRef(file="token"), "WHERE": "{queue}"},
        inherit=("SITE", "NOT_SET"),
    )
    outcome = await move.perform(context(tmp_path))
    assert (outcome.kind, outcome.detail[:9]) == ("done", "exit 0 in")
    lines = log.read_text().splitlines()
    assert lines[0] == "<--queue><sales><a b;$(id)><to=sales>"
    variables = dict(line.split("=", 1) for line in lines[1:] if "=" in line)
    assert variables.keys() - {"_", "SHLVL", "OLDPWD"} == {
        *("PATH", "LANG", "HOME", "TMPDIR", "PWD", "SITE", "TOKEN", "WHERE"),
        *("GOLIVE_DECISION", "GOLIVE_RUN", "GOLIVE_STEP", "GOLIVE_KEY"),
    }
    assert (variables["TOKEN"], variables["GOLIVE_KEY"], variables["SITE"]) == ("canary-2", "d1/move", "porto")
    end = lines.index("input ended")
    assert lines[end - 1] == variables["HOME"] == variables["PWD"]
    assert lines[end - 2].startswith("GOLIVE_") or "=" in lines[end - 2], "the folder was empty"
    assert set(lines[end + 1 :]) <= {"0", "1", "2", "3", "10"}, "3 and 10 are ls's and the shell's own"
    assert not (await asyncio.to_thread(Path(variables["HOME"]).exists))
    text = move.request_text(context(tmp_path))
    assert text == (
        f"run {tool} --queue sales {shlex.quote('a b;$(id)')} to=sales"
        " with TOKEN=***, WHERE=sales, SITE as golive has it, NOT_SET as golive has it (GOLIVE_KEY: d1/move)"
    )


@pytest.mark.parametrize(
    ("text", "expect", "effect", "kind", "words"),
    [
        ("echo moved sales", {"stdout": "moved {queue}"}, "once", "done", "exit 0"),
        (
            "echo moved billing",
            {"stdout": "moved {queue}"},
            "once",
            "failed",
            "did not print moved sales: moved billing",
        ),
        ("echo no such queue >&2; exit 3", {}, "once", "failed", "exit 3, expected 0: no such queue"),
        ("exit 3", {"exit": (0, 3)}, "once", "done", "exit 3"),
        ("exit 75", {"unknown": (75,)}, "once", "unknown", "leaves open"),
        ("exit 75", {"unknown": (75,)}, "read", "failed", "leaves open"),
        ("kill -SEGV $$", {}, "once", "unknown", "died of SIGSEGV"),
        ('echo \'{"state": {"to": "legacy"}}\'', {"paths": {"state.to": "legacy"}}, "once", "done", "exit 0"),
        ('echo \'{"state": {"to": "target"}}\'', {"json": {"state": {"to": "legacy"}}}, "once", "failed", '"target"'),
        ('echo \'{"errors": ["no"]}\'', {"without": ("errors",)}, "once", "failed", "there should be nothing"),
        ("echo moved", {"paths": {"to": "legacy"}}, "once", "failed", "is not JSON"),
        ("printf '\\033]0;owned\\007'; exit 1", {}, "once", "failed", "\\x1b]0;owned\\x07"),
    ],
)
async def test_what_an_end_says_of_the_effect(
    tmp_path: Path, text: str, expect: dict[str, Any], effect: str, kind: str, words: str
) -> None:
    """Exit codes and output are held against what is expected; what they leave open is unknown, never done."""
    move = step(script(tmp_path, text), effect=effect, expect=CommandExpect(**expect))
    outcome = await move.perform(context(tmp_path))
    assert (outcome.kind, outcome.sent) == (kind, True)
    assert words in outcome.detail


async def test_a_program_that_cannot_be_started_has_changed_nothing(tmp_path: Path) -> None:
    """Not there, not executable, not a program, or everybody's to change: failed, and surely nothing was done."""
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o644)
    open_to_all = tmp_path / "open"
    script(tmp_path, "exit 0", "open")
    open_to_all.chmod(0o777)
    bad = tmp_path / "bad"
    bad.write_text("#!/not/there\n")
    bad.chmod(0o755)
    cases = {
        str(tmp_path / "none"): "No such file",
        str(plain): "chmod +x",
        str(tmp_path): "is not a program",
        str(open_to_all): "everybody on this machine may change it",
        str(bad): "No such file",
    }
    for program, words in cases.items():
        outcome = await step(program).perform(context(tmp_path))
        assert (outcome.kind, outcome.sent) == ("failed", False), program
        assert words in outcome.detail


HOSTILE = {
    "a child in the background": "sleep 300 & echo $! >>{pids}; exit 0",
    "a child that holds the output open": "(trap '' HUP TERM; exec sleep 300) & echo $! >>{pids}; exit 0",
    "waits for input": "read line; echo got:$line; exit 0",
    "a fleet": "for i in 1 2 3 4 5 6 7 8; do sleep 300 & echo $! >>{pids}; done; exit 0",
}
DAEMON = """
import os, sys, time, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    time.sleep(float(sys.argv[2]))
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
with open(sys.argv[1], "a") as pids:
    pids.write(f"{os.getpid()}\\n")
if sys.argv[3] == "quiet":
    for fd in range(3):
        os.close(fd)
time.sleep(300)
"""


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_programs_leave_nothing_running(tmp_path: Path, kind: str) -> None:
    """Forks, held pipes and waiting for input end with the program: its outcome comes at once, no orphan stays."""
    pids = tmp_path / "pids"
    pids.write_text("")
    began = time.monotonic()
    outcome = await step(script(tmp_path, HOSTILE[kind].format(pids=pids)), timeout=20.0).perform(context(tmp_path))
    assert outcome.kind == "done"
    assert time.monotonic() - began < 5
    children = [int(line) for line in pids.read_text().split()]
    assert [pid for pid in children if alive(pid)] == []
    if children:
        assert f"{len(children)} processes that it left running were killed" in outcome.detail


@pytest.mark.parametrize("manner", ["quiet", "loud"])
async def test_what_forks_twice_and_leaves_the_session_is_caught_too(tmp_path: Path, manner: str) -> None:
    """A program that makes a daemon of itself is adopted and killed (Linux), whether it keeps the output open or not."""
    pids = tmp_path / "pids"
    outcome = await step(python(tmp_path, DAEMON), str(pids), "0.3", manner).perform(context(tmp_path))
    (pid,) = map(int, pids.read_text().split())
    assert (outcome.kind, alive(pid)) == ("done", False)
    assert "1 processes that it left running were killed" in outcome.detail


@pytest.mark.parametrize(("effect", "kind"), [("once", "unknown"), ("read", "failed")])
async def test_one_that_ignores_sigterm_is_killed_and_its_outcome_is_unknown(
    tmp_path: Path, effect: str, kind: str
) -> None:
    """TERM at the timeout, KILL after the grace, also for what left the session; only a read step is merely failed."""
    pids = tmp_path / "pids"
    tool = python(tmp_path, DAEMON)
    began = time.monotonic()
    async with empty_folder() as folder:
        ended = await run((tool, str(pids), "300", "loud"), environment={}, folder=folder, timeout=0.5, grace=0.5)
    assert 1.0 <= time.monotonic() - began < 5
    assert (ended.timed_out, ended.exit, ended.signal) == (True, None, 9)
    assert not alive(int(pids.read_text()))
    outcome = await step(script(tmp_path, "trap 'exit 0' TERM; sleep 300 & wait"), effect=effect, timeout=0.3).perform(
        context(tmp_path)
    )
    assert (outcome.kind, "took longer than 0.3 s" in outcome.detail) == (kind, True)
    assert GRACE == 5.0


async def test_a_flood_of_output_is_cut_to_its_ends(tmp_path: Path) -> None:
    """A gigabyte is read away; the first and the last 32 KiB are kept, and memory does not grow with it."""
    tool = script(tmp_path, "echo begins; head -c 1000000000 /dev/zero; echo ends")
    async with empty_folder() as folder:
        ended = await run((tool,), environment={"PATH": "/usr/bin:/bin"}, folder=folder, timeout=50)
    assert (ended.exit, ended.whole) == (0, False)
    assert ended.out.startswith(b"begins\n")
    assert ended.out.endswith(b"ends\n")
    assert b"bytes left out]" in ended.out
    assert len(ended.out) < KEPT + 100


async def test_a_hundred_runs_leave_no_process_and_no_folder(tmp_path: Path) -> None:
    """After a hundred hostile runs, some of them killed, nothing of them is there any more."""
    pids = tmp_path / "pids"
    pids.write_text("")
    tool = script(tmp_path, f"sleep 300 & echo $! >>{pids}; (setsid sleep 300 &) ; [ $1 = stay ] && sleep 300; exit 0")
    before = await asyncio.to_thread(descendants, os.getpid())
    gate = asyncio.Semaphore(8)

    async def one(number: int) -> Ended:
        async with gate, empty_folder() as folder:
            return await run(
                (tool, "stay" if number % 5 == 0 else "go"),
                environment={"PATH": "/usr/bin:/bin"},
                folder=folder,
                timeout=0.5 if number % 5 == 0 else 20,
                grace=0.2,
            )

    ends = await asyncio.gather(*(one(number) for number in range(100)))
    assert sum(ended.timed_out for ended in ends) == 20
    assert {ended.left for ended in ends} == {0}
    assert [pid for pid in map(int, pids.read_text().split()) if alive(pid)] == []
    assert await asyncio.to_thread(descendants, os.getpid()) <= before


async def test_cut_off_by_an_abort_it_dies_at_once(tmp_path: Path) -> None:
    """Cancelling the step kills the program and all of its children before the run goes on."""
    pids = tmp_path / "pids"
    task = asyncio.ensure_future(step(python(tmp_path, DAEMON), str(pids), "300", "loud").perform(context(tmp_path)))
    await until(lambda: pids.exists() and pids.read_text(), 10)
    began = time.monotonic()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert time.monotonic() - began < 3
    assert not alive(int(pids.read_text()))


async def test_it_dies_with_golive_itself(tmp_path: Path) -> None:
    """After kill -9 of the daemon the program does not go on while a restarted one asks whether it took effect."""
    pids = tmp_path / "pids"
    tool = python(tmp_path, DAEMON)
    child = (
        "import asyncio, sys; from pathlib import Path; from runbooks.process import run\n"
        f"asyncio.run(run(({tool!r}, {str(pids)!r}, '300', 'loud'), environment={{}}, folder=Path('/'), timeout=300))"
    )
    daemon = await asyncio.create_subprocess_exec(sys.executable, "-c", child, cwd=Path(__file__).parents[2])
    await until(lambda: pids.exists() and pids.read_text(), 20)
    children = await asyncio.to_thread(descendants, daemon.pid)
    assert len(children) >= 2, "a keeper and its command"
    daemon.kill()
    await daemon.wait()
    await until(lambda: not any(map(alive, {*children, int(pids.read_text())})), 5)


@given(st.text(max_size=30), st.sampled_from(["{queue}", "a{queue}", "--to={queue}", "{queue}{queue}", "x y", "{{}}"]))
def test_no_value_becomes_an_option_or_a_second_argument(value: str, text: str) -> None:
    """Whatever a value is, it is refused or stays inside its one argument as it is."""
    try:
        filled = argument(text, Context(values={"queue": value}))
    except TemplateError:
        assert value.startswith("-") or not value.isprintable() or "{{" in text
        return
    assert filled == text.replace("{{", "{").replace("}}", "}").replace("{queue}", value)
    assert not filled.startswith("-") or text.startswith("-")
    assert "\0" not in filled


@given(st.lists(st.binary(max_size=60), max_size=40), st.integers(2, 64).map(lambda half: half * 2))
def test_the_ends_of_a_stream_are_kept_however_it_comes_in(pieces: list[bytes], most: int) -> None:
    """First and last half, in order, in any pieces; shorter ones whole; every byte counted."""
    kept, stream = Kept(most), b"".join(pieces)
    for piece in pieces:
        kept.take(piece)
    assert (kept.total, kept.whole) == (len(stream), len(stream) <= most)
    if kept.whole:
        assert kept.data == stream
    else:
        assert kept.data.startswith(stream[: most // 2])
        assert kept.data.endswith(stream[-most // 2 :])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"argv": ()}, "names no program"),
        ({"argv": ("tool",)}, "not an absolute path"),
        ({"argv": ("/opt/../tmp/x",)}, "not an absolute path"),
        ({"argv": ("/opt/{queue}",)}, "never chooses the program"),
        ({"argv": ("/bin/sh", "-c", "move {queue}")}, "makes a command out of its arguments"),
        ({"argv": ("/usr/bin/env", "move")}, "makes a command out of its arguments"),
        ({"argv": ("/opt/tool", "a\0b")}, "zero byte"),
        ({"argv": ("/opt/tool",), "environment": {"A B": "x"}}, "is not a variable"),
        ({"argv": ("/opt/tool",), "inherit": ("GOLIVE_TOKEN",)}, "is not a variable"),
    ],
)
def test_what_cannot_be_a_command_is_found_beforehand(more: dict[str, Any], words: str) -> None:
    """No shell, no program by a parameter or by PATH: `golive check` refuses it."""
    found = list(Command(name="move", effect="once", **more).mistakes(Setting(values=VALUES)))
    assert any(words in mistake.what for mistake in found), found


@pytest.mark.parametrize(
    ("text", "truth", "words"),
    [
        ("exit 0", True, "exit 0"),
        ("echo still on target >&2; exit 1", False, "exit 1: still on target"),
        ("exit 2", None, "exit 2"),
        ("kill -KILL $$", None, "did not end"),
        ("sleep 60", None, "did not end"),
    ],
)
async def test_a_second_program_tells_whether_the_first_took_effect(
    tmp_path: Path, text: str, truth: bool | None, words: str
) -> None:
    """Yes, no, or cannot tell: a check that dies, hangs or says something else never settles anything."""
    check = Check(argv=(script(tmp_path, text), "{queue}"), timeout=0.3)
    move = step(script(tmp_path, "exit 9", "move"), effect="checked", check=check)
    assert move.tells
    found, seen = await probed(move, context(tmp_path))
    assert found is truth
    assert words in seen
    assert list(move.commands()) == [f"{tmp_path}/move", f"{tmp_path}/tool '{{queue}}'"]


CHECKED = """
name: line
title: A program and one that looks
allow_hosts: []
verify: [legacy_share >= 0.95]
verify_hold: 0s
steps:
  - name: move
    action: command
    effect: checked
    argv: [{move}]
    timeout: {timeout}
    check: {{argv: [{look}]}}
"""


async def test_a_program_killed_by_its_timeout_is_settled_by_the_check(tmp_path: Path) -> None:
    """It moved the calls and hung: the check says that it took effect, and it is not started again."""
    mark = tmp_path / "moved"
    move = script(tmp_path, f"echo x >>{mark}; sleep 300", "move")
    look = script(tmp_path, f"test -s {mark}", "look")
    text = CHECKED.format(move=move, look=look, timeout="400ms")
    async with Rollback(tmp_path, runbook(text)) as world:
        await world.sign()
        await world.reaches("rolled_back")
        assert "killed, it took longer than 0.4 s" in world.step("move").outcome
        assert "the check says exit 0" in world.step("move").outcome
    assert mark.read_text() == "x\n"


async def test_an_abort_ends_a_program_and_says_that_its_outcome_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seconds after an abort nothing of the program runs any more, and the step is parked."""
    monkeypatch.setattr(steering, "GRACE", 0.3)
    pids = tmp_path / "pids"
    move = script(tmp_path, f"trap '' TERM; sleep 300 & echo $! $$ >{pids}; wait; wait", "move")
    text = CHECKED.format(move=move, look=script(tmp_path, "exit 0", "look"), timeout="60s")
    async with Rollback(tmp_path, runbook(text)) as world:
        await world.sign()
        await until(lambda: pids.exists() and pids.read_text().strip(), 10)
        row = await world.desk.act_on_run(BEN, world.run.id, "abort", "stop it")
        assert (row.state, row.steps[0].state) == ("aborted", "parked")
        assert not any(alive(int(pid)) for pid in pids.read_text().split())
