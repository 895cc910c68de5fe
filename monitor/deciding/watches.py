"""All triggers on watch: the edges of a tick, and where each of them goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from monitor.deciding.case import Case
from monitor.deciding.causes import live
from monitor.deciding.decision import Decision
from monitor.deciding.docket import Docket, covered
from monitor.deciding.drafting import Ask, Draft
from monitor.deciding.facts import Facts
from monitor.deciding.judgement import Armament
from monitor.deciding.watch import Watch


class Watches:
    """Every trigger's watch, by name."""

    def __init__(self, armaments: Mapping[str, Armament], draft: Draft) -> None:
        self._by_name = {name: Watch(armament) for name, armament in armaments.items()}
        self._triggers = {name: armament.trigger for name, armament in armaments.items()}
        self._draft = draft
        self.waiting = 0
        """Edges of the newest tick for which there is no room before somebody has answered what is open."""

    def recall(self, cases: list[Case]) -> None:
        """Take over what the journal says the triggers opened or joined, in the order of opening."""
        for watch in self._by_name.values():
            watch.recall(cases)

    def capped(self, decision: Decision) -> bool:
        """Whether all that called for a decision is left to people from now on."""
        mine = [cause for cause in live(decision.causes) if cause.trigger in self._by_name]
        return bool(mine) and all(self._by_name[cause.trigger].capped(cause.scope) for cause in mine)

    def consider(
        self, facts: Facts, cases: Iterable[Case], automatic: Callable[[], int], open_case: Callable[[Decision], Case]
    ) -> str:
        """Let the edges of a tick join what is open, or open something. Returns what people must be told of it.

        cases: those that are open. automatic: how many automatic runs there have been. open_case: opens a decision.
        """
        before, self.waiting = self.waiting, 0
        edges = [edge for watch in self._by_name.values() for edge in watch.edges(facts, room=not before)]
        if not edges:
            return ""
        by_id = {case.decision.id: case for case in cases}
        docket = Docket((case.decision for case in by_id.values()), self._triggers, facts.at)
        runs = automatic()
        for edge in edges:
            docket.take(self._draft.ask(edge, facts, runs))
        for identity, joining in docket.joins.items():
            by_id[identity].join(joining)
            self._adopt(by_id[identity], joining)
        for together in docket.fresh:
            decision = self._draft.candidate(together, facts, automatic())
            if together[0].trigger.absolute:
                for case in by_id.values():
                    if covered(case.decision, together):
                        case.supersede(decision.id)
            case = open_case(decision)
            self._adopt(case, together)
            case.look(facts)
        self.waiting = docket.waiting
        if not self.waiting or before:
            return ""
        calling = sum(watch.unanswered(facts) for watch in self._by_name.values())
        return f"{calling} more scopes call; they are asked for once an open request has been answered"

    def _adopt(self, case: Case, asks: Iterable[Ask]) -> None:
        for ask in asks:
            self._by_name[ask.trigger.name].seat(ask.edge.scope).adopt(case, ask.edge.epoch)
