"""The HTTP listener's configuration."""

from __future__ import annotations

import re

from monitor.plan import Section

_PATH = re.compile(r"(?:/[A-Za-z0-9_~][A-Za-z0-9._~-]*)+", re.ASCII)
_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-]+(?::\d{1,5})?(?:/[A-Za-z0-9._~/-]*)?", re.ASCII)
_TAKEN = ("/api", "/docs", "/board")


class WebConfig(Section, frozen=True, kw_only=True):
    """Where the daemon listens and which names it answers to."""

    listen: str = "127.0.0.1:8930"
    also: tuple[str, ...] = ()
    """Further addresses to listen on, HOST:PORT each."""
    allow_hosts: tuple[str, ...] = ()
    """Host names beside the listen address under which a browser or client may call."""
    series_limit: int = 2000
    """Most series rows in one snapshot."""
    telemetry_path: str = "/metrics"
    """Where Prometheus finds the metrics."""
    max_requests: int = 32
    """Most scrapes at once; further ones are answered 503. 0: as many as there are connections."""

    grafana: str = ""
    """Address of the Grafana that has golive's dashboards, such as https://grafana.example: terminals link to it."""

    def __post_init__(self) -> None:
        if self.grafana and not _ADDRESS.fullmatch(self.grafana):
            msg = f"grafana {self.grafana!r} is not an address; write one such as https://grafana.example"
            raise ValueError(msg)
        path = self.telemetry_path
        if not _PATH.fullmatch(path) or any(path == taken or path.startswith(f"{taken}/") for taken in _TAKEN):
            msg = f"telemetry_path {path!r} is not a path of its own; write one such as /metrics"
            raise ValueError(msg)
        if self.max_requests < 0:
            msg = "max_requests is below 0; write 0 for no limit"
            raise ValueError(msg)
