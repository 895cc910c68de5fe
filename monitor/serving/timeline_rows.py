"""Rows of the timeline: what a person may read of the journal's lines, and what checking the chain found."""

from __future__ import annotations

from monitor.serving.row import Row


class TimelineRow(Row, frozen=True, kw_only=True):
    """One public line of the journal with its link of the chain."""

    seq: int
    at: float
    kind: str
    who: str
    what: str
    object: str
    state: str = ""
    via: str = ""
    """How it came in, such as http; empty for golive itself."""
    reason: str = ""
    """Why, where the line tells."""
    digest: str = ""
    """Digest of the runbook or of what was signed, where the line is about one."""
    previous: str = ""
    """Hash that the line is chained to; empty when it is not known."""
    hash: str = ""


class TimelinePage(Row, frozen=True, kw_only=True):
    """Public lines of the journal, oldest first."""

    lines: tuple[TimelineRow, ...] = ()
    more: bool = False
    """Whether there are older ones."""


class Proof(Row, frozen=True, kw_only=True):
    """What checking the whole chain found."""

    ok: bool
    lines: int
    """Lines that are whole, counted from the first."""
    at: float
    """When it was checked, unix seconds."""
    seq: int
    """The last whole line."""
    hash: str
    first_bad: int | None = None
    why: str = ""
