from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from gmqtt import Client
from gmqtt.mqtt.constants import MQTTv311

from monitor.demo.children import WORLD, Child
from monitor.demo.daemon_client import RoutingClient
from monitor.demo.world import Ports
from tests.rig.waiting import until

PARENT = """
import asyncio, sys
from pathlib import Path
from monitor.demo.children import Child, WORLD
async def main():
    child = await Child.start("world", WORLD, "7", "1", "1", "nowhere", log=Path(sys.argv[1]))
    await child.line()
    print(child.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    return state != "Z"


async def started(tmp_path: Path) -> tuple[Child, Ports]:
    child = await Child.start("world", WORLD, "7", "1", "1", str(tmp_path), log=tmp_path / "world.log")
    ports = msgspec.json.decode(await asyncio.wait_for(child.line(), 15), type=Ports)
    return child, ports


async def test_the_world_publishes_through_its_broker(tmp_path: Path) -> None:
    """A subscriber of the embedded broker hears call reports and native samples of both kinds of source; PBXs greet."""
    child, ports = await started(tmp_path)
    heard: dict[str, Any] = {}

    async def hear(_client: Client, topic: str, payload: bytes, *_: object) -> int:
        heard[topic] = msgspec.json.decode(payload)
        return 0

    client = Client("test", clean_session=True)
    client.on_message = hear
    await client.connect("127.0.0.1", ports.broker, version=MQTTv311)
    try:
        client.subscribe("cc/#", qos=1)
        async with ClientSession() as session:
            await RoutingClient(session, ports.routing).put("routes/all", {"target": 100})
            await RoutingClient(session, ports.routing).put("agents/porto", {"target": 100})
        await until(lambda: any(t.endswith("/call") for t in heard) and "cc/native/acd-target" in heard, 10)
        assert {"cc/native/probes", "cc/native/carrier", "cc/native/media-target", "cc/native/media-legacy"} <= set(
            heard
        )
        for port in ports.pbx.values():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert (await reader.readline()).startswith(b"Asterisk Call Manager/")
            writer.close()
    finally:
        client.stop_reconnect()
        await client.disconnect()
        await child.stop()
    assert child.returncode == 0
    assert await child.last_words() == ""


@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
async def test_a_child_ends_when_asked(tmp_path: Path, ask: signal.Signals) -> None:
    """SIGTERM and SIGINT end the world in good order."""
    child, _ = await started(tmp_path)
    os.kill(child.pid, ask)
    assert await asyncio.wait_for(child.wait(), 10) == 0
    await child.stop()


async def test_a_child_does_not_outlive_its_parent(tmp_path: Path) -> None:
    """kill -9 of the parent ends the child by the end of its standard input."""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path / "log"), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 20))
    assert alive(pid)
    parent.kill()
    await parent.wait()
    await until(lambda: not alive(pid), 10)


async def test_a_child_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that ignores the end of its input is killed after the grace."""
    monkeypatch.setattr("monitor.demo.children.STOP_WITHIN", 0.3)
    child = await Child.start("deaf", "import time; print('up', flush=True); time.sleep(60)", log=tmp_path / "log")
    await child.line()
    await child.stop()
    assert child.returncode == -signal.SIGKILL


async def test_last_words_are_the_end_of_the_log(tmp_path: Path) -> None:
    """What a child said last on stderr is there for the sentence that explains its end."""
    child = await Child.start("sad", "import sys; sys.exit('the broker is gone')", log=tmp_path / "log")
    assert await child.wait() == 1
    await child.stop()
    assert await child.last_words() == "the broker is gone"
