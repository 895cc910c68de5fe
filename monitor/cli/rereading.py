"""SIGHUP: what lies on disk, held against what runs. A daemon that watches a cutover does not change its rules under people's hands."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from monitor.config_file import read
from monitor.text import clean

log = logging.getLogger("golive")


def compared(path: Path, digest: str) -> tuple[bool, list[str]]:
    """Whether the file could be run, and lines about it. digest: that of what runs. Blocks on the disk."""
    loaded = read(path)
    if loaded.value is None:
        lines = [clean(str(finding), 2000) for finding in loaded.findings]
        return False, [
            *lines,
            f"{clean(str(path))} is invalid; what runs stays in force; next: mend it before any restart",
        ]
    if loaded.digest == digest:
        return True, [f"{clean(str(path))} is what runs; tokens and the web configuration are read again by themselves"]
    what = f"{clean(str(path))} is valid and differs from what runs, which stays in force"
    return True, [f"{what}; next: golive check, then a restart, which goes on where the journal ends"]


def on_hangup(path: Path, digest: str) -> Callable[[], None]:
    """What a signal handler calls; one look at a time."""
    looks: set[asyncio.Task[None]] = set()

    async def look() -> None:
        sound, lines = await asyncio.to_thread(compared, path, digest)
        for line in lines:
            log.log(logging.WARNING if sound else logging.ERROR, "%s", line)

    def asked() -> None:
        if not looks:
            task = asyncio.create_task(look(), name="hangup")
            looks.add(task)
            task.add_done_callback(looks.discard)

    return asked
