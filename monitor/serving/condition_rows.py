"""Rows about golive itself: its own condition, and where its journal's head is noted."""

from __future__ import annotations

from monitor.serving.row import Row


class AnchorRow(Row, frozen=True, kw_only=True):
    """A place where the journal's head is noted as well."""

    name: str
    kind: str
    """file, mqtt or webhook."""
    seq: int = 0
    """The newest line that was noted there."""
    at: float | None = None
    sent: int = 0
    failed: int = 0
    detail: str = ""
    """Why the last try failed; empty when it did not."""


class SelfRow(Row, frozen=True, kw_only=True):
    """The monitor's own condition."""

    version: str
    started_at: float
    tick: int
    tick_seconds: float
    loop_lag: float
    """How late the newest tick began, seconds."""
    series: int
    quarantined: int
    journal_seq: int
    journal_hash: str
    longest_piece: float = 0.0
    """The longest stretch for which a tick of the last half minute kept the loop to itself, seconds."""
    journal_refused: int = 0
    """Lines that could not be written."""
    reserve_used: bool = False
    """Whether the disk is full and the journal lives from its reserve."""
    anchored_seq: int = 0
    """The head as it last went out to the anchors, every minute and at each act."""
    anchored_hash: str = ""
    anchors: tuple[AnchorRow, ...] = ()
    degraded: str = ""
    """Why the daemon is not whole, in words; empty when it is."""
    reload: str = ""
    """Why what lies on disk is not what runs: the last reload was refused; empty when it was not."""
