"""The simulated PBX on a real socket, heard by the real collector."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collectors.ami.collector import Ami
from collectors.ami.session import AmiError
from monitor.demo.centre import Centre
from monitor.demo.life import Life
from monitor.demo.pbx import SESSIONS, Pbx
from monitor.intake.source import Misconfigured
from tests.monitor.demo.hearing import running
from tests.rig.inlet import RecordingInlet

START = 1_000_000.0
SECRET = "made-for-this-test"  # noqa: S105 - of a PBX that is no PBX
OFFERED = "golive_queue_contacts_offered_total"


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def site(tmp_path: Path, script: str = "calm") -> AsyncIterator[tuple[Life, Clock, Pbx, Ami]]:
    """Porto's PBX, and a collector for it."""
    secret = tmp_path / "pbx.secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    clock = Clock()
    life = Life(Centre(7, START), clock)
    pbx = Pbx(life, "porto", secret)
    life.voices.append(pbx)
    life.centre.begin(script)
    port = await pbx.start()
    plain: dict[str, Any] = {"kind": "ami", "name": "pbx-porto", "every": 0.1, "host": "127.0.0.1", "port": port}
    plain |= {"timeout": 1, "username": "golive", "secret": {"file": "pbx.secret"}, "trunks": ["pstn-porto"]}
    try:
        yield life, clock, pbx, msgspec.convert({**plain, "labels": {"platform": "legacy", "site": "porto"}}, Ami)
    finally:
        await pbx.stop()


def stands(metric: str, wanted: dict[str, float], kept: RecordingInlet) -> bool:
    """Whether the newest numbers of these queues are those."""
    return {queue: kept.of(metric, queue=queue)[-1].value for queue in wanted} == wanted


async def test_golive_hears_what_the_simulation_holds(tmp_path: Path) -> None:
    """Through a login, a second of questions and a minute of events golive's counts are the simulation's, of this site alone."""
    inlet = RecordingInlet(base=tmp_path)
    async with site(tmp_path) as (life, clock, pbx, source), running([source], inlet) as (task,):
        await inlet.until(lambda kept: bool(kept.of(OFFERED, queue="sales-en")))
        for _ in range(240):
            clock.now += 0.25
            life.advance()
            await asyncio.sleep(0)
        lines = [line for line in life.centre.lines.values() if (line.platform, line.site) == ("legacy", "porto")]
        assert min(line.answered for line in lines) > 20
        for metric in ("offered", "answered"):
            counted = {line.queue: float(getattr(line, metric)) for line in lines}
            await inlet.until(partial(stands, f"golive_queue_contacts_{metric}_total", counted))
        await inlet.until(lambda kept: len(kept.of("golive_agents")) > 12)
        assert not task.done()
        assert pbx.refused == 0
    assert {dict(sample.labels)["queue"] for sample in inlet.of(OFFERED)} == {"sales-en", "support-en"}
    assert {dict(sample.labels)["trunk"] for sample in inlet.of("golive_media_packet_loss_ratio")} == {"pstn-porto"}
    assert not inlet.refused


async def test_only_who_knows_the_secret_is_told_anything(tmp_path: Path) -> None:
    """A wrong secret is refused, and what happens is told to nobody who did not log in."""
    async with site(tmp_path) as (life, clock, pbx, source):
        (tmp_path / "other").write_text("guessed")
        (tmp_path / "other").chmod(0o600)
        wrong = msgspec.structs.replace(source, secret=msgspec.structs.replace(source.secret, file="other"))
        with pytest.raises(Misconfigured, match="Authentication failed"):
            await wrong.run(RecordingInlet(base=tmp_path))
        assert pbx.refused == 1
        reader, writer = await asyncio.open_connection("127.0.0.1", source.real_port)
        assert (await reader.readline()).startswith(b"Asterisk Call Manager/")
        clock.now += 5
        life.advance()
        writer.write(b"Action: QueueStatus\r\nActionID: 1\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == (
            b"Response: Error\r\nActionID: 1\r\nMessage: Permission denied\r\n\r\n"
        )
        writer.close()


async def test_in_the_blind_scenario_the_pbx_falls_silent(tmp_path: Path) -> None:
    """A session that stands is answered nothing more, and no new one is taken: golive must notice by itself."""
    inlet = RecordingInlet(base=tmp_path)
    async with site(tmp_path) as (life, clock, _, source), running([source], inlet) as (task,):
        await inlet.until(lambda kept: bool(kept.of(OFFERED)))
        life.centre.begin("blind")
        clock.now += 3
        life.advance()
        with pytest.raises(AmiError, match="no answer to Queue"):
            await asyncio.wait_for(asyncio.shield(task), 5)
        with pytest.raises(AmiError):
            await source.run(inlet)
    assert {kind for metric, _, kind in inlet.blanks if metric == OFFERED} == {"error"}


async def test_strangers_and_floods_are_turned_away_and_counted(tmp_path: Path) -> None:
    """Sessions beyond the bound and questions without an end are closed; those who behave are served on."""
    async with site(tmp_path) as (_, _, pbx, source):
        lines = [await asyncio.open_connection("127.0.0.1", source.real_port) for _ in range(SESSIONS)]
        for reader, _ in lines:
            await reader.readline()
        reader, writer = await asyncio.open_connection("127.0.0.1", source.real_port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        lines[0][1].write(b"x" * 20_000)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await lines[0][0].readexactly(1)
        assert pbx.refused == 2
        lines[1][1].write(b"Action: Challenge\r\nActionID: 1\r\n\r\n")
        assert (await lines[1][0].readline()) == b"Response: Success\r\n"
        for _, line in lines:
            line.close()
