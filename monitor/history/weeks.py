"""Recorded weeks in memory: what baselines ask of the present quarter hour and the next one. Never touches the disk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from monitor.history.archive import Slot
from monitor.history.calendar import Calendar, start_of
from monitor.history.figures import Figure, canonical
from monitor.model import Labels

Page: TypeAlias = Mapping[tuple[str, Labels], tuple[tuple[int, float], ...]]
"""What is recorded for one quarter hour, by rule and group: (weeks back, number), the newest week first."""


def wanted(figures: Sequence[Figure], calendar: Calendar, at: float) -> list[int]:
    """When all the quarter hours began that baselines compare an instant with, unix seconds."""
    weeks = max((figure.weeks for figure in figures), default=0)
    return [start for then in calendar.earlier(at, weeks) if not then.left_out for start in then.starts]


def page(figures: Sequence[Figure], calendar: Calendar, at: float, slots: Iterable[Slot]) -> Page:
    """What the slots say about an instant's quarter hour: one number for each rule, group and week that has one.

    Holidays and days of incident have none, nor has a quarter hour that the clock skipped. Of one that came twice the
    number is the mean of those that are known. Slots of another figure than the rule's own, and thin ones, do not count.
    """
    by_name = {figure.name: figure for figure in figures}
    week_of = {
        start: then.week
        for then in calendar.earlier(at, max((figure.weeks for figure in figures), default=0))
        if not then.left_out
        for start in then.starts
    }
    found: dict[tuple[str, Labels], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for slot in sorted(slots, key=lambda slot: slot.start):
        figure, week = by_name.get(slot.rule), week_of.get(slot.start)
        if figure is None or week is None or week > figure.weeks:
            continue
        if slot.figure == figure.text and slot.samples >= figure.least:
            found[slot.rule, slot.scope][week].append(slot.value * figure.scale)
    return {
        key: tuple((week, sum(numbers) / len(numbers)) for week, numbers in sorted(weeks.items()))
        for key, weeks in found.items()
    }


class Weeks:
    """The contract that baselines ask by (`monitor.judging.baseline.History`)."""

    def __init__(self) -> None:
        self.version = 0
        """Changes when what was answered before may be answered otherwise."""
        self.failing = ""
        """Why recorded weeks cannot be read; empty while they can."""
        self.pages: dict[int, Page] = {}
        """The quarter hours that are held, by when they began, unix seconds."""

    def take(self, pages: Mapping[int, Page]) -> None:
        """Hold these quarter hours and no others; by when they begin."""
        if any(self.pages.get(start, made) != made for start, made in pages.items()):
            self.version += 1
        self.pages = dict(pages)

    def slots(self, rule: str, scope: Labels, at: float, weeks: int) -> Sequence[float] | None:
        """One number for each of the last `weeks` weeks that has one; None while they are being read."""
        held = self.pages.get(start_of(at))
        if held is None:
            return None
        return [number for week, number in held.get((rule, canonical(scope)), ()) if week <= weeks]
