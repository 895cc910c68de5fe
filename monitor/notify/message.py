"""What a page says: one line for a telephone's lock screen, and fields for programs."""

from __future__ import annotations

from typing import Literal

import msgspec

SUMMARY_LENGTH = 140
"""What a text message, a watch and a lock screen show whole."""
SEVERITIES = ("info", "warning", "critical")
"""In order of loudness."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One event that people outside must hear of. All text is clean (monitor.text)."""

    schema: int = 1
    id: str
    """The same in every attempt to deliver it, so that a receiver can drop doubles."""
    dedupe_key: str
    """The same for all messages on one subject, in every channel and from both daemons of a pair: cutover/alert/scope."""
    at: float
    """Unix seconds."""
    environment: str
    cutover: str
    severity: str
    """critical, warning or info."""
    summary: str
    """At most 140 characters: severity, environment, what, value against limit, since when, what waits."""
    event: str
    """alert, verdict, decision, runbook, channel or test."""
    object: str
    """What it is about, such as decision/d-7."""
    state: str
    """The state that it entered."""
    details: dict[str, str] = {}
    status: Literal["firing", "resolved", "note"] = "note"
    """firing until a message with the same key says resolved; a note neither opens nor closes anything."""
    loudest: str = ""
    """The greatest severity that its subject ever had: who was told of that is told of the end. Empty: its severity."""
    starts_at: float = 0.0
    """When what it is about began, unix seconds; 0: now."""
    alert: str = ""
    """The rule, or what stands for one: the class of the alert."""
    labels: dict[str, str] = {}
    """Where: queue, trunk, site ..."""
    body: str = ""
    """The same at length, for chat and mail: lines of plain text."""
    links: dict[str, str] = {}
    """Configured addresses, by name."""
    urgent: bool = False
    """Whether it goes to the second channels as well: nobody acknowledged, or a first channel does not get through."""


def loudness(message: Message) -> int:
    """How loud its subject ever was: 0 info, 1 warning, 2 critical."""
    word = message.loudest or message.severity
    return SEVERITIES.index(word) if word in SEVERITIES else len(SEVERITIES) - 1
