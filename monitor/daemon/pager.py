"""Alerts as pages: looks at each tick, tells people what became of incidents, and remembers it through restarts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import msgspec

from monitor.daemon.reporter import Reporter
from monitor.daemon.witness import Sight
from monitor.judging.verdict import Ruling
from monitor.notify.channels import Paging
from monitor.notify.fault import Scene
from monitor.notify.incidents import MOST_INCIDENTS, Finding, Hearing, Incident, Incidents, Pair, Told
from monitor.notify.inhibition import Hushed, Inhibition, Inhibitions
from monitor.notify.message import Message
from monitor.notify.wording import incident_message
from monitor.serving.snapshot import DecisionRow

_KEPT = "incident"


class Memory(Protocol):
    """What outlives this process."""

    def keep(self, kind: str, name: str, value: object) -> None:
        """Remember something of a kind by its name."""
        ...

    def forget(self, kind: str, name: str) -> None:
        """Remember it no longer."""
        ...

    async def kept(self, kind: str) -> dict[str, bytes]:
        """Everything that is kept of a kind, by name."""
        ...


class Pager:
    """Owns the incidents. `look` once a tick; it never waits and never raises for what a message says."""

    def __init__(
        self,
        cutover: str,
        paging: Paging,
        reporter: Reporter,
        send: Callable[[Message], None],
        hearing: Hearing | None = None,
        inhibit: Iterable[Inhibition] = (),
    ) -> None:
        """hearing: acknowledgements and mutes where they are kept elsewhere. inhibit: what follows from what."""
        self._reporter = reporter
        self._inhibitions = Inhibitions(inhibit, reporter.witness.labels)
        self._hearing = hearing
        self.incidents = Incidents(cutover, paging.acknowledge_within, Hushed(hearing, self._inhibitions))
        self._paging = paging
        self._send = send
        self._numbers = itertools.count(1)
        self._memory: Memory | None = None
        self._marks: dict[str, tuple[object, ...]] = {}
        self._sight: Sight | None = None
        self.bad: Mapping[Pair, Finding] = {}
        """All that was bad at the newest tick."""

    async def recall(self, memory: Memory) -> None:
        """Take up what was open when the last daemon ended, and remember what opens from now on."""
        found = []
        for body in (await memory.kept(_KEPT)).values():
            try:
                found.append(msgspec.json.decode(body, type=Incident))
            except msgspec.MsgspecError:
                continue
        self.incidents.recall(found)
        self._memory = memory
        self._marks = {incident.key: _mark(incident) for incident in found}

    def look(self, sight: Sight) -> None:
        """Compare what is open with this tick, and tell."""
        witness = self._reporter.witness
        self._sight = sight
        bad = self.bad = witness.bad(sight.now)
        incidents = self.incidents.open
        # Where there is no room for another incident a cause might not be told, so that it hushes nothing.
        room = len(incidents) < MOST_INCIDENTS
        causes = [one for one in incidents.values() if one.alert in self._inhibitions.sources]
        known = ((one.alert, scope) for one in causes for scope in one.places)
        self._inhibitions.look(bad if room else {}, known, witness.state)
        if not bad and not self.incidents.open:
            return
        alerts = {incident.alert for incident in self.incidents.open.values()} | {alert for alert, _ in bad}
        for told in self.incidents.step(sight.now, bad, witness.state, witness.peaks(alerts)):
            self._tell(told, sight)
        self._remember()

    def _tell(self, told: Told, sight: Sight) -> None:
        incident = told.incident
        fault = self._reporter.fault(incident, sight.now)
        scene = self._reporter.scene(sight, incident.alert)
        self._send(incident_message(told.kind, incident, fault, scene, next(self._numbers), self._paging.links))

    def scene(self, now: float) -> Scene | None:
        """How things stood at the newest tick, told at `now`; None before the first one."""
        return msgspec.structs.replace(self._reporter.scene(self._sight), now=now) if self._sight is not None else None

    def carries(self, ruling: Ruling, rules: frozenset[str]) -> bool:
        """Whether people were told already of what made this verdict, or do not want to hear of it.

        rules: those of the gate that decides.
        """
        quiet = self.incidents.hearing.quiet
        return bool(ruling.gate) and any(
            incident.alert in rules and (incident.told is not None or bool(quiet(incident.alert, incident.scope)))
            for incident in self.incidents.open.values()
        )

    def inhibited(self, alert: str, scope: str) -> str:
        """What a place that is bad follows from, so that people are not told of it as well; empty: nothing."""
        return self._inhibitions.why(alert, scope)

    def take(self, paging: Paging, inhibit: Iterable[Inhibition], touched: Iterable[str]) -> None:
        """Tell by another configuration from now on. touched: rules that begin afresh or are gone."""
        self._paging = paging
        self._inhibitions = Inhibitions(inhibit, self._reporter.witness.labels)
        self.incidents.within = paging.acknowledge_within
        self.incidents.hearing = Hushed(self._hearing, self._inhibitions)
        self._reporter.witness.forget(touched)

    def place(self, alert: str, scope: str) -> int | None:
        """The number of a rule's group; None where there is no such group."""
        return self._reporter.witness.place(alert, scope)

    def decisions(self) -> tuple[DecisionRow, ...]:
        """Decisions as they stood at the newest tick."""
        return self._sight.decisions() if self._sight is not None else ()

    def _remember(self) -> None:
        if self._memory is None:
            return
        for key, incident in self.incidents.open.items():
            mark = _mark(incident)
            if self._marks.get(key) != mark:
                self._marks[key] = mark
                self._memory.keep(_KEPT, key, incident)
        for key in self._marks.keys() - self.incidents.open.keys():
            del self._marks[key]
            self._memory.forget(_KEPT, key)


def _mark(incident: Incident) -> tuple[object, ...]:
    """Differs when something worth remembering has changed."""
    return (
        len(incident.places),
        incident.grown,
        incident.told,
        incident.owner,
        incident.escalated,
        incident.severity,
        incident.told_places,
    )
