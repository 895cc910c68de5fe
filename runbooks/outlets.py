"""What all runs share on the way out: the notifier's channels, and tokens that were asked for and still hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from monitor.secrets import Secret


class Note(NamedTuple):
    """A message that a runbook sends to people."""

    id: str
    """The same each time it is tried, so that a receiver can drop doubles."""
    severity: Literal["critical", "warning", "info"]
    text: str
    subject: str
    """What it is about, such as run/r-7."""


class Delivery(NamedTuple):
    """What became of a message on one channel."""

    channel: str
    kind: Literal["accepted", "refused", "unsent", "unknown"]
    """unsent: it surely did not leave this machine. unknown: nobody can tell."""
    detail: str


class Teller(Protocol):
    """The notifier, as a step sees it."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels there are."""
        ...

    async def tell(self, note: Note, channels: tuple[str, ...]) -> tuple[Delivery, ...]:
        """Try each channel once; never raises for what a receiver does."""
        ...


class Mute:
    """The notifier where there is none."""

    channels: tuple[str, ...] = ()

    async def tell(self, note: Note, channels: tuple[str, ...]) -> tuple[Delivery, ...]:
        """Reach nobody."""
        del note
        return tuple(Delivery(name, "unsent", "there is no notifier here") for name in channels)


class Tokens:
    """Access tokens in memory until shortly before they expire; never on disk. At most MOST, the oldest go first."""

    MOST = 100

    def __init__(self) -> None:
        self.dropped = 0
        """Tokens that were forgotten for want of room."""
        self._held: dict[tuple[str, ...], tuple[Secret, float]] = {}

    def get(self, key: tuple[str, ...], now: float) -> Secret | None:
        """A token that still holds. now: seconds on the monotonic clock."""
        token, until = self._held.get(key, (None, 0.0))
        return token if now < until else None

    def put(self, key: tuple[str, ...], token: Secret, until: float) -> None:
        """Keep a token. until: seconds on the monotonic clock."""
        self._held.pop(key, None)
        while len(self._held) >= self.MOST:
            del self._held[next(iter(self._held))]
            self.dropped += 1
        self._held[key] = (token, until)

    def forget(self, key: tuple[str, ...]) -> None:
        """Drop a token that its target refused."""
        self._held.pop(key, None)


@dataclass(frozen=True, kw_only=True)
class Outlets:
    """One of these for all runs of a daemon."""

    teller: Teller = field(default_factory=Mute)
    tokens: Tokens = field(default_factory=Tokens)


QUIET = Outlets()
"""Outlets where there is no daemon: nobody is told."""
