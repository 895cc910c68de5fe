"""Agents as the agent event stream tells of them: the newest word on each counts, whatever order it comes in. Pure state."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping

from collectors.amazon_connect.agents import Agent, State, doing, missed, numbered
from collectors.amazon_connect.queues import MISSED
from collectors.amazon_connect.readings import Pairs, Reading
from monitor.text import clean_label

MOST = 200_000
"""Agents, and missed contacts, that are remembered at once; the oldest give way."""
SILENT = 300.0
"""Seconds after which an agent counts as gone: a heart beat comes every 120 s while nothing else happens."""
LIFE = 3600.0
"""Seconds for which a missed contact is remembered, so that it counts once."""


class Missed:
    """Contacts that agents did not take, counted by queue; each offer to each agent once."""

    def __init__(self, queues: Mapping[str, str]) -> None:
        """queues: id -> name here; contacts of other queues count without one."""
        self._queues = queues
        self._seen: OrderedDict[tuple[str, str, float | None], float] = OrderedDict()
        self._counts: Counter[str] = Counter({str(clean_label(name)): 0 for name in queues.values()})

    def note(self, agent: Agent, now: float) -> None:
        """Count what an agent has missed; now: unix seconds."""
        for contact in missed(agent):
            key = agent.id, contact.id, contact.at
            if key not in self._seen:
                self._counts[str(clean_label(self._queues.get(contact.queue, "")))] += 1
            self._seen[key] = now
            self._seen.move_to_end(key)
        while self._seen and (len(self._seen) > MOST or next(iter(self._seen.values())) < now - LIFE):
            self._seen.popitem(last=False)

    def counts(self) -> Iterator[Reading]:
        """Every count as it stands."""
        for queue, count in self._counts.items():
            labels: Pairs = (("queue", queue),) if queue else ()
            yield Reading(MISSED, labels, float(count))


class Roster:
    """All agents of one instance that were heard of lately."""

    def __init__(self, queues: Mapping[str, str]) -> None:
        """queues: id -> name here."""
        self._agents: OrderedDict[str, tuple[float, float, State]] = OrderedDict()
        self._states: Counter[State] = Counter()
        self.missed = Missed(queues)
        self.forgotten = 0
        """Agents that gave way to others."""

    def event(self, agent: Agent, at: float, now: float) -> None:
        """An event of an agent. at: the event's own time; now: ours. Unix seconds."""
        self.missed.note(agent, now)
        before = self._agents.pop(agent.id, None)
        late = before is not None and at < before[0]
        known = (before[0], now, before[2]) if before is not None and late else (at, now, doing(agent))
        self._states[known[2]] += 1
        if before is not None:
            self._states[before[2]] -= 1
        self._agents[agent.id] = known
        if len(self._agents) > MOST:
            self._forget()
            self.forgotten += 1

    def _forget(self) -> None:
        _, (_, _, state) = self._agents.popitem(last=False)
        self._states[state] -= 1

    def readings(self, now: float) -> Iterable[Reading]:
        """How many agents are in each state, and what was missed."""
        while self._agents and next(iter(self._agents.values()))[1] < now - SILENT:
            self._forget()
        yield from numbered(self._states)
        yield from self.missed.counts()
