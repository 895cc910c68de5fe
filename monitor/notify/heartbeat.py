"""A dead man's switch: as long as golive judges and can write it says so to a watcher outside, and else is silent."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from monitor.notify.channels import AnyChannel, Heartbeat
from monitor.notify.outcome import Outcome, failed, judged
from monitor.notify.webhook import allow_entry
from monitor.outbound.addresses import Forbidden
from monitor.outbound.http import RequestError, request
from monitor.secrets import SecretError

_LOG = logging.getLogger(__name__)


async def beat(config: Heartbeat, base: Path, now: float) -> Outcome:
    """One request. Never raises for what the watcher does; an address that is a secret is in no answer. now: unix seconds."""
    url, hidden = config.url, ""
    try:
        if config.secret_url is not None:
            url = hidden = (await asyncio.to_thread(config.secret_url.read, base)).reveal().strip()
        answer = await request(
            config.method,
            url,
            allow_hosts=(allow_entry(url, loopback=config.allow_loopback),),
            body=b"" if config.method == "POST" else None,
            timeout=config.timeout,
        )
    except (RequestError, SecretError, Forbidden) as error:
        return failed(error, hidden)
    return judged(answer, now)


class Beats:
    """All heartbeats of a daemon, each a task of its own, so that one watcher that hangs delays nobody."""

    def __init__(
        self,
        channels: Iterable[AnyChannel],
        base: Path,
        sound: Callable[[], str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """sound: why golive is not sound, or empty; asked before each beat. clock: unix seconds."""
        self._configs = {one.name: one for one in channels if isinstance(one, Heartbeat)}
        self._base = base
        self._sound = sound
        self._clock = clock
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._running = False
        self._trouble: dict[str, str] = {}
        self.last: dict[str, float] = {}
        """When each watcher took a beat last, unix seconds; 0: never."""
        self.taken: dict[str, int] = {}
        """Beats that were taken, by watcher."""
        self.failed: dict[str, int] = {}
        """Beats that were not taken, by watcher."""
        self.withheld: dict[str, int] = {}
        """Beats that were not sent since golive was not sound."""
        for name in self._configs:
            self._note(name)

    def _note(self, name: str) -> None:
        self.last[name], self.taken[name], self.failed[name], self.withheld[name] = 0.0, 0, 0, 0

    @property
    def troubles(self) -> list[str]:
        """Watchers that do not hear us, in words."""
        return [f"heartbeat {name} does not arrive: {why}" for name, why in sorted(self._trouble.items())]

    def trouble(self, name: str) -> str:
        """Why a watcher does not hear us, in words; empty while it does."""
        return self._trouble.get(name, "")

    def start(self) -> None:
        """Begin to beat, at once."""
        self._running = True
        for name, config in self._configs.items():
            if name not in self._tasks:
                self._tasks[name] = asyncio.create_task(self._run(config), name=f"heartbeat {name}")

    def take(self, channels: Iterable[AnyChannel]) -> None:
        """Beat for these watchers from now on. One that is the same goes on without a pause; a new one is told at once."""
        configs = {one.name: one for one in channels if isinstance(one, Heartbeat)}
        for name in [name for name, config in self._configs.items() if configs.get(name) != config]:
            if (task := self._tasks.pop(name, None)) is not None:
                task.cancel()
            self._trouble.pop(name, None)
            del self.last[name], self.taken[name], self.failed[name], self.withheld[name]
        for name in configs.keys() - self.last.keys():
            self._note(name)
        self._configs = configs
        if self._running:
            self.start()

    async def close(self) -> None:
        """Stop; the watcher outside will miss us, as it should when golive is stopped."""
        self._running = False
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, config: Heartbeat) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            try:
                await self._once(config)
            except Exception:  # noqa: BLE001 - a fault here must read as silence outside, and be tried again
                _LOG.exception("heartbeat %s failed in golive itself", config.name)
                self.failed[config.name] += 1
            due = max(due + config.every, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _once(self, config: Heartbeat) -> None:
        if self._sound():
            self.withheld[config.name] += 1
            return
        outcome = await beat(config, self._base, self._clock())
        if outcome.delivered:
            self.last[config.name] = self._clock()
            self.taken[config.name] += 1
            if self._trouble.pop(config.name, None) is not None:
                _LOG.info("heartbeat %s arrives again", config.name)
            return
        self.failed[config.name] += 1
        if config.name not in self._trouble:
            _LOG.warning("heartbeat %s does not arrive: %s", config.name, outcome.detail)
        self._trouble[config.name] = outcome.detail
