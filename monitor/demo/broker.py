"""The embedded MQTT broker: MQTT 3.1.1, in memory, on loopback; for trying out, below 1,000 messages a second."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

MISSING = (
    "the demo needs an embedded MQTT broker that is not installed: the package amqtt; without it there is no demo, "
    "everything else works; next: python -m pip install 'golive-monitor[demo]'"
)


class BrokerMissingError(Exception):
    """The optional package for the embedded broker is not installed."""


def available() -> bool:
    """Whether the embedded broker's package can be imported."""
    from importlib.util import find_spec  # only the demo asks

    return find_spec("amqtt") is not None


class Broker:
    """One broker on a free port of 127.0.0.1; anonymous, nothing is kept on disk."""

    def __init__(self) -> None:
        self._broker: Any = None
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen; returns the port. BrokerMissingError when the package is not installed."""
        try:
            from amqtt.broker import Broker as Embedded  # an optional extra
        except ImportError as error:
            raise BrokerMissingError(MISSING) from error
        # It logs each connection and each packet it drops at shutdown; the demo's own words are enough.
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.CRITICAL)
        self._broker = Embedded(
            {
                "listeners": {"default": {"type": "external"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        await self._broker.start()
        # The socket is ours, so that the port is known before anybody else could take it.
        self._server = await asyncio.start_server(
            partial(self._broker.stream_connected, listener_name="default"), "127.0.0.1", 0
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Close every session and the listener."""
        if self._server is not None:
            self._server.close()
        if self._broker is not None:
            await self._broker.shutdown()
