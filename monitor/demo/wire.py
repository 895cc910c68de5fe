"""What is told over MQTT and by posting: the target's edges and queues, the carrier, the planner, the probes."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.demo.calls import Moment
from monitor.demo.centre import Centre, Report
from monitor.demo.poster import SOURCE, Poster
from monitor.demo.publisher import Publisher
from monitor.demo.telemetry import NATIVE, Telemetry

_POSTED = NATIVE.format(source=SOURCE)


class Wire:
    """Publishes, and has posted what one source posts."""

    def __init__(self, publisher: Publisher, poster: Poster) -> None:
        self._publisher = publisher
        self._poster = poster
        self._telemetry = Telemetry()

    def tell(self, moments: Iterable[Moment], reports: Iterable[Report]) -> None:
        """Publish what happened to calls and how they sounded."""
        self._publisher.publish(self._telemetry.calls(reports) + self._telemetry.moments(moments))

    def second(self, centre: Centre) -> None:
        """Publish how everything stands."""
        for message in self._telemetry.second(centre):
            if message.topic != _POSTED:
                self._publisher.publish([message])
            elif self._poster.reached:
                self._poster.post(message.payload)
