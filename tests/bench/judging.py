"""How fast rules are judged, beside the real Prometheus: every rule over every series, 60 s windows, on one machine.

Each size has as many gauges and as many counters, in pairs; 100 rules: 40 means, 30 percentiles, 30 ratios of increases.
Prometheus scrapes them every 2 s from pages that were rendered before, and evaluates the same rules as one group.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from monitor.judging.engine import Engine
from monitor.judging.judge import Judge
from monitor.judging.rules import Missing, Part, Rule, Signal
from monitor.judging.store import Store
from monitor.judging.table import Table
from monitor.judging.windows import Windows
from monitor.model import Kind, Metric
from tests.bench import engine as ticking
from tests.bench.reference import Evaluated, reference

SIZES = (1_000, 10_000, 100_000)
COMPARED = (10_000, 100_000)
"""Sizes that Prometheus evaluates too: a million and ten million pairs."""
RULES = 100
MEANS, PERCENTILES = 40, 30
EVERY = 2.0
"""Seconds between two samples of a series."""
START = 1_795_294_800.0
_MISSING = Missing(no_data="hold", null="insufficient", error="unknown", stale="unknown")
_SHARE = Signal(
    name="share",
    kind="ratio",
    numerator=Part(metric="bench_errors_total"),
    denominator=Part(metric="bench_calls_total"),
    by=("series",),
)


def catalogue() -> dict[str, Metric]:
    """The bench's metrics."""
    gauge = Metric(name="bench_wait_seconds", kind=Kind.GAUGE, unit="seconds", help="Bench.", high=100.0)
    counters = [
        Metric(name=f"bench_{name}_total", kind=Kind.COUNTER, unit="count", help="Bench.")
        for name in ("errors", "calls")
    ]
    return {metric.name: metric for metric in (gauge, *counters)}


def rules(count: int = RULES) -> list[Rule]:
    """So many rules, none of which is ever bad, so that neither judge has an alert to keep."""
    made = []
    for number in range(count):
        place = number * RULES // count
        estimator: Literal["mean", "p95", "ratio"] = (
            "mean" if place < MEANS else "p95" if place < MEANS + PERCENTILES else "ratio"
        )
        ratio = estimator == "ratio"
        made.append(
            Rule(
                name=f"rule_{number}",
                metric="" if ratio else "bench_wait_seconds",
                signal="share" if ratio else "",
                by=("series",),
                estimator=estimator,
                window=60.0,
                operator=">=",
                breach=90.0 + number % 5,
                missing=_MISSING,
            )
        )
    return made


