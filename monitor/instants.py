"""Instants as people write them: how long ago, a time of day, a date with its time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from monitor.units import parse_duration

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


def moment(text: str, now: float) -> float:
    """Unix seconds of `15m` (ago), `02:14` (the last time it was that late), `2026-11-29 02:14` or ISO 8601, in UTC.

    ValueError for anything else.
    """
    words = text.strip()
    today = datetime.fromtimestamp(now, UTC)
    if clock := _CLOCK.fullmatch(words):
        at = today.replace(hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=0)
        return (at if at <= today else at - timedelta(days=1)).timestamp()
    try:
        at = datetime.fromisoformat(words)
    except ValueError:
        try:
            return now - parse_duration(words)
        except ValueError:
            msg = f"{text!r} is no time: write 15m (ago), 02:14, or 2026-11-29 02:14 (UTC)"
            raise ValueError(msg) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
