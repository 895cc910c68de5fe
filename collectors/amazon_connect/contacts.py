"""Contacts counted from contact events: unordered, repeated, some of them lost. Pure state, no socket.

Each event says enough for what must have come before it: one that was answered had been offered, whether or not its QUEUED
was heard. So each contact counts once for each thing that happens to it, in whatever order one is told.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from collectors.amazon_connect.posts import strings
from collectors.amazon_connect.queues import ABANDONED, ANSWERED, OFFERED
from collectors.amazon_connect.readings import Pairs, Reading, instant, tail
from monitor.text import clean_label

ACCEPTED = "golive_calls_accepted_total"
ANSWER, ABANDON = "golive_queue_answer_seconds", "golive_queue_abandon_seconds"
DETAIL_TYPE = "Amazon Connect Contact Event"
MOST = 50_000
"""Contacts that are remembered at once; the oldest give way and are counted."""
LIFE = 24 * 3600.0
"""Seconds after its newest event that a contact is remembered."""
_OUTWARD = frozenset({"outbound", "external_outbound", "monitor", "agent_reply"})
"""Contacts that nobody waits with in a queue."""


class Event(NamedTuple):
    """A contact event, read."""

    kind: str
    contact: str
    queue: str
    """Queue id; empty when it was in none."""
    channel: str
    method: str
    answered: bool
    """Whether an agent has it or had it."""
    enqueued: float
    """Times are unix seconds; NaN when they are not said."""
    connected: float
    ended: float
    at: float
    """The event's own time: the envelope's, else its newest."""


def read(item: Mapping[str, object]) -> Event | None:
    """Read an EventBridge envelope; None when it names no contact or no kind. Names of fields count in any case."""
    detail = item.get("detail")
    kind, contact = strings(detail, "eventType").upper(), strings(detail, "contactId")
    if not kind or not contact or len(contact) > 256:  # noqa: PLR2004 - the longest id of the service model
        return None
    connected = instant(strings(detail, "agentInfo", "connectedToAgentTimestamp"))
    enqueued, ended = (
        instant(strings(detail, "queueInfo", "enqueueTimestamp")),
        instant(strings(detail, "disconnectTimestamp")),
    )
    told = instant(item.get("time"))
    known = [when for when in (enqueued, connected, ended) if not math.isnan(when)]
    return Event(
        kind=kind,
        contact=contact,
        queue=tail(strings(detail, "queueInfo", "queueArn")),
        channel=strings(detail, "channel").lower(),
        method=strings(detail, "initiationMethod").lower(),
        answered=bool(strings(detail, "agentInfo", "agentArn")) or not math.isnan(connected),
        enqueued=enqueued,
        connected=connected,
        ended=ended,
        at=told if not math.isnan(told) else max(known, default=math.nan),
    )


class _Contact:
    __slots__ = ("accepted", "answered", "ended", "offered", "seen")

    def __init__(self) -> None:
        self.seen = -math.inf
        self.accepted = False
        self.offered: set[str] = set()
        self.answered: set[str] = set()
        self.ended = False


class Contacts:
    """Counts of one instance. They begin at 0 with this process: what counts is how they rise."""

    def __init__(self, queues: Mapping[str, str], channels: tuple[str, ...], short: float) -> None:
        """queues: id -> name here. short: seconds of waiting up to which who gives up never meant to wait."""
        self._queues = queues
        self._channels = channels
        self._short = short
        self._contacts: OrderedDict[str, _Contact] = OrderedDict()
        self._counts: Counter[tuple[str, Pairs]] = Counter()
        self._changed: set[tuple[str, Pairs]] = set()
        self.forgotten = 0
        """Contacts that gave way to newer ones before their time."""
        self.contradicted = 0
        """Contacts that were answered after all, once they had counted as abandoned."""

    def event(self, event: Event, now: float) -> Iterator[tuple[Reading, float]]:
        """What one event means: waits, each with its time. now: unix seconds, for forgetting."""
        known = self._known(event, now)
        if event.channel not in self._channels:
            return
        if event.method == "inbound" and not known.accepted:
            known.accepted = True
            self._count(ACCEPTED, (("channel", event.channel), ("direction", "inbound")))
        if event.queue not in self._queues or event.method in _OUTWARD:
            return
        labels: Pairs = (("queue", str(clean_label(self._queues[event.queue]))), ("channel", event.channel))
        if event.queue not in known.offered:
            known.offered.add(event.queue)
            self._count(OFFERED, labels)
        if event.answered:
            yield from self._answered(event, known, labels)
        elif event.kind == "DISCONNECTED" and not known.ended and event.queue not in known.answered:
            waited = event.ended - event.enqueued
            self._count(ABANDONED, (*labels, ("short", "true" if waited <= self._short else "false")))
            if waited >= 0:
                yield Reading(ABANDON, labels, waited), event.ended
        known.ended = known.ended or event.kind == "DISCONNECTED"

    def _answered(self, event: Event, known: _Contact, labels: Pairs) -> Iterator[tuple[Reading, float]]:
        if event.queue in known.answered:
            return
        if known.ended and not known.answered:
            self.contradicted += 1
            return
        known.answered.add(event.queue)
        self._count(ANSWERED, labels)
        waited = event.connected - event.enqueued
        if waited >= 0:
            yield Reading(ANSWER, labels, waited), event.connected

    def counts(self, *, changed: bool = False) -> Iterator[Reading]:
        """Every count as it stands, those of queues that were heard of among them at 0; or those that changed since the last time."""
        keys = list(self._changed if changed else self._counts)
        self._changed.clear()
        for metric, labels in keys:
            yield Reading(metric, labels, float(self._counts[metric, labels]))

    def _count(self, metric: str, labels: Pairs) -> None:
        if metric == OFFERED and (OFFERED, labels) not in self._counts:
            idle = {
                (ANSWERED, labels): 0,
                **{(ABANDONED, (*labels, ("short", short))): 0 for short in ("false", "true")},
            }
            self._counts.update(idle)
            self._changed.update(idle)
        self._counts[metric, labels] += 1
        self._changed.add((metric, labels))

    def _known(self, event: Event, now: float) -> _Contact:
        known = self._contacts.setdefault(event.contact, _Contact())
        known.seen = now
        self._contacts.move_to_end(event.contact)
        while self._contacts:
            name, oldest = next(iter(self._contacts.items()))
            if oldest.seen >= now - LIFE and len(self._contacts) <= MOST:
                break
            self.forgotten += oldest.seen >= now - LIFE
            del self._contacts[name]
        return known
