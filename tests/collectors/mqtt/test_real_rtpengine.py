"""A real rtpengine with real calls, through a real broker, into the collector."""

from __future__ import annotations

import asyncio

import pytest

from tests.collectors.mqtt.test_collector import collector, end
from tests.rig.inlet import RecordingInlet
from tests.rig.rtpengine import Call, Rtpengine

JITTER = "golive_media_jitter_seconds"
ONE_WAY = "golive_media_one_way_calls_total"

pytestmark = pytest.mark.real


@pytest.mark.parametrize("scope", ["media", "call", "global"])
async def test_a_call_is_heard_with_its_site_and_trunk(mosquitto, tmp_path, scope):
    """In each scope a call of two speaking parties gives jitter under 10 ms by platform, site and trunk, and one call."""
    engine = Rtpengine(tmp_path, mosquitto.port, "rtpengine/porto", scope)
    decode = {
        "format": "rtpengine",
        "topic": "rtpengine/{site}",
        "labels": {"platform": "target"},
        "label_pattern": r"^(?P<trunk>trunk-\w+)\.(?P<queue>\w+)$",
    }
    source = collector(mosquitto.port, subscriptions=[{"topic": "rtpengine/+", "decode": decode}])
    inlet = RecordingInlet()
    task = asyncio.create_task(source.run(inlet))
    call = await asyncio.to_thread(Call, engine, "call-1@test", "trunk-a.sales", "trunk-a.sales")
    talk = asyncio.create_task(call.talk())
    wanted = {"platform": "target", "site": "porto", "trunk": "trunk-a", "queue": "sales", "direction": "sent"}
    try:
        await inlet.until(lambda kept: len(kept.of(JITTER, **wanted)) >= 4, within=20)
        await inlet.until(lambda kept: any(found.value == 1 for found in kept.of("golive_calls_concurrent")))
    finally:
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)
        call.close()
        engine.stop()
    assert all(found.value < 0.010 for found in inlet.of(JITTER))
    assert {dict(found.labels)["codec"] for found in inlet.of(JITTER)} == {"pcma"}
    assert inlet.of(ONE_WAY)[-1].value == 0.0
    assert not inlet.refused
    await end(task)


async def test_one_way_audio_of_a_real_call(mosquitto, tmp_path):
    """A real call in which the agent sends nothing counts as one one-way call."""
    engine = Rtpengine(tmp_path, mosquitto.port, "rtpengine/porto")
    source = collector(mosquitto.port, subscriptions=[{"topic": "rtpengine/+", "decode": {"format": "rtpengine"}}])
    inlet = RecordingInlet()
    task = asyncio.create_task(source.run(inlet))
    call = await asyncio.to_thread(Call, engine, "call-2@test", "caller", "agent")
    talk = asyncio.create_task(call.talk(speaking=(True, False)))
    try:
        await inlet.until(lambda kept: any(found.value == 1 for found in kept.of(ONE_WAY)), within=20)
    finally:
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)
        call.close()
        engine.stop()
    assert max(found.value for found in inlet.of(ONE_WAY)) == 1.0
    await end(task)
