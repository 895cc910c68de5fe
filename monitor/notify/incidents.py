"""From what is bad now to what people are told: one page for what breaks together, updates only when it matters.

A state machine over (alert, scope) pairs; `now` is an argument. An incident opens with the first pair, keeps its key
`cutover/alert/scope` for life, takes in further places of the same alert while it is fresh and nobody has taken it, and
ends when none of its places is bad any more on measured data. What comes after somebody acknowledged is a new
incident: an acknowledgement covers what was known when it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from monitor.notify.message import SEVERITIES

TOGETHER = 30.0
"""Seconds since the last place joined within which a further one joins too."""
SETTLING = 10.0
"""Seconds between two updates on the places of an incident."""
MOST_INCIDENTS = 500
"""Incidents that are open at the same time; further ones are refused and counted, and tried again at the next tick."""
MOST_PLACES = 500
"""Places of one incident; further ones are refused and counted."""
LOOKED_AT = 50
"""Places of an incident that are looked at each tick for who has it and how bad it is."""
GONE = 3600.0
"""Seconds for which a place may not be heard of before its incident stops waiting for it."""

Pair: TypeAlias = tuple[str, str]
"""Alert and scope."""
Kind: TypeAlias = Literal["opened", "grown", "louder", "owned", "escalated", "resolved"]
State: TypeAlias = Literal["good", "unjudged", "unsure", "gone"]
"""unjudged: nobody asks any more, as in a stage in which the rule rests; unsure: not bad on fresh data and not good
either, as after a restart; gone: nobody knows such a place."""


class Hearing(Protocol):
    """Who wants to hear: acknowledgements, mutes and inhibitions, kept elsewhere."""

    def quiet(self, alert: str, scope: str) -> str:
        """Why nobody is told of this now, such as `muted by anna until 02:30`; empty: people are told."""
        ...

    def owner(self, alert: str, scope: str) -> str:
        """Who acknowledged it; empty: nobody, or it has expired."""
        ...


class Everybody:
    """Nothing is muted, and nobody has acknowledged anything anywhere else."""

    def quiet(self, alert: str, scope: str) -> str:
        """Tell them."""
        del alert, scope
        return ""

    def owner(self, alert: str, scope: str) -> str:
        """Nobody."""
        del alert, scope
        return ""


class Incident(msgspec.Struct, kw_only=True):
    """What one page is about. Times are unix seconds."""

    key: str
    alert: str
    scope: str
    """Of the first place."""
    title: str
    places: dict[str, float]
    """Scopes that are bad, and since when."""
    severity: str
    loudest: str
    opened: float
    grown: float
    """When a place joined last."""
    quiet: bool = False
    """Whether it began where nobody wants to hear of it, so that people do not know it yet."""
    told: float | None = None
    """When people were told, or told anew since the one who had it let go; None while it is quiet."""
    told_places: int = 0
    """How many places the newest message named."""
    updated: float = 0.0
    most: int = 1
    """The most places that were bad at the same time."""
    peak: float | None = None
    """The worst value so far."""
    owner: str = ""
    """Who has it, as people were told."""
    escalated: bool = False
    measured: bool = True
    """Whether its places were seen to be good; False when some are not judged any more."""


class Told(NamedTuple):
    """Something that people must hear."""

    kind: Kind
    incident: Incident


class Finding(NamedTuple):
    """A pair that is bad now."""

    severity: str
    since: float
    title: str


class Incidents:
    """All that is open."""

    def __init__(self, cutover: str, acknowledge_within: float, hearing: Hearing | None = None) -> None:
        """acknowledge_within: seconds until a critical incident that nobody took is escalated; 0: never."""
        self._cutover = cutover
        self.within = acknowledge_within
        self.hearing: Hearing = hearing or Everybody()
        self.open: dict[str, Incident] = {}
        self.refused = 0
        """Pairs for which there was no room, each tick anew."""
        self._missing: dict[Pair, float] = {}
        self._by_pair: dict[Pair, str] = {}

    def recall(self, incidents: Iterable[Incident]) -> None:
        """Take up what was open when the last daemon ended."""
        for incident in incidents:
            self.open[incident.key] = incident
            self._by_pair.update(((incident.alert, scope), incident.key) for scope in incident.places)

    def step(
        self,
        now: float,
        bad: Mapping[Pair, Finding],
        state: Callable[[str, str], State],
        peaks: Mapping[str, tuple[float, bool]],
    ) -> list[Told]:
        """Compare what is open with what is bad.

        state: how a place that is open and not bad stands. peaks: the worst value of an alert now, and whether
        higher is worse.
        """
        told = self._cleared(now, bad, state)
        if new := bad.keys() - self._by_pair.keys():
            alike: dict[str, list[Incident]] = {}
            owners: dict[str, str] = {}
            for incident in self.open.values():
                alike.setdefault(incident.alert, []).append(incident)
            for pair in sorted(new):
                self._place(pair, bad[pair], alike.setdefault(pair[0], []), owners, now)
        for incident in self.open.values():
            if (worst := peaks.get(incident.alert)) is not None:
                value, high = worst
                held = incident.peak
                incident.peak = value if held is None else (max(held, value) if high else min(held, value))
            told += self._news(incident, bad, now)
        return told

    def page_of(self, pair: Pair) -> Incident | None:
        """The incident that a pair is a part of; None where nobody was to be told of it."""
        key = self._by_pair.get(pair)
        return self.open.get(key) if key is not None else None

    def _cleared(self, now: float, bad: Mapping[Pair, Finding], state: Callable[[str, str], State]) -> list[Told]:
        told = []
        for pair in self._missing.keys() & bad.keys():
            del self._missing[pair]
        for pair in sorted(self._by_pair.keys() - bad.keys()):
            found = state(*pair)
            if not self._over(pair, found, now):
                continue
            self._missing.pop(pair, None)
            incident = self.open[self._by_pair.pop(pair)]
            incident.measured = incident.measured and found == "good"
            del incident.places[pair[1]]
            if not incident.places:
                del self.open[incident.key]
                if incident.told is not None:
                    told.append(Told("resolved", incident))
        return told

    def _over(self, pair: Pair, state: State, now: float) -> bool:
        if state != "gone":
            self._missing.pop(pair, None)
            return state in ("good", "unjudged")
        return now - self._missing.setdefault(pair, now) >= GONE

    def _place(self, pair: Pair, finding: Finding, alike: list[Incident], owners: dict[str, str], now: float) -> None:
        """Let a bad pair join an incident of its alert, or open one.

        alike: those of the same alert. owners: who has an incident, as far as it was asked at this step.
        """
        alert, scope = pair
        key, quiet = f"{self._cutover}/{alert}/{scope}", bool(self.hearing.quiet(*pair))
        free = (one for one in alike if _takes(one, quiet, now) and not self._taken(one, owners))
        mine = self.open.get(key) or next(free, None)
        if len(self.open if mine is None else mine.places) >= (MOST_INCIDENTS if mine is None else MOST_PLACES):
            self.refused += 1
            return
        if mine is None:
            mine = self.open[key] = Incident(
                key=key,
                alert=alert,
                scope=scope,
                title=finding.title,
                places={},
                severity=finding.severity,
                loudest=finding.severity,
                opened=now,
                grown=now,
                quiet=quiet,
            )
            alike.append(mine)
        mine.places[scope] = finding.since
        mine.grown = now
        mine.most = max(mine.most, len(mine.places))
        self._by_pair[pair] = mine.key

    def _news(self, incident: Incident, bad: Mapping[Pair, Finding], now: float) -> list[Told]:
        if all(self.hearing.quiet(incident.alert, scope) for scope in incident.places):
            return []
        if incident.told is None:
            incident.told = incident.updated = now
            incident.quiet = False
            incident.told_places = len(incident.places)
            return [Told("opened", incident)]
        news: list[Kind] = []
        severity = self._severity(incident, bad)
        if severity != incident.severity:
            louder = SEVERITIES.index(severity) > SEVERITIES.index(incident.severity)
            incident.severity = severity
            incident.loudest = max(incident.loudest, severity, key=SEVERITIES.index)
            news += ["louder"] if louder else []
        if len(incident.places) > incident.told_places and now - incident.updated >= SETTLING:
            news.append("grown")
        if self._changed_hands(incident, now):
            news.append("owned")
        if self._unanswered(incident, now):
            incident.escalated = True
            news.append("escalated")
        if not news:
            return []
        incident.updated = now
        incident.told_places = max(incident.told_places, len(incident.places))
        return [Told(news[-1], incident)]

    def _severity(self, incident: Incident, bad: Mapping[Pair, Finding]) -> str:
        places = ((incident.alert, scope) for scope in islice(incident.places, LOOKED_AT))
        found = [bad[pair].severity for pair in places if pair in bad]
        return max(found, key=SEVERITIES.index, default=incident.severity)

    def _changed_hands(self, incident: Incident, now: float) -> bool:
        owner = self._owner(incident)
        if owner == incident.owner:
            return False
        if not owner:
            incident.told, incident.escalated = now, False
        incident.owner = owner
        return True

    def _owner(self, incident: Incident) -> str:
        places = (incident.scope, *islice(incident.places, LOOKED_AT))
        return next((owner for scope in places if (owner := self.hearing.owner(incident.alert, scope))), "")

    def _taken(self, incident: Incident, owners: dict[str, str]) -> str:
        """Who has it now, whether people were told or not."""
        if incident.key not in owners:
            owners[incident.key] = self._owner(incident)
        return owners[incident.key]

    def _unanswered(self, incident: Incident, now: float) -> bool:
        waited = self.within > 0 and incident.told is not None and now - incident.told >= self.within
        return waited and not incident.escalated and not incident.owner and incident.severity == "critical"


def _takes(incident: Incident, quiet: bool, now: float) -> bool:  # noqa: FBT001 - the mute itself
    """Whether a further place of its alert joins: it is fresh, nobody has it, and it is as loud."""
    return now - incident.grown <= TOGETHER and not incident.owner and incident.quiet == quiet


def worst_first(incidents: Iterable[Incident]) -> Sequence[Incident]:
    """The loudest first, then the oldest."""
    return sorted(incidents, key=lambda incident: (-SEVERITIES.index(incident.severity), incident.opened))
