"""The supervisor when it gets ugly: circuits, start-up policy, tasks left behind, sources that come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.intake.breaker import LONGEST_DELAY
from monitor.intake.inlet import Inlet
from monitor.intake.intake import Intake
from monitor.intake.source import Misconfigured, Source
from monitor.intake.supervise import Supervisor
from monitor.judging.store import Store
from monitor.model import Health
from monitor.secrets import SecretRef
from tests.rig.waiting import until


class Plug:
    """A collector whose run is the function that it is given."""

    stale_after = 10.0

    def __init__(self, name: str, work: Callable[[Inlet], object], on_start: str = "retry") -> None:
        self.name = name
        self.on_start = on_start
        self.starts: list[float] = []
        self._work = work

    async def run(self, inlet: Inlet) -> None:
        """Note the start, then do it."""
        self.starts.append(asyncio.get_running_loop().time())
        await self._work(inlet)  # type: ignore[misc] # a coroutine function


def supervise(*collectors: object, base: Path = Path()) -> tuple[Supervisor, list[tuple[str, str]]]:
    """A supervisor on the loop's clock, and the changes it reports."""
    changes: list[tuple[str, str]] = []
    made = Supervisor(
        collectors,  # type: ignore[arg-type] # what a test makes
        Intake(Store({}), base),
        asyncio.get_running_loop().time,
        lambda name, state, _: changes.append((name, state.value)),
    )
    return made, changes


async def refused(_: Inlet) -> None:
    """Fails at once."""
    raise ConnectionError("connection refused")


async def works(inlet: Inlet) -> None:
    """Works until cancelled."""
    inlet.connected()
    await asyncio.Event().wait()


@pytest.mark.looptime
async def test_five_failures_open_the_circuit_and_everybody_can_see_it(caplog: pytest.LogCaptureFixture) -> None:
    """It raises each time for an hour (P1): open after five, tried at most once a minute, said once; the other is well."""
    caplog.set_level(logging.WARNING)
    bad, good = Plug("bad", refused), Plug("good", works)
    supervisor, changes = supervise(bad, good)
    supervisor.start()
    await asyncio.sleep(3600)
    waits = [b - a for a, b in zip(bad.starts, bad.starts[1:], strict=False)]
    assert min(waits[6:]) >= LONGEST_DELAY / 2
    assert max(waits) <= LONGEST_DELAY
    assert supervisor.circuit("bad") == "open"
    assert "circuit is open" in supervisor.conditions["bad"].error
    assert (len(good.starts), supervisor.circuit("good")) == (1, "closed")
    assert [c for c in changes if c[0] == "bad"] == [("bad", "retrying")]
    assert [r.message for r in caplog.records] == ["collector bad is retrying: connection refused"]
    await supervisor.close()


@pytest.mark.looptime
async def test_a_try_on_probation_is_shown_and_closes_the_circuit_after_a_minute() -> None:
    """Half open while it has not yet held for a minute; its failures are forgotten afterwards."""
    heals_at = 200.0

    async def work(inlet: Inlet) -> None:
        if asyncio.get_running_loop().time() < heals_at:
            raise ConnectionError("refused")
        await works(inlet)

    supervisor, _ = supervise(Plug("p", work))
    supervisor.start()
    await asyncio.sleep(heals_at + LONGEST_DELAY - 20)
    while supervisor.conditions["p"].state is not Health.OK:
        await asyncio.sleep(1)
    assert supervisor.circuit("p") == "half_open"
    await asyncio.sleep(61)
    assert supervisor.circuit("p") == "closed"
    await supervisor.close()


@pytest.mark.looptime
async def test_on_start_fail_waits_for_a_person_but_only_before_it_ever_worked() -> None:
    """A login that locks after three tries is tried once; the same collector that worked before is tried again."""
    once = Plug("once", refused, on_start="fail")
    acts = [works_a_while, refused, refused, works]

    async def scripted(inlet: Inlet) -> None:
        await acts.pop(0)(inlet)

    later = Plug("later", scripted, on_start="fail")
    supervisor, _ = supervise(once, later)
    supervisor.start()
    await asyncio.sleep(3600)
    assert len(once.starts) == 1
    condition = supervisor.conditions["once"]
    assert (condition.state, condition.next_try) == (Health.FAILED, None)
    assert "on_start is fail" in condition.error
    assert len(later.starts) == 4
    assert supervisor.conditions["later"].state is Health.OK
    await supervisor.close()


async def works_a_while(inlet: Inlet) -> None:
    """Works, then breaks."""
    inlet.connected()
    await asyncio.sleep(30)
    raise ConnectionError("lost")


