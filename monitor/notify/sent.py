"""What became of the messages on each subject, channel by channel: what a screen shows beside an alert."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from monitor.notify.outcome import Outcome
from monitor.serving.alert_rows import SentRow

MOST_SUBJECTS = 1000
"""Subjects that are remembered; the ones that were touched longest ago are forgotten first, and counted."""


class Sent:
    """By dedupe key, then by channel."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, dict[str, SentRow]] = OrderedDict()
        self.forgotten = 0
        """Subjects that were forgotten for want of room."""

    def rows(self, key: str) -> tuple[SentRow, ...]:
        """What the channels were told of a subject."""
        return tuple(self._told.get(key, {}).values())

    def queued(self, key: str, channel: str) -> None:
        """A message waits for a channel."""
        before = self._row(key, channel)
        if before is None or before.state != "trying":
            self._put(key, SentRow(channel=channel, state="waiting", failed=before.failed if before else 0))

    def recalled(self, key: str, channels: Iterable[str]) -> None:
        """The last daemon told these channels."""
        for channel in channels:
            if self._row(key, channel) is None:
                self._put(key, SentRow(channel=channel, state="told"))

    def tried(self, key: str, channel: str, outcome: Outcome, now: float) -> None:
        """An attempt was made. now: unix seconds."""
        before = self._row(key, channel)
        if outcome.delivered:
            self._put(key, SentRow(channel=channel, state="ok", at=now))
            return
        failed = (before.failed if before else 0) + 1
        state = "trying" if outcome.again else "failed"
        self._put(key, SentRow(channel=channel, state=state, failed=failed, at=now))

    def given_up(self, key: str, channel: str) -> None:
        """A message was not delivered and is not tried any more."""
        before = self._row(key, channel)
        failed = max(before.failed, 1) if before else 1
        self._put(key, SentRow(channel=channel, state="failed", failed=failed, at=before.at if before else None))

    def _row(self, key: str, channel: str) -> SentRow | None:
        return self._told.get(key, {}).get(channel)

    def _put(self, key: str, row: SentRow) -> None:
        self._told.setdefault(key, {})[row.channel] = row
        self._told.move_to_end(key)
        while len(self._told) > MOST_SUBJECTS:
            self._told.popitem(last=False)
            self.forgotten += 1
