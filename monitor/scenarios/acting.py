"""What people and the world do in a scenario: the same calls that a terminal's requests end in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from monitor.scenarios.rig import Rig, newest
from monitor.scenarios.statements import Act, Enter, PersonDoes, Restart
from monitor.serving.acts import Actor, Refusal
from monitor.serving.snapshot import DecisionRow

WHY = "by the script"
"""The reason that a script's people give."""


class Acting:
    """Does what the script says, and keeps what has not been answered yet."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._waiting: list[tuple[int, PersonDoes, asyncio.Task[object]]] = []

    async def do(self, act: Act, line: int) -> list[tuple[int, str]]:
        """Do it; returns what went otherwise than the script says, each with its line."""
        rig = self.rig
        if isinstance(act, Restart):
            await rig.restart()
        elif isinstance(act, Enter):
            await rig.course.enter(act.stage, "script", "entered by the script")
        elif isinstance(act, PersonDoes):
            self._waiting.append((line, act, asyncio.get_running_loop().create_task(self._person(act))))
        else:
            rig.outcomes[act.step] = act
        await rig.loop.settled()
        return self.answers()

    def answers(self) -> list[tuple[int, str]]:
        """What those who have been answered by now were told, where the script says otherwise."""
        done = [entry for entry in self._waiting if entry[2].done()]
        self._waiting = [entry for entry in self._waiting if not entry[2].done()]
        return [(line, why) for line, act, task in done if (why := _judged(act, task))]

    def close(self) -> None:
        """Let go of what nobody answered."""
        for _, _, task in self._waiting:
            task.cancel()

    async def _person(self, act: PersonDoes) -> object:
        return await _ACTS[act.act](self.rig, self.rig.actors[act.person], act)


def _judged(act: PersonDoes, task: asyncio.Task[object]) -> str:
    did = f"{act.person} {act.act} {act.what}"
    error = task.exception()
    if error is None:
        return "" if act.refused is None else f"{did} should be refused and was accepted"
    if not isinstance(error, Refusal):
        raise error
    said = f"{error.what}; {error.hint}" if error.hint else error.what
    if act.refused is None:
        return f"{did} should be accepted and was refused: {said}"
    return "" if act.refused in said else f"{did} should be refused with {act.refused!r} and was refused with: {said}"


def _asked(rig: Rig, act: PersonDoes) -> DecisionRow:
    rows = rig.shown.get(act.shown, ()) if act.shown is not None else rig.desk.decision_rows()
    row = newest(rows, act.what, act.labels)
    if row is None:
        raise Refusal(404, f"there is no decision of {act.what}")
    return row


def _run_of(rig: Rig, act: PersonDoes) -> str:
    row = _asked(rig, act)
    if not row.run:
        raise Refusal(404, f"the decision of {act.what} has no run")
    return row.run


async def _approve(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    row = _asked(rig, act)
    return await rig.helm.approve(actor, row.id, row.digest, row.nonce, WHY)


async def _reject(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.reject(actor, _asked(rig, act).id, WHY)


async def _rearm(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.rearm(actor, _asked(rig, act).id, WHY)


async def _ask(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.request_run(actor, act.what, {}, WHY)


async def _sign(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.sign_gate(actor, act.what, act.act == "signs", WHY)


async def _hold(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.move_stage(actor, act.what, "hold", WHY)


async def _advance(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.move_stage(actor, act.what, "advance", WHY)


async def _back(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.move_stage(actor, act.what, "back", WHY)


async def _abort(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.act_on_run(actor, _run_of(rig, act), "abort", WHY)


async def _pause(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.act_on_run(actor, _run_of(rig, act), "pause", WHY)


async def _resume(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.act_on_run(actor, _run_of(rig, act), "resume", WHY)


async def _retry(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.act_on_step(actor, _run_of(rig, act), act.step, "retry", "", WHY)


async def _skip(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.act_on_step(actor, _run_of(rig, act), act.step, "skip", "", WHY)


async def _resolve(rig: Rig, actor: Actor, act: PersonDoes) -> object:
    return await rig.helm.act_on_step(actor, _run_of(rig, act), act.step, "resolve", act.outcome, WHY)


_ACTS: dict[str, Callable[[Rig, Actor, PersonDoes], Awaitable[object]]] = {
    "approves": _approve,
    "rejects": _reject,
    "rearms": _rearm,
    "asks": _ask,
    "signs": _sign,
    "unsigns": _sign,
    "holds": _hold,
    "advances": _advance,
    "goes": _back,
    "aborts": _abort,
    "pauses": _pause,
    "resumes": _resume,
    "retries": _retry,
    "skips": _skip,
    "resolves": _resolve,
}
