"""What Amazon says of a contact's audio once it is over: DescribeContact, QualityMetrics. Pure."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from collectors.amazon_connect.readings import Reading, WrongTypeError, dig, moment, number, tail
from monitor.text import clean_label

MOS = "golive_media_mos"
ALERTS = "golive_media_quality_alerts_total"
ISSUES: Mapping[str, str] = {
    "HighPacketLoss": "packet_loss",
    "HighRoundTripTime": "round_trip",
    "HighJitterBuffer": "jitter_buffer",
}
"""Amazon does not say which limits lie behind these words."""
SIDES: Mapping[str, str] = {"Agent": "agent", "Customer": "customer"}
MOST = 1000
"""Contacts that wait to be asked about; the oldest give way."""
_ID = re.compile(r"[A-Za-z0-9-]{1,256}", re.ASCII)
TRIES = 4
"""Times that a contact is asked about before it counts as one without quality figures."""


class Heard(NamedTuple):
    """What was said of one contact."""

    scores: list[Reading]
    issues: list[tuple[str, str]]
    """Side, and what was noticed there."""
    at: float | None
    """When the contact ended, unix seconds."""
    queue: str


def heard(answer: object, queues: Mapping[str, str], wrong: list[str]) -> Heard | None:
    """The quality of a contact; None when its figures are not there yet. queues: id -> name here.

    Fields that are no number are named in `wrong`.
    """
    contact = dig(answer, "Contact")
    metrics = dig(contact, "QualityMetrics")
    if not isinstance(metrics, Mapping) or not metrics:
        return None
    queue = str(clean_label(queues.get(tail(dig(contact, "QueueInfo", "Id")), "")))
    scores, issues = [], []
    for side, source in SIDES.items():
        audio = dig(metrics, side, "Audio")
        labels = (("method", "amazon_connect"), ("source", source), ("queue", queue))
        try:
            score = number(dig(audio, "QualityScore"))
        except WrongTypeError as error:
            wrong.append(f"QualityScore: {error}")
            score = None
        if score is not None:
            scores.append(Reading(MOS, labels, score))
        found = dig(audio, "PotentialQualityIssues")
        issues += [(source, issue) for issue in _issues(found if isinstance(found, list) else [])]
    return Heard(scores, issues, moment(dig(contact, "DisconnectTimestamp")), queue)


def _issues(found: list[object]) -> Iterator[str]:
    return (ISSUES[word] for word in dict.fromkeys(map(str, found)) if word in ISSUES)


class Ended:
    """Contacts that are over and have not been asked about. Times are unix seconds."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self.skipped = 0
        """Contacts that gave way to newer ones, or of which nothing was said in the end."""

    def add(self, contact: str, now: float) -> None:
        """A contact is over; it counts once. Its id becomes part of a request: one that could be more than an id is skipped."""
        if contact in self._known:
            return
        if not _ID.fullmatch(contact):
            self.skipped += 1
            return
        self._known[contact] = None
        if len(self._known) > 10 * MOST:
            self._known.popitem(last=False)
        self._waiting[contact] = (now, 0)
        if len(self._waiting) > MOST:
            self._waiting.popitem(last=False)
            self.skipped += 1

    def due(self, now: float, most: int) -> list[str]:
        """Up to so many contacts that it is time to ask about, oldest first."""
        return [contact for contact, (when, _) in self._waiting.items() if when <= now][:most]

    def answered(self, contact: str) -> None:
        """It was told about."""
        self._waiting.pop(contact, None)

    def later(self, contact: str, at: float) -> None:
        """Nothing yet: ask again, a few times in all."""
        _, tries = self._waiting.pop(contact, (0.0, TRIES))
        if tries + 1 >= TRIES:
            self.skipped += 1
        else:
            self._waiting[contact] = (at, tries + 1)
