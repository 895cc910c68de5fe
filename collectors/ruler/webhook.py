"""Alertmanager's webhook, version 4, as samples: what a ruler says of golive's rules. Pure.

Format: Alertmanager's documentation, configuration, webhook_config. Only what `golive rules export --judge-there` puts
into labels and annotations is read; everything else in the message is not looked at.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from monitor.catalogue.ruled import UNITS, name_of
from monitor.model import Labels
from monitor.text import clean_label

AHEAD = 5.0
"""Seconds that a ruler's clock may be ahead."""
MOST_ALERTS = 20_000
"""Alerts of one message beyond which it is refused; a body of 1 MiB holds about 2,000."""
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,63}")
_EDITION = re.compile(r"[0-9a-f]{8}")
_LONGEST_NUMBER = 40


class Malformed(ValueError):  # noqa: N818 - says what is wrong with a message
    """A message that is none of Alertmanager's."""


class _Alert(msgspec.Struct):
    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}


class _Message(msgspec.Struct):
    version: str
    alerts: list[_Alert]
    truncatedAlerts: int = 0  # noqa: N815 - Alertmanager's name


class Said(NamedTuple):
    """One estimate of one group of one rule."""

    metric: str
    labels: Labels
    value: float
    at: float
    """When the ruler made it, unix seconds."""


class Refused(NamedTuple):
    """An alert that says nothing usable, and why: foreign, wrong_type, no_time, future, contradiction."""

    reason: str


_DECODER = msgspec.json.Decoder(_Message)


def read(body: bytes, rules: AbstractSet[str], received: float) -> Iterator[Said | Refused | None]:
    """What each alert of a message says; None for one that is over or was never meant for golive to judge by.

    rules: names of the rules that are judged there. received: our clock, unix seconds.

    Raises:
        Malformed: it is not a message of Alertmanager's, version 4.
    """
    try:
        message = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from error
    if message.version != "4":
        raise Malformed(f"version {message.version[:20]!r} is not 4")
    if len(message.alerts) > MOST_ALERTS:
        raise Malformed(f"{len(message.alerts)} alerts in one message")
    for alert in message.alerts:
        yield _said(alert, rules, received)
    for _ in range(min(max(message.truncatedAlerts, 0), MOST_ALERTS)):
        yield Refused("truncated")


def _said(alert: _Alert, rules: AbstractSet[str], received: float) -> Said | Refused | None:
    kind = alert.labels.get("golive", "")
    # That an alert is over is no measurement: its samples may only have ended. Golive waits for the estimate itself.
    if kind not in ("breach", "measured") or alert.status == "resolved":
        return None
    if alert.labels.get("rule", "") not in rules:
        return Refused("foreign")
    return _measured(alert, kind, received)


def _measured(alert: _Alert, kind: str, received: float) -> Said | Refused:
    notes = alert.annotations
    unit, edition = notes.get("unit", ""), notes.get("edition", "")
    by = [name for name in notes.get("by", "").split(",") if name]
    sound = (
        alert.status == "firing" and unit in UNITS and _EDITION.fullmatch(edition) and all(map(_LABEL.fullmatch, by))
    )
    value, limit, at = (_number(notes.get(name, "")) for name in ("value", "limit", "at"))
    if not sound or value is None or limit is None:
        return Refused("wrong_type")
    if at is None or at > received + AHEAD:
        return Refused("no_time" if at is None else "future")
    told = _told(kind, value, limit, notes.get("operator", ""))
    if told is None:
        return Refused("contradiction")
    pairs = {name: clean_label(alert.labels[name]) for name in by if alert.labels.get(name)}
    named = {**pairs, "rule": clean_label(alert.labels["rule"]), "edition": clean_label(edition)}
    return Said(name_of(unit), tuple(sorted(named.items())), told, at)


def _told(kind: str, value: float, limit: float, operator: str) -> float | None:
    """The estimate; None where it contradicts what the alert says.

    A breach of M of N buckets may stand while the whole window's estimate is within the limit: then the estimate is
    taken to be the nearest one past it.
    """
    past = {
        ">": value > limit,
        ">=": value >= limit,
        "<": value < limit,
        "<=": value <= limit,
    }.get(operator)
    if past is None:
        return None
    if kind == "measured":
        return None if past else value
    if past:
        return value
    if operator in (">=", "<="):
        return limit
    return math.nextafter(limit, math.inf if operator == ">" else -math.inf)


def _number(text: str) -> float | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
