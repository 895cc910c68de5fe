"""Numbers in fields of AMI messages: absent, empty and malformed ones are None, never zero."""

from __future__ import annotations

import math

from collectors.ami.framing import Message

_LONGEST = 32


def number(message: Message, key: str) -> float | None:
    """A field as a finite number of at least 0."""
    text = message.get(key, "")
    if not text or len(text) > _LONGEST or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def whole(message: Message, key: str) -> int | None:
    """A field as a whole number of at least 0."""
    text = message.get(key, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _LONGEST else None


def flag(message: Message, key: str) -> bool:
    """Whether a field says yes: Asterisk writes 1."""
    return message.get(key, "") in ("1", "yes", "true")
