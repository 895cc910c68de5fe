"""Recorded weeks as a script states them, read by the calendar of its cutover as those of a daemon are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor.history.calendar import Calendar, Earlier, calendar_of
from monitor.history.figures import canonical
from monitor.model import Labels
from monitor.plan import Cutover


@dataclass(slots=True)
class Statement:
    """What is recorded for a rule, or for one of its groups."""

    weeks: tuple[float | None, ...] = ()
    """A number for each week, the newest first, the same at every quarter hour; None where the week has none."""
    slots: dict[int, float] = field(default_factory=dict)
    """Numbers of single quarter hours, by when they began, unix seconds."""

    def number(self, then: Earlier) -> float | None:
        """What it says of a quarter hour."""
        if then.left_out or not then.starts:
            return None
        known = [self.slots[start] for start in then.starts if start in self.slots]
        if known:
            return sum(known) / len(known)
        return self.weeks[then.week - 1] if then.week <= len(self.weeks) else None


Stated = dict[tuple[str, Labels], Statement]


class RecordedWeeks:
    """The contract that baselines ask by (`monitor.judging.baseline.History`)."""

    version = 0
    failing = ""

    def __init__(self, stated: Mapping[tuple[str, Labels], Statement], calendar: Calendar) -> None:
        self._stated = stated
        self._calendar = calendar

    def slots(self, rule: str, scope: Labels, at: float, weeks: int) -> Sequence[float]:
        """One number for each week that has one; those of a group, or else of the whole rule."""
        said = self._stated.get((rule, canonical(scope))) or self._stated.get((rule, ()))
        if said is None:
            return ()
        found = (said.number(then) for then in self._calendar.earlier(at, weeks))
        return [number for number in found if number is not None]


def weeks_of(stated: Stated, cutover: Cutover) -> RecordedWeeks | None:
    """What the script states; None where it states nothing, as in a daemon that keeps no weeks."""
    return RecordedWeeks(stated, calendar_of(cutover)) if stated else None
