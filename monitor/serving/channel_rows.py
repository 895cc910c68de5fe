"""Rows about the ways on which people are paged: what got through, what waits, and why one does not work."""

from __future__ import annotations

from monitor.serving.row import Row


class ChannelRow(Row, frozen=True, kw_only=True):
    """One channel or heartbeat."""

    name: str
    kind: str
    """As in golive.yaml: webhook, slack, apprise, alertmanager, alertmanager_webhook or heartbeat."""
    state: str
    """ok; failing: it is tried again; broken: the receiver refuses it, and a person must mend it."""
    second: bool = False
    """Whether it is called only when nobody answers or another channel fails."""
    delivered: int = 0
    """Messages, or beats, that were taken since the daemon started."""
    failed: int = 0
    """Messages that were given up or refused for want of room; beats that were not taken."""
    waiting: int = 0
    since: float | None = None
    """When the trouble began; None while it works."""
    error: str = ""
    """Why it does not work; of one that works again empty."""
    next_try: float | None = None
    """When it is tried again; None where it is not."""
    last_at: float | None = None
    """When something was last taken."""
