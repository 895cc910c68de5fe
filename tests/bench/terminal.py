"""The terminal in a real pty, beside a Textual app that shows nothing and beside btop where it is installed.

First paint, key to paint, share of a core, bytes a second; and what ten terminals cost the daemon that they watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median, quantiles

import aiohttp
import msgspec
from aiohttp import web

from dashboards.terminal.client import DaemonClient
from monitor.serving.snapshot import SeriesRow, Snapshot
from tests.bench.screen import processor, program_in_a_pty
from tests.dashboards.terminal import recorded
from tests.rig.daemon import RunningDaemon

ROWS = 500
CHANGES = 200
"""Rows that change a second, evenly over the frames."""
FRAMES = 4
"""Polls a second, as the terminal does."""
KEYS = 40
TERMINALS = 10
SETTLED = 2.0
"""Seconds after the first paint until measuring begins."""
WATCH = (sys.executable, "-c", "from monitor.cli.main import main; main()", "watch")
IDLE = (sys.executable, "-c", "from textual.app import App; App().run()")
_PAINTED, _QUEUES = b"GATES", b"QUEUES"
_SAID = b"faults only: f shows all again"
_TOKEN = "bench" * 8
_WATCHED = """
schema: 1
cutover: {name: bench, environment: BENCH}
stages: [{name: only}]
collectors:
  - {name: feed, kind: push, every: 1s, max_age: 3s, token: {env: GOLIVE_BENCH_TOKEN}, fixed: {platform: target}}
gates: [{name: waiting, rules: [waiting]}]
rules:
  - {name: waiting, metric: golive_queue_contacts_waiting, by: [queue], estimator: last, window: 3s, operator: ">",
     warn: 50, breach: 100, clear: 50, missing: {no_data: unknown, null: unknown, error: unknown, stale: unknown}}
"""


def moment(rows: int, values: list[float], at: float) -> Snapshot:
    """A cutover with this many gates and queues at these values."""
    gates = tuple(
        recorded.gate(
            f"g{i}", f"Gate {i}", legacy=0.05, target=values[i], limit=0.08, scope=f"queue=q-{i}", since=at - 60
        )
        for i in range(rows)
    )
    series = tuple(
        SeriesRow(
            metric="golive_queue_contacts_waiting",
            labels={"queue": f"q-{i}", "platform": platform},
            unit="contacts",
            value=round(values[i] * 1000),
            at=at,
            age=0.0,
            quality="fresh",
        )
        for i in range(rows)
        for platform in ("legacy", "target")
    )
    return msgspec.structs.replace(recorded.FAILING, gates=gates, series=series, at=at)


class Moving:
    """A daemon's snapshot route: each answer is a new moment, with its share of rows changed."""

    def __init__(self, rows: int, changes: int) -> None:
        self._rows = rows
        self._changes = changes
        self._values = [0.06] * rows
        self._dice = random.Random(7)
        self._last = time.time()

    async def answer(self, _: web.Request) -> web.Response:
        """The newest moment."""
        now = time.time()
        for _i in range(min(self._rows, round(self._changes * (now - self._last)))):
            self._values[self._dice.randrange(self._rows)] = self._dice.uniform(0.01, 0.0799)
        self._last = now
        return web.Response(body=msgspec.json.encode(moment(self._rows, self._values, now)))


