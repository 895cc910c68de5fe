"""The MQTT step: done only with the broker's receipt."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from monitor.outbound.broker import Broker
from runbooks.actions.mqtt import Mqtt
from runbooks.context import Context
from tests.rig.mosquitto import Mosquitto, free_port
from tests.rig.mqtt_faults import puback_faults
from tests.rig.programs import program
from tests.rig.waiting import until

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


def here(port: int, folder: Path) -> Context:
    return Context(values=VALUES, base=folder, allow_hosts=(f"127.0.0.1:{port}",))


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
    context = here(mosquitto.port, tmp_path)
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
        outcome = await step(port).perform(here(port, tmp_path))
    assert (outcome.kind, outcome.sent) == (kind, True)


async def test_a_broker_that_is_not_there_was_not_sent_anything(tmp_path: Path) -> None:
    """No connection is a failure after which trying again is safe."""
    port = free_port()
    outcome = await step(port).perform(here(port, tmp_path))
    assert (outcome.kind, outcome.sent) == ("failed", False)


async def test_a_broker_that_is_not_allowed_is_not_spoken_to(tmp_path: Path) -> None:
    """The outbound policy holds for MQTT as for HTTP: unlisted, or listed by a name that leads to this machine."""
    asked: list[asyncio.StreamWriter] = []
    async with broker(asked.append) as port:
        for allow in ((), (f"127.0.0.1:{port + 1}",), ("127.0.0.1",)):
            context = Context(values=VALUES, base=tmp_path, allow_hosts=allow)
            outcome = await step(port).perform(context)
            assert (outcome.kind, outcome.sent) == ("failed", False)
            assert "allow_hosts" in outcome.detail
    assert asked == []


@pytest.mark.real
@pytest.mark.parametrize("fault", ["puback lost", "cut at puback", "broker dies"])
async def test_a_receipt_that_is_lost_on_the_way_is_never_taken_for_done(
    tmp_path: Path, mosquitto: Mosquitto, fault: str
) -> None:
    """The real broker has the message and its receipt does not arrive: unknown, by every fault; never done."""
    fate = {"puback lost": "drop", "cut at puback": "cut", "broker dies": "drop"}[fault]
    tell = msgspec.structs.replace(step(0), retain=True, timeout=2.0)
    async with puback_faults(mosquitto.port, fate) as proxy:
        tell = msgspec.structs.replace(tell, broker=msgspec.structs.replace(tell.broker, port=proxy.port))
        task = asyncio.ensure_future(tell.perform(here(proxy.port, tmp_path)))
        await until(lambda: proxy.faults, 10)
        if fault == "broker dies":
            os.kill(mosquitto.pid, signal.SIGKILL)
        outcome = await task
    assert (outcome.kind, outcome.sent) == ("unknown", True)
    assert proxy.faults == 1, "the fault did happen"
    if fault != "broker dies":
        got = await asyncio.create_subprocess_exec(
            program("mosquitto_sub"),
            *("-h", "127.0.0.1", "-p", str(mosquitto.port), "-t", "cc/sales__en/route", "-C", "1", "-W", "5"),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await got.communicate()
        assert b'"idempotency_key":"d1/tell"' in out, "and the broker has the message"
