"""`golive run` ends when it is told to, whatever one of its parts does."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.monitor.config_base import BASE

DEAF = """
import asyncio, sys
from collectors.mqtt.collector import Mqtt

async def run(self, inlet):
    inlet.connected()
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue

Mqtt.run = run
from monitor.cli.main import main
main()
"""


@pytest.mark.e2e
def test_a_collector_that_ignores_its_end_does_not_keep_the_daemon(tmp_path: Path) -> None:
    """SIGTERM with a collector that swallows every cancellation: the daemon is gone within the deadline, with code 0 and
    a line that names it (P3)."""
    text = BASE[: BASE.index("triggers:")] + BASE[BASE.index("notify:") :]
    (tmp_path / "golive.yaml").write_text(text)
    log = tmp_path / "log"
    words = [sys.executable, "-c", DEAF, "run", "--config", "golive.yaml", "--web.listen-address", "127.0.0.1:0"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, cwd=tmp_path, stdout=out, stderr=out, env={"PYTHONPATH": str(Path(__file__).parents[3]), "HOME": "/"}
        )
    deadline = time.monotonic() + 30
    while "watching" not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    try:
        assert process.wait(20) == 0, log.read_text()
    finally:
        process.kill()
    assert time.monotonic() - begun < 12
    assert "did not stop within 5 s" in log.read_text()
    assert "ending without collector" in log.read_text()
