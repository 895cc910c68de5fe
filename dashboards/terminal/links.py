"""Where Grafana shows what a screen shows: the dashboards that golive ships, by their uid and variables. Pure."""

from __future__ import annotations

from urllib.parse import urlencode

from dashboards.terminal.subject import Subject
from monitor.serving.snapshot import Snapshot

_BOARDS = {
    "board": "golive-overview",
    "calls": "golive-calls",
    "queues": "golive-queues",
    "integrations": "golive-integrations",
    "alerts": "golive-overview",
    "runbooks": "golive-runs",
    "timeline": "golive-self",
}
_KINDS = {
    "queue": "golive-queues",
    "trunk": "golive-calls",
    "site": "golive-calls",
    "codec": "golive-calls",
    "device": "golive-calls",
    "integration": "golive-integrations",
    "source": "golive-self",
    "run": "golive-runs",
    "decision": "golive-runs",
    "step": "golive-runs",
}
_VARIABLES = ("platform", "queue")
"""Labels that every shipped dashboard has as a variable."""
_AROUND = 900
"""Seconds before and after a past instant that are shown."""


def grafana(snapshot: Snapshot | None, screen: str, subject: Subject | None) -> str:
    """The address for what is under the cursor; empty where no Grafana is configured."""
    base = snapshot.links.get("grafana", "") if snapshot else ""
    if not base or snapshot is None:
        return ""
    board = (_KINDS.get(subject.kind) if subject else None) or _BOARDS.get(screen, "golive-overview")
    query = [(f"var-{name}", subject.labels[name]) for name in _VARIABLES if subject and name in subject.labels]
    query.insert(0, ("var-cutover", snapshot.cutover.name))
    if subject is not None and subject.at is not None:
        query += [("from", str(int((subject.at - _AROUND) * 1000))), ("to", str(int((subject.at + _AROUND) * 1000)))]
    return f"{base.rstrip('/')}/d/{board}?{urlencode(query)}"
