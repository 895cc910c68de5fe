"""The MQTT client against real brokers: what it says when refused, and that it never acknowledges too early."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
import subprocess
import warnings
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from monitor.outbound.broker import reason
from monitor.outbound.deliveries import Deliveries
from monitor.outbound.mqtt import Batch, Broker, MqttError, Session, publish
from monitor.outbound.tls import Tls
from monitor.secrets import SecretRef
from tests.rig.mosquitto import Mosquitto, free_port
from tests.rig.programs import program

pytestmark = pytest.mark.real


class Ear:
    """A handler that keeps what it got."""

    def __init__(self) -> None:
        self.messages: Batch = []
        self.news = asyncio.Event()

    async def __call__(self, batch: Batch) -> None:
        self.messages += batch
        self.news.set()

    async def until(self, count: int, within: float = 15.0) -> Batch:
        async with asyncio.timeout(within):
            while len(self.messages) < count:
                self.news.clear()
                await self.news.wait()
        return self.messages


@asynccontextmanager
async def session(broker: Broker, base: Path, *topics: str, handler=None):
    """A connected session that is closed at the end, with the ear that it speaks to."""
    ear = handler or Ear()
    opened = Session(broker, base, [(topic, 1) for topic in topics], ear)
    try:
        opened.present = await opened.connect()  # type: ignore[attr-defined] # for the test to read
        yield opened, ear
    finally:
        await opened.disconnect()
        await asyncio.sleep(0)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


def local(mosquitto: Mosquitto, **more) -> Broker:
    """The broker's address, with what the test adds."""
    return Broker(host="127.0.0.1", port=mosquitto.port, **more)


@pytest.mark.parametrize("protocol", ["5", "3.1.1", "auto"])
async def test_message_goes_out_and_in(mosquitto, tmp_path, protocol):
    """A published message arrives, in both versions of the protocol, with its bytes as they were."""
    broker = local(mosquitto, protocol=protocol)
    async with session(broker, tmp_path, "cc/#") as (opened, ear):
        await publish(broker, tmp_path, "cc/a", b"\x00\xff payload", qos=1)
        await publish(broker, tmp_path, "cc/b", b"", qos=0)
        assert await ear.until(2) == [("cc/a", b"\x00\xff payload"), ("cc/b", b"")]
        assert opened.protocol == ("3.1.1" if protocol == "3.1.1" else "5")


async def test_retained_message_waits_for_the_subscriber(mosquitto, tmp_path):
    """A message published to be retained is there for who comes later."""
    await publish(local(mosquitto), tmp_path, "state", b"on", retain=True)
    async with session(local(mosquitto), tmp_path, "state") as (_, ear):
        assert await ear.until(1) == [("state", b"on")]


async def test_session_keeps_messages_for_who_is_away(mosquitto, tmp_path):
    """With a persistent session nothing published meanwhile is lost, and the broker says that it kept it."""
    broker = local(mosquitto, client_id="monitor")
    async with session(broker, tmp_path, "cc/#") as (opened, _):
        assert opened.present is False
    for number in range(5):
        await publish(broker, tmp_path, "cc/x", str(number).encode())
    async with session(broker, tmp_path, "cc/#") as (opened, ear):
        assert opened.present is True
        assert [payload for _, payload in await ear.until(5)] == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_acknowledges_only_after_the_handler(mosquitto, tmp_path, protocol):
    """A message whose handler failed is not acknowledged: the session ends, saying why, and it comes again."""
    broker = local(mosquitto, client_id="monitor", protocol=protocol)

    async def fail(_batch: Batch) -> None:
        raise OSError("disk full")

    async with session(broker, tmp_path, "cc/#", handler=fail) as (opened, _):
        await publish(broker, tmp_path, "cc/x", b"precious")
        with pytest.raises(MqttError, match=r"disk full.*stay with the broker"):
            async with asyncio.timeout(5):
                await opened.lost()
    async with session(broker, tmp_path, "cc/#") as (_, ear):
        assert await ear.until(1) == [("cc/x", b"precious")]
    async with session(broker, tmp_path, "cc/#") as (_, ear):
        await publish(broker, tmp_path, "cc/x", b"next")
        assert await ear.until(1) == [("cc/x", b"next")]


async def test_takeover_names_its_possible_cause(mosquitto, tmp_path):
    """mosquitto 2.0 gives no reason when a second client takes our id: the words name it among the causes."""
    broker = local(mosquitto, client_id="monitor", protocol="5")
    async with session(broker, tmp_path, "cc/#") as (first, _):
        second = Session(broker, tmp_path)
        await second.connect()
        try:
            with pytest.raises(MqttError, match="another client connected with our client id"):
                async with asyncio.timeout(5):
                    await first.lost()
        finally:
            await second.disconnect()


