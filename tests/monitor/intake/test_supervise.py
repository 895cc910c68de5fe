"""Collectors live and die alone: backoff, health, one line when it breaks and one when it heals."""

from __future__ import annotations

import asyncio
import logging

import pytest

from monitor.intake.breaker import LONGEST_DELAY
from monitor.intake.inlet import Inlet
from monitor.intake.intake import Intake
from monitor.intake.source import Misconfigured
from monitor.intake.supervise import Supervisor
from monitor.judging.store import Store
from monitor.model import Health


class Scripted:
    """A collector that does what its script says at each start."""

    stale_after = 10.0

    def __init__(self, name: str, *script: BaseException | None) -> None:
        self.name = name
        self.script = list(script)
        self.starts: list[float] = []

    async def run(self, inlet: Inlet) -> None:
        """One act of the script; None works until cancelled."""
        self.starts.append(asyncio.get_running_loop().time())
        act = self.script.pop(0) if self.script else None
        if act is not None:
            raise act
        inlet.connected()
        await asyncio.Event().wait()


def supervise(*collectors: Scripted) -> tuple[Supervisor, list[tuple[str, str]]]:
    """A supervisor on the loop's clock, and the changes it reports."""
    changes: list[tuple[str, str]] = []
    made = Supervisor(
        collectors,
        Intake(Store({})),
        asyncio.get_running_loop().time,
        lambda name, state, _: changes.append((name, state.value)),
    )
    return made, changes


@pytest.mark.looptime
async def test_a_collector_that_fails_is_started_again_and_the_other_never_notices(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Three failures, then health; its neighbour was started once. One line for the break, one for the return."""
    caplog.set_level(logging.WARNING)
    bad = Scripted("bad", OSError("refused"), OSError("refused"), RuntimeError("oops"))
    good = Scripted("good")
    supervisor, changes = supervise(bad, good)
    supervisor.start()
    await asyncio.sleep(30)
    assert len(bad.starts) == 4
    assert len(good.starts) == 1
    assert [c for c in changes if c[0] == "bad"] == [("bad", "retrying"), ("bad", "ok")]
    assert [r.message for r in caplog.records] == ["collector bad is retrying: refused", "collector bad is back"]
    await supervisor.close()
    assert supervisor.conditions["bad"].state is Health.STOPPED


@pytest.mark.looptime
async def test_the_wait_doubles_up_to_a_minute() -> None:
    """Backoff with jitter: between half and the whole of 1, 2, 4 ... 60 s."""
    bad = Scripted("bad", *[OSError("down")] * 12)
    supervisor, _ = supervise(bad)
    supervisor.start()
    await asyncio.sleep(600)
    waits = [b - a for a, b in zip(bad.starts, bad.starts[1:], strict=False)]
    for number, wait in enumerate(waits):
        longest = min(2.0**number, LONGEST_DELAY)
        assert longest / 2 <= wait <= longest
    await supervisor.close()


@pytest.mark.looptime
async def test_a_collector_that_a_person_must_mend_is_failed_and_says_why() -> None:
    """A configuration at fault is not a passing trouble."""
    supervisor, changes = supervise(Scripted("bad", Misconfigured("file token: not there")))
    supervisor.start()
    await asyncio.sleep(1)
    assert changes == [("bad", "failed")]
    condition = supervisor.conditions["bad"]
    assert (condition.error, condition.next_try) == ("file token: not there", LONGEST_DELAY)
    await supervisor.close()


@pytest.mark.looptime
async def test_closing_does_not_wait_for_ever_for_one_that_ignores_it(caplog: pytest.LogCaptureFixture) -> None:
    """A collector that swallows its cancellation is left behind after five seconds, with a line."""

    class Deaf(Scripted):
        async def run(self, inlet: Inlet) -> None:
            inlet.connected()
            for _ in range(2):
                try:
                    await asyncio.sleep(100)
                except asyncio.CancelledError:
                    continue

    supervisor, _ = supervise(Deaf("deaf"))
    supervisor.start()
    await asyncio.sleep(1)
    begun = asyncio.get_running_loop().time()
    await supervisor.close()
    assert asyncio.get_running_loop().time() - begun == pytest.approx(5.0, abs=0.1)
    assert "did not stop" in caplog.text
