"""Runs a terminal until its person leaves or its window is gone; nothing of it stays behind."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dashboards.terminal.app import Terminal


async def on_screen(app: Terminal) -> int:
    """Show it; returns the exit code. SIGTERM and SIGHUP, which a closed window sends, leave as `q` does."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, app.exit)
    try:
        await app.run_async()
    finally:
        # Where the window vanished while the program was ending, the thread that reads keys would turn for ever.
        if (ending := getattr(app._driver, "exit_event", None)) is not None:  # noqa: SLF001 - Textual gives no other way to it
            ending.set()
    return app.return_code or 0
