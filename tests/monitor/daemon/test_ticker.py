"""The heartbeat when something inside it breaks: UNKNOWN everywhere, said once, and never a mute daemon."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from monitor.config_file import read
from monitor.daemon.daemon import Daemon
from monitor.daemon.ticker import SLICE
from monitor.daemon.worst import Worst
from monitor.judging.pieces import finished
from monitor.serving.condition_rows import SelfRow

CONFIG = """
schema: 1
cutover: {name: night, environment: TEST}
people: [{name: ben, role: approver, duties: [lead]}]
stages: [{name: only}]
gates: [{name: smoke, signed_by: lead}]
"""


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Daemon]:
    """A whole daemon without collectors, on a free port."""
    (tmp_path / "golive.yaml").write_text(CONFIG)
    loaded = await asyncio.to_thread(read, tmp_path / "golive.yaml")
    assert loaded.value is not None, loaded.findings
    web = msgspec.structs.replace(loaded.value.web, listen="127.0.0.1:0")
    loaded = dataclasses.replace(loaded, value=msgspec.structs.replace(loaded.value, web=web))
    made = Daemon(loaded, tmp_path / "state")
    await made.start()
    await until(lambda: made.camera.newest() is not None)
    yield made
    await made.close()


async def until(holds: Callable[[], object], within: float = 10.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.02)


async def test_while_ticks_fail_nothing_outside_says_anything_but_unknown(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Snapshot, readiness and reason tell of the failure; one journal line when it begins, one when it is over."""
    assert daemon.camera.snapshot().verdict.verdict == "HOLD"

    def fail(_: object) -> None:
        raise RuntimeError("desk on fire")

    monkeypatch.setattr(daemon.desk, "consider", fail)
    await until(lambda: daemon.camera.snapshot().verdict.verdict == "UNKNOWN")
    seen = daemon.camera.snapshot()
    assert "desk on fire" in seen.verdict.reason
    assert "desk on fire" in seen.monitor.degraded
    assert "desk on fire" in (daemon.camera.ready() or "")
    ticks = daemon.ticker.count
    await until(lambda: daemon.ticker.count > ticks + 4)
    monkeypatch.undo()
    await until(lambda: daemon.camera.snapshot().verdict.verdict == "HOLD")
    assert daemon.camera.ready() is None

    def told() -> list[str]:
        return [event.state for event in daemon.journal.events_after(0, 100) if event.kind == "verdict"]

    await until(lambda: len(told()) >= 3)  # a line counts once it is on disk
    assert told() == ["HOLD", "UNKNOWN", "HOLD"]


async def test_a_daemon_that_cannot_even_say_unknown_ends(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead daemon is missed by whoever watches it; a mute one that still answers is not."""

    def fail(_: object) -> None:
        raise RuntimeError("no picture")

    monkeypatch.setattr(daemon.ticker, "on_tick", fail)
    async with asyncio.timeout(10):
        await daemon.dead.wait()


async def test_a_flood_of_refusals_does_not_push_the_events_off_the_board(daemon: Daemon) -> None:
    """The board's events are the newest public ones, however many private lines were written since."""
    await until(lambda: daemon.camera.snapshot().events[-1].kind == "verdict")
    before = [event.seq for event in daemon.camera.snapshot().events]
    for number in range(200):
        daemon.journal.append("denied", "nobody", f"{number}", public=False)
    await until(lambda: daemon.journal.head[0] > 200)
    await until(lambda: daemon.camera.snapshot().monitor.journal_seq > 200)
    assert [event.seq for event in daemon.camera.snapshot().events] == before


def busy(seconds: float) -> None:
    """Keep the loop."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


async def test_others_run_while_a_long_tick_goes_on(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick of forty pieces lets a neighbour have the loop dozens of times before it ends."""
    turns: list[int] = []

    async def neighbour() -> None:
        while True:
            turns.append(0)
            await asyncio.sleep(0)

    def judge(_now: float) -> Iterator[None]:
        turns.clear()
        for _ in range(40):
            busy(SLICE)
            yield
        passed.append(len(turns))

    passed: list[int] = []
    task = asyncio.create_task(neighbour())
    monkeypatch.setattr(daemon.engine, "judge", judge)
    await until(lambda: passed)
    task.cancel()
    assert passed[0] >= 20


async def test_the_board_tells_how_long_a_tick_kept_the_loop(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece that nobody could interrupt is shown beside the whole tick's time, and is still shown ticks later."""

    def judge(_now: float) -> Iterator[None]:
        yield
        busy(0.05)
        yield

    def monitor() -> SelfRow:
        return daemon.camera.snapshot().monitor

    with monkeypatch.context() as patch:
        patch.setattr(daemon.engine, "judge", judge)
        await until(lambda: monitor().longest_piece >= 0.05)
        assert monitor().tick_seconds >= 0.05
    count = daemon.ticker.count
    await until(lambda: daemon.ticker.count > count + 3)
    assert monitor().longest_piece >= 0.05


def test_the_worst_is_forgotten_after_a_while() -> None:
    """A number is remembered for half a minute at least, for a minute at most, and greater ones take its place."""
    worst = Worst()
    assert worst.note(0.5, 100.0) == 0.5
    assert worst.note(0.1, 129.0) == 0.5
    assert worst.note(0.7, 131.0) == 0.7
    assert worst.note(0.1, 155.0) == 0.7
    assert worst.note(0.2, 162.0) == 0.7
    assert worst.note(0.1, 193.0) == 0.2
    assert worst.note(0.1, 900.0) == 0.1


async def test_what_arrives_inside_a_tick_waits_for_the_next(daemon: Daemon) -> None:
    """Samples and blanks that are staged between two pieces are not judged with those that were there before."""
    door = daemon.intake.door("hand", 30.0)
    handles = [door.series("golive_media_mos", (("site", f"s{number}"),)) for number in range(3)]
    now = daemon.clock()
    door.emit(handles[:2], [4.0, 4.0], [now, now], now)
    flushing = daemon.intake.flushing()
    door.emit(handles[2:], [4.0], [now], now)
    door.blank(handles[0], "error", now + 1.0, now + 1.0)
    finished(flushing)
    table = daemon.store.table("golive_media_mos")
    assert np.isfinite(table.latest[:3]).tolist() == [True, True, False]
    blanks = [table.has_blanks]
    daemon.intake.flush()
    assert np.isfinite(table.latest[:3]).all()
    assert [*blanks, table.has_blanks] == [False, True]
    assert door.samples == 3
