"""SIGHUP: the configuration is read again and taken over whole, or what runs stays in force and the log says why."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from monitor.daemon.daemon import Daemon
from monitor.serving.acts import Refusal
from monitor.text import clean

log = logging.getLogger("golive")


def on_hangup(path: Path, daemon: Daemon) -> Callable[[], None]:
    """What a signal handler calls; one reload at a time, once the daemon is up."""
    reloads: set[asyncio.Task[None]] = set()
    shown = clean(str(path))

    async def reload() -> None:
        await daemon.up.wait()
        try:
            row = await daemon.reloading.reload("a signal", "SIGHUP")
        except Refusal:
            return  # it has been said
        except Exception:
            log.exception("%s could not be read again; what runs stays in force", shown)
            return
        if not row.changed:
            log.warning("%s is what runs; tokens and the web configuration are read again by themselves", shown)

    def asked() -> None:
        if not reloads:
            task = asyncio.create_task(reload(), name="hangup")
            reloads.add(task)
            task.add_done_callback(reloads.discard)

    return asked
