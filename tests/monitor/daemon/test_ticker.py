"""The heartbeat when something inside it breaks: UNKNOWN everywhere, said once, and never a mute daemon."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from monitor.config_file import read
from monitor.daemon.daemon import Daemon

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
