"""The simulated telephones on a real socket, heard by the real collector."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import fmean
from typing import Any

from collectors.sip_quality.collector import SipQuality
from monitor.demo import telephones as module
from monitor.demo.calls import Moment
from monitor.demo.centre import Centre
from monitor.demo.geography import SITES
from monitor.demo.telephones import UNANSWERED, Telephones
from tests.monitor.demo.hearing import configured, running
from tests.rig.inlet import RecordingInlet
from tests.rig.mosquitto import free_port
from tests.rig.waiting import until

LOSS = "golive_media_packet_loss_ratio"


def over(seconds: float = 12.0, script: str = "calm") -> list[Moment]:
    """Calls that have just ended, by the clock of this machine."""
    centre = Centre(7, time.time() - seconds)
    centre.route("sales-en", 100.0)
    centre.staff("porto", target=50.0)
    centre.begin(script)
    centre.step(time.time())
    return [moment for moment in centre.happened() if moment.kind == "complete" and moment.call.audio.reports]


@asynccontextmanager
async def ringing(port: int) -> AsyncIterator[Telephones]:
    phones = Telephones(port)
    await phones.start()
    try:
        yield phones
    finally:
        phones.stop()


@asynccontextmanager
async def listening(tmp_path: Path, port: int) -> AsyncIterator[RecordingInlet]:
    """The collector of the demo's own configuration."""
    sources = await asyncio.to_thread(configured, SipQuality, tmp_path, sip=port)
    inlet = RecordingInlet(base=tmp_path)
    async with running(sources, inlet):
        yield inlet


async def test_golive_hears_every_call_that_is_over_once(tmp_path: Path) -> None:
    """Each report arrives once, with site and make of its telephone, and says what the simulation measured."""
    port, moments = free_port(), over()
    async with ringing(port) as phones, listening(tmp_path, port) as inlet:
        phones.tell(moments, ())
        while phones.answered < len(moments):
            phones.tell((), ())
            await asyncio.sleep(0.05)
        assert phones.refused == phones.given_up == 0
    heard = inlet.of(LOSS, direction="heard")
    assert len(heard) == len(moments) > 20
    assert fmean(sample.value for sample in heard) == fmean(
        round(moment.call.audio.loss / moment.call.audio.reports, 5) for moment in moments
    )
    places = {(dict(s.labels)["platform"], dict(s.labels)["site"], dict(s.labels)["device"]) for s in heard}
    assert {site for _, site, _ in places} == set(SITES)
    assert {platform for platform, _, _ in places} == {"legacy", "target"}
    assert {device for _, _, device in places} == {"yealink", "poly", "linphone", "grandstream"}
    assert not inlet.refused


async def test_a_report_is_repeated_until_golive_listens_and_then_counts_once(tmp_path: Path) -> None:
    """Telephones that are there before golive lose nothing, and what they said twice counts once."""
    port, moments = free_port(), over()[:5]
    async with ringing(port) as phones:
        phones.tell(moments, ())
        assert phones.answered == 0
        async with listening(tmp_path, port) as inlet:
            deadline = asyncio.get_running_loop().time() + 20
            while phones.answered < len(moments):
                assert asyncio.get_running_loop().time() < deadline
                phones.tell((), ())
                await asyncio.sleep(0.05)
            await until(lambda: len(inlet.of(LOSS, direction="heard")) == len(moments), 5)


async def test_who_is_refused_does_not_ask_again_and_nobody_waits_for_ever(monkeypatch: Any) -> None:
    """A refusal ends a report; silence ends it after its patience; and what waits is bounded, all of it counted."""
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        other.setblocking(False)  # noqa: FBT003 - the standard library's own
        async with ringing(other.getsockname()[1]) as phones:
            phones.tell(over()[:1], ())
            loop = asyncio.get_running_loop()
            asked, sender = await loop.sock_recvfrom(other, 65536)
            via = next(line for line in asked.split(b"\r\n") if line.startswith(b"Via:"))
            await loop.sock_sendto(other, b"garbage", sender)
            await loop.sock_sendto(other, b"SIP/2.0 100 Trying\r\n" + via + b"\r\n\r\n", sender)
            await loop.sock_sendto(other, b"SIP/2.0 489 Bad Event\r\n" + via + b"\r\n\r\n", sender)
            await until(lambda: phones.refused == 1, 5)
            assert phones.answered == 0
            monkeypatch.setattr(module, "PATIENCE", 0.0)
            phones.tell(over()[:3], ())
            assert phones.given_up == 3
            monkeypatch.setattr(module, "PATIENCE", 60.0)
            many = over()[:1] * (UNANSWERED + 10)
            phones.tell(many, ())
            assert phones.given_up == 13


def test_the_configuration_listens_on_this_machine_alone(tmp_path: Path) -> None:
    """No report of another machine is read, whatever network this one is in."""
    (source,) = configured(SipQuality, tmp_path)
    assert source.allow == ("127.0.0.1/32",)
    assert {part.host for part in source.listen} == {"127.0.0.1"}
