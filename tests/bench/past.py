"""U14: to scrub to any minute of 24 h: find, unpack, send, read and draw one moment; and what keeping one costs the daemon."""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from dashboards.terminal.replay import Replay
from monitor.serving.past.archive import Archive
from monitor.serving.past.moments import pack
from monitor.serving.snapshot import SeriesRow, Snapshot
from tests.bench.terminal import moment
from tests.dashboards.terminal import recorded
from tests.dashboards.terminal.bygone import Remembering
from tests.dashboards.terminal.stage import terminal

DAY = 8640
"""Moments of 24 h."""
ROWS, SERIES = 500, 2000
SIZE = (160, 48)


def large(at: float, dice: random.Random) -> Snapshot:
    """A large site's snapshot: 500 gates, and as many series as a snapshot holds."""
    series = tuple(
        SeriesRow(
            metric="golive_media_mos_score",
            labels={"platform": "target", "trunk": f"sbc-{number % 40}", "site": f"site-{number % 23}"},
            unit="score",
            value=dice.uniform(1, 4.5),
            at=at - dice.uniform(0, 9),
            age=dice.uniform(0, 9),
            quality="fresh",
        )
        for number in range(SERIES)
    )
    values = [dice.uniform(0.01, 0.0799) for _ in range(ROWS)]
    return msgspec.structs.replace(moment(ROWS, values, at), series=series)


async def scrubbed(source: Remembering, seconds: float) -> list[float]:
    """Jump to random minutes and draw; seconds each took."""
    took = []
    app = terminal(source)
    dice = random.Random(3)
    async with app.run_test(size=SIZE) as pilot:
        await app.poll()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            begun = time.perf_counter()
            await app.link.past.jump(recorded.AT - 60 * dice.randrange(1440))
            app.draw()
            await pilot.pause()
            took.append(time.perf_counter() - begun)
    return took


def main(seconds: float) -> None:
    """Measure for about so many seconds and print."""
    dice = random.Random(7)
    seen_by = [large(recorded.AT, dice) for _ in range(10)]
    begun = time.perf_counter()
    bodies = [pack(one) for one in seen_by]
    packing = (time.perf_counter() - begun) / len(bodies)
    text = msgspec.json.encode(seen_by[0])
    with tempfile.TemporaryDirectory(prefix="golive-bench-") as folder:
        path = Path(folder) / "past.db"
        archive = Archive(path, limit=1 << 40, dense_for=1e9)
        with archive._database as database:
            rows = ((recorded.AT - 10 * step, int(step % 6 == 0), bodies[step % 10]) for step in range(DAY))
            database.executemany("INSERT INTO moment (at, minute, body) VALUES (?, ?, ?)", rows)
        begun = time.perf_counter()
        for number in range(20):
            archive.put(recorded.AT + 10 * (number + 1), bodies[0])
        writing = (time.perf_counter() - begun) / 20
        archive.close()
        size = path.stat().st_size
        source = Remembering(recorded.FAILING, Replay(path))
        took = sorted(asyncio.run(scrubbed(source, seconds)))
        source.replay.close()
    sys.stdout.write(
        f"past  24 h of {ROWS} gates and {SERIES} series ({len(text) // 1000} kB each) take {size / 1e6:.0f} MB; "
        f"one moment: {packing * 1000:.1f} ms to pack, {writing * 1000:.1f} ms to write, in a thread\n"
        f"past  to any minute, found, unpacked, read and drawn at {SIZE[0]}x{SIZE[1]}: median "
        f"{statistics.median(took) * 1000:.0f} ms, p95 {took[int(len(took) * 0.95)] * 1000:.0f} ms of {len(took)} "
        "(target 300 ms)\n"
    )
