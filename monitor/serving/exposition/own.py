"""What the process counts about itself, as prometheus-client metrics."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.registry import Collector

from monitor.serving.exposition.lines import Style

_MOST_OWNERS = 100
RESULTS = ("ok", "failed")
"""What can become of a message."""
VOTES = ("approved", "rejected", "refused")
"""What can become of a signature."""
DENIALS = ("token", "password", "flood", "host", "origin", "listener", "body", "full", "rate")
"""Why a request can be refused before it reaches an act."""
_OPENMETRICS_END = b"# EOF\n"


class OwnMetrics(Collector):
    """Counts of the daemon's own doings; one object, given to whoever has something to count."""

    def __init__(self, state_dir: Path | None = None) -> None:
        """state_dir: where journal and record lie, whose free space is told."""
        self._state_dir = state_dir
        self._notifications: Counter[tuple[str, ...]] = Counter()
        self._denied: Counter[tuple[str, ...]] = Counter()
        self._approvals: Counter[tuple[str, ...]] = Counter()
        self._failures: Counter[tuple[str, ...]] = Counter()
        self.also: list[Callable[[], Iterable[Metric]]] = []
        """Families that other parts of the daemon make when they are asked for."""
        self._stalls: Counter[tuple[str, ...]] = Counter()
        self._approvals.update(dict.fromkeys(((vote,) for vote in VOTES), 0))
        self._denied.update(dict.fromkeys(((reason,) for reason in DENIALS), 0))
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def channels(self, names: Iterable[str]) -> None:
        """The channels that there are: each is counted from 0, and one that is gone is told no more."""
        known = {(name, result) for name in names for result in RESULTS}
        for key in self._notifications.keys() - known:
            del self._notifications[key]
        for key in known:
            self._notifications.setdefault(key, 0)

    def notified(self, channel: str, result: str) -> None:
        """Count a message that a channel delivered, failed or dropped."""
        self._notifications[channel, result] += 1

    def denied(self, reason: str) -> None:
        """Count a request that was refused before it reached an act."""
        self._denied[reason,] += 1

    def voted(self, result: str) -> None:
        """Count an approval or rejection: approved, rejected or refused."""
        self._approvals[result,] += 1

    def failed(self, family: str) -> None:
        """Count a family that could not be exported, whole or in part."""
        self._failures[family,] += 1

    def stalled(self, owner: str) -> None:
        """Count a time that the event loop was held up for more than a second, by who did it."""
        self._stalls[owner if len(self._stalls) < _MOST_OWNERS else "others",] += 1

    def collect(self) -> Iterable[Metric]:
        """The counts as families, for the registry."""
        yield _family(
            "golive_notifications", "Messages to a channel, by result.", "channel result", self._notifications
        )
        yield _family("golive_http_denied", "Requests refused before they reached an act.", "reason", self._denied)
        yield _family("golive_approvals", "Signatures given or refused on decisions.", "result", self._approvals)
        for more in self.also:
            yield from more()
        yield from self._room()
        yield _family(
            "golive_event_loop_stalls", "Times the event loop was held up for over a second.", "owner", self._stalls
        )
        yield _family("golive_exposition_failures", "Families left out of a scrape.", "family", self._failures)

    def _room(self) -> Iterable[Metric]:
        """Free space for the journal; nothing where the disk cannot be asked. Blocks on the disk."""
        if self._state_dir is None:
            return
        try:
            free = shutil.disk_usage(self._state_dir).free
        except OSError:
            return
        text = "Free space where the journal is written."
        yield GaugeMetricFamily("golive_store_free_bytes", text, value=free)

    def text(self, style: Style) -> bytes:
        """All of the process's own metrics, without the end mark of OpenMetrics."""
        if style is Style.OPENMETRICS:
            text: bytes = generate_openmetrics(self.registry)  # type: ignore[no-untyped-call] # it ships no annotations
            return text.removesuffix(_OPENMETRICS_END)
        return generate_latest(self.registry)


def _family(name: str, text: str, labels: str, counts: Counter[tuple[str, ...]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels.split())
    for values, count in sorted(counts.copy().items()):
        family.add_metric(values, count)
    return family
