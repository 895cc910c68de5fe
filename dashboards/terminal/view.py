"""What the screens draw from: the newest snapshot, how old it is, and who sits in front of it."""

from __future__ import annotations

import msgspec

from monitor.serving.snapshot import DecisionRow, RunRow, Snapshot

GONE_AFTER = 1.75
"""Seconds without a new snapshot until the screens say so; polling is each second at the slowest."""
LOCKS_AFTER = 900.0
"""Seconds without a key until an armed terminal locks itself."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who the daemon says we are; what `GET /api/v1/me` answers."""

    name: str
    role: str = "viewer"
    duties: tuple[str, ...] = ()


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One frame's truth. `now` runs on the daemon's clock, so a wrong clock on this machine changes nothing."""

    snapshot: Snapshot | None = None
    now: float = 0.0
    behind: float = 0.0
    """Seconds since the snapshot was new."""
    why: str = ""
    """Why there is no newer one; empty while there is."""
    person: Person | None = None
    armed: bool = False
    held: float | None = None
    """Seconds for which a person has been holding the display still; None: it moves."""
    present: View | None = None
    """The present, while something else is shown; None: this is it."""
    live: View | None = None
    """The present, while this is a moment of the past; None: this is the present."""
    recorded: bool = False
    """Whether there is no present at all: a record is played."""

    @property
    def past(self) -> bool:
        """Whether this is a moment of the past, in which nothing can be done."""
        return self.live is not None

    @property
    def gone(self) -> bool:
        """Whether what is shown must not be taken for the present."""
        return self.snapshot is None or self.behind > GONE_AFTER

    def decision(self, name: str) -> DecisionRow | None:
        """The decision with this id."""
        return next((d for d in self.snapshot.decisions if d.id == name), None) if self.snapshot else None

    def run(self, name: str) -> RunRow | None:
        """The run with this id."""
        return next((r for r in self.snapshot.runs if r.id == name), None) if self.snapshot else None


class Feed:
    """Keeps the newest snapshot and the moment it came, on this machine's monotonic clock."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._came = 0.0
        self._why = ""
        self.person: Person | None = None
        self.armed = False
        self._touched = 0.0

    def took(self, snapshot: Snapshot, mono: float) -> None:
        """A snapshot came; one with the same tick as the last is no news, it means the daemon stands still."""
        if self._snapshot is not None and snapshot.at == self._snapshot.at:
            self._why = "it answers, but its tick stands still"
            return
        self._snapshot, self._came, self._why = snapshot, mono, ""

    def failed(self, why: str) -> None:
        """A poll did not succeed."""
        self._why = why

    def touched(self, mono: float) -> None:
        """A person pressed a key."""
        self._touched = mono

    def arm(self, mono: float) -> None:
        """Let keys act."""
        self.armed, self._touched = True, mono

    def view(self, mono: float) -> View:
        """The frame for this moment; locks when nobody pressed a key for long."""
        if self.armed and mono - self._touched > LOCKS_AFTER:
            self.armed = False
        behind = max(0.0, mono - self._came) if self._snapshot else 0.0
        return View(
            snapshot=self._snapshot,
            now=self._snapshot.at + behind if self._snapshot else 0.0,
            behind=behind,
            why=self._why,
            person=self.person,
            armed=self.armed,
        )
