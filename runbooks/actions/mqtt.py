"""The step that publishes one MQTT message and counts it as done only with the broker's receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec

from monitor.outbound.addresses import Forbidden, Target
from monitor.outbound.broker import Broker, MqttError
from monitor.outbound.mqtt import Session
from monitor.outbound.resolving import reached
from monitor.template import fill, filled, texts
from monitor.text import clean
from monitor.units import Duration
from runbooks.context import Context
from runbooks.effect import Outcome
from runbooks.mistake import Mistake
from runbooks.setting import Setting
from runbooks.step import Step


class Mqtt(Step, frozen=True, kw_only=True, tag="mqtt", tag_field="action"):
    """One message at QoS 1 on a connection of its own. A lost receipt is an unknown outcome, never a success."""

    broker: Broker
    topic: str
    json: dict[str, Any]
    """The payload. A keyed step's key travels in it as `idempotency_key`."""
    retain: bool = False
    timeout: Duration = 10.0

    def __post_init__(self) -> None:
        if "+" in self.topic or "#" in self.topic:
            msg = "a message goes to one topic: + and # are for subscriptions"
            raise ValueError(msg)

    def _payload(self, context: Context) -> bytes:
        key = self.key_for(context)
        data = filled(self.json, context.values)
        return msgspec.json.encode({**data, "idempotency_key": key} if key else data)

    def _topic(self, context: Context) -> str:
        return fill(self.topic, context.values, _level)

    def request_text(self, context: Context) -> str:
        """Broker, topic and payload."""
        return f"publish to {self.broker.where} {self._topic(context)} {self._payload(context).decode()}"

    def templates(self) -> Iterator[str]:
        """Topic and payload, beside what every step has."""
        yield from Step.templates(self)
        yield self.topic
        yield from texts(self.json)

    def hosts(self) -> Iterator[str]:
        """The broker."""
        yield self.broker.where

    def deeds(self) -> Iterator[str]:
        """The message's topic."""
        yield f"publish {self.topic}"

    def mistakes(self, setting: Setting) -> Iterator[Mistake]:
        """A broker that the runbook does not say it speaks to."""
        yield from setting.reach(("broker",), self.broker.host, self.broker.real_port)

    async def perform(self, context: Context) -> Outcome:
        """Publish it once."""
        try:
            session = Session(await self._pinned(context), context.base)
        except (Forbidden, OSError) as error:
            return Outcome(kind="failed", detail=clean(f"not sent: {error}"), sent=False)
        sent = False
        try:
            async with asyncio.timeout(self.timeout):
                await session.connect()
                sent = True
                sending = asyncio.ensure_future(
                    session.send(self._topic(context), self._payload(context), qos=1, retain=self.retain)
                )
                await asyncio.sleep(0)
                await context.reach("step.after_send")
                await sending
        except TimeoutError:
            detail = f"no receipt from {self.broker.where} within {self.timeout:g} s"
            return Outcome(kind="unknown" if sent else "failed", detail=detail, sent=sent)
        except MqttError as error:
            known = not sent or error.code is not None
            return Outcome(kind="failed" if known else "unknown", detail=clean(str(error)), sent=sent)
        finally:
            await session.disconnect()
        await context.reach("step.after_reply")
        return Outcome(kind="done", detail=f"receipt from {self.broker.where}")

    async def _pinned(self, context: Context) -> Broker:
        """The broker under the outbound policy; without TLS by the very address that was checked."""
        broker = self.broker
        target = Target("mqtt", broker.host.rstrip(".").lower(), broker.real_port)
        address = (await reached(target, context.allow_hosts))[0]
        host = address if broker.tls is None else broker.host
        return msgspec.structs.replace(broker, host=host, clean=True, client_id=f"golive-{uuid4().hex[:12]}")


def _level(value: str) -> str:
    """A value as one level of a topic: it cannot reach another one."""
    return value.replace("/", "_").replace("+", "_").replace("#", "_")
