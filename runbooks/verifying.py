"""The end of a run: it is done when the world says so, not when the steps are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runbooks.facts_watch import Held, hold

if TYPE_CHECKING:
    from runbooks.run import Run


async def begin(run: Run, words: str) -> None:
    """Look whether it worked, over and over, until it is held or time is up."""
    await run.turn("verifying", words)
    runbook = run.record.runbook

    async def look() -> None:
        held = await hold(run.facts, runbook.verify, runbook.verify_hold, runbook.verify_within)
        run.inbox.tell(lambda: _verified(run, held))

    run.errand.send(look(), "verification")


async def _verified(run: Run, held: Held) -> None:
    if run.record.state != "verifying":
        return
    if held.held:
        await run.turn("done", f"verified after {held.after:.0f} s", rows=held.rows)
        return
    detail = f"not verified within {held.after:.0f} s: {held.lacking}"
    await run.turn("ineffective", detail, detail=detail, rows=held.rows)
