"""How steadily this process runs: a probe that was itself held up says nothing about its target."""

from __future__ import annotations

import asyncio
from collections import deque

BEAT = 0.1
UNSTEADY = 0.5
"""Seconds by which a beat may be late before times that were taken meanwhile count for nothing."""
_KEPT = 600


class Pulse:
    """Beats ten times a second and remembers when it was late. `run` it beside whatever takes times."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=_KEPT)

    async def run(self) -> None:
        """Beat until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT
            await asyncio.sleep(BEAT)
            now = loop.time()
            if now - due > UNSTEADY:
                self._late.append(now)

    def steady_since(self, when: float) -> bool:
        """Whether no beat was late since `when`, in seconds of the event loop's clock."""
        return not self._late or self._late[-1] < when
