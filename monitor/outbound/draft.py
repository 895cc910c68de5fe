"""A request before it is sent."""

from __future__ import annotations

from typing import NamedTuple


class Draft(NamedTuple):
    """What will go on the wire, but for the headers that prove who sends it."""

    method: str
    url: str
    """Exactly as it is asked for: a signature over another spelling would not hold."""
    headers: dict[str, str]
    body: bytes
