"""Opening hours: when a rule is judged, in the local time of the place, changes of the clock included."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from monitor.plan import Section

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MIDNIGHT = 24 * 60


class Opening(Section, frozen=True, kw_only=True):
    """A span of local time on some days of the week: [from, to). One that ends before it begins ends the next day."""

    days: tuple[Day, ...] = DAYS
    since: str = msgspec.field(name="from")
    """HH:MM."""
    to: str
    """HH:MM; 24:00 is the end of the day."""
    timezone: str
    """IANA name, such as Europe/Lisbon."""


def minutes(clock: str) -> int:
    """Minutes after midnight of `08:30`; ValueError for what is no time of day."""
    hour, colon, minute = clock.partition(":")
    if colon and len(hour) == len(minute) == 2 and (hour + minute).isascii() and (hour + minute).isdecimal():  # noqa: PLR2004 - two digits each
        total = int(hour) * 60 + int(minute)
        if int(minute) < 60 and total <= _MIDNIGHT:  # noqa: PLR2004 - minutes of an hour
            return total
    msg = f"{clock!r} is not a time of day: write two digits each, from 00:00 to 24:00"
    raise ValueError(msg)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name; ValueError for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        msg = f"{name!r} is not a time zone that this machine knows"
        raise ValueError(msg) from error


def is_open(hours: Iterable[Opening], now: float) -> bool:
    """Whether any of the spans holds the instant (unix seconds); with none it is always open."""
    none = True
    for opening in hours:
        none = False
        local = datetime.fromtimestamp(now, UTC).astimezone(zone(opening.timezone))
        first, last = minutes(opening.since), minutes(opening.to)
        clock = local.hour * 60 + local.minute
        today = DAYS[local.weekday()]
        if first < last:
            if today in opening.days and first <= clock < last:
                return True
        else:
            yesterday = DAYS[(local - timedelta(days=1)).weekday()]
            if (today in opening.days and clock >= first) or (yesterday in opening.days and clock < last):
                return True
    return none
