"""Wait for a condition with a deadline, never for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], object], seconds: float) -> None:
    """Return once `holds()` is true; AssertionError after `seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not holds():
        assert loop.time() < deadline, f"nothing happened within {seconds} s"
        await asyncio.sleep(0.05)
