"""The demo with the terminal: you are anna, ben signs second, it stays until you quit and ends everything with it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from monitor.demo.production import Production, production
from monitor.demo.story import Story

WATCH = "import signal; from monitor.demo.tie import tie; tie({tie}, signal.SIGINT); from monitor.cli.main import main; main()"
"""`golive` with the keyboard and the screen, so tied to this process by a pipe of its own; an interrupt makes Textual
give the screen back."""
CALM_BEFORE = 8.0
"""Seconds in which the board is green before the trouble begins."""


async def onstage(scenario: str, directory: Path, *, seed: int, port: int, stop: asyncio.Event) -> int:
    """Show the terminal on a simulated cutover until the person quits; its exit code is ours."""
    async with production(directory, port=port, seed=seed, hear=lambda _: None) as demo:
        story = Story(
            demo.client,
            demo.routing,
            demo.setup.tokens,
            script=scenario,
            with_anna=False,
            calm_before=CALM_BEFORE,
            begin=lambda: None,
        )
        # When the people cannot go on (the daemon was stopped by hand, say) the terminal still shows the truth.
        playing = asyncio.create_task(story.play())
        try:
            return await _terminal(demo, stop)
        finally:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


async def _terminal(demo: Production, stop: asyncio.Event) -> int:
    end, held = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-c",
            WATCH.format(tie=end),
            "watch",
            demo.url,
            "--token-file",
            str(demo.setup.token_file("anna")),
            "--operator",
            pass_fds=(end,),
        )
        ended = asyncio.create_task(process.wait())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ended.done():
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
        return await ended
    finally:
        os.close(end)
        os.close(held)
