"""What every format's reader shares: the message limit, refusals with a reason, label names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from monitor.catalogue.inventory import CATALOGUE, label_names
from monitor.model import Labels
from monitor.outbound.mqtt import Batch
from monitor.text import clean_label

PAYLOAD_LIMIT = 256 * 1024
"""Bytes of one message beyond which it is refused unread."""
CACHE_LIMIT = 100_000
"""Entries of a reader's cache of handles; when it is full it starts afresh, and is refilled by what still speaks."""


class Reader(Protocol):
    """Turns messages of one format into samples."""

    def read(self, messages: Batch, received: float) -> None:
        """Emit what the messages hold and refuse what cannot be read; never raises for what they say."""
        ...


class Refused(Exception):  # noqa: N818 - it is a judgement on a message, not an error of ours
    """A message that cannot be used; `reason` is one of the inlet's words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def why(error: Exception, time_field: str) -> str:
    """The inlet's word for what a decoder complained about."""
    if isinstance(error, Refused):
        return error.reason
    if isinstance(error, msgspec.ValidationError):
        missing = f"missing required field `{time_field}`" in str(error)
        return "no_time" if missing else "wrong_type"
    return "malformed"


def known(metric: str, labels: Mapping[str, str]) -> bool:
    """Whether a metric may carry these labels; metrics that users defined are the inlet's to judge."""
    entry = CATALOGUE.get(metric)
    return entry is None or label_names(entry).issuperset(labels)


def fitting(metric: str, labels: Mapping[str, str]) -> dict[str, str]:
    """Those of the labels that a metric may carry."""
    entry = CATALOGUE.get(metric)
    if entry is None:
        return dict(labels)
    allowed = label_names(entry)
    return {name: value for name, value in labels.items() if name in allowed}


def pairs(labels: Mapping[str, str]) -> Labels:
    """Labels in the model's form: cleaned, without empty ones, sorted by name."""
    return tuple(sorted((name, str(clean_label(value))) for name, value in labels.items() if value))


def check_names(names: Iterable[str]) -> None:
    """ValueError for label names that would make a series of every call or person, or that no label may have."""
    for name in names:
        if name in _ENDLESS or not name.isidentifier() or not name.isascii() or name.startswith("__"):
            msg = f"{name!r} cannot be a label: calls, people and addresses are endless; use site, queue or trunk"
            raise ValueError(msg)


_ENDLESS = frozenset(
    {"call_id", "callid", "contact_id", "agent", "agent_id", "tag", "address", "ip", "phone", "number"}
)
