"""Anchors: the journal's head, noted where whoever can change the journal cannot. Configuration, and how a note reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from monitor.outbound.broker import Broker
from monitor.plan import Section
from monitor.secrets import SecretRef
from monitor.units import Duration

Anchor: TypeAlias = tuple[int, str]
"""Sequence number and hash of a line as they were noted; the hash in full, or at least its first 8 digits."""
NOTE = re.compile(r"\b(\d{1,18}):([0-9a-f]{8,64})\b")
QUIET = frozenset({"transition", "verdict", "source", "notify", "denied", "start", "note", "clock"})
"""Kinds of lines that are no act: their head goes out with the next minute, not at once."""


class FileAnchor(Section, frozen=True, kw_only=True, tag="file", tag_field="kind"):
    """A line is added to a file, best on another disk or a share that only takes additions."""

    name: str
    path: str
    """Relative to the configuration file."""


class MqttAnchor(Section, frozen=True, kw_only=True, tag="mqtt", tag_field="kind"):
    """A retained message at QoS 1: whoever comes later finds it at the broker."""

    name: str
    broker: Broker
    topic: str = "golive/journal/head"
    timeout: Duration = 10.0


class WebhookAnchor(Section, frozen=True, kw_only=True, tag="webhook", tag_field="kind"):
    """A POST of one JSON object to a receiver that keeps it."""

    name: str
    url: str
    timeout: Duration = 5.0
    allow_loopback: bool = False
    """Loopback addresses are refused unless this says otherwise."""
    secret: SecretRef | None = None
    """Signs each request in the Standard Webhooks way, as pages are."""


AnyAnchor: TypeAlias = FileAnchor | MqttAnchor | WebhookAnchor


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out."""

    kind: str = "golive.journal.head"
    cutover: str
    seq: int
    hash: str
    at: float
    """When it was noted, unix seconds."""

    @property
    def note(self) -> str:
        """The head as people write it down, and as `golive audit verify --anchor` takes it."""
        return f"{self.seq}:{self.hash}"


def notes(text: str) -> Iterator[Anchor]:
    """Every head in a text: JSON objects with `seq` and `hash`, or NUMBER:HASH anywhere; line by line."""
    for line in text.splitlines():
        try:
            head = msgspec.json.decode(line, type=Head)
        except (msgspec.MsgspecError, UnicodeEncodeError):
            yield from ((int(number), digest) for number, digest in NOTE.findall(line))
        else:
            if NOTE.fullmatch(head.note):
                yield head.seq, head.hash
