"""Going on with a run after the program stopped in the middle of it: by effect class, or not without a person."""

from __future__ import annotations

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
    stuck = any(progress.state in STUCK for progress in record.steps.values())
    if record.state == "verifying":
        await run.verify("verification begins again after a restart")
    elif record.state == "running" and (held_back or stuck):
        why = held_back or "the outcome of a step is unknown"
        await run.turn("paused", f"paused after a restart: {why}", detail=why)
    else:
        await run.turn(record.state, "taken up after a restart", detail=record.standing.detail)


async def _interrupted(run: Run, step: AnyStep, progress: Progress, held_back: str) -> None:
    what = after_crash(step.effect, answers=step.asks)
    if what == "again" and (not held_back or step.asks or step.effect == "read"):
        words = "interrupted by a restart: again" + (" under the same key" if step.effect == "keyed" else "")
        await run.record.step(step, replace(progress, state="next", outcome=words), words)
    elif what == "probe" and not held_back:
        await run.record.step(step, progress, "interrupted by a restart: asking the probe")
        run.ask_probe(step, progress, interrupted=True)
    else:
        await run.record.park(step, "the program stopped before the outcome was known")
