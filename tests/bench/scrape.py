"""`/metrics` with 10,000 series: time to text and worst stall of the loop, beside prometheus-client's own writer."""

from __future__ import annotations

import asyncio
import sys
import time
from statistics import median

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from monitor.catalogue.inventory import CATALOGUE
from monitor.serving.exposition.lines import Style
from monitor.serving.exposition.own import OwnMetrics
from monitor.serving.exposition.scrape import Exposition
from tests.bench import large_page
from tests.monitor.serving.tables import FakeTable

SERIES = 10_000
NOW = 1_795_294_546.0


def _labels(number: int) -> tuple[tuple[str, str], ...]:
    return (
        ("platform", "target" if number % 2 else "legacy"),
        ("queue", f"queue-{number % 500}"),
        ("site", f"site-{number}"),
    )


def _exposition(metric: str, series: int) -> Exposition:
    table = FakeTable(CATALOGUE[metric])
    for number in range(series):
        table.put(_labels(number), 0.001 * (number % 400) + 1, NOW)
    return Exposition(lambda: {metric: table}, lambda: None, OwnMetrics(), CATALOGUE)


async def _measured(exposition: Exposition, seconds: float) -> tuple[float, float, int]:
    """Median time of a page, worst gap between turns of the loop, bytes of a page."""
    worst = 0.0
    running = True

    async def watch() -> None:
        nonlocal worst
        last = time.perf_counter()
        while running:
            await asyncio.sleep(0)
            now = time.perf_counter()
            worst = max(worst, now - last)
            last = now

    await exposition.page(Style.TEXT, NOW)
    watcher = asyncio.create_task(watch())
    stalls = []
    times = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        worst = 0.0
        begun = time.perf_counter()
        page = await exposition.page(Style.TEXT, NOW)
        times.append(time.perf_counter() - begun)
        stalls.append(worst)
    running = False
    await watcher
    return median(times), median(stalls), len(page)


def _reference(seconds: float) -> tuple[float, int]:
    registry = CollectorRegistry()
    gauge = Gauge("golive_reference_ratio", "The same series.", ["platform", "queue", "site"], registry=registry)
    for number in range(SERIES):
        gauge.labels(*(value for _, value in _labels(number))).set(0.001 * (number % 400) + 1)
    times = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        begun = time.perf_counter()
        page = generate_latest(registry)
        times.append(time.perf_counter() - begun)
    return median(times), len(page)


def main(seconds: float) -> None:
    """Measure for about so many seconds in all and print."""
    part = seconds / 3
    gauges = _exposition("golive_media_r_factor", SERIES)
    took, stall, size = asyncio.run(_measured(gauges, part))
    _say(f"{SERIES} gauges", f"{took * 1e3:.1f} ms (target 15)", f"stall {stall * 1e3:.1f} ms (target 5)", size)
    large = _exposition("golive_media_r_factor", large_page.SERIES)
    took, stall, size = asyncio.run(_measured(large, part))
    _say(f"{large_page.SERIES} gauges", f"{took * 1e3:.1f} ms (target 120)", f"stall {stall * 1e3:.1f} ms", size)
    metric = CATALOGUE["golive_media_mos"]
    histograms = _exposition(metric.name, SERIES // 10)
    took, stall, size = asyncio.run(_measured(histograms, part))
    lines = SERIES // 10 * (len(metric.bounds) + 3)
    _say(f"{SERIES // 10} histograms, {lines} lines", f"{took * 1e3:.1f} ms", f"stall {stall * 1e3:.1f} ms", size)
    took, size = _reference(part)
    _say(f"reference: prometheus-client, {SERIES} gauges", f"{took * 1e3:.1f} ms", "all of it a stall", size)
    large_page.main()


def _say(what: str, took: str, stall: str, size: int) -> None:
    sys.stdout.write(f"scrape    {what}: {took}, {stall}, {size / 1e6:.2f} MB\n")
