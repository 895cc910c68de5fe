"""Who waits for a person and was not answered is said again: a reminder first, then to a wider circle, again and again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from monitor.serving.snapshot import WaitingRow
from monitor.units import format_duration

REMIND = 120.0
"""Seconds after which what waits is said again."""
WIDER = 300.0
"""Seconds after which, and between which, it is said to a wider circle."""
KINDS = frozenset({"manual", "parked", "attest"})
"""What is reminded of; an approval has a deadline of its own."""


class Reminder(NamedTuple):
    """One thing to be said again."""

    id: str
    kind: str
    """reminder, or overdue for the wider circle."""
    words: str


class Reminders:
    """Remembers what was said of what waits; a restart says it again."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, float], float] = {}

    def due(self, rows: Iterable[WaitingRow], at: float) -> list[Reminder]:
        """What is to be said at this instant (unix seconds), once each."""
        now = {(row.id, row.since): row for row in rows if row.kind in KINDS}
        self._said = {key: due for key, due in self._said.items() if key in now}
        found: list[Reminder] = []
        for key, row in now.items():
            waited = at - row.since
            if waited < self._said.setdefault(key, REMIND):
                continue
            wider = waited >= WIDER
            self._said[key] = waited + WIDER if wider else WIDER
            words = f"{row.title} waits for a person for {format_duration(round(waited))}"
            found.append(Reminder(row.id, "overdue" if wider else "reminder", words))
        return found
