"""What a forked child does: one life of a rollback, until it ends, waits for a person, or is killed."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from pathlib import Path
from typing import Any

import gmqtt
import msgspec

from monitor.deciding import recovery
from monitor.deciding.journal import Journal
from monitor.serving.acts import Refusal
from runbooks import resumption, vigil
from runbooks.effect import Effect, Next
from tests.monitor.deciding.world import BEN
from tests.runbooks.rollback import ENDS, Rollback, runbook

assert gmqtt.__version__


def warm() -> None:
    """Load and use once what a life needs, without leaving a thread behind."""

    async def once() -> None:
        journal = await Journal.open(None)
        await journal.append("note", "chaos", "warm")
        await journal.entries(kind="note")
        await journal.close()

    asyncio.run(once())


def main(**life: Any) -> None:
    """Live once and write down where it stands."""
    logging.disable(logging.CRITICAL)
    if life.get("careless"):
        vars(resumption)["after_crash"] = _careless
    recovery.RESUME_WITHIN = life["resume_within"]
    vigil.INTENT_VALID = min(vigil.INTENT_VALID, life["resume_within"])
    asyncio.run(_live(life))


def _careless(effect: Effect, *, answers: bool) -> Next:  # noqa: ARG001 - what it stands in for asks for more
    """A table that sends again whatever was begun: what the suite must find."""
    return "again"


async def _live(life: dict[str, Any]) -> None:
    state, book = Path(life["state"]), runbook(await asyncio.to_thread(Path(life["runbook"]).read_text))
    offset = float(life["offset"])
    answers = dict(life["answers"])
    rollback = Rollback(state, book, lambda: time.time() + offset, **life.get("trigger", {}))
    async with rollback:
        flood = asyncio.create_task(_flood(rollback, int(life.get("flood", 0))))
        await rollback.sign()
        while True:
            await rollback.until(lambda: rollback.decision.state in ENDS or rollback.desk.waiting_rows(), 25)
            asked = [row for row in rollback.desk.waiting_rows() if _name(row.id) in answers]
            if not asked or rollback.decision.state in ENDS:
                break
            for row in asked:
                await _answer(rollback, row.id, answers.pop(_name(row.id)))
        await rollback.reaches(*ENDS, "paused", "executing", "awaiting", "escalated")
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
        found = {
            "decision": rollback.decision.state,
            "run": msgspec.to_builtins(rollback.run) if rollback.desk.run_rows() else None,
            "waiting": [[row.kind, row.id] for row in rollback.desk.waiting_rows()],
            "head": rollback.journal.head,
            "refused": rollback.journal.refused,
        }
    out = state / "out.json"
    out.with_suffix(".new").write_text(json.dumps(found))
    out.with_suffix(".new").replace(out)


def _name(row: str) -> str:
    """The step that a row waits for; `resume` for the run as a whole."""
    return row.partition("/")[2] or "resume"


async def _answer(rollback: Rollback, row: str, answer: str) -> None:
    run, _, step = row.partition("/")
    try:
        if not step:
            await rollback.desk.act_on_run(BEN, run, "resume", "I looked")
        elif answer in ("retry", "skip"):
            await rollback.desk.act_on_step(BEN, run, step, answer, "", "I looked")  # type: ignore[arg-type]
        else:
            await rollback.desk.act_on_step(BEN, run, step, "resolve", answer, "I looked")
    except Refusal:
        return
    await rollback.until(lambda: row not in [waiting.id for waiting in rollback.desk.waiting_rows()], 25)


async def _flood(rollback: Rollback, lines: int) -> None:
    """Many alerts: transitions in the journal, as fast as they come."""
    for number in range(lines):
        rollback.journal.append("transition", "engine", f"alert {number}: loss is breach", object=f"q{number}")
        if number % 50 == 0:
            await asyncio.sleep(0)
