"""A wall clock that jumps and a process that stands still, under a whole daemon; a second daemon; a spoilt journal (V5, V6, R3, X7)."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from monitor.serving.snapshot import Snapshot
from tests.e2e.conftest import TOKENS
from tests.e2e.test_disk_full import answer, begun
from tests.rig.daemon import RunningDaemon
from tests.rig.programs import program

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(150)]
CONFIG = """
schema: 1
cutover: {name: night one, environment: TEST}
people:
  - {name: anna, role: approver, duties: [cutover-manager], token: {file: anna.token}}
  - {name: ben, role: approver, duties: [telephony-lead], token: {file: ben.token}}
stages: [{name: legacy}, {name: full}]
gates: [{name: smoke, title: Smoke calls, signed_by: telephony-lead}]
signals: [{name: share, metric: golive_media_packet_loss_ratio}]
"""
RUNBOOK = """
name: back
title: Back
steps:
  - {name: floor, action: manual, effect: once, instructions: tell the floor}
  - {name: rest, action: wait, effect: read, span: 3s}
verify: ["share >= 0"]
verify_within: 600s
"""


def folder_with(tmp_path: Path) -> None:
    """A runbook that waits for a person, then for three seconds, then for a figure that never comes."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "back.yaml").write_text(RUNBOOK)


@pytest.mark.parametrize("jump", ["+3600", "-3600", "+86400"])
async def test_a_wall_clock_that_jumps_ends_nothing_early_or_late(
    daemon: Callable[[str], RunningDaemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: str
) -> None:
    """V5: an open request keeps its deadline, a wait of 3 s lasts 3 s, verification goes on; the journal notes the jump."""
    folder_with(tmp_path)
    library = Path(program("faketime")).parent.parent.joinpath("lib")
    (preload,) = list(library.rglob("libfaketimeMT.so.1"))
    clock = tmp_path / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(preload),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    for name, value in faked.items():
        monkeypatch.setenv(name, value)
    running = daemon(CONFIG)
    await running.start()
    for name in faked:
        monkeypatch.delenv(name)
    run = await begun(running)
    clock.write_text(jump)
    await _until(running, lambda snapshot: any(row.kind == "clock" for row in snapshot.events))
    told = next(row.what for row in await running.events() if row.kind == "clock")
    assert told.startswith(f"the wall clock was set {'back' if jump[0] == '-' else 'forward'} by ")
    state = (await running.snapshot()).decisions[0]
    assert (state.state, state.run) == ("executing", run)
    assert await answer(running, run) == 200
    began = time.monotonic()
    clock.write_text("+0")
    seen = await _until(running, lambda snapshot: snapshot.decisions[0].state == "verifying")
    assert 2.0 < time.monotonic() - began < 12.0
    assert [step.state for step in seen.runs[0].steps] == ["done", "done"]
    await asyncio.sleep(1.0)
    assert (await running.snapshot()).decisions[0].state == "verifying"
    assert running.stop() == 0


async def _until(running: RunningDaemon, holds: Callable[[Snapshot], object]) -> Snapshot:
    return await running.until(holds, 30)


async def test_a_daemon_that_stood_still_starts_no_step_before_somebody_looked(
    daemon: Callable[[str], RunningDaemon], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """V6: stopped for longer than a run may be interrupted (here 2 s), it pauses, says so, and goes on by a person's word."""
    folder_with(tmp_path)
    runbook = RUNBOOK.replace("span: 3s}", "span: 1s}\n  - {name: more, action: wait, effect: read, span: 1s}")
    (tmp_path / "runbooks" / "back.yaml").write_text(runbook)
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif 'run' in sys.argv:\n    from monitor.deciding import recovery\n    recovery.RESUME_WITHIN = 2.0\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    running = daemon(CONFIG)
    await running.start()
    run = await begun(running)
    assert await answer(running, run) == 200
    await _until(running, lambda snapshot: snapshot.runs[0].steps[1].state == "running")
    assert running.process is not None
    os.kill(running.process.pid, signal.SIGSTOP)
    await asyncio.sleep(5.5)
    os.kill(running.process.pid, signal.SIGCONT)
    seen = await _until(running, lambda snapshot: snapshot.decisions[0].state == "paused")
    assert [step.state for step in seen.runs[0].steps] == ["done", "done", "next"]
    assert "the program stood still for" in seen.runs[0].detail
    assert any(row.kind == "clock" and "stood still" in row.what for row in await running.events())
    assert await running.act(TOKENS["anna"], f"runs/{run}/resume", reason="nothing happened meanwhile") == 200
    await _until(running, lambda snapshot: snapshot.decisions[0].state == "verifying")
    assert running.stop() == 0


async def test_a_second_daemon_is_refused_within_a_second_also_after_a_kill(
    daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """R3: exit 4, with host, process and since when; kill -9 of the first lets the next one in at once."""
    running = daemon(CONFIG)
    for _ in range(2):
        await running.start()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        second = await asyncio.to_thread(
            subprocess.run, running.command(), cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert second.returncode == 4
        assert running.process is not None
        assert f"is held by process {running.process.pid} on " in second.stderr
        assert " since 20" in second.stderr
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        assert used < 1.5, "processor time, most of it the start of Python: how long that takes is the machine's affair"
        running.kill()


def cut(path: Path) -> None:
    """Half of it is gone."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """One byte of a line is another."""
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"watches")] ^= 1
    path.write_bytes(raw)


def future(path: Path) -> None:
    """A later program wrote it."""
    with sqlite3.connect(path) as database:
        database.execute("UPDATE about SET value = '99'")
    database.close()


def folder(path: Path) -> None:
    """Not even a file."""
    path.unlink()
    path.mkdir()


def link(path: Path) -> None:
    """A symbolic link to somewhere else, which is never followed."""
    shutil.move(path, path.with_name("elsewhere.db"))
    path.symlink_to(path.with_name("elsewhere.db"))


@pytest.mark.parametrize("spoil", [cut, flip, future, folder, link], ids=lambda spoil: spoil.__name__)
async def test_a_spoilt_journal_disables_runbooks_with_the_reason_and_nothing_else(
    daemon: Callable[[str], RunningDaemon], tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """X7: it is never guessed at: monitoring goes on, runbooks are refused in words, the file is left as it was found."""
    folder_with(tmp_path)
    running = daemon(CONFIG)
    await running.start()
    assert running.stop() == 0
    journal = tmp_path / "state" / "journal.db"
    await asyncio.to_thread(spoil, journal)
    before = await asyncio.to_thread(lambda: journal.read_bytes() if journal.is_file() else b"")
    await running.start()
    seen = await running.snapshot()
    assert "no runbook can run" in seen.monitor.degraded
    assert await running.act(TOKENS["anna"], "runs", runbook="back", parameters={}, reason="now") == 503
    assert await running.act(TOKENS["anna"], "notes", text="still watching") == 200
    await _until(running, lambda snapshot: snapshot.monitor.tick > seen.monitor.tick + 2)
    assert running.stop() == 0
    after = await asyncio.to_thread(lambda: journal.read_bytes() if journal.is_file() else b"")
    assert after == before
    assert msgspec.json.encode(seen)
