"""Which weeks have which slots, and whether that will be enough: for whoever prepares a cutover. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from monitor.history.archive import Origin, Slot
from monitor.history.calendar import Calendar
from monitor.history.figures import Figure
from monitor.history.weeks import page
from monitor.judging.baseline import SLOT


class WeekCover(msgspec.Struct, frozen=True, kw_only=True):
    """One week of one group."""

    week: int
    """How many weeks before the span that is asked about."""
    day: str
    """On which the span began in that week."""
    slots: int
    """Quarter hours of the span that have a number."""
    of: int
    left_out: int
    """Quarter hours of the span on a holiday or a day of incident."""
    times: tuple[str, ...]
    """Local times that have numbers, as 09:00-10:15."""


class ScopeCover(msgspec.Struct, frozen=True, kw_only=True):
    """One group of a rule."""

    scope: dict[str, str]
    enough: int
    """Quarter hours of the span with as many weeks as the baseline needs."""
    of: int
    short: tuple[str, ...]
    """Local times at which there are fewer, as 2026-03-07 09:00-10:15."""
    weeks: tuple[WeekCover, ...]
    slots: int
    """On disk, in all."""
    imported: int
    first: str
    last: str
    """Local days of the oldest and the newest slot."""


class RuleCover(msgspec.Struct, frozen=True, kw_only=True):
    """One rule."""

    rule: str
    figure: str
    need_slots: int
    weeks: int
    min_count: int
    scopes: tuple[ScopeCover, ...]
    unused: int
    """Slots that hold another figure, since the rule was another one when they were recorded, or that are too thin."""


def cover(figure: Figure, slots: Iterable[Slot], calendar: Calendar, quarters: Sequence[int]) -> RuleCover:
    """What is recorded for a rule, held against the quarter hours that began at `quarters` (unix seconds, ascending)."""
    by_scope, unused = defaultdict(list), 0
    for slot in slots:
        if slot.figure == figure.text and slot.samples >= figure.least:
            by_scope[slot.scope].append(slot)
        else:
            unused += 1
    scopes = tuple(_scope(figure, by_scope[scope], calendar, quarters) for scope in sorted(by_scope))
    return RuleCover(
        rule=figure.name,
        figure=figure.text,
        need_slots=figure.need,
        weeks=figure.weeks,
        min_count=figure.least,
        scopes=scopes,
        unused=unused,
    )


def _scope(figure: Figure, slots: Sequence[Slot], calendar: Calendar, quarters: Sequence[int]) -> ScopeCover:
    by_start = {slot.start: slot for slot in slots}
    have: dict[int, list[int]] = defaultdict(list)
    left_out: dict[int, int] = defaultdict(int)
    short = []
    for quarter in quarters:
        earlier = calendar.earlier(quarter, figure.weeks)
        near = [by_start[start] for then in earlier for start in then.starts if start in by_start]
        found = page([figure], calendar, quarter, near).get((figure.name, slots[0].scope), ())
        for week, _ in found:
            have[week].append(quarter)
        for then in earlier:
            left_out[then.week] += then.left_out
        if len(found) < figure.need:
            short.append(quarter)
    weeks = tuple(
        WeekCover(
            week=then.week,
            day=then.day.isoformat(),
            slots=len(have[then.week]),
            of=len(quarters),
            left_out=left_out[then.week],
            times=spans(have[then.week], calendar),
        )
        for then in calendar.earlier(quarters[0], figure.weeks)
    )
    starts = sorted(by_start)
    return ScopeCover(
        scope=dict(slots[0].scope),
        enough=len(quarters) - len(short),
        of=len(quarters),
        short=tuple(f"{calendar.local(a).date()} {text}" for a, text in _runs(short, calendar)),
        weeks=weeks,
        slots=len(slots),
        imported=sum(slot.origin is Origin.IMPORTED for slot in slots),
        first=calendar.local(starts[0]).date().isoformat(),
        last=calendar.local(starts[-1]).date().isoformat(),
    )


def spans(quarters: Sequence[int], calendar: Calendar) -> tuple[str, ...]:
    """Quarter hours as local times, those that follow each other joined: 09:00-10:15."""
    return tuple(text for _, text in _runs(quarters, calendar))


def _runs(quarters: Sequence[int], calendar: Calendar) -> list[tuple[int, str]]:
    runs: list[list[int]] = []
    for quarter in quarters:
        if runs and runs[-1][1] == quarter:
            runs[-1][1] += int(SLOT)
        else:
            runs.append([quarter, quarter + int(SLOT)])
    return [(a, f"{calendar.local(a):%H:%M}-{calendar.local(b):%H:%M}") for a, b in runs]