@asynccontextmanager
async def moving(rows: int, changes: int) -> AsyncIterator[str]:
    """The address of something that answers as a daemon whose rows change so often."""
    app = web.Application()
    app.router.add_get("/api/v1/snapshot", Moving(rows, changes).answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def in_motion(seconds: float) -> None:
    """500 rows, 200 of which change a second: first paint, key to paint, load."""
    async with moving(ROWS, CHANGES) as url, program_in_a_pty([*WATCH, url]) as screen:
        first = await screen.until(_PAINTED) - screen.began
        await asyncio.sleep(SETTLED)
        core, rate = await screen.load(seconds)
        waits = []
        for _ in range(KEYS):
            pressed = screen.press(b"f")
            waits.append(await screen.until(_SAID) - pressed)
            screen.press(b"f")
            await asyncio.sleep(0.11)
        turns = []
        for _ in range(KEYS // 2):
            for key, sign in ((b"3", _QUEUES), (b"1", _PAINTED)):
                pressed = screen.press(key)
                turns.append(await screen.until(sign) - pressed)
                await asyncio.sleep(0.11)
        screen.press(b"3")
        await screen.until(_QUEUES)
        await asyncio.sleep(SETTLED)
        tabled = await screen.load(seconds)
    say("first paint, from the start of the process", f"{first:.2f} s", "goal 1 s")
    for what, took in (("key to paint", waits), ("to another screen and back", turns)):
        p95 = quantiles(took, n=20)[-1]
        say(
            f"{ROWS} rows, {CHANGES} changes/s: {what}",
            f"median {median(took) * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms",
            "goal p95 100 ms",
        )
    load(f"{ROWS} rows, {CHANGES} changes/s, {FRAMES} frames/s", core, rate, "goal 20 % of a core")
    load(f"the same on the table of {ROWS} queues", *tabled, "goal 20 % of a core")


async def at_rest(seconds: float) -> None:
    """500 rows that stand still while their clocks run."""
    async with moving(ROWS, 0) as url, program_in_a_pty([*WATCH, url]) as screen:
        await screen.until(_PAINTED)
        await asyncio.sleep(SETTLED)
        load(f"{ROWS} rows at rest, clocks run", *await screen.load(seconds), "goal 20 kB/s")


async def reference(name: str, command: tuple[str, ...], seconds: float) -> None:
    """Another program in the same pty."""
    async with program_in_a_pty(command) as screen:
        await screen.until(b"\x1b[")
        first = time.perf_counter() - screen.began
        await asyncio.sleep(SETTLED)
        core, rate = await screen.load(seconds)
    load(f"reference: {name}, first bytes after {first:.2f} s", core, rate, "nothing of ours")


async def terminals(seconds: float) -> None:
    """What ten terminals cost the daemon, beside none and one."""
    with tempfile.TemporaryDirectory(prefix="golive-bench-") as folder:
        daemon = RunningDaemon(Path(folder), _WATCHED)
        await daemon.start(GOLIVE_BENCH_TOKEN=_TOKEN)
        feeding = asyncio.create_task(feed(daemon.url))
        try:
            assert daemon.process is not None
            shares = [await watched_by(number, daemon.url, daemon.process.pid, seconds) for number in (0, 1, TERMINALS)]
        finally:
            feeding.cancel()
            daemon.stop()
    alone, one, ten = shares
    say(
        f"daemon of {ROWS} queues watched by 0, 1, {TERMINALS} terminals",
        f"{alone * 100:.1f}, {one * 100:.1f}, {ten * 100:.1f} % of a core: {TERMINALS} cost {(ten - alone) * 100:.1f}",
        "goal 10 % of a core",
    )


async def feed(url: str) -> None:
    """A sample a second of each queue."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {_TOKEN}"}) as session:
        for turn in itertools.count():
            now = time.time()
            samples = [
                {
                    "metric": "golive_queue_contacts_waiting",
                    "value": (queue + turn) % 60,
                    "at": now,
                    "labels": {"queue": f"q-{queue}"},
                }
                for queue in range(ROWS)
            ]
            async with session.post(f"{url}/api/v1/samples", json=samples) as answer:
                answer.raise_for_status()
            await asyncio.sleep(1.0)


async def watched_by(number: int, url: str, pid: int, seconds: float) -> float:
    """Share of a core that the daemon takes while so many ask for its snapshot as terminals do."""

    async def look() -> None:
        async with DaemonClient(url) as client:
            while True:
                await client.snapshot()
                await asyncio.sleep(1 / FRAMES)

    looking = [asyncio.create_task(look()) for _ in range(number)]
    await asyncio.sleep(1.0)
    before, begun = processor(pid), time.perf_counter()
    await asyncio.sleep(seconds)
    share = (processor(pid) - before) / (time.perf_counter() - begun)
    for task in looking:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*looking)
    return share


async def measure(seconds: float) -> None:
    """All of it, one after the other."""
    await in_motion(seconds)
    await at_rest(seconds)
    await reference("an empty Textual app", IDLE, seconds)
    if btop := shutil.which("btop"):
        await reference("btop, 2 s a frame", (btop, "--utf-force"), seconds)
    else:
        say("reference: btop", "not installed", "apt-get install btop")
    await terminals(seconds)


def main(seconds: float) -> None:
    """Measure for about so many seconds each and print."""
    asyncio.run(measure(seconds))


def load(what: str, core: float, rate: float, goal: str) -> None:
    """Print a line about a program's load."""
    say(what, f"{core * 100:.1f} % of a core, {rate / 1000:.1f} kB/s to the pty", goal)


def say(what: str, found: str, goal: str) -> None:
    """Print one line."""
    sys.stdout.write(f"terminal  {what}: {found} ({goal})\n")
    sys.stdout.flush()
