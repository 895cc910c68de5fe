"""What the HTTP handlers work with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from aiohttp import web

from monitor.deciding.auth import Attempts, Authority
from monitor.deciding.entry import Entry
from monitor.deciding.public_lines import PublicLines
from monitor.intake.postbox import Postbox, Receipt
from monitor.intake.transcripts import Transcripts
from monitor.serving.acts import Acts
from monitor.serving.detail_rows import InputsPage, MetricsPage, SamplesPage
from monitor.serving.exposition.scrape import Exposition
from monitor.serving.past.keeper import Keeper
from monitor.serving.recent_rows import RecentCalls, RecentGroup, RecentQueue, RecentQueues
from monitor.serving.snapshot import Snapshot
from monitor.serving.web.front import Front
from monitor.serving.web_config import WebConfig


class Denial(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was refused for want of a valid token, for the journal."""

    peer: str
    method: str
    path: str
    """Cleaned."""
    why: str


class Pages(Protocol):
    """The journal, read in pages."""

    async def entries(self, *, after: int = 0, limit: int | None = None) -> Sequence[Entry]:
        """Lines with a greater sequence number, in order, at most `limit`."""
        ...


class Recents(Protocol):
    """Whoever remembers the last hours."""

    async def queues(self, seconds: float) -> RecentQueues:
        """All queues over a window."""
        ...

    async def queue(self, name: str) -> RecentQueue:
        """One queue over time."""
        ...

    async def calls(self, by: str, seconds: float, *, split: bool) -> RecentCalls:
        """Call quality by a label over a window."""
        ...

    async def group(self, by: str, value: str) -> RecentGroup:
        """One group of calls over time; an empty label: all of them."""
        ...


class Details(Protocol):
    """What can be looked up beyond the snapshot."""

    def inputs(self, rule: str, scope: str) -> InputsPage | None:
        """The series that a rule's group is made from; None when there is no such rule."""
        ...

    def series(self, metrics: list[str], labels: dict[str, str], source: str = "") -> InputsPage:
        """Series that carry these labels."""
        ...

    def samples(self, metric: str, labels: dict[str, str]) -> SamplesPage | None:
        """The newest samples of one series; None when there is no such series."""
        ...

    def metrics(self) -> MetricsPage:
        """Every metric and what it means."""
        ...


class Callback(Protocol):
    """A way in for a service that signs what it posts, such as a pager's acknowledgements."""

    @property
    def name(self) -> str:
        """Posts to /api/v1/acks/{name} are for it."""
        ...

    async def take(self, body: bytes, headers: Mapping[str, str], received: float) -> Receipt:
        """Check whose a post is and take it; never raises for what it says. received: unix seconds."""
        ...


def _nobody(denial: Denial) -> None:
    """Nobody asked to hear of denials."""
    del denial


@dataclass(kw_only=True)
class Services:
    """All that handlers may use."""

    acts: Acts
    authority: Authority
    exposition: Exposition
    config: WebConfig
    ready: Callable[[], str | None]
    journal: Pages | None = None
    lines: PublicLines | None = None
    """The public part of the journal, from its newest end."""
    past: Keeper | None = None
    """The record of snapshots."""
    front: Front = field(default_factory=Front)
    """Passwords and headers of the port."""
    postboxes: Sequence[Postbox] = ()
    """Collectors that are posted to."""
    callbacks: Sequence[Callback] = ()
    """Channels whose acknowledgements flow back."""
    transcripts: Mapping[str, Transcripts] = field(default_factory=dict)
    """Raw exchanges by collector."""
    recent: Recents | None = None
    """The last hours of what screens show over time."""
    details: Details | None = None
    """What can be looked up beyond the snapshot."""
    on_denied: Callable[[Denial], None] = _nobody
    clock: Callable[[], float] = time.time
    attempts: Attempts = field(default_factory=Attempts)
    scrapes: int = 0
    """Scrapes that are being answered."""
    page: tuple[Snapshot, bytes] | None = None
    """The newest snapshot as it was last sent."""


SERVICES = web.AppKey("services", Services)
