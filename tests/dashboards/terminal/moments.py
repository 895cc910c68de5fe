"""The recorded moment that each screen is tested with: one in which it has much to show."""

from __future__ import annotations

from dashboards.terminal.keys import EVERYWHERE
from monitor.serving.snapshot import Snapshot
from tests.dashboards.terminal import recorded, recorded_calls, recorded_queues
from tests.dashboards.terminal.recorded_integrations import WITH_INTEGRATIONS

RICH: dict[str, Snapshot] = {
    "calls": recorded_calls.MOMENT,
    "integrations": WITH_INTEGRATIONS,
    "queues": recorded_queues.MOMENT,
}
"""For screens that need more than the failing cutover shows."""

ANSWERS: dict[str, bytes] = {**recorded_calls.ANSWERS, **recorded_queues.ANSWERS}
"""What the daemon answers to what only a detail asks for, by path."""


def moment(screen: str) -> Snapshot:
    """What a screen of this name is tested with."""
    return RICH.get(screen, recorded.FAILING)


def key(screen: str) -> str:
    """The key that opens it from everywhere."""
    return next(key.key for key in EVERYWHERE if key.action == f"go({screen!r})")
