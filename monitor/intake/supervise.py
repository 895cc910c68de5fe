"""Keeps collectors alive, each on its own: restart with backoff and jitter, one line when it breaks, one when it heals."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from monitor.intake.breaker import LONGEST_DELAY, OPENS_AFTER, Breaker, Circuit
from monitor.intake.brood import OWNER, Brood, Registry, nobodys
from monitor.intake.intake import Door, Intake
from monitor.intake.repeats import SPAN, Repeats, more
from monitor.intake.secret_files import marks
from monitor.intake.source import Collector, Misconfigured
from monitor.model import Health
from monitor.text import OutsideText, clean

log = logging.getLogger("golive.collectors")

STOP_DEADLINE = 5.0
"""Seconds that a collector has to end once it is cancelled, and its tasks once it has ended."""
LOOK = 2.0
"""Seconds between looks at the secret files of a collector that waits for a person."""


class Condition(NamedTuple):
    """Health of one collector, in words."""

    state: Health
    since: float
    error: OutsideText
    next_try: float | None
    """None: works, or waits for a person."""


class _Failure(NamedTuple):
    """What became of a run: is it for a person to mend, and why it ended."""

    lasting: bool
    why: str


class Supervisor:
    """Runs each collector in a task of its own. Times are unix seconds from `clock`."""

    def __init__(
        self,
        collectors: Iterable[Collector],
        intake: Intake,
        clock: Callable[[], float],
        on_change: Callable[[str, Health, str], None],
    ) -> None:
        self.collectors = {collector.name: collector for collector in collectors}
        self.intake = intake
        self.clock = clock
        self.on_change = on_change
        self.conditions = {name: Condition(Health.STARTING, clock(), clean(""), None) for name in self.collectors}
        self._random = random.Random()
        self.breakers = {name: Breaker(self._random) for name in self.collectors}
        self.restarts = dict.fromkeys(self.collectors, 0)
        self.stuck: list[str] = []
        """Tasks that ignored their cancellation at the end."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._broods = {name: Brood(name) for name in self.collectors}
        self._heard_once: set[str] = set()
        self._told: dict[str, Health] = {}
        self._repeats = Repeats()
        self._correcting: dict[str, asyncio.TimerHandle] = {}
        self._registry: Registry | None = None
        self._closing = False
        intake.on_health = self._heard

    def start(self) -> None:
        """Start every collector."""
        self._registry = Registry(asyncio.get_running_loop())
        for name, collector in self.collectors.items():
            door = self.intake.door(name, collector.stale_after)
            self._tasks[name] = asyncio.create_task(self._keep(collector, door), name=f"collector {name}")

    async def close(self) -> None:
        """Cancel all and wait; one that does not end within 5 s is left behind with a log line."""
        self._closing = True
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks.values(), timeout=STOP_DEADLINE)
            for task in stuck:
                log.error("%s did not stop within %g s", task.get_name(), STOP_DEADLINE)
            self.stuck += [task.get_name() for task in stuck]
        for name in self._tasks:
            self._set(name, Health.STOPPED, "")
        self._tasks.clear()
        for timer in self._correcting.values():
            timer.cancel()
        if self._registry is not None:
            self._registry.close()

    def circuit(self, name: str) -> Circuit:
        """Whether a collector is tried as usual, rests long, or is on probation."""
        return self.breakers[name].circuit(self.clock())

    async def _keep(self, collector: Collector, door: Door) -> None:
        name, breaker, brood = collector.name, self.breakers[collector.name], self._broods[collector.name]
        OWNER.set(brood)
        try:
            while not self._closing:
                breaker.begin(self.clock())
                failure = await _outcome(collector, door)
                door.is_connected = False
                delay = breaker.fail(self.clock())
                if stuck := await brood.clear(STOP_DEADLINE):
                    failure = _Failure(
                        lasting=True, why=f"{failure.why}; {stuck} of its tasks do not end; next: restart golive"
                    )
                await self._rest(collector, failure, delay, stuck=stuck)
                self.restarts[name] += 1
        finally:
            if len(brood) and (stuck := await brood.clear(STOP_DEADLINE)):
                self.stuck.append(f"{stuck} tasks of collector {name}")
                log.error("%d tasks of collector %s did not stop within %g s", stuck, name, STOP_DEADLINE)

    async def _rest(self, collector: Collector, failure: _Failure, delay: float, *, stuck: int) -> None:
        """Wait for the next try: by the clock, or until what a person must change has changed."""
        name = collector.name
        gives_up = getattr(collector, "on_start", "retry") == "fail" and name not in self._heard_once
        if not failure.lasting and not gives_up:
            self._set(name, Health.RETRYING, self._shown(name, failure.why), self.clock() + delay)
            await asyncio.sleep(delay)
            return
        why = failure.why if failure.lasting else f"{failure.why}; not tried again, since on_start is fail"
        loop = asyncio.get_running_loop()
        until = None if gives_up or stuck else loop.time() + LONGEST_DELAY
        self._set(name, Health.FAILED, why, self.clock() + LONGEST_DELAY if until is not None else None)
        before = await asyncio.to_thread(marks, collector, self.intake.base)
        if stuck:
            # Another run of a collector whose tasks do not end would only leave more of them.
            await self._broods[name].ended()
            return
        while until is None or loop.time() < until:
            await asyncio.sleep(LOOK if until is None else min(LOOK, until - loop.time()))
            if before and await asyncio.to_thread(marks, collector, self.intake.base) != before:
                return

    def _shown(self, name: str, why: str) -> str:
        failures = self.breakers[name].failures
        return f"{why} ({failures} failures in a row: the circuit is open)" if failures >= OPENS_AFTER else why

    def _heard(self, name: str, connected: bool, detail: str) -> None:  # noqa: FBT001 - the one fact that it tells
        if connected:
            self._heard_once.add(name)
            self._set(name, Health.OK, detail)
        else:
            self._set(name, Health.RETRYING, detail)

    def _set(self, name: str, state: Health, error: str, next_try: float | None = None) -> None:
        before = self.conditions[name]
        since = before.since if before.state is state else self.clock()
        self.conditions[name] = Condition(state, since, clean(error), next_try)
        if before.state is not state:
            self._tell(name)

    def _tell(self, name: str) -> None:
        """Say a change once: in the log and to who listens. Of one that comes and goes, at most one of a kind in 10 s."""
        state, error = self.conditions[name].state, self.conditions[name].error
        if self._told.get(name, Health.STARTING) is state:
            return
        left_out = self._repeats.due((name, state), self.clock())
        if left_out is None:
            if name not in self._correcting:
                self._correcting[name] = asyncio.get_running_loop().call_later(SPAN, self._correct, name)
            return
        before = self._told.get(name, Health.STARTING)
        self._told[name] = state
        if state in (Health.RETRYING, Health.FAILED):
            log.warning("collector %s is %s: %s%s", name, state.value, error, more(left_out))
        elif state is Health.OK and before is not Health.STARTING:
            log.warning("collector %s is back%s", name, more(left_out))
        with nobodys():
            self.on_change(name, state, error)

    def _correct(self, name: str) -> None:
        """Some changes were left out: what was said last may not be so any more."""
        del self._correcting[name]
        self._tell(name)


async def _outcome(collector: Collector, door: Door) -> _Failure:
    """Run it until it ends; whatever it raises, the others go on."""
    try:
        await collector.run(door)
    except Misconfigured as problem:
        return _Failure(lasting=True, why=str(problem))
    except (OSError, TimeoutError) as problem:
        return _Failure(lasting=False, why=str(problem) or type(problem).__name__)
    except Exception as problem:  # noqa: BLE001 - the same
        return _Failure(lasting=False, why=f"{type(problem).__name__}: {problem}")
    return _Failure(lasting=False, why="ended although nobody asked it to")
