"""The demo without a terminal: everybody is scripted, what happens is printed, and it ends with the scenario."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from pathlib import Path

from aiohttp import ClientError

from monitor.demo.daemon_client import DaemonClient, Refused
from monitor.demo.printer import Printer
from monitor.demo.production import Production, production
from monitor.demo.receiver import Page
from monitor.demo.scenarios import LIMIT, SCENARIOS, Referee, Ruling
from monitor.demo.story import Story

POLL = 0.2
"""Seconds between two looks for new events."""
CONCLUDE = 15
"""Looks for the journal's last lines when the scenario is over."""
PAGES = 1000
"""Pages that may wait to be printed."""


async def headless(scenario: str, directory: Path, *, as_json: bool, seed: int, port: int, stop: asyncio.Event) -> int:
    """Run one scenario to its end; 0 when it ended as it should, else 1 and one sentence why."""
    printer = Printer(as_json=as_json)
    referee = Referee(scenario, time.time())
    pages: deque[Page] = deque(maxlen=PAGES)
    async with production(directory, port=port, seed=seed, hear=pages.append) as demo:
        printer.say(
            "demo",
            f"scenario {scenario}: {SCENARIOS[scenario].promise}",
            url=demo.url,
            port=demo.port,
            scenario=scenario,
            seed=seed,
            dir=str(directory),
        )
        ruling = await _run(demo, _Account(demo.client, referee, printer, pages), stop)
    printer.say("end", ruling.why, ok=ruling.ok, scenario=scenario)
    return 0 if ruling.ok else 1


class _Account:
    """Prints the journal as it grows, each page after the line that caused it, and tells the referee of both."""

    def __init__(self, client: DaemonClient, referee: Referee, printer: Printer, pages: deque[Page]) -> None:
        self.referee = referee
        self._client = client
        self._printer = printer
        self._pages = pages
        self._after = 0
        self._verdict = ""

    async def catch_up(self) -> None:
        """Print what is new."""
        waiting = len(self._pages)
        try:
            rows = await self._client.events(self._after)
        except (ClientError, TimeoutError, Refused):
            return
        for row in rows:
            self._after = row.seq
            self.referee.hear(row)
            if row.kind == "verdict":
                self._verdict = row.state
            # The pager's own receipt is printed; the journal's line about the sending would say it twice.
            if row.kind != "notify":
                self._printer.event(row)
        for _ in range(waiting):
            self.referee.paged()
            self._printer.page(self._pages.popleft())

    async def watch(self, story: Story) -> Ruling:
        """Print and ask the referee until there is a ruling."""
        while True:
            await self.catch_up()
            ruling = self.referee.look(story.snapshot) if story.snapshot is not None else None
            if ruling is not None:
                await self._conclude(story)
                return ruling
            await asyncio.sleep(POLL)

    async def _conclude(self, story: Story) -> None:
        """A snapshot may be ahead of the journal, which is written to disk first: print until both say the same."""
        for _ in range(CONCLUDE):
            await self.catch_up()
            if story.snapshot is None or self._verdict == story.snapshot.verdict.verdict:
                return
            await asyncio.sleep(POLL)


async def _run(demo: Production, account: _Account, stop: asyncio.Event) -> Ruling:
    referee = account.referee
    story = Story(
        demo.client,
        demo.routing,
        demo.setup.tokens,
        script=referee.name,
        with_anna=True,
        calm_before=0.0,
        begin=referee.begin,
    )
    playing = asyncio.create_task(story.play())
    watching = asyncio.create_task(account.watch(story))
    dying = asyncio.create_task(demo.first_death())
    stopping = asyncio.create_task(stop.wait())
    tasks = (playing, watching, dying, stopping)
    try:
        await asyncio.wait(tasks, timeout=LIMIT, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            return watching.result()
        if dying.done():
            return Ruling(ok=False, why=dying.result())
        if stopping.done():
            return Ruling(ok=False, why="it was stopped before the scenario ended")
        if playing.done():
            return Ruling(ok=False, why=f"the scripted people could not go on: {_cause(playing.exception())}")
        return referee.too_late(story.snapshot)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _cause(error: BaseException | None) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
