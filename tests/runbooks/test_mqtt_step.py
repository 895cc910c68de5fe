"""The MQTT step: done only with the broker's receipt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from monitor.outbound.broker import Broker
from runbooks.actions.mqtt import Mqtt
from runbooks.context import Context
from tests.rig.mosquitto import Mosquitto, free_port

VALUES = {"queue": "sales/+en", "decision": "d1", "run": "r1", "step": "tell"}
CONNACK, PUBLISH, PUBACK_FAILED = 0x20, 0x30, b"\x40\x03\x00\x01\x87"


def step(port: int) -> Mqtt:
    return Mqtt(
        name="tell",
        effect="keyed",
        broker=Broker(host="127.0.0.1", port=port, protocol="5", connect_timeout=1.0),
        topic="cc/{queue}/route",
        json={"to": "legacy", "queue": "{queue}"},
        timeout=2.0,
    )


@asynccontextmanager
async def broker(on_publish: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[int]:
    """A broker that accepts a connection and does with a message what the test says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(1):
            length, shift = 0, 0
            while True:
                (digit,) = await reader.readexactly(1)
                length |= (digit & 0x7F) << shift
                shift += 7
                if digit < 0x80:
                    break
            await reader.readexactly(length)
            if head[0] >> 4 == 1:
                writer.write(b"\x20\x03\x00\x00\x00")
            elif head[0] & 0xF0 == PUBLISH:
                on_publish(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    real = Mosquitto(tmp_path)
    real.start()
    yield real
    real.stop()


@pytest.mark.real
async def test_a_receipt_from_a_real_broker_is_done(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """With mosquitto's PUBACK the step is done; a value cannot leave its level of the topic."""
    tell = step(mosquitto.port)
    context = Context(values=VALUES, base=tmp_path)
    assert tell.request_text(context) == (
        f"publish to 127.0.0.1:{mosquitto.port} cc/sales__en/route"
        ' {"to":"legacy","queue":"sales/+en","idempotency_key":"d1/tell"}'
    )
    outcome = await tell.perform(context)
    assert (outcome.kind, outcome.detail) == ("done", f"receipt from 127.0.0.1:{mosquitto.port}")


@pytest.mark.parametrize(
    ("on_publish", "kind"),
    [
        (lambda _writer: None, "unknown"),
        (lambda writer: writer.transport.abort(), "unknown"),
        (lambda writer: writer.write(PUBACK_FAILED), "failed"),
    ],
    ids=["no receipt", "cut", "refused"],
)
async def test_without_a_receipt_it_is_not_done(
    tmp_path: Path, on_publish: Callable[[asyncio.StreamWriter], None], kind: str
) -> None:
    """A lost receipt is an unknown outcome; a refusal is a failure; both may have left this machine."""
    async with broker(on_publish) as port:
        outcome = await step(port).perform(Context(values=VALUES, base=tmp_path))
    assert (outcome.kind, outcome.sent) == (kind, True)


async def test_a_broker_that_is_not_there_was_not_sent_anything(tmp_path: Path) -> None:
    """No connection is a failure after which trying again is safe."""
    outcome = await step(free_port()).perform(Context(values=VALUES, base=tmp_path))
    assert (outcome.kind, outcome.sent) == ("failed", False)