@pytest.mark.parametrize("farewell", [b"\xe0\x01\x8e", b"\xe0\x02\x8e\x00", b"\xe0\x08\x8e\x06\x1f\x00\x03bye"])
@pytest.mark.parametrize("pause", [0.0, 0.1])
async def test_takeover_is_named(tmp_path, farewell, pause):
    """A broker's reason 0x8E is told as what it means, also when the connection ends in the same moment."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x20\x03\x00\x00\x00")
        await asyncio.sleep(0.1)
        writer.write(farewell)
        await asyncio.sleep(pause)
        writer.close()
        await writer.wait_closed()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with session(Broker(host="127.0.0.1", port=port, protocol="5"), tmp_path) as (opened, _):
            with pytest.raises(MqttError, match="same client id is used twice") as caught:
                async with asyncio.timeout(5):
                    await opened.lost()
            assert caught.value.code == 0x8E
            await gone.wait()


async def test_lost_broker_ends_the_wait(mosquitto, tmp_path):
    """When the broker goes, the wait ends with words, and nothing tries again behind our back."""
    async with session(local(mosquitto), tmp_path, "cc/#") as (opened, _):
        os.kill(mosquitto.pid, 9)
        with pytest.raises(MqttError, match="connection broke"):
            async with asyncio.timeout(5):
                await opened.lost()


async def test_nobody_listens(tmp_path):
    """A port without a broker is said to be unreachable, at once."""
    with pytest.raises(MqttError, match="cannot be reached"):
        await publish(Broker(host="127.0.0.1", port=free_port()), tmp_path, "x", b"")


async def test_silent_listener_ends_in_time(tmp_path):
    """A listener that never answers costs the connect timeout of each protocol, no more."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = Broker(host="127.0.0.1", port=silent.getsockname()[1], connect_timeout=0.3)
        with pytest.raises(MqttError, match=r"MQTT 5: no answer.*MQTT 3.1.1: no answer"):
            async with asyncio.timeout(5):
                await publish(broker, tmp_path, "x", b"")


async def test_old_broker_is_spoken_to_in_its_version(tmp_path):
    """A broker that knows only MQTT 3.1.1 and never answers MQTT 5 is reached on the second try."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # amqtt's own
        from amqtt.broker import Broker as Amqtt

        port = free_port()
        listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
        plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
        old = Amqtt({"listeners": listeners, "plugins": plugins})
        await old.start()
        try:
            broker = Broker(host="127.0.0.1", port=port, connect_timeout=1.0)
            ear = Ear()
            opened = Session(broker, tmp_path, [("cc/#", 1)], ear)
            await opened.connect()
            assert opened.protocol == "3.1.1"
            await publish(broker, tmp_path, "cc/x", b"heard", timeout=5.0)
            assert await ear.until(1) == [("cc/x", b"heard")]
            await opened.disconnect()
        finally:
            await old.shutdown()


def _passwords(folder: Path) -> str:
    path = folder / "passwords"
    path.touch()
    tool = program("mosquitto").replace("mosquitto", "mosquitto_passwd")
    subprocess.run([program(Path(tool).name), "-b", path, "golive", "correct"], check=True, capture_output=True)
    path.chmod(0o644)
    acl = folder / "acl"
    acl.write_text("user golive\ntopic readwrite cc/#\n", encoding="utf-8")
    acl.chmod(0o644)
    return f"password_file {path}\nacl_file {acl}\n"


async def test_login_and_its_refusals(tmp_path):
    """The right password opens; a wrong one, a missing one and a forbidden topic are each said, and lasting."""
    mosquitto = Mosquitto(tmp_path, _passwords(tmp_path), anonymous=False)
    mosquitto.start()
    try:
        for name, word in (("right", "correct\n"), ("wrong", "no")):
            (tmp_path / name).write_text(word, encoding="utf-8")
            (tmp_path / name).chmod(0o600)
        right = local(mosquitto, username="golive", password=SecretRef(file="right"))
        async with session(right, tmp_path, "cc/#") as (_, ear):
            await publish(right, tmp_path, "cc/x", b"in")
            await ear.until(1)
        for wrong in (local(mosquitto, username="golive", password=SecretRef(file="wrong")), local(mosquitto)):
            for protocol in ("auto", "5", "3.1.1"):
                with pytest.raises(MqttError, match=r"user|authori[sz]ed") as caught:
                    await publish(Broker(**{**_fields(wrong), "protocol": protocol}), tmp_path, "cc/x", b"")
                assert caught.value.lasting
        with pytest.raises(MqttError, match=r"refused the message.*not authorised") as caught:
            await publish(Broker(**{**_fields(right), "protocol": "5"}), tmp_path, "other", b"")
        missing = local(mosquitto, username="golive", password=SecretRef(file="nowhere"))
        with pytest.raises(MqttError, match=r"password: file .*nowhere"):
            await publish(missing, tmp_path, "cc/x", b"")
    finally:
        mosquitto.stop()


def _fields(broker: Broker) -> dict:
    return {name: getattr(broker, name) for name in broker.__struct_fields__}


async def test_tls_with_a_client_certificate(tmp_path):
    """TLS with our own authority and a client certificate works; each missing piece is refused with its name."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = authority.issue_cert("127.0.0.1", "localhost")
    server.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    client = authority.issue_cert("golive@example.test")
    client.private_key_pem.write_to_path(tmp_path / "client.key")
    client.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    listener = (
        f"cafile {tmp_path}/ca.pem\ncertfile {tmp_path}/server.pem\nkeyfile {tmp_path}/server.pem\n"
        "require_certificate true\nuse_identity_as_username false\n"
    )
    mosquitto = Mosquitto(tmp_path, listener=listener)
    mosquitto.start()
    try:
        full = Tls(ca="ca.pem", cert="client.pem", key="client.key")
        async with session(local(mosquitto, tls=full), tmp_path, "cc/#") as (_, ear):
            await publish(local(mosquitto, tls=full), tmp_path, "cc/x", b"sealed")
            assert await ear.until(1) == [("cc/x", b"sealed")]
        with pytest.raises(MqttError, match=r"TLS failed.*certificate"):
            await publish(local(mosquitto, tls=Tls()), tmp_path, "cc/x", b"")
        with pytest.raises(MqttError):
            await publish(local(mosquitto, tls=Tls(ca="ca.pem"), connect_timeout=1.0), tmp_path, "cc/x", b"")
        with pytest.raises(MqttError, match=r"TLS files cannot be used.*missing\.pem") as caught:
            await publish(local(mosquitto, tls=Tls(ca="missing.pem")), tmp_path, "cc/x", b"")
        assert caught.value.lasting
    finally:
        mosquitto.stop()


