"""Samples of readers that make them one by one, as columns: each series is bound once."""

from __future__ import annotations

from collections.abc import Sequence

from collectors.mqtt.reading import CACHE_LIMIT
from monitor.intake.inlet import Inlet
from monitor.model import Labels, Sample


class Handles:
    """Finds the inlet's handles of series by metric and labels."""

    def __init__(self, inlet: Inlet) -> None:
        self._inlet = inlet
        self._known: dict[tuple[str, Labels], int] = {}

    def emit(self, samples: Sequence[Sample], received: float) -> None:
        """Hand the samples over as columns."""
        if samples:
            handles = [self._of(sample.metric, sample.labels) for sample in samples]
            values, times = [sample.value for sample in samples], [sample.at for sample in samples]
            self._inlet.emit(handles, values, times, received)

    def _of(self, metric: str, labels: Labels) -> int:
        key = (metric, labels)
        handle = self._known.get(key, -1)
        if handle < 0:
            handle = self._inlet.series(metric, labels)
            if handle >= 0:
                if len(self._known) >= CACHE_LIMIT:
                    self._known.clear()
                self._known[key] = handle
        return handle
