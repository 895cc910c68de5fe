"""Is the broker there, does it let us in, and does it keep what golive has not acknowledged? Tried with a canary.

MQTT promises nothing about a subscriber that is away: a broker with its default settings drops what it has no room for and
has told the publisher that it has it. So a subscriber goes away, more messages than the usual default holds are
published, and it comes back and counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec

from monitor.intake.probing import Check, fail, ok, sentence, warn
from monitor.outbound.mqtt import Batch, Broker, MqttError, Session

if TYPE_CHECKING:
    from collectors.mqtt.collector import Mqtt

CANARIES = 1200
"""More than the 1000 that mosquitto keeps for a subscriber that is away, unless it is told otherwise."""
_PUBLISHERS = 8
_QUIET = 2.0
"""Seconds without a further message after which the rest is taken as lost."""
_PATIENCE = 60.0
_KEPT = 60.0
"""Seconds for which the broker is asked to keep the canary's session, should we not come back to end it."""
_VERSION = "$SYS/broker/version"
_SETTINGS = "max_queued_messages 0, persistence true, autosave_interval 1: collectors/mqtt/mosquitto.conf explains them"


async def probe(source: Mqtt, base: Path) -> list[Check]:
    """Login and subscriptions, the broker's kind, and the canary."""
    trial = source.trial(0)
    session = Session(trial.broker, base, [(s.topic, s.qos) for s in trial.subscriptions])
    try:
        await session.connect()
    except MqttError as error:
        return [sentence("broker", error)]
    finally:
        await session.disconnect()
    where = source.broker.where
    granted = f"{len(trial.subscriptions)} subscriptions granted"
    version = await _version(trial.broker, base)
    checks = [
        ok(
            "broker",
            f"{where} lets us in with MQTT {session.protocol}, {granted}; {version or 'it does not say what it is'}",
        )
    ]
    if "amqtt" in version.lower() or "hbmqtt" in version.lower():
        words = f"{where} is {version}, a broker for trying out: above 1,000 messages/s it loses some, at its end all"
        checks.append(warn("broker kind", words, "use mosquitto with collectors/mqtt/mosquitto.conf"))
    if source.broker.clean:
        words = "broker.clean is true: what is published while golive is away is lost, and only counted"
        checks.append(warn("durability", words, "leave clean out, and give each collector its own client_id"))
        return checks
    try:
        async with asyncio.timeout(_PATIENCE):
            checks.append(await _canary(source.broker, base))
    except TimeoutError:
        words = f"{where} did not take and give back {CANARIES} messages within {_PATIENCE:g} s"
        checks.append(warn("durability", words, "try again when the broker has less to do"))
    return checks


async def _version(broker: Broker, base: Path) -> str:
    """What the broker calls itself; empty when it does not say."""
    heard = _Heard()
    session = Session(broker, base, [(_VERSION, 0)], heard.take)
    try:
        await session.connect()
        await heard.until(1)
    except MqttError:
        return ""
    finally:
        await session.disconnect()
    return heard.last.decode(errors="replace")[:80]


async def _canary(broker: Broker, base: Path) -> Check:
    word = uuid4().hex[:12]
    topic = f"golive/canary/{word}"
    away = msgspec.structs.replace(broker, client_id=f"golive-canary-{word}", clean=False, session_expiry=_KEPT)
    unknown = f"allow publish and subscribe on golive/canary/#, or compare the broker's settings by hand: {_SETTINGS}"
    try:
        live = _Heard()
        await _with(away, base, topic, live, lambda: _publish(broker, base, topic, 1))
        if not live.count:
            words = "a canary did not come back while we were there, so its durability cannot be tried"
            return warn("durability", f"{broker.where}: {words}", unknown)
        await _publish(broker, base, topic, CANARIES)
        back = _Heard()
        session = Session(away, base, [(topic, 1)], back.take)
        try:
            kept = await session.connect()
            await back.until(CANARIES)
        finally:
            await session.disconnect()
    except MqttError as error:
        return warn("durability", f"{error}; so the broker's durability cannot be tried", unknown)
    finally:
        await _forget(away, base)
    return _judged(broker.where, back.count, kept=kept)


def _judged(where: str, count: int, *, kept: bool) -> Check:
    if count >= CANARIES:
        words = (
            f"{where} kept {CANARIES} of {CANARIES} messages for a subscriber that was away. Whether they outlive its own "
            "restart cannot be seen from outside: its configuration must say persistence true and autosave_interval 1"
        )
        return ok("durability", words)
    lost = (
        f"{where} lost {CANARIES - count} of {CANARIES} messages that it had acknowledged while a subscriber was away"
    )
    why = "" if kept else " (it had forgotten the session)"
    meaning = "what is published while golive restarts would be lost"
    return fail("durability", f"{lost}{why}: {meaning}", f"set {_SETTINGS}; then try again")


async def _with(broker: Broker, base: Path, topic: str, heard: _Heard, publish: object) -> None:
    """Subscribe, have one message published, and go away; the broker keeps the session."""
    session = Session(broker, base, [(topic, 1)], heard.take)
    try:
        await session.connect()
        await publish()  # type: ignore[operator] # a coroutine function
        await heard.until(1)
    finally:
        await session.disconnect()


async def _publish(broker: Broker, base: Path, topic: str, count: int) -> None:
    """Publish so many messages at QoS 1, each acknowledged."""
    publishers = min(_PUBLISHERS, count)
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(publishers):
                group.create_task(_publisher(broker, base, topic, range(number, count, publishers)))
    except* MqttError as errors:
        raise errors.exceptions[0] from None


async def _publisher(broker: Broker, base: Path, topic: str, numbers: Sequence[int]) -> None:
    own = msgspec.structs.replace(broker, client_id=f"golive-canary-{uuid4().hex[:12]}", clean=True)
    session = Session(own, base)
    try:
        await session.connect()
        for number in numbers:
            await session.send(topic, b"%d" % number, qos=1, retain=False)
    finally:
        await session.disconnect()


async def _forget(broker: Broker, base: Path) -> None:
    """End the canary's session at the broker, with what still waits for it."""
    session = Session(msgspec.structs.replace(broker, clean=True), base)
    try:
        await session.connect()
    except MqttError:
        return  # it expires by itself
    finally:
        await session.disconnect()


class _Heard:
    """Counts messages."""

    def __init__(self) -> None:
        self.count = 0
        self.last = b""
        self._news = asyncio.Event()

    async def take(self, batch: Batch) -> None:
        """The session's handler."""
        self.count += len(batch)
        self.last = bytes(batch[-1][1])
        self._news.set()

    async def until(self, count: int) -> None:
        """Return once so many came, or once no more came for a while."""
        while self.count < count:
            self._news.clear()
            try:
                async with asyncio.timeout(_QUIET):
                    await self._news.wait()
            except TimeoutError:
                return
