"""Simulated time: timers fire when the script's clock says so, and what can never come is said instead of waited for."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from monitor.scenarios.simulated_loop import SimulatedLoop, Stuck


def test_timers_fire_on_the_scripts_clock() -> None:
    """A sleep of five seconds ends when the clock stands at five, in no time at all."""
    woke: list[float] = []

    async def sleeper() -> None:
        await asyncio.sleep(5.0)
        woke.append(asyncio.get_running_loop().time())

    async def main() -> None:
        loop = cast("SimulatedLoop", asyncio.get_running_loop())
        task = asyncio.create_task(sleeper())
        for second in range(8):
            loop.elapsed = float(second)
            await loop.settled()
            assert bool(woke) == (second >= 5)
        await task

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(main())
    assert woke == [5.0]


def test_settled_waits_for_everything_that_can_happen_now() -> None:
    """A chain of tasks, and what would go to a thread, are over when it returns."""
    done: list[int] = []

    async def chain(depth: int) -> None:
        await asyncio.to_thread(done.append, depth)
        if depth:
            await asyncio.create_task(chain(depth - 1))

    async def main() -> None:
        task = asyncio.create_task(chain(20))
        await cast("SimulatedLoop", asyncio.get_running_loop()).settled()
        assert task.done()

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(main())
    assert done == list(range(20, -1, -1))


def test_an_exception_of_a_thread_reaches_who_awaits_it() -> None:
    """Nothing is swallowed because it ran in its turn."""

    async def main() -> None:
        await asyncio.to_thread(int, "x")

    with asyncio.Runner(loop_factory=SimulatedLoop) as runner, pytest.raises(ValueError, match="invalid literal"):
        runner.run(main())


def test_waiting_for_what_never_comes_is_an_error() -> None:
    """A scenario that would hang says so at once."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner, pytest.raises(Stuck):
        runner.run(asyncio.Event().wait())
