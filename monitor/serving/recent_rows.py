"""Rows about the last minutes and hours: what a snapshot of one instant cannot say. Made only when somebody asks.

All figures are over the same window for all groups: `covered` seconds, which is less than was asked for while the daemon
does not remember so much. A figure is None where nothing was heard that it could be made of.
"""

from __future__ import annotations

from monitor.serving.row import Row

Points = tuple[float | None, ...]


class RecentQueueRow(Row, frozen=True, kw_only=True):
    """One queue on one platform over the window."""

    queue: str
    platform: str
    offered: float | None = None
    """Contacts that came in the window; so for the next two."""
    answered: float | None = None
    abandoned: float | None = None
    waiting_change: float | None = None
    """How many more wait now than at the beginning of the window."""
    answer_seconds: float | None = None
    """Mean wait of those who were answered."""
    handle_seconds: float | None = None
    """Mean handle time."""


class RecentQueues(Row, frozen=True, kw_only=True):
    """All queues over one window."""

    at: float
    asked: float
    covered: float
    rows: tuple[RecentQueueRow, ...] = ()
    left_out: int = 0
    """Rows beyond the bound of this answer."""


class RecentPoints(Row, frozen=True, kw_only=True):
    """How one number of one platform went, oldest first; None where nothing was heard."""

    name: str
    platform: str
    step: float
    points: Points


class RecentQueue(Row, frozen=True, kw_only=True):
    """How one queue went."""

    at: float
    lines: tuple[RecentPoints, ...] = ()


class RecentCallsRow(Row, frozen=True, kw_only=True):
    """Calls of one group on one platform over the window. Percentiles are of all reports of the group together."""

    group: str
    platform: str
    direction: str = ""
    """Only where it was asked for by direction."""
    reports: int = 0
    """Scores that were heard."""
    mos_p10: float | None = None
    mos_p50: float | None = None
    loss: float | None = None
    """Share of packets lost."""
    jitter_p95: float | None = None
    round_trip_p50: float | None = None
    one_way: float | None = None
    """Calls with sound in one direction only."""
    age: float | None = None
    """Seconds since anything was heard of the group."""
    stale: bool = False
    why: str = ""
    """Why there is no score, where there could be one."""


class RecentCalls(Row, frozen=True, kw_only=True):
    """All groups over one window."""

    at: float
    asked: float
    covered: float
    by: str
    groupings: tuple[str, ...] = ()
    """Labels that calls can be grouped by here."""
    rows: tuple[RecentCallsRow, ...] = ()
    left_out: int = 0
    loss_covered: float = 0.0
    """Seconds that the loss is over: as long as its rule asks for."""


class HeatRow(Row, frozen=True, kw_only=True):
    """Scores of one platform by band and minute."""

    platform: str
    bands: tuple[float, ...]
    """Lower ends of the bands, best first; the last one is open below."""
    step: float
    cells: tuple[tuple[int, ...], ...]
    """A row a band, a number a step, oldest first."""
    p10: Points
    """The tenth percentile of each step."""


class WorstCallRow(Row, frozen=True, kw_only=True):
    """One bad report. Whose call it was is in the raw message only, which named people can read."""

    at: float
    mos: float
    labels: dict[str, str]


class RecentGroup(Row, frozen=True, kw_only=True):
    """How one group of calls went, or all of them."""

    at: float
    heat: tuple[HeatRow, ...] = ()
    worst: tuple[WorstCallRow, ...] = ()
    """Worst first."""
    below: int = 0
    """Reports below the worst band's upper end in the time of the worst calls."""
