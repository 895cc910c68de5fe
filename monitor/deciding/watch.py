"""One trigger on watch: notices its edges scope by scope, once an arming."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.deciding.arming import armed
from monitor.deciding.case import Case
from monitor.deciding.drafting import Edge
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament
from monitor.judging.scoping import labels_named
from monitor.judging.triggers import Trigger
from monitor.model import Labels, Truth

MOST_EDGES = 500
"""Edges of one trigger that one tick takes up; the others are taken up at the next."""
MOST_APART = 150
"""The same where each scope wants something of its own done: more than all requests together have room for."""
WITHOUT_ROOM = 50
"""The same while there is no room for them: few, in turns, so that each gets its look when there is room again."""


class Seat:
    """What a trigger has opened or joined in one scope, and whether it may again."""

    __slots__ = ("_before", "_cases", "_key", "epoch")

    def __init__(self, trigger: str, scope: Labels) -> None:
        self.epoch = 0
        """The arming epoch of its newest decision."""
        self._key = (trigger, scope)
        self._cases: list[Case] = []
        self._before = 0
        """Runs of decisions before those that are kept here."""

    def adopt(self, case: Case, epoch: int) -> None:
        """Take note of a decision that it opened or joined."""
        if len(self._cases) > 1:
            self._before += self._ran(self._cases.pop(0))
        self._cases.append(case)
        self.epoch = max(self.epoch, epoch)

    def _ran(self, case: Case) -> bool:
        cause = case.members.cause(case.decision, self._key)
        return bool(case.decision.run) and (cause is None or cause.left_at is None)

    def _carried(self, case: Case) -> bool:
        return not case.dead and case.members.carries(case.decision, self._key)

    @property
    def runs(self) -> int:
        """How many of its decisions were executed."""
        return self._before + sum(map(self._ran, self._cases))

    def armed(self, trigger: Trigger, at: float) -> bool:
        """Whether an edge at `at` is one. What could not be journalled, or joined too late, never was."""
        while self._cases and not self._carried(self._cases[-1]):
            self._cases.pop()
            self.epoch -= 1
        last = self._cases[-1] if self._cases else None
        cause = last.members.cause(last.decision, self._key) if last is not None else None
        return armed(trigger, last.decision if last is not None else None, self.runs, at, cause)


class Watch:
    """What a trigger has opened so far, scope by scope."""

    def __init__(self, armament: Armament) -> None:
        self.armament = armament
        self._most = MOST_APART if labels_named(armament.trigger.parameters) else MOST_EDGES
        self._seats: dict[Labels, Seat] = {}
        self._next = 0
        """The calling scope to begin with: the first one that had no turn at the tick before."""

    def recall(self, cases: Sequence[Case]) -> None:
        """Take over what the journal says it opened or joined, in the order of opening."""
        for case in cases:
            for cause in case.decision.causes:
                if cause.trigger == self.armament.trigger.name:
                    self.seat(cause.scope).adopt(case, cause.epoch)

    def seat(self, scope: Labels) -> Seat:
        """What it knows of a scope."""
        found = self._seats.get(scope)
        if found is None:
            found = self._seats[scope] = Seat(self.armament.trigger.name, scope)
        return found

    def capped(self, scope: Labels) -> bool:
        """Whether only people may ask there from now on."""
        return self.seat(scope).runs >= self.armament.trigger.max_runs

    def edges(self, facts: Facts, *, room: bool = True) -> list[Edge]:
        """The scopes in which it calls for a decision at this tick, at most so many; the others in turn.

        room: whether there was room for all of them at the tick before. Unknown calls only where the trigger says `unknown_is: ask`, and only after something was known: a start
        with empty windows is not a loss of sight.
        """
        calls = self.armament.calls(facts)
        scopes, lost = calls.true, calls.lost if self.armament.trigger.unknown_is == "ask" else ()
        most, total = self._most if room else WITHOUT_ROOM, len(calls.true) + len(lost)
        begin = self._next if self._next < total else 0
        found: list[Edge] = []
        self._next = 0
        for turn in range(begin, begin + total):
            number = turn % total
            true = number < len(scopes)
            scope = scopes[number] if true else lost[number - len(scopes)]
            seat = self.seat(scope)
            if seat.armed(self.armament.trigger, facts.at):
                if len(found) == most:
                    self._next = number
                    break
                found.append(Edge(self.armament, scope, seat.epoch + 1, Truth.TRUE if true else Truth.UNKNOWN))
        return found

    def unanswered(self, facts: Facts) -> int:
        """Scopes that call and are part of nothing that is open."""
        calls = self.armament.calls(facts)
        calling = {*calls.true, *(calls.lost if self.armament.trigger.unknown_is == "ask" else ())}
        # A scope that never had its turn has no seat, and those that have one are few.
        held = [scope for scope, seat in self._seats.items() if not seat.armed(self.armament.trigger, facts.at)]
        return len(calling.difference(held))
