"""Collectors that are spoken to over golive's own HTTP port: what the web layer knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

POST_LIMIT = 1024 * 1024
"""Bytes of one post, unpacked, beyond which most postboxes refuse it."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a post."""

    status: int
    """HTTP status: 2xx once what was taken is kept; anything else asks the sender to mend or to repeat it."""
    answer: object
    """JSON body."""
    retry_after: float = 0.0
    """Seconds after which to try again; 0 for an answer that is final."""


@runtime_checkable
class Postbox(Protocol):
    """A collector whose samples are posted to it."""

    @property
    def name(self) -> str:
        """Name in the configuration: posts to /api/v1/collectors/{name} are for it."""
        ...

    @property
    def takes_samples(self) -> bool:
        """Whether /api/v1/samples is its way in as well, with the token telling which of them is meant."""
        ...

    @property
    def post_limit(self) -> int:
        """Bytes of one post, unpacked, beyond which it is refused unread."""
        ...

    @property
    def plain(self) -> bool:
        """Whether it may be spoken to over a connection that others can read."""
        ...

    @property
    def open(self) -> bool:
        """Whether it runs: its secrets are read and its inlet stands."""
        ...

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether a request bears this collector's secret. Takes the same time whatever it bears."""
        ...

    async def take(self, body: bytes, headers: Mapping[str, str], received: float) -> Receipt:
        """Take a post; never raises for what it says. received: unix seconds."""
        ...


@runtime_checkable
class AlertBox(Postbox, Protocol):
    """A postbox that alerts are posted to."""

    @property
    def takes_alerts(self) -> bool:
        """Whether /api/v1/alertmanager is its way in as well, with the token telling which of them is meant."""
        ...


@runtime_checkable
class Judging(Protocol):
    """A collector whose other side judges rules of golive."""

    @property
    def name(self) -> str:
        """Name in the configuration."""
        ...

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rules that are judged there."""
        ...

    @property
    def judged_within(self) -> float:
        """Seconds after which what was last heard of a rule is no longer known to hold."""
        ...
