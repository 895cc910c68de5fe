"""Alertmanagers forget what they are not told again: what fires is repeated to them before they would call it over."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from monitor.notify.channels import Alertmanager
from monitor.notify.delivery import deliver
from monitor.notify.roster import Roster
from monitor.notify.subjects import Subjects


class Repeats:
    """One for all Alertmanagers; those that were away hear of it with the next one."""

    def __init__(self, roster: Roster, subjects: Subjects, base: Path, clock: Callable[[], float]) -> None:
        """base: folder of golive.yaml, for secrets. clock: unix seconds."""
        self._roster = roster
        self._subjects = subjects
        self._base = base
        self._clock = clock
        self._again: dict[str, float] = {}
        """When what fires was last repeated, seconds on the monotonic clock, by channel."""

    async def tell(self) -> None:
        """Tell again of what is due."""
        for name, channel in self._roster.channels.items():
            if not isinstance(channel, Alertmanager):
                continue
            now = time.monotonic()
            if now - self._again.setdefault(name, now) < channel.again or self._roster.workers[name].waiting:
                continue
            self._again[name] = now
            for message in list(self._subjects.due(name)):
                outcome = await deliver(channel, message, self._base, self._clock())
                if not outcome.delivered:
                    break
