"""The AMI collector on a real socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collectors.ami.collector import Ami
from collectors.ami.session import AmiError
from monitor.intake.source import Misconfigured
from tests.collectors.ami.pbx import SECRET, Pbx, Queue, member
from tests.rig.inlet import RecordingInlet
from tests.rig.waiting import until

OFFERED = "golive_queue_contacts_offered_total"
ABANDONED = "golive_queue_contacts_abandoned_total"


@pytest.fixture
async def pbx() -> AsyncIterator[Pbx]:
    """A PBX with two queues and three agents."""
    made = Pbx()
    made.queues["300"] = Queue("300", abandoned=7, members=[member("anna"), member("ben", 2)])
    made.queues["310"] = Queue("310", members=[member("ben", 2), member("carla", 1, Paused="1")])
    await made.start()
    yield made
    await made.stop()


def made(pbx: Pbx, tmp_path: Path, **more: Any) -> Ami:
    """A collector as a person writes it."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    plain = {"kind": "ami", "name": "pbx", "every": 0.2, "host": "127.0.0.1", "port": pbx.port, "timeout": 1}
    config = {**plain, "username": "golive", "secret": {"file": "secret"}, "labels": {"platform": "legacy"}, **more}
    return msgspec.convert(config, Ami)


@asynccontextmanager
async def running(source: Ami, inlet: RecordingInlet) -> AsyncIterator[asyncio.Task[None]]:
    """The collector, until the end of the block."""
    task = asyncio.create_task(source.run(inlet))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_shift_is_heard_as_it_happens(pbx: Pbx, tmp_path: Path) -> None:
    """Callers come, are answered and give up; agents are counted once; names are those of the configuration."""
    inlet = RecordingInlet(base=tmp_path)
    async with running(made(pbx, tmp_path, queues={"300": "sales"}), inlet):
        await inlet.until(lambda kept: bool(kept.of("golive_agents")))
        pbx.join("300", "c1")
        pbx.join("300", "c2")
        pbx.join("310", "x1")
        pbx.connect("300", "c1", 12)
        pbx.complete("300", "c1", 180)
        pbx.abandon("300", "c2", 3)
        await inlet.until(lambda kept: bool(kept.of(ABANDONED, short="true")) and kept.of(ABANDONED)[-1].value > 0)
        await inlet.until(lambda kept: kept.of("golive_queue_contacts_waiting")[-1].value == 0)
    assert inlet.of(OFFERED, queue="sales")[-1].value == 2
    assert inlet.of("golive_queue_contacts_answered_total", queue="sales")[-1].value == 1
    assert [s.value for s in inlet.of("golive_queue_answer_seconds")] == [12]
    assert [s.value for s in inlet.of("golive_queue_handle_seconds")] == [180]
    assert [s.value for s in inlet.of("golive_queue_abandon_seconds")] == [3]
    states = {dict(s.labels)["state"]: s.value for s in inlet.of("golive_agents")}
    assert states == {"available": 1, "on_contact": 1, "acw": 0, "non_productive": 0, "error": 0, "offline": 0}
    assert {dict(labels).get("queue") for _, labels in inlet.bound} == {None, "sales"}
    assert {dict(labels)["platform"] for _, labels in inlet.bound} == {"legacy"}
    assert not any(SECRET in asked for asked in pbx.asked)


async def test_a_quiet_queue_is_known_to_be_quiet(pbx: Pbx, tmp_path: Path) -> None:
    """Without a single event every count is said again and again: zero is a measurement."""
    inlet = RecordingInlet(base=tmp_path)
    async with running(made(pbx, tmp_path), inlet):
        await inlet.until(lambda kept: len(kept.of(OFFERED, queue="310")) >= 2)
    assert {s.value for s in inlet.of(OFFERED)} == {0.0}
    assert inlet.of(ABANDONED, queue="300")[-1].value == 0


