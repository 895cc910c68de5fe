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
        try:
            await daemon.up.wait()
            row = await daemon.reloading.reload("a signal", "SIGHUP")
        except Refusal as refusal:
            log.error("%s; next: %s", refusal.what, refusal.hint)  # noqa: TRY400 - it is an answer, not a fault
        except Exception:
            log.exception("%s could not be read again; what runs stays in force", shown)
        else:
            if row.changed:
                warm = f"; these rules warm up: {', '.join(row.fresh)}" if row.fresh else ""
                log.warning("%s is taken over: %s%s", shown, "; ".join(row.changed), warm)
            else:
                log.warning("%s is what runs; tokens and the web configuration are read again by themselves", shown)

    def asked() -> None:
        if not reloads:
            task = asyncio.create_task(reload(), name="hangup")
            reloads.add(task)
            task.add_done_callback(reloads.discard)

    return asked