def test_a_certificate_needs_its_key():
    """Half a client certificate is refused at configuration."""
    with pytest.raises(ValueError, match="both files"):
        Tls(cert="client.pem")
    with pytest.raises(ValueError, match="needs a username"):
        Broker(host="x", password=SecretRef(env="X"))
    assert Broker(host="x").real_port == 1883
    assert Broker(host="x", tls=Tls(insecure=True)).real_port == 8883
    assert Tls(insecure=True).context(Path()).verify_mode == ssl.CERT_NONE


class Audience:
    """A subscriber that connects again whenever it must, and a speaker that repeats what was not acknowledged."""

    def __init__(self, mosquitto: Mosquitto, base: Path, total: int) -> None:
        self.mosquitto = mosquitto
        self.base = base
        self.total = total
        self.heard: set[bytes] = set()
        self.all_heard = asyncio.Event()
        self.half_said = asyncio.Event()
        self.cut_off = asyncio.Event()
        self.connections = 0

    async def keep(self, batch: Batch) -> None:
        self.heard.update(payload for _, payload in batch)
        if len(self.heard) == self.total:
            self.all_heard.set()

    async def listen(self) -> None:
        broker = local(self.mosquitto, client_id="monitor")
        while True:
            opened = Session(broker, self.base, [("cc/#", 1)], self.keep)
            try:
                await opened.connect()
                self.connections += 1
                await opened.lost()
            except MqttError:
                await asyncio.sleep(0.1)
            finally:
                self.cut_off.set()
                await opened.disconnect()

    async def talk(self) -> None:
        said = 0
        while said < self.total:
            speaker = Session(local(self.mosquitto, client_id="speaker", clean=True), self.base)
            try:
                await speaker.connect()
                for number in range(said, self.total):
                    await speaker.send("cc/x", str(number).encode(), qos=1, retain=False)
                    said = number + 1
                    if said == self.total // 2:
                        self.half_said.set()
                    if said == self.total - self.total // 4:
                        await self.cut_off.wait()
            except MqttError:
                await asyncio.sleep(0.05)
            finally:
                await speaker.disconnect()


async def test_no_message_is_lost_over_a_restart_of_the_broker(mosquitto, tmp_path):
    """2,000 acknowledged QoS 1 messages while the shipped broker restarts: every one arrives."""
    audience = Audience(mosquitto, tmp_path, 2000)
    listener, talker = asyncio.create_task(audience.listen()), asyncio.create_task(audience.talk())
    async with asyncio.timeout(45):
        await audience.half_said.wait()
        await mosquitto.restart()
        await talker
        await audience.all_heard.wait()
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)
    assert audience.connections >= 2, "the broker did restart"
    assert audience.heard == {str(number).encode() for number in range(2000)}


