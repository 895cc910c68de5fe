"""This machine's clock: does it run evenly, and does anybody keep it right?"""

from __future__ import annotations

import asyncio
import ctypes
import time

from monitor.intake.probing import Check, fail, ok, warn

WATCHED = 1.0
"""Seconds over which the wall clock is held against the one that nobody sets."""
UNEVEN = 0.05
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronized."""
_TIMEX = 256
"""Bytes that struct timex fits into on every architecture."""
_EARLIEST = 1_767_225_600.0
"""2026-01-01: before this the clock was never set."""


async def clock_checks() -> list[Check]:
    """Takes a second."""
    if time.time() < _EARLIEST:
        return [fail("clock", "it was never set: every sample would come from the future", "start chrony or timesyncd")]
    wall, steady = time.time(), time.monotonic()
    await asyncio.sleep(WATCHED)
    drift = (time.time() - wall) - (time.monotonic() - steady)
    checks = []
    if abs(drift) > UNEVEN:
        words = f"the wall clock moved by {drift:+.3f} s within {WATCHED:g} s: somebody sets it while golive watches"
        checks.append(warn("clock", words, "let one program keep the time, and let it slew: chronyc tracking"))
    else:
        checks.append(ok("clock", "runs evenly"))
    kept = await asyncio.to_thread(_synchronized)
    if kept is False:
        words = "the kernel says that nobody keeps the clock right: it drifts away from those of the sources"
        checks.append(warn("synchronization", words, "start chrony or systemd-timesyncd"))
    elif kept:
        checks.append(ok("synchronization", "the kernel says that the clock is kept right"))
    return checks


def _synchronized() -> bool | None:
    """Whether the kernel's clock is synchronized; None where the kernel does not say. Only asks, sets nothing."""
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(_TIMEX))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != _TIME_ERROR
