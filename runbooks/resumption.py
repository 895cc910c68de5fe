"""Going on with a run after the program stopped in the middle of it: by effect class, or not without a person."""

from __future__ import annotations

from runbooks import takeover, undo_window, undoing, verifying
from runbooks.effect import after_crash
from runbooks.model import AnyStep
from runbooks.progress import BEGUN, STUCK, Progress, replace
from runbooks.run import Run


async def take_up(run: Run, held_back: str) -> None:
    """Settle what was begun and has no result, then go on, or pause. held_back: why a person must decide first.

    A run that people stopped is not gone on with: no step of it may begin any more.
    """
    record = run.record
    if record.standing.aborting:
        run.aborting = record.standing.aborting
        await run.end_aborted()
        return
    for step in record.runbook.steps:
        if record.steps[step.name].state in BEGUN:
            await _interrupted(run, step, record.steps[step.name], held_back)
    if record.standing.by_hand and record.state == "running":
        await run.turn("running", "taken up after a restart, still by hand", detail=record.standing.detail)
        return
    stuck = any(progress.state in STUCK for progress in record.steps.values())
    if record.state == "verifying":
        await verifying.begin(run, "verification begins again after a restart")
    elif record.state == "running" and (held_back or stuck):
        why = held_back or "the outcome of a step is unknown"
        await run.turn("paused", f"paused after a restart: {why}", detail=why)
    else:
        fresh = all(progress.state == "next" for progress in record.steps.values())
        marks = undo_window.opened(run) if fresh and record.state == "running" else None
        await run.turn(record.state, "taken up after a restart", detail=record.standing.detail, marks=marks)


async def _interrupted(run: Run, step: AnyStep, progress: Progress, held_back: str) -> None:
    if progress.state == "undoing":
        await _undo_interrupted(run, step, progress, held_back)
        return
    if run.record.standing.by_hand:
        if takeover.touches(step, progress) and not progress.by_hand:
            await run.record.park(step, "the program stopped before the outcome was known")
        elif not progress.by_hand:
            await run.record.step(step, replace(progress, state="next", question=""), "left to people")
        return
    what = after_crash(step.effect, answers=step.asks)
    if what == "again" and (not held_back or step.asks or step.effect == "read"):
        words = "interrupted by a restart: again" + (" under the same key" if step.effect == "keyed" else "")
        await run.record.step(step, replace(progress, state="next", outcome=words), words)
    elif what == "probe" and not held_back:
        await run.record.step(step, progress, "interrupted by a restart: asking the probe")
        run.ask_probe(step, progress, interrupted=True)
    else:
        await run.record.park(step, "the program stopped before the outcome was known")


async def _undo_interrupted(run: Run, step: AnyStep, progress: Progress, held_back: str) -> None:
    """An undo that was begun and has no result: by the step's effect class, like the step itself."""
    what = after_crash(step.effect, answers=False)
    if what == "again" and not held_back:
        await run.record.step(step, progress, "its undo was interrupted by a restart: again under the same key")
        undoing.send(run, step)
    elif what == "probe" and not held_back:
        await run.record.step(step, progress, "its undo was interrupted by a restart: asking the probe")
        undoing.ask_probe(run, step)
    else:
        await run.record.park(step, "the program stopped before the outcome of its undo was known")
