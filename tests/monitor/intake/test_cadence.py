"""The beat of collectors that ask."""

from __future__ import annotations

import asyncio

import pytest

from monitor.intake.cadence import beat


@pytest.mark.asyncio
@pytest.mark.looptime
async def test_the_beat_does_not_drift_and_leaves_out_what_was_missed() -> None:
    """An hour of work of uneven length stays on the grid; after a pause the next turn comes at once, and no heap of them."""
    loop = asyncio.get_running_loop()
    begun, seen = loop.time(), []
    async for missed in beat(10.0):
        seen.append((round(loop.time() - begun, 6), missed))
        if len(seen) > 360:
            break
        await asyncio.sleep(35.0 if len(seen) == 5 else 3.7)
    assert seen[5] == (75.0, 2)
    assert [at % 10 for at, _ in seen[:5] + seen[6:]] == [0.0] * 360
    assert seen[6] == (80.0, 0)
    assert sum(missed for _, missed in seen) == 2
