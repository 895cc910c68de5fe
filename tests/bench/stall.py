"""How long others wait for the loop while a whole daemon judges: ticks of the real heartbeat, watched by a probe.

The daemon is composed from a configuration like any other, with journal, desk, snapshot and HTTP; samples come in
through a door as a collector's do. The probe is a task that does nothing but come back as soon as the loop lets it:
the time between two of its turns is how long anything else would have had to wait. It costs a tick some of its speed.
"""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import uvloop

from monitor.config_file import read
from monitor.daemon.daemon import Daemon
from monitor.intake.intake import Door
from monitor.judging.derived_config import Derived
from monitor.judging.rules import Missing, Part, Rule, Signal
from monitor.model import Kind, Metric
from monitor.plan import Gate

SECONDS = 6.0
"""How long each case is watched once its first windows are whole."""
_MISSING = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")
_CONFIG = """
schema: 1
cutover: {name: bench, environment: BENCH}
stages: [{name: only}]
web: {listen: "127.0.0.1:0"}
"""
_WINDOW = 6.0
_METRICS = 25
_A_TURN = 1e-4
"""Seconds that the loop takes at most when nothing is to be done: shorter turns are not counted as work."""


class Case(NamedTuple):
    """What is judged, and what is heard each second."""

    name: str
    metrics: tuple[Metric, ...]
    rules: tuple[Rule, ...]
    signals: tuple[Signal, ...]
    series: Callable[[Door], list[int]]
    values: Callable[[np.random.Generator, int, int], np.ndarray]
    """From a generator, the second and the number of series: one sample of each."""


def _metric(name: str, kind: Kind = Kind.GAUGE) -> Metric:
    counter = kind is Kind.COUNTER
    return Metric(
        name=name, kind=kind, unit="count" if counter else "seconds", help="B.", high=1e15 if counter else 100.0
    )


def _rule(name: str, metric: str, /, **fields: object) -> Rule:
    given: dict[str, object] = {
        "by": ("queue",),
        "window": _WINDOW,
        "operator": ">=",
        "warn": 50.0,
        "breach": 80.0,
        "clear": 40.0,
        "missing": _MISSING,
    }
    return Rule(name=name, metric=metric, **{**given, **fields})  # type: ignore[arg-type]


def _gamma(rng: np.random.Generator, _second: int, size: int) -> np.ndarray:
    return rng.gamma(2.0, 2.0, size).clip(0, 99)


