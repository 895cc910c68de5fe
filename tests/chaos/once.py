"""Once: killed or stopped at every edge of the journal, under every effect class, with every action, and taken up again.

Each case runs three steps; the middle one is hit. Meanwhile a person may change the target by hand and the clock may
move on. A person who looks before answering deals with what is parked. Then the target is held against the promise.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from monitor.deciding.entry import Entry
from monitor.deciding.ledger import show, verify
from tests.chaos.actions import ACTIONS, EFFECTS, Action, Place
from tests.chaos.outside import Outside, Target
from tests.chaos.zygote import Child, Zygote

AWAY = 1800.0
"""Seconds that a long outage seems to take: more than the two minutes after which a run waits for a person."""
STOP_WITHIN = 0.8
"""What stands for those two minutes where a process really stands still."""
AT_ONCE = 5
"""Cases side by side."""
TRIES = 3
LIVES = 12
"""Most lives of one case; more is a run without an end."""
TEXT = """
name: line
title: Three steps in a row
allow_hosts: ["{host}", "127.0.0.1:{broker}"]
steps:
  - {{name: first, action: http, effect: keyed, request: {{method: PUT, url: "{http}/{case}/apply/first"}}}}
  - {middle}
  - {{name: last, action: http, effect: keyed, request: {{method: PUT, url: "{http}/{case}/apply/last"}}}}
