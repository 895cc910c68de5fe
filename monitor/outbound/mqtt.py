"""MQTT both ways over gmqtt: a session that acknowledges late, and one message out with its receipt.

gmqtt acknowledges a message when the coroutine that got it returns, one task and one write a message. That is
right but costs more than judging the message. Here the packets that arrive in one turn of the event loop are
handed over as one batch and acknowledged in one write, after the handler returned: the same promise at a
third of the cost. Two of gmqtt's packet handlers are replaced for it (PUBLISH, and PUBACK because the
original, which still runs, does not read MQTT 5 reason codes); tests/monitor/outbound holds the pinned release to them.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import gmqtt
import msgspec
from gmqtt.mqtt.constants import MQTTv50, MQTTv311
from gmqtt.mqtt.handler import MQTTConnectError

from monitor.outbound.broker import LASTING_CODES, VERSION_CODES, Broker, MqttError, reason
from monitor.outbound.deliveries import RECEIVE_MAXIMUM, Batch, Deliveries, Handler, Settled
from monitor.outbound.tls import TlsError
from monitor.secrets import Secret, SecretError
from monitor.text import clean

__all__ = ["Batch", "Broker", "Handler", "MqttError", "Session", "publish"]

PACKET_MAXIMUM = 1 << 20
"""Bytes of one packet beyond which an MQTT 5 broker must not send it."""
_GOODBYE = 2.0
_REFUSED = 0x80
_SILENT_END = (
    "the connection broke without a reason: the broker stopped, the network failed, "
    "or another client connected with our client id"
)
_DISCONNECT, _LAST_WORDS = 0xE0, 120
_LOGIN_CODES = frozenset({4, 5, 0x86, 0x87})
_NEVER_RECONNECT = -2
"""gmqtt reconnects once more when this is 0, and for ever when it is -1."""

_quiet = logging.getLogger("gmqtt")


async def _drop(_batch: Batch) -> None:
    """Handler of a session that only sends."""


class Session:
    """One connection to one broker; make a new one to connect again.

    The handler gets what arrived in one turn of the event loop. Its messages are acknowledged when it
    returns; when it raises, nothing is acknowledged, the session ends, and the broker sends them again.
    """

    def __init__(
        self,
        broker: Broker,
        base: Path,
        subscriptions: Sequence[tuple[str, int]] = (),
        handler: Handler = _drop,
        settled: Settled | None = None,
    ) -> None:
        """settled: what earlier connections of the same session kept; give the same one each time."""
        self._settled: Settled = {} if settled is None else settled
        self.protocol = ""
        """The version agreed on, once connected."""
        self._broker = broker
        self._base = base
        self._subscriptions = subscriptions
        self._handler = handler
        self._client: Any = None
        self._ended: asyncio.Future[MqttError] | None = None
        self._deliveries: Deliveries | None = None
        self._granted: asyncio.Future[Sequence[int]] | None = None
        self._session_present = False
        self._broke = False
        self._receipt: asyncio.Future[int] | None = None

    async def connect(self) -> bool:
        """Connect and subscribe; returns whether the broker had kept a session for us.

        Raises:
            MqttError: not reachable, refused, or no answer in time; says which and why.
        """
        _quiet.setLevel(logging.CRITICAL)  # its warnings would repeat, for each try, what MqttError says once
        versions = {"5": [MQTTv50], "3.1.1": [MQTTv311], "auto": [MQTTv50, MQTTv311]}[self._broker.protocol]
        credentials = await asyncio.to_thread(_Credentials.read, self._broker, self._base)
        failures: list[str] = []
        for version in versions:
            self.protocol = "5" if version == MQTTv50 else "3.1.1"
            try:
                return await self._attempt(version, credentials)
            except (TimeoutError, MqttError) as error:
                await self.disconnect()
                if isinstance(error, MqttError) and not self._may_be_older(error):
                    raise
                words = str(error) or f"no answer within {self._broker.connect_timeout:g} s"
                failures.append(f"MQTT {self.protocol}: {words}")
            except BaseException:
                await self.disconnect()
                raise
        msg = f"broker {self._broker.where}: {'; '.join(failures)}; next: check that an MQTT broker listens there"
        raise MqttError(msg)

    def _may_be_older(self, error: MqttError) -> bool:
        """Whether a broker that ended a connection attempt so may only speak another version of the protocol."""
        return error.code in VERSION_CODES or (error.code is None and self._broke)

    async def lost(self) -> None:
        """Wait until the connection is lost, then raise what ended it.

        Raises:
            MqttError: always, with the broker's reason in words.
        """
        if self._ended is None:
            msg = "not connected"
            raise MqttError(msg)
        raise await asyncio.shield(self._ended)

    async def disconnect(self) -> None:
        """Close the connection and leave nothing running; never raises for what is already gone."""
        client, self._client = self._client, None
        deliveries, self._deliveries = self._deliveries, None
        if deliveries is not None:
            await deliveries.close()
        if client is None or client._connection is None:  # noqa: SLF001 - gmqtt tells in no other way
            return
        try:
            async with asyncio.timeout(_GOODBYE):
                await client.disconnect()
        except (OSError, TimeoutError):
            client._connection._transport.abort()  # noqa: SLF001 - a peer that reads nothing holds a close for ever

    async def send(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """Publish one message at a time; at QoS 1 returns once the broker has it.

        Raises:
            MqttError: refused, then with the broker's `code`; or, without a code, the connection was lost before
                the receipt came, so that nobody knows whether the broker has the message.
        """
        if self._client is None or self._ended is None:
            msg = f"broker {self._broker.where}: not connected"
            raise MqttError(msg)
        self._receipt = asyncio.get_running_loop().create_future()
        self._client.publish(topic, payload, qos=qos, retain=retain)
        if not qos:
            return
        try:
            code: int = await self._unless_ended(self._receipt)
        except MqttError as lost:
            msg = f"{lost}; whether the broker has the message on {clean(topic)!r} is not known"
            raise MqttError(msg) from lost
        if code >= _REFUSED:
            msg = f"broker {self._broker.where} refused the message on {clean(topic)!r}: {reason(code)}"
            raise MqttError(msg, code=code, lasting=code in LASTING_CODES)

    def write(self, data: bytes) -> None:
        """Send raw packets, or drop them when the connection is gone."""
        if self._client is not None and self._client.is_connected:
            self._client._connection.send_package(data)  # noqa: SLF001 - see the module

    def hold(self, *, held: bool) -> None:
        """Stop or go on reading."""
        if self._client is None or self._client._connection.is_closing():  # noqa: SLF001 - see the module
            return
        transport = self._client._connection._transport  # noqa: SLF001 - see the module
        (transport.pause_reading if held else transport.resume_reading)()

    async def _attempt(self, version: int, credentials: _Credentials) -> bool:
        broker = self._broker
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        self._granted = loop.create_future()
        self._broke = False
        deliveries = self._deliveries = Deliveries(
            self, broker.where, self._handler, self._settled, five=version == MQTTv50
        )
        client = self._client = _client(broker, credentials)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        packets = client._package_handler  # noqa: SLF001 - see the module
        packets._handle_publish_packet = deliveries.take  # noqa: SLF001 - see the module
        packets._handle_puback_packet = partial(self._on_puback, packets._handle_puback_packet)  # noqa: SLF001 - see the module
        try:
            async with asyncio.timeout(broker.connect_timeout):
                await self._unless_ended(
                    asyncio.ensure_future(
                        client.connect(broker.host, broker.real_port, credentials.tls, round(broker.keepalive), version)
                    )
                )
                if self._subscriptions:
                    client.subscribe([gmqtt.Subscription(topic, qos=qos) for topic, qos in self._subscriptions])
                    _check_granted(self._broker, self._subscriptions, await self._unless_ended(self._granted))
        except (TimeoutError, MqttError):
            raise
        except (MQTTConnectError, OSError) as error:
            raise _in_words(broker, error) from error
        return self._session_present

    async def _unless_ended(self, waited: asyncio.Future[Any]) -> Any:  # noqa: ANN401 - what is waited for
        """The result of `waited`, or the error that ended the connection first."""
        ended = self._ended
        if ended is None:  # pragma: no cover - set before any call
            raise MqttError("not connected")
        try:
            await asyncio.wait({waited, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not waited.done():
                raise ended.result()
            return waited.result()
        finally:
            waited.cancel()

    def _on_connect(self, _client: object, flags: int, _code: int, _properties: object) -> None:
        self._session_present = bool(flags & 1)

    def _on_subscribe(self, _client: object, _mid: int, granted: Sequence[int], _properties: object) -> None:
        if self._granted is not None and not self._granted.done():
            self._granted.set_result(granted)

    def _on_disconnect(self, _client: object, packet: object, _error: object = None) -> None:
        code = packet[0] if isinstance(packet, bytes) and packet else _last_words(self._client)
        words = _SILENT_END if code is None else reason(code)
        self._broke = code is None
        msg = f"broker {self._broker.where}: {words}"
        self.fail(MqttError(msg, code=code, lasting=code in LASTING_CODES))

    def fail(self, error: MqttError) -> None:
        """End the session: `lost` raises the error."""
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(error)

    def _on_puback(self, freeing: Callable[[int, bytes], None], cmd: int, packet: bytes) -> None:
        """A receipt. freeing: gmqtt's own part, which makes the packet's number free for another message."""
        freeing(cmd, packet)
        if self._receipt is not None and not self._receipt.done():
            self._receipt.set_result(packet[2] if len(packet) > 2 else 0)  # noqa: PLR2004 - after the packet id


def _check_granted(broker: Broker, subscriptions: Sequence[tuple[str, int]], granted: Sequence[int]) -> None:
    refused = [
        f"{clean(topic)!r}: {reason(code)}"
        for (topic, _), code in zip(subscriptions, granted, strict=False)
        if code >= _REFUSED
    ]
    if refused:
        msg = f"broker {broker.where} refused to subscribe us to {'; '.join(refused)}; next: check its ACL"
        raise MqttError(msg, code=next(code for code in granted if code >= _REFUSED), lasting=True)


def _last_words(client: Any) -> int | None:  # noqa: ANN401 - gmqtt ships no types
    """The reason in a DISCONNECT that came with the end of the connection, which gmqtt then leaves unread."""
    connection = client._connection if client is not None else None  # noqa: SLF001 - see the module
    if connection is None:
        return None
    tail = bytes(connection._protocol._hard_reader._buffer)[-_LAST_WORDS:]  # noqa: SLF001 - see the module
    for start in range(len(tail) - 2):
        if tail[start] == _DISCONNECT and tail[start + 1] == len(tail) - start - 2:
            return tail[start + 2]
    return None


class _Credentials(NamedTuple):
    """What lies in files, read once a connection and off the event loop."""

    password: Secret | None
    tls: ssl.SSLContext | None

    @classmethod
    def read(cls, broker: Broker, base: Path) -> _Credentials:
        try:
            password = broker.password.read(base) if broker.password else None
        except SecretError as error:
            msg = f"broker {broker.where}: password: {error}"
            raise MqttError(msg, lasting=True) from error
        try:
            return cls(password, broker.tls.context(base) if broker.tls else None)
        except TlsError as error:
            raise MqttError(f"broker {broker.where}: {error}", lasting=True) from error


def _client(broker: Broker, credentials: _Credentials) -> Any:  # noqa: ANN401 - gmqtt ships no types
    client = gmqtt.Client(
        broker.client_id.encode("ascii", "replace").decode() or f"golive-{uuid4().hex[:12]}",
        clean_session=broker.clean,
        optimistic_acknowledgement=False,
        receive_maximum=RECEIVE_MAXIMUM,
        maximum_packet_size=PACKET_MAXIMUM,
        **({} if broker.clean else {"session_expiry_interval": round(broker.session_expiry)}),
    )
    client.set_config({"reconnect_retries": _NEVER_RECONNECT})
    if broker.username is not None:
        password = credentials.password
        client.set_auth_credentials(broker.username, password.reveal() if password else None)
    return client


def _in_words(broker: Broker, error: Exception) -> MqttError:
    if isinstance(error, MQTTConnectError):
        code: int = error._code  # noqa: SLF001 - gmqtt tells in no other way
        hint = "; next: check username and password, and the broker's users and ACL" if code in _LOGIN_CODES else ""
        msg = f"broker {broker.where} refused us: {reason(code)}{hint}"
        return MqttError(msg, code=code, lasting=code in LASTING_CODES)
    if isinstance(error, ssl.SSLError):
        words = getattr(error, "verify_message", "") or error.reason or str(error)
        msg = f"broker {broker.where}: TLS failed: {words}; next: check tls.ca and the broker's certificate"
        return MqttError(msg)
    words = getattr(error, "strerror", "") or str(error)
    return MqttError(f"broker {broker.where} cannot be reached: {words}")


async def publish(
    broker: Broker,
    base: Path,
    topic: str,
    payload: bytes,
    *,
    qos: int = 1,
    retain: bool = False,
    timeout: float = 10.0,  # noqa: ASYNC109 - a budget in the configuration, not a bare wait
) -> None:
    """Publish one message on a connection of its own; at QoS 1 returns only once the broker has acknowledged it.

    base: folder that relative paths of secrets and certificates start at. timeout: seconds for everything.

    Raises:
        MqttError: not connected, refused, or no receipt in time. After a lost receipt nobody can know whether
            the broker has the message.
    """
    session = Session(msgspec.structs.replace(broker, clean=True, client_id=f"golive-{uuid4().hex[:12]}"), base)
    try:
        async with asyncio.timeout(timeout):
            await session.connect()
            await session.send(topic, payload, qos=qos, retain=retain)
    except TimeoutError as error:
        msg = f"broker {broker.where}: no receipt for the message on {clean(topic)!r} within {timeout:g} s"
        raise MqttError(msg) from error
    finally:
        await session.disconnect()
