"""sipp as the telephone: a SIP stack that is not ours sends what real user agents sent, and checks what comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.collectors.sip_quality.sipp import Step, call, captured
from tests.collectors.sip_quality.test_collector import LOSS, listening
from tests.rig.inlet import RecordingInlet

pytestmark = pytest.mark.real


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_every_captured_body_is_taken_from_a_real_stack(transport: str, tmp_path: Path) -> None:
    """All captured reports, sent by sipp over UDP and TCP, are answered 200 as sipp's transactions want it, and read."""
    inlet = RecordingInlet()
    bodies = captured()
    assert len(bodies) == 19
    async with listening(inlet, listen=[{"transport": transport, "port": 0}]) as [port]:
        await call(tmp_path, port, [Step(body) for body in bodies], transport)
    assert dict(inlet.refused) == {}
    assert inlet.messages == 19
    assert len(inlet.of("golive_media_round_trip_seconds")) >= 19
    assert {dict(sample.labels)["direction"] for sample in inlet.samples} == {"heard", "sent"}
    assert max(sample.value for sample in inlet.of(LOSS)) == pytest.approx(0.0833)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_real_stack_understands_our_refusals(transport: str, tmp_path: Path) -> None:
    """sipp matches each refusal to its request: 489, 415, 405, 400, and OPTIONS is answered 200."""
    inlet = RecordingInlet()
    body = captured()[-1]
    steps = [
        Step(body, 489, event="presence"),
        Step(body, 415, content_type="text/plain"),
        Step(body, 405, method="MESSAGE"),
        Step("nothing of the kind", 400),
        Step("", 200, method="OPTIONS"),
        Step(body, 200, method="NOTIFY"),
        Step(body, 200),
    ]
    async with listening(inlet, listen=[{"transport": transport, "port": 0}]) as [port]:
        await call(tmp_path, port, steps, transport)
    assert dict(inlet.refused) == {"wrong_type": 3, "malformed": 1, "duplicate": 1}
