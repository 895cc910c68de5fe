"""How long a tick takes: 100 rules, 10,000 series, 10,000 (rule, group) pairs; and what a series costs in memory."""

from __future__ import annotations

import time
from collections import Counter
from typing import NamedTuple

import numpy as np

from monitor.judging.engine import Engine
from monitor.judging.rules import Missing, Rule
from monitor.judging.store import Store
from monitor.model import Kind, Metric

METRICS, SERIES, TICKS = 25, 10_000, 40
_MISSING = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")
_ESTIMATORS = ("mean", "p95", "last", "mean")


def _metric(number: int) -> Metric:
    return Metric(
        name=f"golive_bench_{number}_seconds",
        kind=Kind.HISTOGRAM,
        unit="seconds",
        help="Bench.",
        high=100.0,
        bounds=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
    )


def _rule(number: int) -> Rule:
    return Rule(
        name=f"rule_{number}",
        metric=f"golive_bench_{number % METRICS}_seconds",
        match={"half": str(number // METRICS % 4)},
        by=("queue",),
        estimator=_ESTIMATORS[number // METRICS],  # type: ignore[arg-type]
        window=60.0,
        operator=">=",
        warn=0.5,
        breach=0.8,
        clear=0.4,
        missing=_MISSING,
    )


class Measured(NamedTuple):
    """What a tick cost: pairs of rule and group, seconds, samples a second taken, bytes a series.

    `worked` and the like are processor seconds, which other work on the machine hardly moves.
    """

    pairs: int
    series: int
    median: float
    p99: float
    worst: float
    worked: float
    worked_p99: float
    piece_p99: float
    piece_worst: float
    piece_worked: float
    """The worst."""
    ingest: float
    memory: float


def measured() -> Measured:
    """Judge a hundred ticks and measure the last forty."""
    store = Store({m.name: m for m in map(_metric, range(METRICS))})
    engine = Engine([_rule(n) for n in range(100)], [], store)
    handles = []
    for number in range(SERIES):
        labels = (("half", str(number // METRICS % 4)), ("queue", f"q{number // METRICS}"))
        handles.append(store.bind(f"golive_bench_{number % METRICS}_seconds", labels, 10.0, 0)[0])
    column = np.asarray(handles, np.int64)
    rng = np.random.default_rng(7)
    now = 1_795_294_500.0
    engine.arm("", now)
    ingest: list[float] = []
    ticks: list[float] = []
    pieces: list[float] = []
    worked: list[float] = []
    pieces_worked: list[float] = []
    for _ in range(60 + TICKS):
        now += 1.0
        values = rng.lognormal(-1.0, 0.5, SERIES).clip(0, 99)
        times = np.full(SERIES, now - 0.5)
        begun = time.perf_counter()
        store.ingest(column, values, times, times, Counter())
        ingest.append(time.perf_counter() - begun)
        before = time.perf_counter()
        whole, used = before, time.thread_time()
        spent = used
        for _ in engine.judge(now):
            after, spending = time.perf_counter(), time.thread_time()
            pieces.append(after - before)
            pieces_worked.append(spending - spent)
            before, spent = after, spending
        ticks.append(time.perf_counter() - whole)
        worked.append(time.thread_time() - used)
    pairs = sum(len(judge.names) for judge in engine.judges.values())
    ticks, worked = ticks[-TICKS:], worked[-TICKS:]
    pieces, pieces_worked = pieces[-TICKS * 100 :], pieces_worked[-TICKS * 100 :]
    used = sum(t.nbytes for t in store.tables.values()) / sum(t.capacity for t in store.tables.values())
    return Measured(
        pairs=pairs,
        series=store.size,
        median=float(np.median(ticks)),
        p99=float(np.percentile(ticks, 99)),
        worst=max(ticks),
        worked=float(np.median(worked)),
        worked_p99=float(np.percentile(worked, 99)),
        piece_p99=float(np.percentile(pieces, 99)),
        piece_worst=max(pieces),
        piece_worked=max(pieces_worked),
        ingest=SERIES / float(np.median(ingest)),
        memory=used,
    )


def main(_seconds: float) -> None:
    """Print the tick's time, its longest piece between two yields, and bytes a series."""
    tick = measured()
    print(f"engine: {tick.pairs} (rule, group) pairs of 100 rules over {tick.series} series")
    print(
        f"  tick            median {tick.median * 1e3:5.1f}  p99 {tick.p99 * 1e3:5.1f}  worst {tick.worst * 1e3:5.1f} ms; "
        f"processor time median {tick.worked * 1e3:5.1f}  p99 {tick.worked_p99 * 1e3:5.1f} ms   (goal 10 ms)"
    )
    print(
        f"  longest piece   p99 {tick.piece_p99 * 1e3:5.2f}  worst {tick.piece_worst * 1e3:5.2f} ms; "
        f"processor time worst {tick.piece_worked * 1e3:5.2f} ms   (goal 5 ms)"
    )
    print(f"  ingest          {tick.ingest / 1e6:6.2f} M samples/s in batches of {SERIES}")
    print(f"  memory          {tick.memory:6.0f} bytes a series (goal 2560)")