class _Line:
    """A connection that only remembers."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.errors: list[MqttError] = []
        self.held: list[bool] = []

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def hold(self, *, held: bool) -> None:
        self.held.append(held)

    def fail(self, error: MqttError) -> None:
        self.errors.append(error)


def _body(topic: bytes, packet_id: int | None, payload: bytes, properties: bytes | None) -> bytes:
    head = struct.pack("!H", len(topic)) + topic
    if packet_id is not None:
        head += struct.pack("!H", packet_id)
    if properties is not None:
        size, length = len(properties), b""
        while True:
            size, byte = divmod(size, 128)
            length += bytes([byte | 128 if size else byte])
            if not size:
                break
        head += length + properties
    return head + payload


_publishes = st.tuples(
    st.text(max_size=40).map(str.encode),
    st.none() | st.integers(1, 65535),
    st.binary(max_size=60),
    st.binary(max_size=300),
)


@given(st.lists(_publishes, max_size=8), st.booleans())
def test_packets_are_taken_apart_and_acknowledged_together(packets, five):
    """Any PUBLISH gives its topic and payload, and one write acknowledges just those of QoS 1."""

    async def run() -> tuple[_Line, Batch]:
        line, ear = _Line(), Ear()
        deliveries = Deliveries(line, "x", ear, five=five)
        for topic, packet_id, payload, properties in packets:
            cmd = 0x30 if packet_id is None else 0x32
            deliveries.take(cmd, _body(topic, packet_id, payload, properties if five else None))
        if packets:
            await ear.until(len(packets))
            await asyncio.sleep(0)
        return line, ear.messages

    line, messages = asyncio.run(run())
    assert messages == [(topic.decode(), payload) for topic, _, payload, _ in packets]
    ids = [packet_id for _, packet_id, _, _ in packets if packet_id is not None]
    assert b"".join(line.written) == b"".join(struct.pack("!BBH", 0x40, 2, packet_id) for packet_id in ids)
    assert len(line.written) == (1 if ids else 0)


async def test_reading_stops_when_the_disk_is_slow():
    """When too many messages wait to be kept, reading stops, and goes on once they are."""
    line, gate = _Line(), asyncio.Event()

    async def slow(_batch: Batch) -> None:
        await gate.wait()

    deliveries = Deliveries(line, "x", slow, five=False)
    for number in range(12_000):
        deliveries.take(0x32, _body(b"t", number % 65535 + 1, b"", None))
        if number % 100 == 0:
            await asyncio.sleep(0)
    assert line.held == [True]
    assert line.written == []
    gate.set()
    async with asyncio.timeout(5):
        while line.held != [True, False]:
            await asyncio.sleep(0)
    await deliveries.close()


@given(st.binary(max_size=40), st.booleans())
def test_malformed_packet_ends_the_connection(raw, five):
    """Bytes that are no PUBLISH end the connection or are a message; nothing else comes of them."""

    async def run() -> None:
        line = _Line()
        deliveries = Deliveries(line, "x", Ear(), five=five)
        deliveries.take(0x32, raw)
        await asyncio.sleep(0)
        await deliveries.close()
        assert all("malformed" in str(error) for error in line.errors)

    asyncio.run(run())


@given(st.integers(0, 255))
def test_every_reason_code_has_words(code):
    """Whatever a broker answers, there are words for it, with the number."""
    assert f"0x{code:02x}" in reason(code)


async def test_lost_receipt_is_not_a_refusal(tmp_path):
    """When the connection ends between message and receipt, with a reason or without, the error says: not known."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"\x20\x03\x00\x00\x00")
        await reader.read(100)
        writer.write(b"\xe0\x01\x8b")
        writer.close()
        await writer.wait_closed()
        gone.set()

    gone = asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        broker = Broker(host="127.0.0.1", port=server.sockets[0].getsockname()[1], protocol="5")
        with pytest.raises(MqttError, match=r"shutting down.*is not known") as caught:
            await publish(broker, tmp_path, "cc/x", b"once")
        assert caught.value.code is None
        await gone.wait()


@pytest.mark.real
async def test_one_session_sends_more_messages_than_it_may_have_under_way(tmp_path):
    """A broker that takes 20 unacknowledged messages at once takes 200 one after the other, none refused for its number."""
    broker = Mosquitto(tmp_path, "max_inflight_messages 20\n")
    await asyncio.to_thread(broker.start)
    session = Session(Broker(host="127.0.0.1", port=broker.port, client_id="many"), tmp_path)
    try:
        await session.connect()
        for number in range(200):
            await session.send("many", b"%d" % number, qos=1, retain=False)
    finally:
        await session.disconnect()
        await asyncio.to_thread(broker.stop)
