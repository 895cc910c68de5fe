"""What an alert is about, and how things stand around it: the facts that a message is worded from."""

from __future__ import annotations

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that is broken in one place, or one source of which nothing is known. All text is clean."""

    alert: str
    """The rule; `no-data` for a source that is silent; `rule-broken` for a rule that cannot be computed."""
    scope: str
    """Labels as `queue=sales-en site=porto`; empty for a rule over everything."""
    title: str
    severity: str
    """critical where it decides a required gate or arms a trigger, else warning."""
    since: float
    """When it began to be bad, unix seconds."""
    value: float | None = None
    limit: float | None = None
    operator: str = ""
    unit: str = ""
    other: float | None = None
    """The same on the other platform."""
    platform: str = ""
    """legacy, target, or empty."""
    samples: int = 0
    window: float = 0.0
    """Seconds that the value was taken over."""
    impact: str = ""
    """Who is hurt, in words: callers waiting, groups of all."""
    why: str = ""
    """Why nothing is known."""
    last_at: float | None = None
    """When the last good value was heard, unix seconds."""

    @property
    def labels(self) -> dict[str, str]:
        """The scope, taken apart again."""
        return dict(part.partition("=")[::2] for part in self.scope.split(" ") if "=" in part)

    @property
    def place(self) -> str:
        """Where, as people say it: the labels' values."""
        return ", ".join(self.labels.values())


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand at one instant."""

    now: float
    environment: str
    cutover: str
    stage: str = ""
    started_at: float = 0.0
    """T0, unix seconds; 0 when it is not known."""
    verdict: str = ""
    verdict_since: float = 0.0
    waiting: str = ""
    """What waits for people or is under way, such as `voice-back-to-legacy waits for 1 approval`."""
    good: tuple[str, ...] = ()
    """Titles of gates that are fine: what is not wrong shortens the hunt."""
    bad: tuple[str, ...] = ()
    """Titles of the other gates that are not."""
    sources: tuple[tuple[str, float | None], ...] = ()
    """Sources with the age of what was last heard of each, seconds."""
