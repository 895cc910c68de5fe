"""What a page says: one line for a telephone's lock screen, and fields for programs."""

from __future__ import annotations

import msgspec

SUMMARY_LENGTH = 140
"""What a text message, a watch and a lock screen show whole."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One event that people outside must hear of. All text is clean (monitor.text)."""

    schema: int = 1
    id: str
    """The same in every attempt to deliver it, so that a receiver can drop doubles."""
    dedupe_key: str
    """The same for all messages on one subject, so that a receiver can join them."""
    at: float
    """Unix seconds."""
    environment: str
    cutover: str
    severity: str
    """critical, warning or info."""
    summary: str
    """At most 140 characters: severity, environment, what, value against limit, since when, what waits."""
    event: str
    """verdict, decision, source or test."""
    object: str
    """What it is about, such as decision/d-7."""
    state: str
    """The state that it entered."""
    details: dict[str, str] = {}
