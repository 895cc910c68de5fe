"""Where the cutover stands: its stage, since when, who holds it, which gates are signed. Every move is journalled first."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

import msgspec

from monitor.deciding.journal import Journal
from monitor.plan import Gate, Stage
from monitor.serving.acts import Actor, Refusal
from monitor.serving.stage_rows import StageRow
from monitor.text import clean
from monitor.units import format_duration


class Course:
    """The stage and the signatures; recovered from the journal at start. Times are unix seconds."""

    def __init__(
        self,
        stages: Sequence[Stage],
        gates: Sequence[Gate],
        journal: Journal,
        clock: Callable[[], float],
        on_stage: Callable[[str, float], None],
    ) -> None:
        self.stages = list(stages)
        self.gates = {gate.name: gate for gate in gates}
        self.journal = journal
        self.clock = clock
        self.on_stage = on_stage
        self.stage = self.stages[0]
        self.stage_since = clock()
        self.started_at = clock()
        self.advanced_at = -math.inf
        """When the cutover last went forward."""
        self.held = ""
        """Why a person holds this stage; empty when nobody does."""
        self.signatures: dict[str, str] = {}
        """Signed gates: name -> who."""
        self._advance_votes: set[str] = set()
        self._turn = asyncio.Lock()
        """One move at a time, so that two people who ask at once are counted one after the other."""

    async def start(self) -> None:
        """Take up what the journal says; a first start is T0 and begins in the first stage.

        Rules are armed as of now: what was heard before a restart is gone, unless the record fills it in again.
        """
        by_name = {stage.name: stage for stage in self.stages}
        known, entered = False, 0
        for entry in await self.journal.entries(kind="stage"):
            if entry.object in by_name:
                if not known:
                    self.started_at = entry.at
                if entry.state == "held":
                    self.held = entry.what
                else:
                    if known and self.stages.index(by_name[entry.object]) > self.index:
                        self.advanced_at = entry.at
                    self.stage, self.stage_since, self.held = by_name[entry.object], entry.at, ""
                    entered = entry.seq
                known = True
        await self._recall_votes(entered)
        for entry in await self.journal.entries(kind="gate"):
            if entry.state == "signed":
                self.signatures[entry.object] = entry.who
            else:
                self.signatures.pop(entry.object, None)
        if not known:
            await self._enter(self.stage, "engine", "cutover armed in its first stage")
        self.on_stage(self.stage.name, self.clock())

    async def _recall_votes(self, after: int) -> None:
        """Who agreed to go on since this stage was entered. after: the sequence number of that line."""
        following = [stage.name for stage in self.stages[self.index + 1 : self.index + 2]]
        for entry in await self.journal.entries(kind="stage_vote", after=after):
            if entry.object in following:
                self._advance_votes.add(entry.who)

    @property
    def index(self) -> int:
        """Number of the stage, from 0."""
        return self.stages.index(self.stage)

    async def _enter(self, stage: Stage, who: str, why: str) -> None:
        entry = await self.journal.append(
            "stage", who, f"stage {stage.title or stage.name}: {why}", object=stage.name, state="entered"
        )
        if self.stages.index(stage) > self.index:
            self.advanced_at = entry.at
        self.stage, self.stage_since, self.held = stage, entry.at, ""
        self._advance_votes.clear()
        self.on_stage(stage.name, entry.at)

    async def enter(self, name: str, who: str, why: str) -> None:
        """Enter a stage whatever stands in its way: for rehearsals, where nobody is there to ask."""
        async with self._turn:
            await self._enter(self._named(name), who, why)

    def _named(self, name: str) -> Stage:
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(stage.name for stage in self.stages)
        raise Refusal(404, f"there is no stage {clean(name, 80)!r}", f"the stages are {known}")

    async def advance(self, actor: Actor, name: str, reason: str, blocked: str, open_gates: Sequence[str]) -> str:
        """Go forward to the next stage. blocked: why nothing may go forward now; open_gates: gates that are not GO.

        Returns what happened in words. Refused with 409 while something stands against it.
        """
        async with self._turn:
            return await self._advance(actor, name, reason, blocked, open_gates)

    async def _advance(self, actor: Actor, name: str, reason: str, blocked: str, open_gates: Sequence[str]) -> str:
        stage = self._named(name)
        if self.stages.index(stage) != self.index + 1:
            raise Refusal(409, f"{name} is not the stage after {self.stage.name}", "stages are taken in order")
        against = self.against(blocked, open_gates)
        if against is not None:
            raise Refusal(409, *against)
        votes = self._advance_votes | {actor.name}
        quorum = self.stage.gate.quorum
        if len(votes) < quorum:
            what = f"asks to advance to {name} ({len(votes)} of {quorum}): {clean(reason)}"
            await self.journal.append("stage_vote", actor.name, what, object=name, state="asked", via=actor.via)
            self._advance_votes.add(actor.name)
            return what
        await self._enter(stage, actor.name, f"advanced by {', '.join(sorted(votes))}: {clean(reason)}")
        return f"stage {name}"

    def against(self, blocked: str, open_gates: Sequence[str]) -> tuple[str, str] | None:
        """What stands against going forward now, and what to do about it; None when nothing does."""
        if blocked:
            return f"the stage cannot go forward: {blocked}", "decide on it first"
        dwelt = self.clock() - self.stage_since
        if dwelt < self.stage.min_dwell:
            left = format_duration(self.stage.min_dwell - dwelt)
            return f"{self.stage.name} must stand for {left} more", "wait, or change min_dwell in the plan"
        missing = [gate for gate in self.stage.gate.needs if gate in open_gates]
        return (f"gates that must be GO are not: {', '.join(missing)}", "see the board") if missing else None

    def rows(self, blocked: str, open_gates: Sequence[str]) -> tuple[StageRow, ...]:
        """Every stage as it stands. blocked, open_gates: as `advance` is told them."""
        against = self.against(blocked, open_gates)
        places = {self.index: "present", self.index + 1: "next"}
        rows = []
        for number, stage in enumerate(self.stages):
            place = places.get(number, "past" if number < self.index else "later")
            row = StageRow(name=stage.name, title=stage.title or stage.name, place=place, share=stage.share)
            if place == "present":
                row = msgspec.structs.replace(row, held=self.held)
            elif place == "next":
                row = msgspec.structs.replace(
                    row,
                    quorum=self.stage.gate.quorum,
                    votes=tuple(sorted(self._advance_votes)),
                    blocked=against[0] if against is not None else "",
                )
            rows.append(row)
        return tuple(rows)

    async def hold(self, actor: Actor, name: str, reason: str) -> None:
        """Hold the present stage: the verdict cannot be GO until a person moves on."""
        if self._named(name) is not self.stage:
            raise Refusal(409, f"{name} is not the present stage", f"the present stage is {self.stage.name}")
        what = f"held by {actor.name}: {clean(reason)}"
        await self.journal.append("stage", actor.name, what, object=name, state="held", via=actor.via)
        self.held = what

    async def back(self, who: str, name: str, reason: str) -> None:
        """Go back to an earlier stage."""
        async with self._turn:
            stage = self._named(name)
            if self.stages.index(stage) >= self.index:
                raise Refusal(409, f"{name} does not come before {self.stage.name}", "back goes to an earlier stage")
            await self._enter(stage, who, f"moved back: {clean(reason)}")

    async def rolled_back(self, back_to: str, why: str) -> None:
        """A verified rollback: go to the stage it names, or else to the one before."""
        if self.index == 0:
            return
        known = {stage.name for stage in self.stages[: self.index]}
        target = back_to if back_to in known else self.stages[self.index - 1].name
        await self.back("engine", target, why)

    async def sign(self, actor: Actor, name: str, reason: str, *, signed: bool) -> None:
        """Sign a gate, or take the signature back."""
        gate = self.gates.get(name)
        if gate is None:
            raise Refusal(404, f"there is no gate {clean(name, 80)!r}", "see the board for the gates")
        if not gate.signed_by:
            raise Refusal(409, f"gate {name} is judged by rules, nobody signs it", "")
        if gate.signed_by not in actor.duties:
            raise Refusal(
                403, f"gate {name} is signed by the {gate.signed_by}", f"{actor.name} does not hold that duty"
            )
        state = "signed" if signed else "unsigned"
        what = f"{state} {gate.title or name}: {clean(reason)}"
        await self.journal.append("gate", actor.name, what, object=name, state=state, via=actor.via)
        if signed:
            self.signatures[name] = actor.name
        else:
            self.signatures.pop(name, None)
