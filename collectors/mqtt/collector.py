"""MQTT telemetry in: one session with one broker, whatever its messages look like."""

from __future__ import annotations

import asyncio
import time
from itertools import groupby
from pathlib import Path
from typing import Literal
from uuid import uuid4

import msgspec

from collectors.mqtt.formats import AnyFormat
from collectors.mqtt.native import Native
from collectors.mqtt.probe import probe
from collectors.mqtt.reading import Reader
from collectors.mqtt.topics import SHARED, matches, without_share
from monitor.failpoints import reach
from monitor.intake.inlet import Inlet
from monitor.intake.probing import Check
from monitor.intake.source import Misconfigured, Source
from monitor.outbound.broker import TAKEN_OVER
from monitor.outbound.deliveries import Settled
from monitor.outbound.mqtt import Batch, Broker, MqttError, Session
from monitor.plan import Section

_TAKEOVER_PAUSE = 30.0
"""Seconds to leave the session to the other client with our id, which else is thrown out in turn."""
_BRIEF, _BRIEF_ENDS = 10.0, 3
"""Seconds within which a connection that ends without a word is a brief one, and how many of them in a row point to a
second client with our id: mosquitto, and any broker before MQTT 5, does not say why it ends one."""
_TOPICS = 100_000
_SHOWN = 4096
"""Bytes of a payload that are worth handing over for people to look at."""


class Subscription(Section, frozen=True, kw_only=True):
    """A topic filter, and how to read what comes on it."""

    topic: str
    """MQTT topic filter; `$share/group/...` shares the load with other subscribers of the group (MQTT 5)."""
    qos: Literal[0, 1] = 1
    """1: a message is acknowledged after its samples are kept. 0: what is lost on the way is lost."""
    decode: AnyFormat = Native()

    def __post_init__(self) -> None:
        if not self.topic:
            msg = "topic is empty"
            raise ValueError(msg)


class Mqtt(Source, frozen=True, kw_only=True, tag="mqtt", tag_field="kind", dict=True):
    """One session with one broker.

    What was known of calls and topics outlives a lost connection: it lies beside the configuration, and is begun
    anew for another inlet.
    """

    broker: Broker
    subscriptions: tuple[Subscription, ...]
    shares: str = ""
    """A word that collectors have in common which hear the same numbered messages, say from two brokers: a message
    counts once, whoever brings it first. Collectors in one `$share` group have it by themselves."""

    def __post_init__(self) -> None:
        if not self.subscriptions:
            msg = "subscriptions is empty: nothing would be heard"
            raise ValueError(msg)

    @property
    def shared(self) -> str:
        """Whose sequence numbers are counted together."""
        groups = (
            topic.split("/")[1] for topic in (one.topic for one in self.subscriptions) if topic.startswith(SHARED)
        )
        return self.shares or next((SHARED + group for group in groups), self.name)

    def trial(self, _seconds: float) -> Mqtt:
        """A session of its own that keeps nothing, acknowledges nothing, and takes no share of a group's messages."""
        plain = [msgspec.structs.replace(s, topic=without_share(s.topic), qos=0) for s in self.subscriptions]
        broker = msgspec.structs.replace(self.broker, client_id=f"golive-test-{uuid4().hex[:12]}", clean=True)
        return msgspec.structs.replace(self, broker=broker, subscriptions=tuple(plain), shares="")

    async def probe(self, base: Path) -> list[Check]:
        """Try the source for `golive doctor`."""
        return await probe(self, base)

    async def run(self, inlet: Inlet) -> None:
        """Collect until cancelled.

        Raises:
            MqttError: the broker cannot be reached or the connection was lost; says why. To be run again.
            Misconfigured: a person must change something first: a secret, a certificate, a right.
        """
        state: _State | None = self.__dict__.get("state")
        if state is None or state.inlet is not inlet:
            state = self.__dict__["state"] = _State(self, inlet)
        session = Session(
            self.broker.named(f"golive-{self.name}"),
            inlet.base,
            [(subscription.topic, subscription.qos) for subscription in self.subscriptions],
            state.handle,
            state.settled,
        )
        try:
            kept = await session.connect()
            inlet.connected(state.meet(session.protocol, time.time(), kept=kept))
            await session.lost()
        except MqttError as error:
            if error.lasting:
                raise Misconfigured(str(error)) from error
            if error.code == TAKEN_OVER:
                inlet.lost(str(error))
                await session.disconnect()
                await asyncio.sleep(_TAKEOVER_PAUSE)
            raise state.explained(error, time.time()) from error
        finally:
            state.part(time.time())
            await session.disconnect()