async def test_after_a_broken_line_what_was_missed_is_counted(pbx: Pbx, tmp_path: Path) -> None:
    """While the line is down everything is in error; afterwards those who gave up meanwhile are counted."""
    inlet, source = RecordingInlet(base=tmp_path), made(pbx, tmp_path)
    async with running(source, inlet) as task:
        await inlet.until(lambda kept: bool(kept.of(OFFERED, queue="300")))
        await pbx.stop()
        with pytest.raises(AmiError):
            await asyncio.wait_for(asyncio.shield(task), 5)
    assert {kind for metric, _, kind in inlet.blanks if metric == OFFERED} == {"error"}
    pbx.queues["300"].abandoned += 4
    await pbx.start()
    async with running(source, inlet):
        await inlet.until(lambda kept: kept.of(ABANDONED, queue="300", short="false")[-1].value == 4)
        await inlet.until(lambda kept: kept.of(OFFERED, queue="300")[-1].value == 4)


def heard(inlet: RecordingInlet, before: int) -> bool:
    """Whether a queue was told of again."""
    return len(inlet.of(OFFERED, queue="300")) > before


def counted(inlet: RecordingInlet, number: int) -> bool:
    """Whether so many callers are known."""
    return inlet.of(OFFERED, queue="300")[-1].value == number


async def test_a_pbx_whose_clock_is_behind_makes_no_count_fall(pbx: Pbx, tmp_path: Path) -> None:
    """With `timestampevents` there and a clock that is a second behind ours, counts rise in order of time all the same."""
    inlet = RecordingInlet(base=tmp_path)
    async with running(made(pbx, tmp_path), inlet):
        for number in range(1, 4):
            asked = len(inlet.of(OFFERED, queue="300"))
            await until(partial(heard, inlet, asked), 15)
            behind = f"{time.time() - 1.0:.6f}"
            pbx.say(Event="QueueCallerJoin", Timestamp=behind, Queue="300", Uniqueid=f"c{number}")
            await until(partial(counted, inlet, number), 15)
    counts = sorted(inlet.of(OFFERED, queue="300"), key=lambda sample: sample.at)
    assert [sample.value for sample in counts] == sorted(sample.value for sample in counts)


async def test_a_wrong_secret_is_a_persons_business(pbx: Pbx, tmp_path: Path) -> None:
    """The collector fails with where to look, and without the secret."""
    pbx.secret = SECRET[::-1]
    with pytest.raises(Misconfigured, match="Authentication failed") as told:
        await made(pbx, tmp_path).run(RecordingInlet(base=tmp_path))
    assert "manager.conf" in str(told.value)
    assert SECRET not in str(told.value)


async def test_a_pbx_that_falls_silent_is_left_in_time(pbx: Pbx, tmp_path: Path) -> None:
    """A connection that stands but answers nothing ends within the time-out, so that it can be tried anew."""
    inlet = RecordingInlet(base=tmp_path)
    async with running(made(pbx, tmp_path), inlet) as task:
        await inlet.until(lambda kept: bool(kept.samples))
        pbx.silent = True
        with pytest.raises(AmiError, match="no answer to Queue"):
            await asyncio.wait_for(asyncio.shield(task), 5)


async def test_something_else_on_that_port_is_told_from_an_asterisk(pbx: Pbx, tmp_path: Path) -> None:
    """Without Asterisk's greeting no secret and no challenge is sent."""
    pbx.greeting = b"SSH-2.0-OpenSSH_9.2\r\n"
    with pytest.raises(AmiError, match="greet"):
        await made(pbx, tmp_path).run(RecordingInlet(base=tmp_path))
    assert pbx.asked == []


@pytest.mark.parametrize("wrong", [{"username": "a\nb"}, {"labels": {"agent": "x"}}, {"clock_rate": 0}, {"host": None}])
def test_a_configuration_that_makes_no_sense_is_refused(pbx: Pbx, tmp_path: Path, wrong: dict[str, Any]) -> None:
    """A second line in the name, endless labels and no clock are found by `golive check`."""
    with pytest.raises(msgspec.ValidationError):
        made(pbx, tmp_path, **wrong)
