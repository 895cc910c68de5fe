"""Quarter hours of the week by the clock of a place: which instants of earlier weeks an instant is compared with. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from monitor.judging.baseline import SLOT
from monitor.judging.hours import zone
from monitor.plan import Cutover

DAY_FORM = "YYYY-MM-DD, such as 2026-12-25"


def start_of(at: float) -> int:
    """When the quarter hour of an instant began, unix seconds. Every time zone in use is whole quarter hours from UTC."""
    return math.floor(at / SLOT) * int(SLOT)


def day(text: str) -> date:
    """The day that a configuration names; ValueError for anything but YYYY-MM-DD."""
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        msg = f"{text!r} is no day"
        raise ValueError(msg) from error
    if found.isoformat() != text:
        msg = f"{text!r} is no day"
        raise ValueError(msg)
    return found


class Earlier(NamedTuple):
    """A quarter hour, some weeks earlier, by the clock on the wall."""

    week: int
    """How many weeks earlier."""
    day: date
    starts: tuple[int, ...]
    """When it began, unix seconds: once; twice where the clock was set back; never where it was set forward over it."""
    left_out: bool
    """Whether its day is a holiday or a day of incident."""


class Calendar:
    """The clock on the wall of one place, and the days there that are like no others."""

    def __init__(self, timezone: str, left_out: Iterable[str] = ()) -> None:
        """timezone: an IANA name. left_out: days as YYYY-MM-DD. ValueError for what is neither."""
        self.timezone = timezone
        self._zone = zone(timezone)
        self.left_out = frozenset(day(text) for text in left_out)

    def local(self, at: float) -> datetime:
        """An instant (unix seconds) by the clock on the wall."""
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone)

    def instants(self, wall: datetime) -> tuple[int, ...]:
        """When a clock on the wall shows this (without an offset), unix seconds: once, twice, or never."""
        found = set()
        for fold in (0, 1):
            instant = wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC)
            if instant.astimezone(self._zone).replace(tzinfo=None) == wall:
                found.add(int(instant.timestamp()))
        return tuple(sorted(found))

    def earlier(self, at: float, weeks: int) -> tuple[Earlier, ...]:
        """The same weekday and quarter hour in each of the last `weeks` weeks, the newest first."""
        wall = self.local(start_of(at)).replace(tzinfo=None, fold=0)
        made = []
        for week in range(1, weeks + 1):
            then = wall - timedelta(weeks=week)
            made.append(Earlier(week, then.date(), self.instants(then), then.date() in self.left_out))
        return tuple(made)


def calendar_of(cutover: Cutover) -> Calendar:
    """The calendar that a cutover states."""
    return Calendar(cutover.timezone, (*cutover.holidays, *cutover.incident_days))
