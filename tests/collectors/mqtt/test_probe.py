"""`golive doctor` on a real mosquitto: login, rights, and what it keeps for a subscriber that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collectors.mqtt.collector import Mqtt
from collectors.mqtt.probe import CANARIES
from monitor.intake.probing import Check
from monitor.outbound.mqtt import Batch, Broker, Session
from tests.rig.mosquitto import SHIPPED, Mosquitto

pytestmark = pytest.mark.real


def source(port: int, **broker: Any) -> Mqtt:
    """A collector of that broker."""
    fields = {"host": "127.0.0.1", "port": port, **broker}
    return msgspec.convert(
        {"kind": "mqtt", "name": "edge", "every": 1, "broker": fields, "subscriptions": [{"topic": "cc/#"}]}, Mqtt
    )


def by_name(checks: list[Check]) -> dict[str, Check]:
    """Checks by what they are about."""
    return {check.what: check for check in checks}


class Broken(Mosquitto):
    """A mosquitto with another configuration than the shipped one."""

    def __init__(self, folder: Path, whole: str) -> None:
        super().__init__(folder)
        shipped = SHIPPED.read_text(encoding="utf-8")
        own = self._path.read_text(encoding="utf-8").removeprefix(shipped)
        self._path.write_text(own + whole, encoding="utf-8")


@pytest.fixture
def default(tmp_path: Path) -> Iterator[Mosquitto]:
    """A mosquitto with its own defaults."""
    broker = Broken(tmp_path, "")
    broker.start()
    yield broker
    broker.stop()


async def test_the_shipped_configuration_keeps_every_canary(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """1,200 messages published while nobody was there come back; the kind of broker and what cannot be seen are said."""
    found = by_name(await source(mosquitto.port).probe(tmp_path))
    assert {check.state for check in found.values()} == {"ok"}
    assert "mosquitto" in found["broker"].words
    assert f"kept {CANARIES} of {CANARIES}" in found["durability"].words
    assert "persistence true" in found["durability"].words


async def test_the_defaults_of_mosquitto_fail_and_the_setting_is_named(default: Mosquitto, tmp_path: Path) -> None:
    """The broker that drops in silence is found before the cutover, with the line to write (I2)."""
    found = by_name(await source(default.port).probe(tmp_path))
    assert found["durability"].state == "fail"
    assert "lost" in found["durability"].words
    assert "max_queued_messages 0" in found["durability"].next


async def test_the_canary_leaves_nothing_at_the_broker(tmp_path: Path) -> None:
    """No session and no message of a trial stays behind, whatever becomes of it."""
    broker = Mosquitto(tmp_path, "sys_interval 1\n")
    broker.start()
    try:
        await source(broker.port).probe(tmp_path)
        seen: dict[str, bytes] = {}

        async def take(batch: Batch) -> None:
            seen.update(batch)

        session = Session(
            Broker(host="127.0.0.1", port=broker.port, client_id="look", clean=True),
            tmp_path,
            [("$SYS/broker/clients/#", 0)],
            take,
        )
        await session.connect()
        async with asyncio.timeout(15):
            while seen.get("$SYS/broker/clients/disconnected") != b"0" or seen.get("$SYS/broker/clients/total") != b"1":
                await asyncio.sleep(0.1)
        await session.disconnect()
    finally:
        broker.stop()


async def test_a_collector_that_asks_for_no_session_is_told_what_it_loses(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """clean: true is a warning, not a failure: somebody may mean it."""
    found = by_name(await source(mosquitto.port, clean=True).probe(tmp_path))
    assert found["durability"].state == "warn"
    assert "clean" in found["durability"].words


async def test_a_refused_login_is_said_with_what_to_do(tmp_path: Path) -> None:
    """The wrong password is found without a single message."""
    broker = Mosquitto(tmp_path, anonymous=False)
    broker.start()
    try:
        (check,) = await source(broker.port).probe(tmp_path)
    finally:
        broker.stop()
    assert (check.what, check.state) == ("broker", "fail")
    assert "check username and password" in check.next


async def test_rights_that_forbid_the_canary_are_a_warning(tmp_path: Path) -> None:
    """Where the ACL lets golive only read telemetry, durability is unknown, and the topic to allow is named."""
    (tmp_path / "acl").write_text("topic read cc/#\n", encoding="utf-8")
    broker = Mosquitto(tmp_path, f"acl_file {tmp_path}/acl\n")
    broker.start()
    try:
        found = by_name(await source(broker.port).probe(tmp_path))
    finally:
        broker.stop()
    assert found["broker"].state == "ok"
    assert found["durability"].state == "warn"
    assert "golive/canary/#" in found["durability"].next


async def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """Nothing listens: one failed check, quickly."""
    (check,) = await source(Mosquitto(tmp_path).port).probe(tmp_path)
    assert (check.what, check.state) == ("broker", "fail")
    assert "cannot be reached" in check.words
