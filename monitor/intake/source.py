"""What every collector's configuration says, whatever its kind."""

from __future__ import annotations

from typing import Literal, Protocol

from monitor.intake.inlet import Inlet
from monitor.plan import Section
from monitor.units import Duration


class Source(Section, frozen=True, kw_only=True):
    """Common part of a collector's configuration. Each kind adds its own fields and `async run(inlet)`."""

    name: str
    every: Duration
    """How often samples are expected, pushed ones too: silence is judged by it."""
    delay: Duration = 0.0
    """How late the source's numbers are by design."""
    max_age: Duration | None = None
    """Age at which a sample is STALE (default twice `every`); at twice this it is UNKNOWN."""
    independence: str = ""
    """Sources with the same word here count as one witness; default: the collector's name."""
    on_start: Literal["retry", "fail"] = "retry"
    """What follows when it fails before it ever worked: it is tried again by itself (retry), or it waits for a person
    (fail), until golive is started again or its secret files change: for logins that are locked after a few tries."""

    @property
    def stale_after(self) -> float:
        """Seconds after which a sample of this source is STALE."""
        return self.max_age if self.max_age is not None else 2 * self.every + self.delay

    @property
    def shared(self) -> str:
        """A word that collectors have in common which hear the same numbered messages; else the collector's name."""
        return self.name


class Collector(Protocol):
    """A frozen configuration and one coroutine.

    `run` returns only when cancelled. It raises when it cannot go on (the supervisor restarts it with
    backoff); what the observed thing does wrong is data, not an exception.
    """

    @property
    def name(self) -> str:
        """Name in the configuration."""
        ...

    @property
    def stale_after(self) -> float:
        """Seconds after which a sample is STALE."""
        ...

    async def run(self, inlet: Inlet) -> None:
        """Collect until cancelled; leaves no task and no socket behind."""
        ...


class Misconfigured(Exception):  # noqa: N818 - says what is at fault, reads better without the suffix
    """Raised by a collector that cannot work until a person changes something: a missing secret, a refused login."""