class _State:
    """What outlives a connection: the readers with their caches and calls, and how the connections went."""

    def __init__(self, config: Mqtt, inlet: Inlet) -> None:
        self._config = config
        self.inlet = inlet
        self._readers: list[Reader] = [
            subscription.decode.reader(inlet, config.name, config.every) for subscription in config.subscriptions
        ]
        self._filters = [subscription.topic for subscription in config.subscriptions]
        self._by_topic: dict[str, int] = {}
        self.settled: Settled = {}
        self._met: float | None = None
        """When this connection was made; None while there is none."""
        self._parted: float | None = None
        self._brief = 0
        """Connections in a row that ended soon and without a word."""
        self._who = f"with the client id {config.broker.named(f'golive-{config.name}').client_id}"

    def meet(self, protocol: str, now: float, *, kept: bool) -> str:
        """A connection stands. What to say of it; messages that went with a session or while nobody listened are a hole."""
        config = self._config
        words = f"broker {config.broker.where}, MQTT {protocol}"
        if not kept:
            self.settled.clear()
        deaf = [subscription.topic for subscription in config.subscriptions if not subscription.qos]
        if self._parted is not None and (deaf or not kept):
            self.inlet.hole(self._parted, now)
            if not kept and not config.broker.clean:
                words += "; the broker had not kept our session: what was published meanwhile is lost"
        self._met = now
        return words

    def part(self, now: float) -> None:
        """The connection is gone, if there was one."""
        if self._met is not None:
            self._parted, self._met = now, None

    def explained(self, error: MqttError, now: float) -> MqttError:
        """What ended a connection; several in a row that stood briefly and ended without a word have a likely cause."""
        brief = error.code is None and self._met is not None and now - self._met <= _BRIEF
        self._brief = self._brief + 1 if brief else 0
        if self._brief < _BRIEF_ENDS:
            return error
        msg = f"{error}; so ended {self._brief} connections in a row within {_BRIEF:g} s: next: look for a second golive {self._who}"
        return MqttError(msg)

    async def handle(self, batch: Batch) -> None:
        """Read a batch; returns once its samples are kept, which is when it may be acknowledged."""
        inlet, received = self.inlet, time.time()
        inlet.heard(len(batch), received)
        topic, payload = batch[-1]
        inlet.transcript(b"%s\n%s" % (topic.encode(), payload[:_SHOWN]), received)
        if len(self._readers) == 1:
            self._readers[0].read(batch, received)
        else:
            for number, part in groupby(batch, self._number):
                if number < 0:
                    for _, payload in part:
                        inlet.refuse("foreign", payload, received)
                else:
                    self._readers[number].read(list(part), received)
        await inlet.commit()
        await reach("mqtt.before_ack")

    def _number(self, message: tuple[str, bytes]) -> int:
        """Which subscription a message belongs to: the first whose filter it falls under, or -1."""
        topic = message[0]
        number = self._by_topic.get(topic)
        if number is None:
            if len(self._by_topic) >= _TOPICS:
                self._by_topic.clear()
            number = next((n for n, wanted in enumerate(self._filters) if matches(wanted, topic)), -1)
            self._by_topic[topic] = number
        return number
