"""The past of a real daemon: kept through a crash, asked for over HTTP, played elsewhere, handed over."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from monitor.serving.past.archive import ArchiveError, Reading
from monitor.serving.past.moments import Marks, Moment
from monitor.serving.timeline_rows import Proof
from tests.e2e.conftest import TOKENS
from tests.e2e.test_run import CONFIG, sample, send
from tests.rig.daemon import GOLIVE, RunningDaemon
from tests.rig.mosquitto import Mosquitto

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(120)]


async def marks(running: RunningDaemon) -> Marks:
    """What the daemon says of its past."""
    return msgspec.json.decode(await running.text("/api/v1/past/marks"), type=Marks)


async def turned(running: RunningDaemon, verdict: str) -> Marks:
    """Wait until the record has this verdict and a moment that shows it."""
    async with asyncio.timeout(30):
        while True:
            told = await marks(running)
            if any(mark.state == verdict and mark.shown_at is not None for mark in told.marks):
                return told
            await asyncio.sleep(0.1)


async def golive(running: RunningDaemon, *words: str) -> tuple[int, str]:
    """One command beside it: exit code and output."""
    environment = {**os.environ, "GOLIVE_URL": running.url}
    done = await asyncio.to_thread(
        subprocess.run, [*GOLIVE, *words], cwd=running.folder, env=environment, capture_output=True, text=True, timeout=50
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


async def test_what_the_screens_showed_outlives_a_crash_and_can_be_looked_at_again(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon]
) -> None:
    """After kill -9 the moment at which the verdict turned is there, with the verdict of before one step back."""
    broker.start()
    running = daemon(CONFIG.format(port=broker.port, record="false"))
    await running.start()
    await running.until(lambda seen: seen.sources[0].state == "ok")
    feeding = asyncio.create_task(fed(broker))
    await running.until(lambda seen: seen.verdict.verdict == "NO-GO")
    before = await turned(running, "NO-GO")
    assert await running.act(TOKENS["anna"], "notes", text="bridge: callers hear nothing") == 200
    running.kill()
    await running.start()
    after = await marks(running)
    feeding.cancel()
    assert [mark for mark in after.marks if mark.seq <= before.marks[-1].seq] == list(before.marks)
    turn = next(mark for mark in after.marks if mark.state == "NO-GO")
    assert turn.shown_at is not None
    then = msgspec.json.decode(await running.text(f"/api/v1/past?at={turn.shown_at!r}"), type=Moment)
    assert then.snapshot.verdict.verdict == "NO-GO"
    assert then.before is not None
    earlier = msgspec.json.decode(await running.text(f"/api/v1/past?at={then.before!r}"), type=Moment)
    assert earlier.snapshot.verdict.verdict != "NO-GO"
    assert 'golive_past_moments_total{result="written"}' in await running.text("/metrics")

    proof = msgspec.json.decode(await running.text("/api/v1/journal/proof"), type=Proof)
    assert proof.ok
    assert proof.seq >= after.marks[-1].seq

    code, page = await golive(running, "handover")
    assert code == 0
    assert "# Hand-over TEST: night one" in page
    assert "anna: bridge: callers hear nothing" in page
    code, told = await golive(running, "handover", "--hours", "1", "--json")
    assert code == 0
    assert json.loads(told)["whole"] is True
    code, table = await golive(running, "audit", "show", "--csv", "--kind", "note", "--state-dir", "state")
    assert code == 0, table
    assert "bridge: callers hear nothing" in table
    assert running.stop() == 0


async def fed(broker: Mosquitto) -> None:
    """A trunk that loses packets, until cancelled."""
    while True:
        await send(broker, sample(0.03))
        await asyncio.sleep(0.5)


async def test_a_terminal_records_what_it_sees(
    broker: Mosquitto, daemon: Callable[[str], RunningDaemon], tmp_path: Path
) -> None:
    """`watch --plain --record FILE` leaves a record that holds the moments, and says how to play it."""
    broker.start()
    running = daemon(CONFIG.format(port=broker.port, record="false"))
    await running.start()
    words = [*GOLIVE, "watch", running.url, "--plain", "--record", str(tmp_path / "mine.past")]
    watching = await asyncio.to_thread(
        subprocess.Popen, words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    async with asyncio.timeout(30):
        while not await asyncio.to_thread(recorded, tmp_path / "mine.past"):
            await asyncio.sleep(0.2)
    watching.send_signal(signal.SIGINT)
    _, said = await asyncio.to_thread(watching.communicate, None, 20)
    assert f"golive replay {tmp_path / 'mine.past'}" in said
    running.stop()


def recorded(path: Path) -> int:
    """Moments in a record, 0 while there is none."""
    try:
        reading = Reading.of(path)
    except ArchiveError:
        return 0
    try:
        return reading.marks().moments
    finally:
        reading.close()
