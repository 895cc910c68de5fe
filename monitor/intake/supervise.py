"""Keeps collectors alive, each on its own: restart with backoff and jitter, one line when it breaks, one when it heals."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from monitor.intake.intake import Door, Intake
from monitor.intake.source import Collector, Misconfigured
from monitor.model import Health
from monitor.text import OutsideText, clean

log = logging.getLogger("golive.collectors")

FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
SETTLED = 60.0
"""Seconds of good health after which the next failure starts from the first delay again."""
STOP_DEADLINE = 5.0


class Condition(NamedTuple):
    """Health of one collector, in words."""

    state: Health
    since: float
    error: OutsideText
    next_try: float | None


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
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._random = random.Random()
        self._closing = False
        intake.on_health = self._heard

    def start(self) -> None:
        """Start every collector."""
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
        for name in self._tasks:
            self._set(name, Health.STOPPED, "")
        self._tasks.clear()

    async def _keep(self, collector: Collector, door: Door) -> None:
        name, failures = collector.name, 0
        while not self._closing:
            begun = self.clock()
            state = Health.RETRYING
            try:
                await collector.run(door)
                error = "ended although nobody asked it to"
            except Misconfigured as problem:
                state, error = Health.FAILED, str(problem)
            except (OSError, TimeoutError) as problem:
                error = str(problem) or type(problem).__name__
            except Exception as problem:  # noqa: BLE001 - whatever it raises, the others go on
                error = f"{type(problem).__name__}: {problem}"
            door.is_connected = False
            failures = 1 if self.clock() - begun > SETTLED else failures + 1
            delay = self.delay(failures) if state is Health.RETRYING else LONGEST_DELAY
            self._set(name, state, error, self.clock() + delay)
            await asyncio.sleep(delay)

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row: doubling from 1 s to 60 s, less up to a half by chance."""
        longest = min(FIRST_DELAY * 2.0 ** min(failures - 1, 10), LONGEST_DELAY)
        return longest * self._random.uniform(0.5, 1.0)

    def _heard(self, name: str, connected: bool, detail: str) -> None:  # noqa: FBT001 - the one fact that it tells
        if connected:
            self._set(name, Health.OK, detail)
        else:
            self._set(name, Health.RETRYING, detail)

    def _set(self, name: str, state: Health, error: str, next_try: float | None = None) -> None:
        before = self.conditions[name]
        since = before.since if before.state is state else self.clock()
        self.conditions[name] = Condition(state, since, clean(error), next_try)
        if before.state is state:
            return
        if state in (Health.RETRYING, Health.FAILED):
            log.warning("collector %s is %s: %s", name, state.value, clean(error))
        elif state is Health.OK and before.state is not Health.STARTING:
            log.warning("collector %s is back", name)
        self.on_change(name, state, clean(error))