class Guarded(Source, frozen=True, kw_only=True):
    """A collector with a secret in a file."""

    token: SecretRef

    async def run(self, inlet: Inlet) -> None:
        """Works once the file says so."""
        text = await asyncio.to_thread(self.token.read, inlet.base)
        if text.reveal() != "right-token":
            raise Misconfigured("the login is refused")
        await works(inlet)


@pytest.mark.parametrize("on_start", ["retry", "fail"])
async def test_a_changed_secret_is_tried_without_a_restart(tmp_path: Path, on_start: str) -> None:
    """The person who mends the secret file sees the source come back within seconds, not after the next rest."""
    secret = tmp_path / "token"
    secret.write_text("wrong-token")
    secret.chmod(0o600)
    collector = Guarded(name="g", every=1.0, token=SecretRef(file="token"), on_start=on_start)  # type: ignore[arg-type] # both words
    supervisor, _ = supervise(collector, base=tmp_path)
    supervisor.start()
    await until(lambda: supervisor.conditions["g"].state is Health.FAILED, 5)
    await asyncio.sleep(0.2)
    secret.write_text("right-token")
    await until(lambda: supervisor.conditions["g"].state is Health.OK, 6)
    await supervisor.close()


@pytest.mark.looptime
async def test_a_thousand_restarts_leave_no_task_behind() -> None:
    """A collector that leaks a nest of tasks at each start: their number is the same after 1,000 restarts (P3)."""

    async def forgotten() -> None:
        deeper = asyncio.create_task(asyncio.sleep(1e9))
        await asyncio.shield(deeper)

    async def leaks(_: Inlet) -> None:
        asyncio.get_running_loop().create_task(forgotten())
        await asyncio.sleep(61)
        raise ConnectionError("again")

    plug = Plug("leaks", leaks)
    supervisor, _ = supervise(plug)
    supervisor.start()
    await asyncio.sleep(100)
    before = len(asyncio.all_tasks())
    while len(plug.starts) < 1_000:
        await asyncio.sleep(1_000)
    assert len(asyncio.all_tasks()) <= before
    assert supervisor.restarts["leaks"] >= 999
    await supervisor.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.looptime
async def test_tasks_that_ignore_their_end_are_said_and_never_multiplied() -> None:
    """A leaked task that swallows its cancellation: no second run is made that would leave one more (P3)."""
    over = asyncio.Event()

    async def deaf() -> None:
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue

    async def leaks(_: Inlet) -> None:
        asyncio.get_running_loop().create_task(deaf())
        await asyncio.sleep(0.1)
        raise ConnectionError("again")

    plug, good = Plug("leaks", leaks), Plug("good", works)
    supervisor, _ = supervise(plug, good)
    supervisor.start()
    await asyncio.sleep(3600)
    assert len(plug.starts) == 1
    condition = supervisor.conditions["leaks"]
    assert condition.state is Health.FAILED
    assert "1 of its tasks do not end; next: restart golive" in condition.error
    assert supervisor.conditions["good"].state is Health.OK
    begun = asyncio.get_running_loop().time()
    await supervisor.close()
    assert asyncio.get_running_loop().time() - begun <= 5.1
    assert supervisor.stuck != []
    over.set()


@pytest.mark.looptime
async def test_a_source_that_comes_and_goes_cannot_flood_log_and_journal(caplog: pytest.LogCaptureFixture) -> None:
    """2,000 changes a second for half a minute: a line of a kind in ten seconds, with a count, and the last word is true."""
    caplog.set_level(logging.WARNING)

    async def flaps(inlet: Inlet) -> None:
        for _ in range(300):
            for _ in range(100):
                inlet.connected()
                inlet.lost("flapping")
            await asyncio.sleep(0.1)
        inlet.connected()
        await asyncio.Event().wait()

    supervisor, changes = supervise(Plug("f", flaps))
    supervisor.start()
    await asyncio.sleep(60)
    assert len(changes) <= 10
    assert len(caplog.records) <= 10
    assert any("more like it since the last line" in record.message for record in caplog.records)
    assert supervisor.conditions["f"].state is Health.OK
    assert changes[-1] == ("f", "ok")
    await supervisor.close()


@pytest.mark.looptime
async def test_what_the_daemon_begins_when_it_hears_of_a_change_is_not_the_collectors() -> None:
    """The journal writes on although the collector that broke is cleared away."""
    written = []

    async def write() -> None:
        await asyncio.sleep(0.5)
        written.append("line")

    async def work(inlet: Inlet) -> None:
        inlet.connected()
        raise ConnectionError("gone")

    supervisor, _ = supervise(Plug("p", work))
    kept = []
    supervisor.on_change = lambda *_: kept.append(asyncio.get_running_loop().create_task(write()))
    supervisor.start()
    await asyncio.sleep(0.9)
    assert written[:2] == ["line", "line"]
    await supervisor.close()
    await asyncio.gather(*kept)
