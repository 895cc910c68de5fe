"""The collector as a whole against a real broker: what it tells of its health, and that nothing is lost."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import collectors.mqtt.collector
from collectors.mqtt.collector import Mqtt
from monitor.catalogue.inventory import CATALOGUE
from monitor.documents.loading import load_text
from monitor.intake.intake import Intake
from monitor.intake.source import Misconfigured
from monitor.intake.supervise import Supervisor
from monitor.judging.store import Store
from monitor.model import Health
from monitor.outbound.mqtt import Broker, MqttError, Session, publish
from tests.rig.inlet import RecordingInlet
from tests.rig.mosquitto import Mosquitto, free_port
from tests.rig.speaker import Speaker
from tests.rig.waiting import until

HERE = Path(collectors.mqtt.collector.__file__).parent
MOS = "golive_media_mos"


def collector(port: int, **more: Any) -> Mqtt:
    """A collector of native samples."""
    base = {
        "kind": "mqtt",
        "name": "test",
        "every": 1,
        "broker": {"host": "127.0.0.1", "port": port, "connect_timeout": 2},
        "subscriptions": [{"topic": "golive/#"}],
    }
    return msgspec.convert({**base, **more}, Mqtt)


def sample(seq: int) -> bytes:
    """A native sample with a running number."""
    message = {
        "metric": MOS,
        "value": 4.0,
        "at": time.time(),
        "source": "edge",
        "seq": seq,
        "labels": {"site": "porto"},
    }
    return json.dumps(message).encode()


async def keep_running(source: Mqtt, inlet: RecordingInlet) -> None:
    """What a supervisor does, without its patience."""
    while True:
        try:
            await source.run(inlet)
        except MqttError as error:
            inlet.lost(str(error))
            await asyncio.sleep(0.1)


async def end(task: asyncio.Task[None]) -> None:
    """Cancel, and see that nothing is left within a second."""
    task.cancel()
    async with asyncio.timeout(1):
        await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)
    assert [left for left in asyncio.all_tasks() if left is not asyncio.current_task()] == []


def test_sample_file_is_a_configuration():
    """The sample loads as a collector; the README shows that very file and names every field."""
    text = (HERE / "sample.yaml").read_text(encoding="utf-8")
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    assert f"```yaml\n{text}```" in readme
    loaded = load_text(text, "sample.yaml", list[Mqtt])
    assert loaded.findings == ()
    assert loaded.value is not None
    [source] = loaded.value
    assert source.stale_after == 15.0
    fields = {field for kind in _sections(source) for field in kind.__struct_fields__}
    assert [field for field in sorted(fields) if f"`{field}`" not in readme and f"{field}:" not in text] == []


def _sections(source: Mqtt) -> list[Any]:
    return [source.broker, *source.subscriptions, *(subscription.decode for subscription in source.subscriptions)]


def test_collector_without_subscriptions_is_refused():
    """A collector that would hear nothing is refused at configuration."""
    with pytest.raises(msgspec.ValidationError, match="nothing would be heard"):
        collector(1, subscriptions=[])
    with pytest.raises(msgspec.ValidationError, match="topic is empty"):
        collector(1, subscriptions=[{"topic": ""}])


@pytest.mark.real
async def test_samples_arrive_and_garbage_is_counted(mosquitto):
    """Samples of every subscription reach the inlet by their own format; what is none is counted, not fatal."""
    inlet = RecordingInlet()
    rtpengine = {"format": "rtpengine", "labels": {"platform": "target"}}
    subscriptions = [{"topic": "golive/#", "qos": 0}, {"topic": "rtp/+", "decode": rtpengine}]
    task = asyncio.create_task(collector(mosquitto.port, subscriptions=subscriptions).run(inlet))
    await inlet.until(lambda kept: kept.health != [])
    assert inlet.health[0][0] == "ok"
    assert "MQTT 5" in inlet.health[0][1]
    broker = Broker(host="127.0.0.1", port=mosquitto.port)
    capture = (Path(__file__).parent / "cases" / "global_statistics" / "input.json").read_bytes()
    for topic, payload in (("golive/x", b"garbage"), ("rtp/porto", capture), ("golive/x", sample(1))):
        await publish(broker, Path(), topic, payload)
    await inlet.until(lambda kept: len(kept.samples) == 2)
    assert {kept.metric for kept in inlet.samples} == {"golive_calls_concurrent", MOS}
    assert dict(inlet.refused) == {"malformed": 1}
    assert inlet.messages == 3
    await end(task)


@pytest.mark.real
async def test_broker_goes_and_comes_back(mosquitto):
    """When the broker ends the run ends with why; run again, samples resume and nothing published is lost."""
    inlet = RecordingInlet()
    task = asyncio.create_task(keep_running(collector(mosquitto.port), inlet))
    await inlet.until(lambda kept: len(kept.health) == 1)
    broker = Broker(host="127.0.0.1", port=mosquitto.port)
    await publish(broker, Path(), "golive/x", sample(1))
    await inlet.until(lambda kept: len(kept.samples) == 1)
    await mosquitto.restart()
    await publish(broker, Path(), "golive/x", sample(2))
    await inlet.until(lambda kept: len(kept.samples) == 2)
    assert "connection broke" in next(words for state, words in inlet.health if state == "lost")
    assert "not kept our session" not in inlet.health[-1][1]
    await end(task)


@pytest.mark.real
async def test_lost_session_is_said(tmp_path):
    """When the broker comes back without our session, the words say that messages went with it."""
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    inlet = RecordingInlet()
    task = asyncio.create_task(keep_running(collector(mosquitto.port), inlet))
    await inlet.until(lambda kept: len(kept.health) == 1)
    await asyncio.to_thread(mosquitto.stop)
    for database in tmp_path.glob("*.db"):
        database.unlink()
    await asyncio.to_thread(mosquitto.start)
    await inlet.until(lambda kept: kept.health[-1][0] == "ok" and len(kept.health) > 2)
    assert "not kept our session" in inlet.health[-1][1]
    await end(task)
    mosquitto.stop()


@pytest.mark.real
async def test_unacknowledged_until_committed(mosquitto):
    """When samples cannot be kept the run ends with why, and the message comes again to the next run."""
    broken = RecordingInlet(commit_error=OSError("no space left"))
    source = collector(mosquitto.port)
    task = asyncio.create_task(source.run(broken))
    await broken.until(lambda kept: kept.health != [])
    await publish(Broker(host="127.0.0.1", port=mosquitto.port), Path(), "golive/x", sample(1))
    with pytest.raises(MqttError, match="no space left"):
        async with asyncio.timeout(5):
            await task
    inlet = RecordingInlet()
    task = asyncio.create_task(source.run(inlet))
    await inlet.until(lambda kept: len(kept.samples) == 1)
    await end(task)


async def test_nobody_there_is_an_error_with_words():
    """Without a broker the run raises at once, saying where."""
    port = free_port()
    with pytest.raises(MqttError, match=f"127.0.0.1:{port} cannot be reached"):
        async with asyncio.timeout(5):
            await collector(port).run(RecordingInlet())


async def test_what_a_person_must_mend_is_told_apart(tmp_path):
    """A secret that is not there is not worth trying again: the run raises Misconfigured with the path."""
    broker = {"host": "127.0.0.1", "port": 1, "username": "golive", "password": {"file": "nowhere"}}
    with pytest.raises(Misconfigured, match=str(tmp_path / "nowhere")):
        await collector(1, broker=broker).run(RecordingInlet(base=tmp_path))


@pytest.mark.real
async def test_nothing_is_lost_when_the_subscriber_is_killed(mosquitto, tmp_path):
    """2,000 QoS 1 messages while the subscriber is killed with -9 three times: each is on its disk at the end."""
    kept = tmp_path / "kept"
    script = textwrap.dedent(f"""
        import asyncio, json, msgspec, os
        from collectors.mqtt.collector import Mqtt
        from tests.collectors.mqtt.test_collector import collector
        from tests.rig.inlet import RecordingInlet

        class Disk(RecordingInlet):
            def sequence(self, source, seq, at, received):
                self.fresh = [*getattr(self, "fresh", []), seq]
                return True

            async def commit(self):
                await asyncio.sleep(0.002)
                fresh, self.fresh = getattr(self, "fresh", []), []
                os.write(self.file, "".join(f"{{seq}}\\n" for seq in fresh).encode())

        inlet = Disk()
        inlet.file = os.open({str(kept)!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        asyncio.run(collector({mosquitto.port}).run(inlet))
    """)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", script], env=environment)

    async def grown(lines: int) -> None:
        while not kept.exists() or kept.read_bytes().count(b"\n") < lines:
            await asyncio.sleep(0.02)

    async def talk() -> None:
        speaker = Session(Broker(host="127.0.0.1", port=mosquitto.port, clean=True), tmp_path)
        await speaker.connect()
        for number in range(2000):
            await speaker.send("golive/x", sample(number), qos=1, retain=False)
        await speaker.disconnect()

    process = start()
    await publish(Broker(host="127.0.0.1", port=mosquitto.port), tmp_path, "golive/x", sample(2000), retain=True)
    try:
        async with asyncio.timeout(50):
            await grown(1)
            talker = asyncio.create_task(talk())
            for at in (200, 700, 1200):
                await grown(at)
                process.kill()
                process.wait()
                process = start()
            await talker
            while len(set(kept.read_text(encoding="utf-8").split())) < 2001:
                await asyncio.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert set(kept.read_text(encoding="utf-8").split()) == {str(number) for number in range(2001)}


@pytest.mark.real
async def test_a_lost_session_is_a_hole_with_beginning_and_end(tmp_path):
    """I11. The broker came back without our session: the inlet is told from when to when, and what comes afterwards is taken."""
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    inlet = RecordingInlet()
    task = asyncio.create_task(keep_running(collector(mosquitto.port), inlet))
    await inlet.until(lambda kept: len(kept.health) == 1)
    before = time.time()
    await asyncio.to_thread(mosquitto.stop)
    for database in tmp_path.glob("*.db"):
        database.unlink()
    await asyncio.to_thread(mosquitto.start)
    await inlet.until(lambda kept: kept.holes != [])
    [(began, ended)] = inlet.holes
    assert before <= began < ended <= time.time()
    await publish(Broker(host="127.0.0.1", port=mosquitto.port), Path(), "golive/x", sample(1))
    await inlet.until(lambda kept: len(kept.samples) == 1)
    await mosquitto.restart()
    await inlet.until(lambda kept: kept.health[-1][0] == "ok" and len(kept.health) > 4)
    assert len(inlet.holes) == 1, "a session that was kept is no hole"
    await end(task)
    mosquitto.stop()


@pytest.mark.real
async def test_time_without_a_connection_is_a_hole_at_qos_0(mosquitto):
    """A broker queues nothing for a subscription at QoS 0: what came meanwhile is a hole though the session was kept."""
    inlet = RecordingInlet()
    subscriptions = [{"topic": "golive/#", "qos": 0}]
    task = asyncio.create_task(keep_running(collector(mosquitto.port, subscriptions=subscriptions), inlet))
    await inlet.until(lambda kept: len(kept.health) == 1)
    await mosquitto.restart()
    await inlet.until(lambda kept: kept.holes != [])
    assert "not kept" not in inlet.health[-1][1]
    await end(task)


@pytest.mark.real
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_two_with_one_client_id_do_not_throw_each_other_out_all_the_time(mosquitto, protocol):
    """I10. mosquitto does not say why: each waits longer and longer, and the error names the likely cause and the client id."""
    broker = {"host": "127.0.0.1", "port": mosquitto.port, "client_id": "one", "protocol": protocol}
    changes: list[tuple[float, Health]] = []
    supervisors = []
    for name in ("here", "there"):
        source = collector(1, name=name, broker=broker)
        intake = Intake(Store(CATALOGUE))
        supervisors.append(
            Supervisor([source], intake, time.time, lambda _, state, __: changes.append((time.monotonic(), state)))
        )
        supervisors[-1].start()

    def words() -> str:
        return " ".join(str(one.error) for supervisor in supervisors for one in supervisor.conditions.values())

    await until(lambda: "look for a second golive with the client id one" in words(), 40)
    assert "another client connected with our client id" in words()
    begun = changes[0][0]
    connections = [at for at, state in changes if state is Health.OK]
    assert len(connections) <= 10, [round(at - begun, 1) for at in connections]
    for supervisor in supervisors:
        await supervisor.close()


async def test_told_that_another_client_took_the_session_it_leaves_it_at_once():
    """I10. The broker's reason 0x8e: one connection, no second one for 30 seconds, and the cause in words."""
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(1000)
        writer.write(b"\x20\x03\x00\x00\x00")
        asked = await reader.read(1000)
        writer.write(b"\x90\x04" + asked[2:4] + b"\x00\x01")
        await asyncio.sleep(0.1)
        writer.write(b"\xe0\x01\x8e")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        inlet = RecordingInlet()
        broker = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "protocol": "5"}
        task = asyncio.create_task(keep_running(collector(1, broker=broker), inlet))
        await inlet.until(lambda kept: kept.health[-1:] != [] and kept.health[-1][0] == "lost")
        await asyncio.sleep(2.0)
        assert connections == 1
        assert "another client took over our session: the same client id is used twice (0x8e)" in inlet.health[-1][1]
        await end_one(task)


async def end_one(task: asyncio.Task[None]) -> None:
    """Cancel one of several."""
    task.cancel()
    async with asyncio.timeout(3):
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.real
async def test_a_shared_subscription_is_split_and_counted_together(mosquitto):
    """Two collectors of one group share the load; each message comes to one of them and none is taken for lost or double."""
    intake = Intake(Store(CATALOGUE))
    subscriptions = [{"topic": "$share/golive/golive/#"}]
    sources = [collector(mosquitto.port, name=name, subscriptions=subscriptions) for name in ("left", "right")]
    assert [source.shared for source in sources] == ["$share/golive"] * 2
    doors = [intake.door(source.name, 10.0, source.shared) for source in sources]
    tasks = [asyncio.create_task(source.run(door)) for source, door in zip(sources, doors, strict=True)]
    await until(lambda: all(door.is_connected for door in doors), 10)
    speaker = Speaker(mosquitto.port, "edge")
    await speaker.talk(500, 5000)
    await until(lambda: sum(door.messages for door in doors) == 500, 10)
    intake.flush()
    assert min(door.messages for door in doors) > 100
    assert sum(door.samples for door in doors) == 500
    assert [door.gaps(time.time() + 60) for door in doors] == [0, 0]
    assert [door.duplicates for door in doors] == [0, 0]
    for task in tasks:
        await end_one(task)


@pytest.mark.real
async def test_the_same_messages_by_two_brokers_count_once(tmp_path):
    """I5. Two routes with one word in `shares`: whichever brings a message first, it counts once, and one that either brought is not missing."""
    brokers = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        brokers.append(Mosquitto(tmp_path / name))
        brokers[-1].start()
    intake = Intake(Store(CATALOGUE))
    sources = [collector(broker.port, name=f"by-{broker.port}", shares="edges") for broker in brokers]
    doors = [intake.door(source.name, 10.0, source.shared) for source in sources]
    tasks = [asyncio.create_task(source.run(door)) for source, door in zip(sources, doors, strict=True)]
    await until(lambda: all(door.is_connected for door in doors), 10)
    for number in range(30):
        payload = sample(number)
        for place, broker in enumerate(brokers):
            if number % 10 != place + 1:
                await publish(Broker(host="127.0.0.1", port=broker.port), tmp_path, "golive/x", payload)
    await until(lambda: sum(door.messages for door in doors) == 54, 10)
    intake.flush()
    assert sum(door.samples for door in doors) == 30
    assert sum(door.duplicates for door in doors) == 24
    assert [door.gaps(time.time() + 60) for door in doors] == [0, 0]
    for task in tasks:
        await end_one(task)
    for broker in brokers:
        broker.stop()


@pytest.mark.real
async def test_old_retained_messages_are_judged_by_their_own_time_however_often_the_broker_restarts(tmp_path):
    """I7, I8. Retained values of three hours ago and of no time at all, through three restarts that forget every expiry: none is ever fresh."""
    mosquitto = Mosquitto(tmp_path)
    mosquitto.start()
    old = {"metric": MOS, "value": 1.0, "at": time.time() - 10_800, "labels": {"site": "porto"}}
    where = Broker(host="127.0.0.1", port=mosquitto.port)
    await publish(where, tmp_path, "golive/old", json.dumps(old).encode(), retain=True)
    await publish(where, tmp_path, "golive/timeless", json.dumps({**old, "at": None}).encode(), retain=True)
    intake = Intake(Store(CATALOGUE))
    door = intake.door("test", 2.0)
    source = collector(mosquitto.port)
    for restart in range(4):
        if restart:
            await mosquitto.restart(away=0.0)
        task = asyncio.create_task(source.run(door))
        await until(lambda: door.is_connected, 10)
        expected = 2 * (restart + 1)
        while door.messages < expected:
            await asyncio.sleep(0.02)
        await end_one(task)
        door.is_connected = False
        intake.flush()
        assert door.samples == 0
        assert door.refused["late"] == door.refused["wrong_type"] == restart + 1
    assert np.isneginf(intake.store.table(MOS).latest_at[0])
    mosquitto.stop()
