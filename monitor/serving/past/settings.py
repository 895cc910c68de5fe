"""How much of the past is kept for looking back."""

from __future__ import annotations

from monitor.plan import Section
from monitor.units import Duration

_LONGEST = 366 * 86400.0
_MOST_MEGABYTES = 100_000


class PastConfig(Section, frozen=True, kw_only=True):
    """The record of snapshots: what the screens showed, to be looked at again."""

    dense_for: Duration = 86400.0
    """How long a moment each 10 s is kept; beyond it one a minute, as far back as there is space."""
    megabytes: int = 512
    """Most space on disk. When it is used up, moments between the minutes go first, then the oldest. 0: no record."""

    def __post_init__(self) -> None:
        if not 0 <= self.dense_for <= _LONGEST:
            msg = "dense_for is longer than a year; write a span such as 24h"
            raise ValueError(msg)
        if not 0 <= self.megabytes <= _MOST_MEGABYTES:
            msg = f"megabytes must be from 0 to {_MOST_MEGABYTES}; 0 keeps no record of snapshots"
            raise ValueError(msg)
