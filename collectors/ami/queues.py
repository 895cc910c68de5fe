"""Contacts of each queue: counted by events as they happen, gauged by what the PBX answers. Pure state, no socket.

Asterisk counts answered and abandoned itself, but only completed calls, since its last reload, and with a service level of
its own. golive counts events, so that both platforms are held to one definition; the PBX's count of abandoned callers is
used for one thing: whoever gave up while nobody listened is still counted as lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from collectors.ami.framing import Message
from collectors.ami.numbers import number, whole

OFFERED = "golive_queue_contacts_offered_total"
ANSWERED = "golive_queue_contacts_answered_total"
ABANDONED = "golive_queue_contacts_abandoned_total"
WAITING = "golive_queue_contacts_waiting"
OLDEST = "golive_queue_oldest_contact_age_seconds"
ANSWER = "golive_queue_answer_seconds"
ABANDON = "golive_queue_abandon_seconds"
HANDLE = "golive_queue_handle_seconds"


class Reading(NamedTuple):
    """One number of one queue."""

    metric: str
    queue: str
    value: float
    short: str = ""
    """Value of the label `short`, of abandoned contacts only."""


class _Queue:
    def __init__(self) -> None:
        self.offered = 0
        self.answered = 0
        self.abandoned = {"false": 0, "true": 0}
        self.theirs: int | None = None
        """The PBX's own count of abandoned callers when it last answered."""
        self.ahead = 0
        """Its count less ours: what it had counted before we came."""
        self.waiting: set[str] = set()
        """Calls that wait, by their unique id."""

    @property
    def gave_up(self) -> int:
        return sum(self.abandoned.values())


class Queues:
    """All queues of one PBX. Counts begin at 0 with this process: what counts is how they rise."""

    def __init__(self, short: float) -> None:
        """short: seconds of waiting up to which somebody who gives up never meant to wait."""
        self._short = short
        self._queues: dict[str, _Queue] = {}

    def event(self, message: Message) -> list[Reading]:
        """What one event of a caller means; nothing for any other event."""
        name = message.get("queue", "")
        if not name:
            return []
        queue = self._queues.setdefault(name, _Queue())
        call = message.get("uniqueid", "")
        match message.get("event", "").lower():
            case "queuecallerjoin" if call not in queue.waiting:
                queue.offered += 1
                queue.waiting.add(call)
                return [Reading(OFFERED, name, queue.offered)]
            case "queuecallerleave":
                queue.waiting.discard(call)
            case "queuecallerabandon":
                return self._abandon(name, queue, message)
            case "agentconnect":
                queue.answered += 1
                return [Reading(ANSWERED, name, queue.answered), *_waited(ANSWER, name, message)]
            case "agentcomplete":
                talked = number(message, "talktime")
                return [] if talked is None else [Reading(HANDLE, name, talked)]
        return []

    def _abandon(self, name: str, queue: _Queue, message: Message) -> list[Reading]:
        waited = number(message, "holdtime")
        short = "true" if waited is not None and waited <= self._short else "false"
        queue.waiting.discard(message.get("uniqueid", ""))
        queue.abandoned[short] += 1
        return [Reading(ABANDONED, name, queue.abandoned[short], short), *_waited(ABANDON, name, message)]

    def summary(self, message: Message) -> list[Reading]:
        """What a QueueSummary says of the present."""
        name = message.get("queue", "")
        if not name:
            return []
        self._queues.setdefault(name, _Queue())
        found = [(WAITING, number(message, "callers")), (OLDEST, number(message, "longestholdtime"))]
        return [Reading(metric, name, value) for metric, value in found if value is not None]

    def status(self, params: Message, entries: Iterable[Message], *, first: bool) -> None:
        """Take note of what the PBX has counted.

        first: the first answer of a session. Who gave up while nobody listened, and who came meanwhile and still waits,
        is counted then. Events and answers are not in step, so that later answers only move the comparison on.
        """
        name, theirs = params.get("queue", ""), whole(params, "abandoned")
        if not name or theirs is None:
            return
        queue = self._queues.setdefault(name, _Queue())
        waiting = {entry["uniqueid"] for entry in entries if entry.get("uniqueid")}
        counts_anew = queue.theirs is None or theirs < queue.theirs
        if first and not counts_anew:
            unseen = max(0, theirs - queue.ahead - queue.gave_up)
            left = queue.waiting - waiting
            queue.abandoned["false"] += unseen
            queue.offered += len(waiting - queue.waiting) + max(0, unseen - len(left))
        if counts_anew:
            queue.ahead = theirs - queue.gave_up
        if first:
            queue.waiting = waiting
        queue.theirs = theirs

    def counts(self) -> list[Reading]:
        """Every count as it stands, so that a queue without callers is known to be one."""
        found = []
        for name, queue in self._queues.items():
            found += [Reading(OFFERED, name, queue.offered), Reading(ANSWERED, name, queue.answered)]
            found += [Reading(ABANDONED, name, count, short) for short, count in queue.abandoned.items()]
        return found


def _waited(metric: str, queue: str, message: Message) -> list[Reading]:
    waited = number(message, "holdtime")
    return [] if waited is None else [Reading(metric, queue, waited)]
