"""The seconds between a person's start of a run and its first step, in which an abort leaves nothing done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runbooks.run import Run


def opened(run: Run) -> dict[str, object]:
    """Hold the first step back for as long as the run says; returns what its standing keeps of that.

    Measured on the loop's clock: a wall clock that is set neither shortens nor lengthens it.
    """
    if not run.undo_window:
        return {}
    run.held = True

    def close() -> None:
        run.held = False
        run.inbox.tell(_wake)

    asyncio.get_running_loop().call_later(run.undo_window, close)
    return {"begins_at": run.record.clock() + run.undo_window}


async def _wake() -> None:
    """Nothing but a reason for the owner to look what is next."""