class Judged:
    """golive with so many series, fed for more than a window."""

    def __init__(self, size: int, count: int = RULES) -> None:
        self.store = Store(catalogue(), series_per_metric=size, series=2 * size)
        self.engine = Engine(rules(count), [_SHARE], self.store)
        names = (
            ["bench_wait_seconds"] * size + ["bench_errors_total"] * (size // 2) + ["bench_calls_total"] * (size // 2)
        )
        numbers = [*range(size), *range(size // 2), *range(size // 2)]
        bound = [
            self.store.bind(name, (("series", f"s{n}"),), 10.0, 0)[0] for name, n in zip(names, numbers, strict=True)
        ]
        self.handles = np.asarray(bound, np.int64)
        self.size = size
        self.now = START
        self.ingested = 0.0
        self.engine.arm("", START)
        self._rng = np.random.default_rng(7)
        self._count = np.zeros(size)
        while self.now < START + 64:
            self.feed()

    def feed(self) -> None:
        """One sample of each series."""
        self.now += EVERY
        self._count += self._rng.integers(0, 5, self.size)
        values = np.concatenate([self._rng.gamma(2.0, 2.0, self.size).clip(0, 80), self._count])
        times = np.full(len(values), self.now - 0.5)
        begun = time.perf_counter()
        self.store.ingest(self.handles, values, times, times, Counter())
        self.ingested += time.perf_counter() - begun

    def tick(self, *, shared: bool = True) -> tuple[float, float, float]:
        """Seconds that judging all rules takes, its longest piece, and processor seconds.

        Unshared: each rule computes all it needs.
        """
        used = time.thread_time()
        begun = before = time.perf_counter()
        longest = 0.0
        with nullcontext() if shared else _apart(self.engine):
            for _ in self.engine.judge(self.now):
                after = time.perf_counter()
                longest, before = max(longest, after - before), after
        return time.perf_counter() - begun, longest, time.thread_time() - used


@contextmanager
def _apart(engine: Engine) -> Iterator[None]:
    """Each rule begins with nothing that another one computed."""

    def alone(judge: Judge) -> Callable[[Windows, float], Iterator[None]]:
        def prepare(windows: Windows, now: float) -> Iterator[None]:
            windows.forget()
            yield from Judge.prepare(judge, windows, now)

        return prepare

    for judge in engine.judges.values():
        judge.prepare = alone(judge)  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        for judge in engine.judges.values():
            del judge.prepare


class Timed(NamedTuple):
    """Medians, in seconds."""

    together: float
    """A tick."""
    together_worked: float
    """Its processor time."""
    apart: float
    """The same with nothing shared between rules."""
    apart_worked: float
    longest: float
    """The longest piece of a tick."""
    rate: float
    """Samples a second taken while feeding."""


def golive(size: int, rounds: int, count: int = RULES) -> Timed:
    """How long so many rules over so many series take, each over all of them."""
    judged = Judged(size, count)
    rate = judged.size * 2 * 32 / judged.ingested
    apart, together = [], []
    judged.tick()
    for _ in range(rounds):
        judged.feed()
        together.append(judged.tick())
        apart.append(judged.tick(shared=False))
    (whole, longest, worked), (alone, _, alone_worked) = (
        np.median(ticks, axis=0).tolist() for ticks in (together, apart)
    )
    return Timed(whole, worked, alone, alone_worked, longest, rate)


def ingest(columns: frozenset[str], size: int = 10_000, rounds: int = 100) -> float:
    """Samples a second into 60 buckets of 1 s, from prepared batches of one sample a series."""
    store = Store(catalogue())
    store.table("bench_wait_seconds").need(60.0, columns)
    handles = np.asarray(
        [store.bind("bench_wait_seconds", (("s", str(n)),), 10.0, 0)[0] for n in range(size)], np.int64
    )
    rng = np.random.default_rng(7)
    values = rng.random((rounds, size))
    times = START + np.arange(rounds)[:, None] * 0.25 + np.zeros(size)
    begun = time.perf_counter()
    for batch, when in zip(values, times, strict=True):
        store.ingest(handles, batch, when, when, Counter())
    return rounds * size / (time.perf_counter() - begun)


def memory(columns: frozenset[str], size: int = 100_000) -> tuple[float, float]:
    """MiB that the columns of so many series with 60 buckets take, and MiB that the process grew by, labels included.

    To be called in a process of its own, where no memory lies about that was used before.
    """
    before = _resident()
    table = Table(catalogue()["bench_wait_seconds"])
    table.need(60.0, columns)
    for number in range(size):
        table.row((("series", f"s{number}"),), 10.0, 0)
    rows = np.arange(size)
    for second in range(62):
        table.add(rows, np.random.default_rng(second).random(size), np.full(size, START + second))
    return table.nbytes / 2**20, (_resident() - before) / 2**20


def _resident() -> int:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4096


def say(line: str) -> None:
    """Print one line at once; the whole takes minutes."""
    sys.stdout.write(f"judging   {line}\n")
    sys.stdout.flush()


def main(seconds: float) -> None:
    """Measure and print; five minutes, most of it Prometheus' first window. `seconds` scales golive's rounds."""
    say(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        theirs = reference(Path(folder), COMPARED, [rule.estimator for rule in rules()], EVERY)
    ours = {size: golive(size, max(int(seconds * 100_000 / size / 5), 3) if size > 1000 else 50) for size in SIZES}
    for size in SIZES:
        _compare(size, ours[size], theirs.get(size))
    _curves({size: t.together_worked for size, t in ours.items()}, {size: t.apart_worked for size, t in ours.items()})
    tick = ticking.measured()
    say(
        f"tick of {tick.pairs:,} (rule, group) pairs: median {tick.median * 1e3:.1f} ms, p99 {tick.p99 * 1e3:.1f} ms, of the "
        f"processor median {tick.worked * 1e3:.1f} ms (goal 10 ms); longest piece worst {tick.piece_worst * 1e3:.2f} ms, of "
        f"the processor {tick.piece_worked * 1e3:.2f} ms (goal 5 ms); waits of a whole daemon's loop: bench stall"
    )
    for columns in (frozenset({"sum"}), frozenset({"sum", "min", "max", "last"})):
        name = ", ".join(sorted(columns))
        say(f"ingest, count and {name}: {ingest(columns) / 1e6:.2f} M samples/s (goal 1)")
    for columns in (frozenset({"sum"}), frozenset({"sum", "min", "max", "last"})):
        with ProcessPoolExecutor(1, get_context("spawn")) as apart_from_all:
            size_of, grown = apart_from_all.submit(memory, columns).result()
        name = ", ".join(sorted(columns))
        say(
            f"memory of 100,000 series x 60 buckets, count and {name}: {size_of:.0f} MiB, process {grown:+.0f} "
            f"(goal 300), {grown * 2**20 / 100_000:.0f} bytes a series"
        )


def _compare(size: int, ours: Timed, theirs: Evaluated | None) -> None:
    """Both judges over the same number of series. What did not end is said, and nothing is reckoned from it."""
    say(
        f"{RULES} rules x {size:,} series = {RULES * size:,} pairs: golive {ours.together:.4f} s, of the processor "
        f"{ours.together_worked:.4f} s; nothing shared between rules {ours.apart:.4f} s and {ours.apart_worked:.4f} s; "
        f"longest piece {ours.longest * 1e3:.1f} ms; fed at {ours.rate / 1e6:.2f} M samples/s"
    )
    if theirs is None:
        return
    if theirs.seconds is None:
        each = (theirs.waited - EVERY) / 2
        say(
            f"    Prometheus did not end two evaluations within {theirs.waited:.0f} s, so one takes more than {each:.0f} s "
            f"on average: more than {each / ours.together:.0f} x by the clock (goal 20 x), nothing shared more than "
            f"{each / ours.apart:.0f} x"
        )
        return
    say(
        f"    Prometheus by the clock {theirs.seconds:.3f} s, best of {theirs.rounds}: {theirs.seconds / ours.together:.0f} x "
        f"(goal 20 x), nothing shared {theirs.seconds / ours.apart:.1f} x"
    )
    if theirs.gross is None:
        say("    Prometheus' processor time is not known, since only one evaluation ended")
    elif theirs.net is None:
        say(
            f"    Prometheus used {theirs.gross:.3f} s of the processor for each, scraping and all; it cannot be told apart"
        )
    else:
        say(
            f"    Prometheus used {theirs.net:.3f} s of the processor for each beside scraping (with it {theirs.gross:.3f} s): "
            f"{theirs.net / ours.together_worked:.0f} x, nothing shared {theirs.net / ours.apart_worked:.1f} x"
        )


def _curves(together: dict[int, float], apart: dict[int, float]) -> None:
    """How the processor time grows with series and with rules: linear is a constant time a pair or a rule, or less."""
    for name, took in (("", together), (", nothing shared", apart)):
        points = [f"{size:,}: {t * 1e3:.1f} ms, {t / size / RULES * 1e9:.0f} ns a pair" for size, t in took.items()]
        say(f"{RULES} rules over series{name}   {';  '.join(points)}")
    for size in (1_000, 10_000):
        timed = {count: golive(size, 5, count) for count in (10, 100, 1_000)}
        for name, took in (
            ("", {count: t.together_worked for count, t in timed.items()}),
            (", nothing shared", {count: t.apart_worked for count, t in timed.items()}),
        ):
            points = [f"{count:,}: {t * 1e3:.1f} ms, {t / count * 1e6:.0f} us a rule" for count, t in took.items()]
            say(f"rules over {size:,} series{name}   {';  '.join(points)}")


if __name__ == "__main__":
    main(5.0)
