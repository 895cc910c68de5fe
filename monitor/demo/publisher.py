"""Publishes the simulated platforms' telemetry through the broker, QoS 1, as real platforms would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311

from monitor.demo.telemetry import Message

CONNECT_WITHIN = 5.0
"""Seconds; the broker lives in the same process."""


class Publisher:
    """One MQTT 3.1.1 session with the embedded broker."""

    def __init__(self) -> None:
        self._client = Client("golive-demo-platforms", clean_session=True)
        self.published = 0

    async def connect(self, port: int) -> None:
        """Open the session; TimeoutError when the broker does not answer."""
        async with asyncio.timeout(CONNECT_WITHIN):
            await self._client.connect("127.0.0.1", port, version=MQTTv311)

    def publish(self, messages: Iterable[Message]) -> None:
        """Send the messages in order."""
        for message in messages:
            self._client.publish(message.topic, message.payload, qos=1)
            self.published += 1

    async def close(self) -> None:
        """Leave in good order."""
        self._client.stop_reconnect()
        await self._client.disconnect()
