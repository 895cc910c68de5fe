"""One tick's edges put together: what is asked for together is one request, so that nobody gets twenty dialogs. Pure.

An edge joins, in this order: an open decision that does the very same, as further evidence; a request that is still
asking and may take one more target in; the edges of the same tick that ask for the same runbook of the same people.
Else it opens a request of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from monitor.deciding.causes import MOST_TARGETS, Target
from monitor.deciding.decision import ASKING, BY_HAND, OPEN, Decision, State
from monitor.deciding.drafting import Ask
from monitor.judging.triggers import Trigger

_Key: TypeAlias = frozenset[tuple[str, str]]
MOST_ASKING = 5
"""Requests of one runbook that triggers have open and unanswered; what calls beyond that waits, and is counted."""


class Docket:
    """Where each edge of a tick goes."""

    def __init__(self, open_decisions: Iterable[Decision], triggers: Mapping[str, Trigger], at: float) -> None:
        """at: the tick's unix time."""
        self.joins: dict[str, list[Ask]] = {}
        """By the decision that they join."""
        self.fresh: list[list[Ask]] = []
        """Each one a decision to be opened."""
        self.waiting = 0
        """Edges for which there is no room before somebody has answered."""
        self._open = list(open_decisions)
        self._triggers = triggers
        self._at = at
        self._of: dict[str, list[Decision]] = {}
        for decision in self._open:
            self._of.setdefault(decision.runbook, []).append(decision)
        self._targets = {decision.id: set(map(_key, decision.targets)) for decision in self._open}
        self._wanted: list[set[_Key]] = []
        self._asked = Counter(each.runbook for each in self._open if each.state in ASKING)
        """Requests that ask or will, by runbook."""

    def take(self, ask: Ask) -> None:
        """Find its place."""
        number = None if ask.state is State.RECORDED else self._room(ask)
        if number is not None:
            self.joins.setdefault(number, []).append(ask)
        elif (place := self._among_fresh(ask)) is not None:
            self.fresh[place].append(ask)
            _add(self._wanted[place], ask.target)
        elif ask.state is not State.RECORDED and self._asked[ask.trigger.runbook] >= MOST_ASKING:
            self.waiting += 1
        else:
            self.fresh.append([ask])
            self._wanted.append({_key(ask.target)} if ask.target is not None else set())
            self._asked[ask.trigger.runbook] += 1

    def _room(self, ask: Ask) -> str | None:
        """The open decision that it joins."""
        mine = self._of.get(ask.trigger.runbook, ())
        for decision in mine:
            if self._as_grave(decision, ask) and _same(ask.target, self._targets[decision.id]):
                return decision.id
        for decision in mine:
            targets = self._targets[decision.id]
            roomy = ask.target is not None and len(targets) < MOST_TARGETS
            if roomy and self._as_grave(decision, ask) and takes_in(decision, ask, self._at):
                _add(targets, ask.target)
                return decision.id
        return None

    def _as_grave(self, decision: Decision, ask: Ask) -> bool:
        """An absolute stop joins nothing but what an absolute stop has opened."""
        opener = self._triggers.get(decision.triggers[0])
        return not ask.trigger.absolute or (opener is not None and opener.absolute)

    def _among_fresh(self, ask: Ask) -> int | None:
        for place, others in enumerate(self.fresh):
            if _same(ask.target, self._wanted[place]) and _alike(others[0], ask):
                return place
            if len(self._wanted[place]) < MOST_TARGETS and _together(others[0], ask):
                return place
        return None


def _key(target: Target) -> _Key:
    return frozenset(target.items())


def _same(target: Target | None, targets: AbstractSet[_Key]) -> bool:
    return target is not None and _key(target) in targets


def _add(targets: set[_Key], target: Target | None) -> None:
    if target is not None:
        targets.add(_key(target))


def _alike(one: Ask, other: Ask) -> bool:
    """Whether what does the same is one request, whoever is asked."""
    first, second = one.trigger, other.trigger
    recorded = State.RECORDED in (one.state, other.state) and one.state is not other.state
    return first.runbook == second.runbook and first.absolute == second.absolute and not recorded


def _together(one: Ask, other: Ask) -> bool:
    """Whether two edges of a tick are one request: the same runbook, asked of the same people in the same way."""
    first, second = one.trigger, other.trigger
    same = (first.runbook, first.approval, first.absolute) == (second.runbook, second.approval, second.absolute)
    # What cannot be run is asked for apart, so that it holds up nothing that can.
    return same and (one.state, one.mode, one.target is None) == (other.state, other.mode, other.target is None)


def takes_in(decision: Decision, ask: Ask, at: float) -> bool:
    """Whether a request that is asking may take one more target in.

    While it is young in any case: then signatures are void and everybody is asked again. Later only while nobody
    has signed, and where its deadline denies nothing: what joins then has less time to be answered.
    """
    trigger = ask.trigger
    if decision.state not in ASKING or BY_HAND in decision.triggers or not decision.targets:
        return False
    if decision.approval != trigger.approval or ask.state is not State.AWAITING:
        return False
    young = at - decision.opened_at < trigger.group_within
    return young or (not decision.votes and decision.approval.on_deadline == "escalate")


def covered(decision: Decision, asks: Sequence[Ask]) -> bool:
    """Whether a new request asks for all that an open decision would do."""
    wanted = [ask.target for ask in asks]
    runbook = asks[0].trigger.runbook
    same = decision.state in OPEN and decision.runbook == runbook and bool(decision.targets)
    return same and all(target in wanted for target in decision.targets)
