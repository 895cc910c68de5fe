"""Breaking the glass on a disk that is really full."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from monitor.deciding.breakglass import FILE, BreakGlassLog, Spoken
from monitor.deciding.ledger import JournalError, verify
from monitor.serving.acts import Refusal
from tests.monitor.deciding.world import ANNA, World

SIZE = 1024 * 1024


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB; where the kernel refuses to mount one, that is said out loud."""
    path = tmp_path / "small"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(path)], capture_output=True, check=False
    )
    if done.returncode:
        words = f"NOT PROVED on a full disk: mounting a tmpfs is refused here: {done.stderr.decode().strip()}"
        sys.__stderr__.write(words + "\n") if sys.__stderr__ else None
        pytest.skip(words)
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path: Path) -> None:
    """Write until nothing more fits."""
    with (path / "filler").open("wb", buffering=0) as file:
        for size in (65536, 4096, 256, 1):
            try:
                while True:
                    file.write(os.urandom(size))
            except OSError:
                continue


async def test_on_a_full_disk_the_calls_still_come_home_and_nothing_is_lost(small: Path) -> None:
    """No byte is free: signatures are refused, one approver acts, and the journal gets every line once there is space."""
    world = World(small / "journal.db")
    world.second = BreakGlassLog(small)
    await asyncio.to_thread(world.second.prepare)
    await world.start()
    await world.measure(legacy_up=1.0)
    await asyncio.to_thread(fill, small)
    failed = await asyncio.gather(
        *(world.journal.append("note", "anna", "x" * 400) for _ in range(200)), return_exceptions=True
    )
    assert isinstance(failed[-1], JournalError)
    with pytest.raises(Refusal) as refused:
        await world.desk.request_run(ANNA, "voice-back", {"queue": "other"}, "why")
    assert refused.value.status == 503
    row = await world.desk.counter.break_glass(ANNA, "voice-back", {}, "nobody answers", "voice-back PROD", "")
    await world.tick()
    assert {found.id: found.state for found in world.rows()}[row.id] == "executing"
    lines = [msgspec.json.decode(raw, type=Spoken) for raw in (small / FILE).read_bytes().rstrip(b"\0").splitlines()]
    assert [(found.line.state, bool(found.trouble)) for found in lines] == [("preflight", True), ("executing", True)]
    (small / "filler").unlink()
    world.executor.handles[0].report("done", "verified")
    await world.settled()
    states = [entry.state for entry in await world.journal.entries(kind="decision", object=row.id)]
    assert states == ["preflight", "executing", "rolled_back", "rolled_back"]
    await world.stop()
    assert (await asyncio.to_thread(verify, small / "journal.db")).ok
