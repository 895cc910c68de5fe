"""SIGHUP to a daemon in the night of the cutover."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.daemon import RunningDaemon

pytestmark = [pytest.mark.e2e]

CONFIG = """schema: 1
cutover: {name: night one, environment: TEST}
stages: [{name: legacy}, {name: full}]
"""


async def told(running: RunningDaemon, words: str) -> None:
    """Send the signal and wait for the words."""
    assert running.process is not None
    running.process.send_signal(signal.SIGHUP)
    async with asyncio.timeout(20):
        while words not in running.words():
            assert running.process.poll() is None, running.words()
            await asyncio.sleep(0.05)


async def test_a_hangup_never_ends_the_daemon_and_says_what_lies_on_disk(
    tmp_path: Path, daemon: Callable[[str], RunningDaemon]
) -> None:
    """The same file, another valid one and a broken one are told apart by line; what runs stays in force in each case."""
    running = daemon(CONFIG)
    await running.start()
    await told(running, "golive.yaml is what runs")
    (tmp_path / "golive.yaml").write_text(CONFIG.replace("night one", "night two"), encoding="utf-8")
    await told(running, "is valid and differs from what runs; what runs stays in force")
    (tmp_path / "golive.yaml").write_text(CONFIG.replace("schema: 1", "schema: 7"), encoding="utf-8")
    await told(running, "golive.yaml is invalid; what runs stays in force")
    assert "golive.yaml:1:9: schema" in running.words()
    assert (await running.snapshot()).cutover.name == "night one"
    assert running.stop() == 0
