"""MQTT telemetry in."""

from __future__ import annotations

from monitor.intake.inlet import Inlet
from monitor.intake.source import Source


class Mqtt(Source, frozen=True, kw_only=True, tag="mqtt", tag_field="kind"):
    """One session with one broker."""

    async def run(self, inlet: Inlet) -> None:
        """Collect until cancelled."""
