"""From a server's series to golive's: which labels to keep, under which names."""

from __future__ import annotations

from collections.abc import Mapping

from collectors.mqtt.reading import check_names, fitting, pairs
from monitor.model import Labels
from monitor.plan import Section
from monitor.units import Number


class Mapped(Section, frozen=True, kw_only=True):
    """What a series of the server is here."""

    metric: str
    """A metric of the catalogue or of `metrics`."""
    scale: Number = 1.0
    """Factor to the metric's base unit, 0.001 from milliseconds, 0.01 from percent."""
    labels: dict[str, str] = {}
    """Label -> value, the same for every series."""
    take: dict[str, str] = {}
    """Label here -> label there. What is not taken is dropped: two series that differ in nothing else are refused."""

    def __post_init__(self) -> None:
        check_names([*self.labels, *self.take])
        if both := sorted(set(self.labels) & set(self.take)):
            msg = f"{', '.join(both)} stands in labels and in take"
            raise ValueError(msg)
        if self.scale == 0:
            msg = "scale is 0: every value would be"
            raise ValueError(msg)

    def named(self, there: Mapping[str, str]) -> Labels:
        """Our labels of a series of theirs."""
        taken = {name: there.get(other, "") for name, other in self.take.items()}
        return pairs(fitting(self.metric, {**taken, **self.labels}))