verify: [legacy_share >= 0.95]
verify_hold: 0s
verify_within: 5s
"""


@dataclass(frozen=True)
class Case:
    """One thing that happens to one rollback."""

    action: Action
    effect: str
    points: str
    """Failpoints of the first life; empty: a kill at a random moment."""
    fault: str
    """kill, or stop."""
    long: bool
    """Whether people had minutes: the clock moves on by more than `resume_within`, and the target is changed by hand."""
    delay: float = 0.0
    """Seconds after its start at which a life is killed, where `points` is empty."""

    @property
    def words(self) -> str:
        """How a violation names it."""
        where = self.points or f"kill after {self.delay:.3f} s"
        return f"{self.action.name} {self.effect} {where}{' minutes, by hand' if self.long else ''}"


def cells() -> list[Case]:
    """Every edge x effect class x action x kill or stop x short or long."""
    return [
        Case(action, effect, f"{point}={fault}@2", fault, long)
        for action in ACTIONS
        for effect in EFFECTS
        for point in action.points
        for fault in ("kill", "stop")
        for long in (False, True)
    ] + [
        Case(action, effect, f"audit.before_fsync=kill@{line}", "kill", long)
        for action in ACTIONS
        for effect in EFFECTS
        for line in (6, 8, 10)
        for long in (False, True)
    ]


def random_kills(rng: random.Random, count: int) -> list[Case]:
    """Kills at any moment of a life."""
    return [
        Case(
            rng.choice(ACTIONS),
            rng.choice(EFFECTS),
            "",
            "kill",
            rng.random() < 0.3,
            delay=rng.uniform(0.01, 0.45),
        )
        for _ in range(count)
    ]


@dataclass
class Tally:
    """What all cases came to."""

    cases: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    sent_again: int = 0
    """Sends of keyed and read steps that were repeated, as they may be."""
    parked: int = 0
    in_truth_applied: int = 0
    """Parked steps that had taken effect."""
    audits: int = 0
    violations: list[str] = field(default_factory=list)


class NoFaultError(Exception):
    """What was to happen to a case did not: it proves nothing. A busy machine can do that, and then it is lived again."""


class Life:
    """One case from first start to last end."""

    def __init__(self, case: Case, place: Place, target: Target, zygote: Zygote, world: Outside, tally: Tally) -> None:
        self.case, self.place, self.target = case, place, target
        self.zygote, self.world, self.tally = zygote, world, tally
        self.offset = 0.0
        self.rounds = 0
        self.approved_again: Counter[str] = Counter()
        """Times that a person who looked had a step sent again."""
        self.more: dict[str, Any] = {}
        """Arguments of every life."""
        self.standing = {"middle": "done"} if case.action.by_person else {}
        """What a person answers whenever asked: a manual step is done by hand and said to be done."""
        self.answers: dict[str, str] = {}
        self.text = place.folder.with_suffix(".yaml")

    async def write(self) -> None:
        """Put the runbook where the lives read it."""
        middle = self.case.action.write(self.place, "middle", self.case.effect)
        place = self.place
        text = TEXT.format(host=place.host, broker=place.broker_port, http=place.http, case=place.case, middle=middle)
        await asyncio.to_thread(self.text.write_text, text)

    def life(self, points: str = "", *, resume_within: float = 120.0, **more: Any) -> Child:
        """Begin a life."""
        self.rounds += 1
        arguments = {
            "state": str(self.place.folder),
            "runbook": str(self.text),
            "offset": self.offset,
            "resume_within": resume_within,
            "answers": {**self.standing, **self.answers},
            **self.more,
            **more,
        }
        return self.zygote.fork({"environment": {"GOLIVE_FAILPOINTS": points}, "arguments": arguments})

    def wrong(self, words: str) -> None:
        """Note a violation."""
        self.tally.violations.append(f"{self.case.words}: {words}")

    async def lines(self) -> list[Entry]:
        """The journal as it is on disk, verified."""
        path = self.place.folder / "journal.db"
        if not await asyncio.to_thread(path.exists):
            return []
        found = await asyncio.to_thread(verify, path)
        if "no such table" in found.why:
            return []  # it was killed before the journal was made, and nothing can have been sent
        self.tally.audits += 1
        if not found.ok:
            self.wrong(f"the audit does not verify: {found.why}")
        return await asyncio.to_thread(show, path, 0, 100000)

    async def look(self) -> None:
        """Hold what has arrived against what was written down before: no effect without an intent on disk."""
        await self.world.quiet(self.place.case)
        intents = Counter(
            line.object.partition("/")[2]
            for line in await self.lines()
            if line.kind == "step" and line.state == "running" and ": begins: " in line.what
        )
        for step, sends in self.target.sends.items():
            if sends > intents[step]:
                self.wrong(f"{step} was sent {sends} times with {intents[step]} intents on disk")

    async def fault(self) -> None:
        """The first life, and what happens to it."""
        case = self.case
        if case.action.by_person:
            self.target.by_hand.add("middle")
        if case.fault == "stop":
            child = self.life(case.points, resume_within=STOP_WITHIN if case.long else 120.0)
            if not await child.stopped_or_ended():
                raise NoFaultError("it never stood still")
            self.tally.faults["stop"] += 1
            await self.look()
            await self.outage()
            sent = self.target.sends.total()
            if case.long:
                await asyncio.sleep(STOP_WITHIN * 1.3)
            await child.woken()
            await self.look()
            if case.long and self.began_after_waking(sent):
                self.wrong("a step began after minutes of standing still, before anybody looked")
        else:
            child = self.life(case.points)
            if not case.points:
                await child.started()
                await asyncio.sleep(case.delay)
                child.send(signal.SIGKILL)
            status = await child.ended()
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            if killed:
                self.tally.faults["kill"] += 1
            elif case.points:
                raise NoFaultError("it was not killed")
            await self.look()
            await self.outage()

    def began_after_waking(self, sent: int) -> bool:
        """Whether anything new was sent that was not on its way already when the process was stopped."""
        points = ("step.after_intent", "step.after_send") if self.case.action.by_program else ("step.after_intent",)
        on_its_way = self.case.points.startswith(points)
        return self.target.sends.total() - sent > on_its_way

    async def outage(self) -> None:
        """Minutes of people: what is not yet so is done by hand."""
        await self.program()
        if self.case.long and self.target.sends["first"]:
            self.offset += 0.0 if self.case.fault == "stop" else AWAY
            if not self.target.is_so("middle"):
                self.target.by_hand.add("middle")

    async def program(self) -> None:
        """A program that was started goes on while golive stands still; people come after it."""
        going = self.case.fault == "stop" and self.case.action.by_program
        if going and self.case.points.startswith("step.after_send"):
            for _ in range(100):
                if self.target.sends["middle"]:
                    return
                await asyncio.sleep(0.05)

    async def go_on(self) -> dict[str, Any]:
        """Start it again, and answer as a person who looks at the target would, until it ends."""
        while self.rounds < LIVES:
            status = await self.life().ended()
            self.answers = {}
            await self.look()
            out = self.place.folder / "out.json"
            if status:
                self.wrong(f"a life ended with {status}")
                return {}
            found: dict[str, Any] = json.loads(await asyncio.to_thread(out.read_text))
            if found["decision"] == "rolled_back" or not found["waiting"]:
                return found
            for _, row in found["waiting"]:
                self.answer(row.partition("/")[2])
        return {"decision": "without an end", "run": None}

    def answer(self, step: str) -> None:
        """What a person says after looking."""
        if not step:
            self.answers["resume"] = "resume"
            return
        so = self.target.is_so(step)
        self.tally.parked += 1
        self.tally.in_truth_applied += so
        self.answers[step] = "done" if so else "not_done"
        self.approved_again[step] += not so

    async def judge(self, found: dict[str, Any]) -> None:
        """Hold the end against the promise."""
        case, target = self.case, self.target
        if found.get("decision") != "rolled_back":
            self.wrong(f"it ended {found.get('decision')}: {found}")
            return
        self.tally.steps += 3
        lines = [line for line in await self.lines() if line.kind == "step"]
        states = {line.object.partition("/")[2]: line.state for line in lines}
        for name, effect in (("first", "keyed"), ("middle", case.effect), ("last", "keyed")):
            if states.get(name) != "done":
                self.wrong(f"{name} was lost: {states.get(name)}")
            self.judge_step(name, effect)
            self.tally.sent_again += max(target.sends[name] - 1, 0)
        begun = list(dict.fromkeys(target.order))
        if begun != [name for name in ("first", "middle", "last") if name in begun]:
            self.wrong(f"out of order: {target.order}")
        if case.action.by_person and target.sends["middle"]:
            self.wrong("a manual step was sent")

    def judge_step(self, name: str, effect: str) -> None:
        """Hold what one step did to the world against its effect class."""
        target = self.target
        if effect != "read" and not target.is_so(name):
            self.wrong(f"{name} is called done and is not so")
        if effect in ("keyed", "checked") and target.applied[name] > 1:
            self.wrong(f"{name} was applied {target.applied[name]} times")
        if effect == "checked" and target.applied[name] and name in target.by_hand:
            self.wrong(f"{name} was applied on top of what a person had done")
        if effect == "once" and target.sends[name] > 1 + self.approved_again[name]:
            self.wrong(f"{name} was sent {target.sends[name]} times, approved {self.approved_again[name]} times more")
        if effect == "keyed" and len(target.keys.get(name, ())) > 1:
            self.wrong(f"{name} was sent under several keys: {target.keys[name]}")


async def live(life: Life) -> None:
    """Live one case to its end and judge it."""
    await asyncio.to_thread(life.place.folder.mkdir)
    await life.write()
    try:
        await life.fault()
        life.tally.cases += 1
        await life.judge(await life.go_on())
    except TimeoutError:
        life.wrong(f"it stood still in life {life.rounds}")


async def together(
    cases: Iterable[Case],
    folder: Path,
    zygote: Zygote,
    world: Outside,
    tally: Tally,
    *,
    prefix: str = "c",
    more: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Run cases, a few at a time.

    prefix: of their names, which are different for each case of a world. more: arguments of every life.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case, name: str) -> None:
        async with room:
            for again in range(TRIES):
                own = Place(f"{name}{'x' * again}", world.http, world.broker_port, folder / f"{name}{'x' * again}")
                life = Life(case, own, world.target(own.case), zygote, world, tally)
                life.more = dict(more)
                try:
                    await live(life)
                except NoFaultError as error:
                    if again == TRIES - 1:
                        life.wrong(f"the fault did not happen: {error}")
                else:
                    return

    await asyncio.gather(*(one(case, f"{prefix}{number}") for number, case in enumerate(cases)))
