"""Baselines: what a rule's limits are relative to. This part is the configuration and the contract with recorded weeks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from monitor.model import Labels
from monitor.plan import Section
from monitor.units import Duration, Number

SLOT = 900.0
"""Seconds of a slot of the week: same weekday, same quarter hour."""


class Baseline(Section, frozen=True, kw_only=True):
    """The number that a group's estimate is compared with; limits judge the outcome of the comparison."""

    source: Literal["legacy", "fixed", "history"] = msgspec.field(name="from")
    """legacy: the same estimate of the same group on platform legacy. history: the same quarter hour of the same
    weekday in recorded weeks, the median of them; for a rule on platform target what legacy was then, for any other
    what its own series were. fixed: `value`."""
    compare: Literal["ratio", "difference"] = "ratio"
    """ratio: estimate / baseline, so that 1.15 is 15 % above it. difference: estimate - baseline."""
    value: Number | None = None
    """The baseline itself; for `from: fixed`."""
    weeks: int = 4
    """How many weeks back; for `from: history`."""
    need_slots: int = 3
    """How many of them must have a number; for `from: history`."""
    min_count: int | None = None
    """Least number of samples on legacy; default: the rule's own min_count."""
    freeze: bool = True
    """Keep the baseline of the instant of arming; false follows legacy as it moves. For `from: legacy`."""
    max_age: Duration = 86_400.0
    """A frozen baseline older than this is no baseline any more."""
    floor: Number | None = None
    """An estimate on the good side of this is good, however it compares: twice next to nothing is next to nothing."""


class History(Protocol):
    """Recorded weeks, as far as a baseline asks them. It is asked in the tick, so it answers from memory."""

    @property
    def version(self) -> int:
        """Changes when what was answered before may be answered otherwise."""
        ...

    @property
    def failing(self) -> str:
        """Why recorded weeks cannot be read; empty while they can."""
        ...

    def slots(self, rule: str, scope: Labels, at: float, weeks: int) -> Sequence[float] | None:
        """What the rule's estimate was for the scope in the quarter hour of `at`, one number for each week that has one.

        None while they are being read. at: unix seconds. Weeks are counted back from it in local time; holidays and
        days of incident are left out.
        """
        ...
