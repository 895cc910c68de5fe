"""A steady beat for collectors that ask: no drift, and no heap of missed turns after a pause."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


async def beat(every: float, *, first: float = 0.0) -> AsyncIterator[int]:
    """Yield after `first` seconds and then every `every` seconds, counted from there.

    What is yielded is the number of turns that were left out since the one before: 0 when in time. Runs on the event loop's own clock,
    which no change of the wall clock moves.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time() + first
    turn = 0
    while True:
        await asyncio.sleep(max(begun + turn * every - loop.time(), 0.0))
        due = max(turn, int((loop.time() - begun) / every + 1e-9))
        yield due - turn
        turn = due + 1
