"""The HTTP listener's configuration."""

from __future__ import annotations

from monitor.plan import Section


class WebConfig(Section, frozen=True, kw_only=True):
    """Where the daemon listens and which names it answers to."""

    listen: str = "127.0.0.1:8930"
    allow_hosts: tuple[str, ...] = ()
    """Host names beside the listen address under which a browser or client may call."""
    series_limit: int = 2000
    """Most series rows in one snapshot."""
