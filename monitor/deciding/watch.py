"""One trigger on watch: notices its edge, once an arming."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.deciding.arming import armed
from monitor.deciding.case import Case
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament
from monitor.model import Truth


class Watch:
    """What a trigger has opened so far, and whether it may open something now."""

    def __init__(self, armament: Armament) -> None:
        self.armament = armament
        self._cases: list[tuple[Case, bool]] = []
        self._opened = 0
        self._runs = 0
        self._known = False

    def recall(self, cases: Sequence[Case]) -> None:
        """Take over what the journal says it opened or joined, in the order of opening."""
        name = self.armament.trigger.name
        mine = [case for case in cases if name in case.decision.triggers]
        self._opened = sum(case.decision.triggers[0] == name for case in mine)
        self._runs = sum(bool(case.decision.run) for case in mine[:-1])
        self._cases = [(case, case.decision.triggers[0] == name) for case in mine[-1:]]

    @property
    def epoch(self) -> int:
        """The arming epoch of its next decision."""
        return self._opened + 1

    @property
    def last(self) -> Case | None:
        """The newest decision it opened or joined."""
        return self._cases[-1][0] if self._cases else None

    @property
    def runs(self) -> int:
        """How many of its decisions were executed."""
        return self._runs + sum(bool(case.decision.run) for case, _ in self._cases)

    def capped(self) -> bool:
        """Whether only people may ask from now on."""
        return self.runs >= self.armament.trigger.max_runs

    def adopt(self, case: Case, *, own: bool) -> None:
        """Take note of a decision it opened (own) or joined."""
        if len(self._cases) > 1:
            self._runs += bool(self._cases.pop(0)[0].decision.run)
        self._cases.append((case, own))
        self._opened += own

    def edge(self, facts: Facts) -> Truth | None:
        """The truth of its expression when that calls for a decision at this tick; None when it does not.

        Unknown calls only where the trigger says `unknown_is: ask`, and only after something was known: a start
        with empty windows is not a loss of sight.
        """
        if self._cases and self._cases[-1][0].dead:
            self._opened -= self._cases.pop()[1]
        truth = self.armament.truth(facts)
        known, self._known = self._known, self._known or truth is not Truth.UNKNOWN
        if truth is Truth.FALSE or (truth is Truth.UNKNOWN and not (known and self._asks())):
            return None
        last = self.last.decision if self.last is not None else None
        return truth if armed(self.armament.trigger, last, self.runs, facts.at) else None

    def _asks(self) -> bool:
        return self.armament.trigger.unknown_is == "ask"