def usual() -> Case:
    """A hundred rules of a hundred groups each, four estimators, over 25 metrics of 400 series."""
    metrics = tuple(_metric(f"golive_bench_{n}_seconds") for n in range(_METRICS))
    rules = tuple(
        _rule(
            f"r{n}",
            metrics[n % _METRICS].name,
            match={"half": str(n // _METRICS)},
            estimator=("mean", "p95", "last", "max")[n // _METRICS],
        )
        for n in range(100)
    )

    def series(door: Door) -> list[int]:
        return [
            door.series(metric.name, (("half", str(half)), ("queue", f"q{queue}")))
            for metric in metrics
            for half in range(4)
            for queue in range(100)
        ]

    return Case("100 rules of 100 groups", metrics, rules, (), series, _gamma)


def percentile() -> Case:
    """One percentile over ten thousand groups of two series each, which do not lie together."""
    metric = _metric("golive_bench_seconds")

    def series(door: Door) -> list[int]:
        return [
            door.series(metric.name, (("leg", leg), ("queue", f"q{queue}"))) for leg in "ab" for queue in range(10_000)
        ]

    return Case(
        "p95 over 10,000 groups of two series",
        (metric,),
        (_rule("r", metric.name, estimator="p95"),),
        (),
        series,
        _gamma,
    )


def sides() -> Case:
    """One percentile over ten thousand groups of the target; its gate shows the same of legacy beside it."""
    metric = _metric("golive_bench_seconds")

    def series(door: Door) -> list[int]:
        return [
            door.series(metric.name, (("platform", side), ("queue", f"q{queue}")))
            for side in ("legacy", "target")
            for queue in range(10_000)
        ]

    rule = _rule("r", metric.name, match={"platform": "target"}, estimator="p95")
    return Case("p95 over 10,000 groups, legacy shown beside target", (metric,), (rule,), (), series, _gamma)


def bad() -> Case:
    """A mean over ten thousand groups that all break their limit and clear again, every few seconds."""
    metric = _metric("golive_bench_seconds")

    def series(door: Door) -> list[int]:
        return [door.series(metric.name, (("queue", f"q{queue}"),)) for queue in range(10_000)]

    def values(_rng: np.random.Generator, second: int, size: int) -> np.ndarray:
        return np.full(size, 90.0 if second % 6 < 3 else 10.0)

    rule = _rule("r", metric.name, estimator="mean", window=1.0)
    return Case("10,000 groups that change all at once", (metric,), (rule,), (), series, values)


def ratio() -> Case:
    """A ratio of two counters over five thousand groups, and the same as a signal over all of them; M of N."""
    metrics = tuple(_metric(f"golive_bench_{name}_total", Kind.COUNTER) for name in ("bad", "all"))
    signal = Signal(
        name="share",
        kind="ratio",
        numerator=Part(metric=metrics[0].name),
        denominator=Part(metric=metrics[1].name),
        by=("queue",),
    )
    limits: dict[str, object] = {"warn": None, "breach": 0.9, "clear": 0.5}
    rules = (
        _rule("r", "", **{"signal": "share", "estimator": "ratio", **limits}),
        _rule("m", "", **{"signal": "share", "estimator": "ratio", "bucket": 2.0, "m_of_n": (2, 3), **limits}),
    )

    def series(door: Door) -> list[int]:
        return [door.series(metric.name, (("queue", f"q{queue}"),)) for metric in metrics for queue in range(5_000)]

    def values(_rng: np.random.Generator, second: int, size: int) -> np.ndarray:
        return np.concatenate([np.full(size // 2, second * 1.0), np.full(size // 2, second * 3.0)])

    return Case("ratios of counters over 5,000 groups, two rules", metrics, rules, (signal,), series, values)


def derived() -> Case:
    """Service levels and balances of a thousand queues on two platforms, and the rules over them."""
    counts = ("contacts_offered_total", "contacts_answered_total", "contacts_abandoned_total", "contacts_waiting")
    rules = (
        _rule(
            "sl", "golive_queue_service_level_ratio", estimator="last", operator="<=", warn=0.2, breach=0.1, clear=0.3
        ),
        _rule("bal", "golive_queue_balance_error", estimator="last", warn=None, breach=1e6, clear=None),
    )

    def labels(queue: int, side: str) -> tuple[tuple[str, str], ...]:
        return ("platform", side), ("queue", f"q{queue}")

    def series(door: Door) -> list[int]:
        names = [f"golive_queue_{name}" for name in counts] + ["golive_queue_answer_seconds"]
        return [door.series(n, labels(q, side)) for n in names for q in range(1_000) for side in ("legacy", "target")]

    def values(_rng: np.random.Generator, second: int, size: int) -> np.ndarray:
        part = size // 5
        return np.repeat([second * 1.0, second * 1.0, 0.0, 0.0, 5.0], part)

    return Case("derived figures of 1,000 queues on two platforms", (), rules, (), series, values)


CASES = (usual, percentile, sides, ratio, derived, bad)


class Watched(NamedTuple):
    """What a case cost, in seconds, tick by tick."""

    pairs: int
    ticks: list[float]
    worked: list[float]
    """Processor time of the tick, the probe's turns left out."""
    waits: list[float]
    """The longest wait for the loop."""
    works: list[float]
    """The most processor time that was spent in one wait: what remains of it on a machine without others."""
    pauses: list[float]
    """Of the garbage collector."""


async def watch(case: Case, folder: Path, seconds: float) -> Watched:
    """Run a daemon on the case for so many seconds after its first windows."""
    (folder / "golive.yaml").write_text(_CONFIG)
    loaded = read(folder / "golive.yaml")
    if loaded.value is None:
        raise SystemExit("\n".join(map(str, loaded.findings)))
    gates = (Gate(name="all", title="All", rules=tuple(rule.name for rule in case.rules)),)
    config = msgspec.structs.replace(
        loaded.value, rules=case.rules, signals=case.signals, gates=gates, derived=Derived(window=60.0)
    )
    catalogue = {**loaded.catalogue, **{metric.name: metric for metric in case.metrics}}
    daemon = Daemon(dataclasses.replace(loaded, value=config, catalogue=catalogue), folder / "state")
    await daemon.start()
    gc.collect()
    gc.freeze()  # as `golive run` does once it is up
    door = daemon.intake.door("bench", 30.0)
    handles = np.asarray(case.series(door), np.int64)
    feeding = asyncio.create_task(_feed(door, handles, case.values))
    await asyncio.sleep(2 * _WINDOW + 4)
    made = await _probe(daemon, seconds)
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    if daemon.ticker.broken or daemon.engine.broken:
        raise SystemExit(f"{case.name}: {daemon.ticker.broken} {daemon.engine.broken}")
    await daemon.close()
    return made


async def _feed(door: Door, handles: np.ndarray, values: Callable[[np.random.Generator, int, int], np.ndarray]) -> None:
    """One sample of each series a second, in forty portions."""
    rng = np.random.default_rng(7)
    second = 0
    parts = np.array_split(np.arange(len(handles)), 40)
    while True:
        begun = time.monotonic()
        sample = values(rng, second, len(handles))
        for number, part in enumerate(parts):
            now = time.time()
            door.emit(handles[part], sample[part], np.full(len(part), now), now)
            await asyncio.sleep(max(begun + (number + 1) / 41 - time.monotonic(), 0.0))
        second += 1


async def _probe(daemon: Daemon, seconds: float) -> Watched:
    ticks: list[float] = []
    waits: list[float] = []
    worked: list[float] = []
    works: list[float] = []
    pauses: list[float] = []
    begun = [0.0]

    def collected(phase: str, _info: object) -> None:
        if phase == "start":
            begun[0] = time.perf_counter()
        else:
            pauses.append(time.perf_counter() - begun[0])

    gc.callbacks.append(collected)
    try:
        end = time.perf_counter() + seconds
        count, longest, most, spent = daemon.ticker.count, 0.0, 0.0, 0.0
        before, cpu = time.perf_counter(), time.thread_time()
        while before < end:
            daemon.camera.wanted = True  # somebody looks: a snapshot with each tick, as with a terminal
            await asyncio.sleep(0)
            after, used = time.perf_counter(), time.thread_time()
            longest, most = max(longest, after - before), max(most, used - cpu)
            if used - cpu > _A_TURN:
                spent += used - cpu
            before, cpu = after, used
            if daemon.ticker.count != count:
                ticks.append(daemon.ticker.seconds)
                waits.append(longest)
                worked.append(spent)
                works.append(most)
                count, longest, most, spent = daemon.ticker.count, 0.0, 0.0, 0.0
    finally:
        gc.callbacks.remove(collected)
    pairs = sum(len(judge.names) for judge in daemon.engine.judges.values())
    return Watched(pairs, ticks, worked, waits, works, pauses)


def of(numbers: Iterable[float]) -> str:
    """Median, 99th percentile and worst, in milliseconds."""
    sorted_ = np.asarray(list(numbers)) * 1e3
    if not len(sorted_):
        return "none"
    return (
        f"p50 {np.percentile(sorted_, 50):5.1f}  p99 {np.percentile(sorted_, 99):5.1f}  worst {sorted_.max():5.1f} ms"
    )


def main(_seconds: float) -> None:
    """Print each case's ticks and waits."""
    for make in CASES:
        case = make()
        with tempfile.TemporaryDirectory() as folder:
            seen = uvloop.run(watch(case, Path(folder), SECONDS))
        print(f"stall     {case.name}: {seen.pairs:,} pairs, {len(seen.ticks)} ticks", flush=True)
        print(f"            tick          {of(seen.ticks)}; processor time {of(seen.worked)}   (goal 10 ms)")
        print(f"            longest wait  {of(seen.waits)}; processor time {of(seen.works)}   (goal 5 ms)")
        pause = max(seen.pauses, default=0.0) * 1e3
        print(f"            of which the garbage collector: worst {pause:.1f} ms", flush=True)


if __name__ == "__main__":
    main(5.0)
